"""From assessment.toml, or a mapping of the same keys, to answers: every mistake is a sentence with its line."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from deepenough.assessment import kinds, lines
from deepenough.assessment.questions import BLOCKS, QUESTIONS, Question
from deepenough.assessment.ranges import Range
from deepenough.errors import DataError, SettingError, nearest

NAME = "assessment.toml"


@dataclass
class Answers:
    """What was answered, and where it stands.

    Attributes
    ----------
    values : by key; a number is a `Range`. raw : the same as written.
    use_cases : the [[use_case]] blocks. weights : of their ranking.
    text, source, folder : the file, its name, and what its paths start from.
    """

    values: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)
    use_cases: list[dict[str, Any]] = field(default_factory=list)
    weights: dict[str, Range] = field(default_factory=dict)
    text: str = ""
    source: str = ""
    folder: Path = Path()
    today: date = field(default_factory=date.today)

    def get(self, key: str) -> Any:
        """Return an answer, None where there is none."""
        assert key in QUESTIONS, key
        return self.values.get(key)

    def range(self, key: str) -> Range | None:
        """Return an answer that is a number."""
        value = self.get(key)
        assert value is None or isinstance(value, Range), key
        return value

    def has(self, *keys: str) -> bool:
        """Whether all of these were answered."""
        return all(key in self.values for key in keys)

    def where(self, key: str, block: str = "", number: int = 0) -> str:
        """Return "assessment.toml, line 12", as an error begins; empty for answers that are in no file."""
        line = lines.find(self.text, key, block, number) if self.text else None
        place = f"{self.source}, line {line}: " if line else f"{self.source}: " if self.source else ""
        return place + (f"{block} {number + 1}: " if block == "use_case" else "")

    def refuse(self, key: str, sentence: str) -> SettingError:
        """Return the error about an answer, with its line."""
        return SettingError(f"{self.where(key)}{sentence}")


def read(source: str | Path | Mapping[str, Any], today: date | None = None) -> Answers:
    """Read answers from a file, or from a mapping of the same keys.

    Parameters
    ----------
    today : the day that dates are held against; default: today.

    Raises `DataError` where the file cannot be read, `SettingError` where an answer cannot be.
    """
    if isinstance(source, Mapping):
        found, answers = dict(source), Answers()
    else:
        path = Path(source)
        text = _open(path)
        answers = Answers(text=text, source=path.name, folder=path.parent)
        found = _parse(path, text)
    answers.today = today or date.today()
    answers.raw = found
    for key, value in found.items():
        if key in BLOCKS:
            _read_block(answers, key, value)
        else:
            answers.values[key] = _read_one(answers, _known(answers, key), value)
    return answers


def _open(path: Path) -> str:
    if path.is_dir():
        raise DataError(f"'{path}' is a folder, not an assessment. Name the file in it: {path / NAME}.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        here = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        mend = "Check the path, or write one to fill in: deepenough assess --template"
        raise DataError(f"There is no file '{path}'. {nearest(path.name, here)}{mend}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"'{path}' is no text in UTF-8. Save it as UTF-8 again.") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DataError(
            f"'{path.name[:60]}' cannot be opened: {reason}. Check the path and your rights to read it."
        ) from error


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        end = f"at the end, line {len(text.splitlines())}"
        reason = str(error).replace("at end of document", end).replace(" (at", ", at").replace(")", "").rstrip(".")
        raise SettingError(
            f"{path.name} cannot be read as TOML: {reason}. Texts stand in quotes, dates and numbers without."
        ) from error


def _known(answers: Answers, key: str) -> Question:
    if key not in QUESTIONS:
        hint = nearest(key, [*QUESTIONS, *BLOCKS])
        mend = "All keys stand in the file that `deepenough assess --template` writes."
        raise SettingError(f"{answers.where(key)}there is no question '{key[:60]}'. {hint}{mend}")
    return QUESTIONS[key]


def _read_one(answers: Answers, question: Question, raw: Any, block: str = "", number: int = 0) -> Any:
    try:
        return kinds.read(question, raw, answers.today)
    except SettingError as error:
        raise SettingError(f"{answers.where(question.key, block, number)}{error}") from error


def _read_block(answers: Answers, block: str, found: Any) -> None:
    if block == "weights":
        if not isinstance(found, dict):
            raise answers.refuse(
                block, "weights is a block. Write [weights] on a line of its own, and below it: impact = 2."
            )
        answers.weights = _fields(answers, block, 0, found)
        if all(w.high == 0 for w in answers.weights.values()) and len(answers.weights) == len(BLOCKS["weights"]):
            raise answers.refuse(
                block, "weights: all are 0, so nothing counts. Write a number above 0 for one of them."
            )
        return
    if not isinstance(found, list) or not all(isinstance(case, dict) for case in found):
        raise answers.refuse(
            block, "use_case is a list of blocks. Write [[use_case]], with two brackets, on a line of its own."
        )
    answers.use_cases = [_fields(answers, block, i, case) for i, case in enumerate(found)]
    _refuse_nameless(answers)


def _fields(answers: Answers, block: str, number: int, found: dict[str, Any]) -> dict[str, Any]:
    for key in found:
        if key not in BLOCKS[block]:
            inside = (
                "It belongs above the first [[use_case]] or [weights]. "
                if key in QUESTIONS
                else nearest(key, BLOCKS[block])
            )
            mend = f"A [{block}] block has: {', '.join(BLOCKS[block])}."
            raise SettingError(
                f"{answers.where(key, block, number)}there is no '{key[:60]}' in a [{block}] block. {inside}{mend}"
            )
    return {key: _read_one(answers, BLOCKS[block][key], value, block, number) for key, value in found.items()}


def _refuse_nameless(answers: Answers) -> None:
    names: list[str] = []
    for i, case in enumerate(answers.use_cases):
        if "name" not in case:
            raise SettingError(
                f'{answers.where("", "use_case", i)}it has no name. Write one below [[use_case]]: name = "Churn".'
            )
        if case["name"] in names:
            raise SettingError(
                f'{answers.where("name", "use_case", i)}name = "{case["name"]}" stands there twice. Name them apart.'
            )
        names.append(case["name"])
