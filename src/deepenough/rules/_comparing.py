"""A column beside a value, by the column's kind: what the comparison asks of the features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from deepenough.errors import nearest
from deepenough.rules._conditions import All, Any, Code, Condition, Number
from deepenough.rules._tokens import Token, wrong
from deepenough.task import Column

Parts = list[tuple[str, float]]
KINDS = {
    "number": "is a number",
    "boolean": "is true or false",
    "category": "is a category",
    "high_cardinality": "is a category",
    "time": "is a date",
}
STRICT = {"<=": "<", ">=": ">"}


def kind_of(column: Column | None) -> str:
    """Return what a column is, as a sentence goes on; None is a part of a date."""
    return KINDS["number" if column is None else column.kind]


@dataclass(frozen=True)
class Comparing:
    """One column of a condition; `compare` says what a sign and a value ask of its features."""

    text: str
    name: Token
    column: Column | None
    features: Sequence[str]
    notes: list[str]

    def compare(self, sign: str, value: Token) -> Condition:
        """Return the condition; an error shows the value where it is not of the column's kind."""
        kind = "number" if self.column is None else self.column.kind
        if kind in ("category", "high_cardinality"):
            return self._category(sign, value)
        if kind == "boolean":
            return _number(self.name.text, sign, self._flag(sign, value))
        if kind == "time":
            return _in_order(sign, self._date(value))
        return _number(self.name.text, sign, self._plain(value))

    def _mismatch(self, value: Token, mend: str) -> Exception:
        kinds = {"number": "a number", "text": "text", "keyword": "true or false"}
        shown = f"'{value.text}'" if value.kind == "text" else value.text
        said = f"'{self.name.text}' {kind_of(self.column)}; {shown} is {kinds[value.kind]}. {mend}"
        return wrong(self.text, value.start, value.end, said)

    def _plain(self, value: Token) -> float:
        if value.kind != "number":
            raise self._mismatch(value, "Compare it with a number, without quotes.")
        return float(value.text)

    def _flag(self, sign: str, value: Token) -> float:
        said = value.text.casefold()
        if value.kind == "number" or said not in ("true", "false") or sign not in ("==", "!="):
            raise self._mismatch(value, f"Write {self.name.text} == true, or {self.name.text} by itself.")
        return float(said == "true")

    def _category(self, sign: str, value: Token) -> Condition:
        assert self.column is not None
        if sign not in ("==", "!="):
            raise self._mismatch(value, "A category has no order: use ==, != or in.")
        if value.kind == "keyword":
            raise self._mismatch(value, f"Write it in quotes: '{value.text}'.")
        known = self.column.categories
        if value.text not in known:
            likely = nearest(value.text, known).strip()
            never = "never holds" if sign == "==" else "holds wherever the cell is not empty"
            self.notes.append(
                f"'{self.name.text}' was never '{value.text}', so that comparison {never}. {likely}".strip()
            )
            return Code(self.name.text, (), sign == "==")
        return Code(self.name.text, (known.index(value.text) + 1,), sign == "==")

    def _date(self, value: Token) -> Parts:
        """Return the parts of a date, the largest first; the time of day where it is written."""
        assert self.column is not None
        name = self.name.text
        if value.kind != "text":
            raise self._mismatch(value, "Write a date in quotes: '2026-11-20'.")
        if f"{name}:year" not in self.features:
            raise wrong(
                self.text,
                self.name.start,
                self.name.end,
                f"'{name}' orders the rows, and a model is judged on later ones: only its month, day and weekday are known. "
                f"Ask for a part: `{name}:month` == 12.",
            )
        when, timed = self._moment(value)
        parts: Parts = [(f"{name}:{part}", float(getattr(when, part))) for part in ("year", "month", "day")]
        if timed:
            parts.append((f"{name}:hour", (when.hour * 3600 + when.minute * 60 + when.second) / 3600.0))
        return parts

    def _moment(self, value: Token) -> tuple[datetime, bool]:
        """Return a moment as UTC, and whether a time of day stands there that the column has, too."""
        assert self.column is not None
        written, text = self.column.format, value.text.strip()
        for form in (None, written) if written else (None,):
            try:
                when = datetime.strptime(text, form) if form else datetime.fromisoformat(text)
            except ValueError:
                continue
            when = when.astimezone(UTC) if when.tzinfo else when
            timed = ":" in text or "T" in text
            if timed and f"{self.name.text}:hour" not in self.features:
                raise wrong(
                    self.text,
                    value.start,
                    value.end,
                    f"A model knows the day of '{self.name.text}', not the time of day: write '{when.date().isoformat()}'.",
                )
            return when, timed
        raise wrong(self.text, value.start, value.end, f"'{text}' is no date. Write year, month and day: '2026-11-20'.")


def _number(feature: str, sign: str, bound: float) -> Condition:
    """A comparison of a number; != is less or greater, which a missing cell is not."""
    if sign == "!=":
        return Any((Number(feature, "<", bound), Number(feature, ">", bound)))
    return Number(feature, sign, bound)


def _in_order(sign: str, parts: Parts) -> Condition:
    """A comparison of dates, part by part: a date without a time of day is the whole day."""
    (feature, bound), rest = parts[0], parts[1:]
    if not rest:
        return _number(feature, sign, bound)
    here = Number(feature, "==", bound)
    if sign == "==":
        return All((here, _in_order(sign, rest)))
    if sign == "!=":
        return Any((_number(feature, "!=", bound), _in_order(sign, rest)))
    return Any((Number(feature, STRICT.get(sign, sign), bound), All((here, _in_order(sign, rest)))))
