"""The signature at the wire: rows by name, each cell of the kind that the column has, or refused by the column's name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from deepenough.modalities._cells import codes_of
from deepenough.modalities._files import MISSING
from deepenough.modalities._kinds import FIRST_YEAR, LAST_YEAR, category_text
from deepenough.modalities._shifts import shifted
from deepenough.serving._refused import Refused, shown
from deepenough.task import Column, Task

LARGEST = float(np.finfo(np.float32).max)
QUICK = ("number", "boolean", "category", "high_cardinality")
NO_NUMBERS, NO_CODES = np.zeros((1, 0), np.float32), np.zeros((1, 0), np.int64)
Scalar = str | int | float | bool | None
Cell = Callable[[Any, list[str]], Any]
JSON_NAMES = {str: "text", int: "a number", float: "a number", bool: "true or false", type(None): "null"}
WANTED = {
    "number": "a number",
    "boolean": "true or false",
    "category": "a text",
    "high_cardinality": "a text",
    "time": "a date as text",
    "text": "a text",
    "image": "a picture in base64",
}


class Wire:
    """What a task reads, held against what came.

    Parameters
    ----------
    outside : ``flag`` or ``refuse``: what becomes of a cell outside of what training saw.

    Examples
    --------
    >>> wire = Wire(Task("regression", "tabular", (Column("age", "number", low=18.0, high=90.0),)))
    >>> wire.check([{"age": 200}])
    ([{'age': 200}], [['age']])
    """

    def __init__(self, task: Task, outside: str = "flag") -> None:
        self.task = task
        self._cells = [(c.name, _cell(c)) for c in task.inputs]
        self._names = frozenset(c.name for c in task.inputs)
        self._beside = (
            frozenset(c.name for c in task.columns) - self._names
        )  # keys and the like: may come, are not read
        self._refuse = outside == "refuse"
        self._quick = not shifted(task) and all(c.kind in QUICK for c in task.inputs)
        self._numbers = [(c.name, _CELLS[c.kind](c)) for c in task.inputs if c.kind in ("number", "boolean")]
        self._codes = [(c.name, _code(c)) for c in task.inputs if c.kind in ("category", "high_cardinality")]

    def check(self, rows: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], list[list[str]]]:
        """Return the cells to read, row by row, and the columns of each row that lie outside of what training saw.

        Raises `Refused` with the field's name where a column is missing, unknown, or of another kind.
        """
        checked, outside = [], []
        for i, row in enumerate(rows):
            far: list[str] = []
            try:
                found = {name: cell(row[name], far) for name, cell in self._cells}
            except KeyError as error:
                raise self._lacks(str(error.args[0]), i, len(rows)) from None
            except Refused as error:
                raise Refused(422, f"{error}{_where(i, len(rows))}", error.field) from None
            if len(row) != len(found):
                self._must_be_known(row, i, len(rows))
            if far and self._refuse:
                raise Refused(
                    422, f"'{shown(far[0])}' is outside of what training saw{_where(i, len(rows))}.", shown(far[0])
                )
            checked.append(found)
            outside.append(far)
        return checked, outside

    def tensors(self, row: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], list[str]] | None:
        """Return what a graph reads of one row, checked as `check` does, and its columns out of range.

        None where the task has columns that need more than a look at each cell; and where a cell is refused, so that `check` says why.
        """
        if not self._quick:
            return None
        far: list[str] = []
        try:
            numbers = [cell(row[name], far) for name, cell in self._numbers]
            codes = [cell(row[name], far) for name, cell in self._codes]
        except (KeyError, Refused):
            return None
        if len(row) != len(numbers) + len(codes) or (far and self._refuse):
            return None
        return {
            "numbers": np.array([numbers], np.float64).astype(np.float32) if numbers else NO_NUMBERS,
            "codes": np.array([codes], np.int64) if codes else NO_CODES,
        }, far

    def _lacks(self, name: str, i: int, n: int) -> Refused:
        return Refused(422, f"'{shown(name)}' is missing{_where(i, n)}. Send null where it is empty.", shown(name))

    def _must_be_known(self, row: Mapping[str, Any], i: int, n: int) -> None:
        unknown = next((name for name in row if name not in self._names and name not in self._beside), None)
        if unknown is not None:
            raise Refused(422, f"'{shown(unknown)}' is no column of this model{_where(i, n)}.", shown(unknown))


def _where(i: int, n: int) -> str:
    return f" (row {i}, counted from 0)" if n > 1 else ""


def _cell(column: Column) -> Cell:
    return _CELLS[column.kind](column)


def wrong(column: Column, value: Any) -> Refused:
    """Return the refusal of a cell that is not of its column's kind."""
    seen = JSON_NAMES.get(type(value), "a list or an object")
    return Refused(422, f"'{shown(column.name)}' must be {WANTED[column.kind]}, and it is {seen}.", shown(column.name))


def bounds(column: Column) -> tuple[float, float]:
    """Return the doubles that round, in single precision, into the range that training saw.

    >>> bounds(Column("age", "number", low=18.0, high=90.0))[0] < 18.0
    True
    """
    if column.low is None or column.high is None:
        return -math.inf, math.inf
    with np.errstate(over="ignore"):
        low, high = np.float32(column.low), np.float32(column.high)
        below, above = np.nextafter(low, np.float32(-np.inf)), np.nextafter(high, np.float32(np.inf))
    return (float(low) + float(below)) / 2, (float(high) + float(above)) / 2


def _number(column: Column) -> Cell:
    low, high = bounds(column)
    name, missing = column.name, column.missing

    def cell(value: Any, far: list[str]) -> Any:
        kind = type(value)
        if kind is float or kind is int:
            if not low <= value <= high:
                if not -LARGEST <= value <= LARGEST:
                    raise Refused(422, f"'{shown(name)}' is a number beyond 3.4e38.", shown(name))
                far.append(name)
        elif value is not None:
            raise wrong(column, value)
        elif not missing:
            far.append(name)
        return value

    return cell


def _boolean(column: Column) -> Cell:
    name, missing = column.name, column.missing

    def cell(value: Any, far: list[str]) -> Any:
        if value is None:
            if not missing:
                far.append(name)
        elif type(value) is not bool and not (type(value) in (int, float) and value in (0, 1)):
            raise wrong(column, value)
        return value

    return cell


def _category(column: Column) -> Cell:
    name, missing, known = column.name, column.missing, frozenset(column.categories)

    def cell(value: Any, far: list[str]) -> Any:
        if type(value) is str and value in known:
            return value
        if value is None or (type(value) is str and value.strip() in MISSING):
            if not missing:
                far.append(name)
        elif type(value) not in (str, int, float, bool):
            raise wrong(column, value)
        elif category_text(value) not in known:
            far.append(name)
        return value

    return cell


def _code(column: Column) -> Cell:
    """Return what checks a cell of a category and gives its code."""
    codes = codes_of(column.categories)
    known = {text: code for text, code in codes.items() if category_text(text) == text}
    check = _category(column)

    def cell(value: Any, far: list[str]) -> int:
        code = known.get(value) if type(value) is str else None
        return codes.get(category_text(check(value, far)), 0) if code is None else code

    return cell


def _time(column: Column) -> Cell:
    name, missing, written = column.name, column.missing, column.format
    low = -math.inf if column.low is None else column.low
    high = math.inf if column.high is None else column.high

    def cell(value: Any, far: list[str]) -> Any:
        if value is None or (type(value) is str and value.strip() in MISSING):
            if not missing:
                far.append(name)
            return None
        if type(value) is not str:
            raise wrong(column, value)
        when = _read(value, written)
        if when is None:
            example = datetime(2026, 11, 20, 13, 45).strftime(written or "%Y-%m-%d")
            raise Refused(422, f"'{shown(name)}' must be a date such as {example}.", shown(name))
        if not low <= when.timestamp() <= high:
            far.append(name)
        return when

    return cell


def _read(text: str, written: str | None) -> datetime | None:
    """Read a date as the table's column is read; None where it is none that a column of times can hold."""
    try:
        plain = text.strip()
        when = datetime.strptime(plain, written) if written else datetime.fromisoformat(plain)
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        when.timestamp()
    except (ValueError, OverflowError):
        return None
    return when if FIRST_YEAR <= when.year <= LAST_YEAR else None


def _text(column: Column) -> Cell:
    name, missing = column.name, column.missing

    def cell(value: Any, far: list[str]) -> Any:
        if value is None:
            if not missing:
                far.append(name)
        elif type(value) is not str:
            raise wrong(column, value)
        return value

    return cell


_CELLS: dict[str, Callable[[Column], Cell]] = {
    "number": _number,
    "boolean": _boolean,
    "category": _category,
    "high_cardinality": _category,
    "time": _time,
    "text": _text,
    "image": _text,
}
