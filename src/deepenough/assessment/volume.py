"""How many examples there are, against how many the guides ask for."""

from __future__ import annotations

from dataclasses import dataclass

from deepenough.assessment.guides import CLASSICAL_BELOW, VOLUMES, Volume
from deepenough.assessment.ranges import Range
from deepenough.assessment.reading import Answers

OVERRULED = "The learning curve of a run on your own data overrules it."


@dataclass(frozen=True)
class Amount:
    """Examples at hand, counted as the guides count for this kind of data.

    Attributes
    ----------
    found : how many; None where it cannot be said, for want of the answers in `missing`.
    steps : where that lies: short, small, enough, ample; several where the range does not tell.
    """

    volume: Volume
    kind: str
    found: Range | None
    missing: tuple[str, ...]
    steps: frozenset[str]

    def text(self) -> str:
        """Return "1,200 rows"."""
        return "not known" if self.found is None else f"{_short(self.found)} {self.volume.what}"

    def document(self) -> dict[str, object]:
        return {
            "kind": self.kind,
            "found": None if self.found is None else self.found.document(),
            "text": self.text(),
            "guidance": self.volume.text(),
            "steps": sorted(self.steps),
        }


def amount(answers: Answers) -> Amount | None:
    """Return the examples at hand; None where the kind of data is not known."""
    kind = answers.get("kind")
    if kind is None:
        return None
    found, missing = _count(answers, kind)
    ends = [found.low, found.high] if found else []
    names = _possible(kind)
    at = [names.index(_step(kind, end)) for end in ends]
    steps = frozenset(names[at[0] : at[1] + 1] if at else names)
    return Amount(VOLUMES[kind], kind, found, missing, steps)


def _count(answers: Answers, kind: str) -> tuple[Range | None, tuple[str, ...]]:
    """Return the amount as the guides count it, and the answers it lacks."""
    if kind in ("series", "anomaly"):
        key = "history_years" if kind == "series" else "normal_months"
        return answers.range(key), () if answers.has(key) else (key,)
    labelled, rows = answers.range("labelled_rows"), answers.range("rows")
    lacking = () if labelled else ("labelled_rows",)
    labelled = labelled or (Range(0, rows.high) if rows else None)  # none of them, or all
    if not VOLUMES[kind].per_class:
        return labelled, lacking
    classes, rarest = answers.range("classes"), answers.range("rarest_share")
    if labelled is None or (rarest is None and classes is None):
        return None, (*lacking, *(() if rarest or classes else ("classes",)))
    if rarest:
        return Range(labelled.low * rarest.low / 100, labelled.high * rarest.high / 100), lacking
    assert classes is not None
    return Range(labelled.low / classes.high, labelled.high / classes.low), lacking


def _step(kind: str, count: float) -> str:
    volume = VOLUMES[kind]
    if count < volume.least:
        return "short"
    if kind == "table" and count < CLASSICAL_BELOW:
        return "small"
    return "enough" if count < volume.ample else "ample"


def _possible(kind: str) -> tuple[str, ...]:
    return {"table": ("short", "small", "enough", "ample"), "anomaly": ("short", "ample")}.get(
        kind, ("short", "enough", "ample")
    )


def _short(found: Range) -> str:
    ends = [f"{end:,.0f}" if end >= 10 else f"{end:.3g}" for end in (found.low, found.high)]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)
