"""assess(): from answers to what they come to, and its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from deepenough.assessment import concluding, page, template
from deepenough.assessment.document import document
from deepenough.assessment.reading import NAME, read
from deepenough.errors import SettingError
from deepenough.files import write_json, write_text

JSON, HTML, RULES = "assessment.json", "assessment.html", "rules.toml"


@dataclass(frozen=True)
class Assessment:
    """What the answers come to.

    Attributes
    ----------
    document : what assessment.json holds. folder : where its files were written; None where they were not.
    """

    document: dict[str, Any]
    folder: Path | None = None

    @property
    def outcome(self) -> str:
        """deep, classical, rules, prompted, not_yet or unknown."""
        return str(self.document["outcome"])

    @property
    def negative(self) -> bool:
        """Whether the answer is a no: not yet, or too little is known."""
        return self.outcome in concluding.NEGATIVE

    @property
    def page(self) -> str:
        """The HTML page: one file, that loads nothing."""
        return page.compose(self.document)

    def write(self, folder: str | Path) -> list[Path]:
        """Write assessment.json, assessment.html and, where an expert can write rules, rules.toml; return their paths.

        A rules.toml that is there stays: somebody may have filled it in. Raises `StorageError` where it cannot be written.
        """
        place = Path(folder)
        written = [place / JSON, place / HTML]
        write_json(written[0], self.document)
        write_text(written[1], self.page)
        rules = place / RULES
        if self.document["rules"]["file"] and not rules.exists():
            labels = (self.document["measured"] or {}).get("labels") or []
            decision = self.document["answers"].get("decision")
            write_text(rules, template.rules(self.document["name"], decision, labels))
            written.append(rules)
        return written


def assess(
    source: str | Path | Mapping[str, Any],
    *,
    out: str | Path | None = None,
    seed: int = 0,
    today: date | None = None,
) -> Assessment:
    """Say whether a case is worth it, by which way, and what it would take.

    Parameters
    ----------
    source : path of an assessment.toml, or a mapping of the same keys; a number may be a range ``[low, high]``.
    out : folder to write assessment.json, assessment.html and rules.toml into; None writes nothing.
    seed : of the simulations. today : the day that dates are held against.

    Raises
    ------
    DataError, SettingError : the thing, what was seen, the mend; with the line, where there is a file.

    Examples
    --------
    >>> assess({"kind": "table", "rows": 5000, "labelled_rows": 5000, "rules": "no", "compute": "cpu"}).outcome
    'classical'
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise SettingError(f"seed = {seed} is no seed. Write a whole number, 0 or more.")
    made = Assessment(document(read(source, today), seed), None if out is None else Path(out))
    if out is not None:
        made.write(out)
    return made


def write_template(path: str | Path, answers: Mapping[str, Any] | None = None) -> Path:
    """Write an assessment.toml to fill in, or with what was answered; one that is there stays, with an error."""
    place = Path(path)
    if place.is_dir():
        place = place / NAME
    if place.exists():
        raise SettingError(
            f"'{place}' is already there, and answers are not thrown away. Name another file, or move it."
        )
    write_text(place, template.template(answers, place.name))
    return place
