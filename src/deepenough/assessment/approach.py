"""Rules, a classical model, a prompted one, or a deep one: what the decision table says of these answers."""

from __future__ import annotations

from dataclasses import dataclass

from deepenough.assessment.criteria import ORDER, TABLE, WAYS, Criterion
from deepenough.assessment.guides import ANSWERED, MEASURED
from deepenough.assessment.reading import Answers

POINTS = {"+": 1, "0": 0, "-": -1}
TITLES = {
    "rules": "Rules",
    "classical": "A classical model",
    "prompted": "A prompted model",
    "deep": "Deep learning",
}


@dataclass(frozen=True)
class Line:
    """One row of the table, for this case; `votes` is empty where the answer is not known."""

    title: str
    answer: str | None
    votes: dict[str, int]
    reason: str
    source: str
    missing: tuple[str, ...] = ()

    def document(self) -> dict[str, object]:
        return {
            "criterion": self.title,
            "answer": self.answer,
            "votes": self.votes,
            "reason": self.reason,
            "source": self.source,
        }


@dataclass(frozen=True)
class Approach:
    """The way proposed.

    Attributes
    ----------
    way : rules, classical, prompted or deep; None where nothing at all speaks for one.
    settled : whether no answer that is still open can change it. open : the keys that could.
    totals : votes for less votes against.
    """

    way: str | None
    settled: bool
    open: tuple[str, ...]
    totals: dict[str, int]
    lines: tuple[Line, ...]

    def document(self) -> dict[str, object]:
        return {
            "way": self.way,
            "settled": self.settled,
            "could_change_it": list(self.open),
            "totals": self.totals,
            "table": [line.document() for line in self.lines],
        }


def approach(answers: Answers) -> Approach:
    """Apply the decision table.

    An expert who can write the rules down decides it: rules first. Otherwise the way with the most votes; of two that
    have as many, the simpler. It is settled where the open answers, each at its worst, would not change it.
    """
    lines = tuple(_line(c, answers) for c in TABLE)
    totals = {way: sum(line.votes.get(way, 0) for line in lines) for way in WAYS}
    if answers.get("rules") == "yes":
        return Approach("rules", True, (), totals, lines)
    known = [line for line in lines if any(line.votes.values())]
    ways = [way for way in WAYS if way != "rules"]  # without an expert who can write them, there are none to start from
    if not known or not answers.has("kind"):
        return Approach(None, False, _open(lines), totals, lines)
    best = max(ways, key=lambda way: (totals[way], -WAYS.index(way)))
    rivals = [w for w in ways if w != best and _could_win(w, best, totals, answers)]
    open_rules = () if answers.has("rules") else ("rules",)
    able = tuple(key for c in TABLE if _tells(c, [*rivals, best], answers) for key in _missing(c, answers))
    return Approach(
        best, not rivals and not open_rules, (*open_rules, *(k for k in able if k != "rules")), totals, lines
    )


def _line(criterion: Criterion, answers: Answers) -> Line:
    possible = criterion.answer(answers)
    missing = _missing(criterion, answers)
    if len(possible) > 1:
        signs = {criterion.votes[p][0] for p in possible}
        if len(signs) > 1:
            between = " Your range does not tell." if not missing else ""
            return Line(
                criterion.title,
                None,
                {},
                f"Not known: it speaks neither for nor against.{between}",
                "not answered",
                missing,
            )
    answer = min(possible)
    signs_of, reason, source = criterion.votes[answer]
    votes = {way: POINTS[sign] for way, sign in zip(ORDER, signs_of, strict=True)}
    measured = criterion.title in ("Volume", "Type of data") and answers.has("data")
    seen = MEASURED if measured else ANSWERED
    return Line(criterion.title, _words(answer), votes, reason, source if source == ANSWERED else f"{seen}; {source}")


def _words(answer: str) -> str:
    first, _, second = answer.partition(" ")
    return second if second in ("short", "small", "enough", "ample") else f"{first} {second}".strip()


def _missing(criterion: Criterion, answers: Answers) -> tuple[str, ...]:
    if len(criterion.answer(answers)) == 1:
        return ()
    return tuple(key for key in criterion.keys if not answers.has(key))


def _open(lines: tuple[Line, ...]) -> tuple[str, ...]:
    return tuple(key for line in lines for key in line.missing)


def _could_win(rival: str, best: str, totals: dict[str, int], answers: Answers) -> bool:
    """Whether the open answers, each at its best for the rival, would put it ahead; a tie goes to the simpler."""
    lead = totals[best] - totals[rival] - sum(_swing(c, rival, best, answers) for c in TABLE)
    return lead < 0 or (lead == 0 and WAYS.index(rival) < WAYS.index(best))


def _swing(criterion: Criterion, rival: str, best: str, answers: Answers) -> int:
    """Return the most an open answer can bring the rival over the best."""
    possible = criterion.answer(answers)
    signs = [criterion.votes[p][0] for p in possible]
    if len(set(signs)) == 1:
        return 0
    at = {way: ORDER.index(way) for way in (rival, best)}
    return max(POINTS[s[at[rival]]] - POINTS[s[at[best]]] for s in signs)


def _tells(criterion: Criterion, ways: list[str], answers: Answers) -> bool:
    return len(ways) > 1 and any(_swing(criterion, rival, ways[-1], answers) > 0 for rival in ways[:-1])
