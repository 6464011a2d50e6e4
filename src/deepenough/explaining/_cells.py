"""Cells in words, and whether the rows learnt from knew the like."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from deepenough.dataset import Dataset
from deepenough.examples import Columns
from deepenough.submissions import is_missing
from deepenough.task import Column

EMPTY = "empty"
MOST_LETTERS = 200  # of a text: the rest stands in the table


def shown(value: Any, column: Column) -> str:
    """Return a decoded cell as a person reads it.

    >>> shown(np.float32(2.5), Column("tenure", "number")), shown(np.float32("nan"), Column("tenure", "number"))
    ('2.5', 'empty')
    """
    if column.categories:
        return column.categories[int(value) - 1] if value > 0 else EMPTY
    if isinstance(value, str):
        return EMPTY if not value else value if len(value) <= MOST_LETTERS else f"{value[:MOST_LETTERS]} ..."
    number = float(value)
    if np.isnan(number):
        return EMPTY
    if column.kind == "boolean":
        return "yes" if number > 0 else "no"
    if column.kind == "time":
        written = datetime.fromtimestamp(number, UTC)
        return written.strftime("%Y-%m-%d" if number % 86400 == 0 else "%Y-%m-%d %H:%M:%S")
    return f"{number:,.0f}".replace(",", "") if number.is_integer() and abs(number) < 1e15 else f"{number:.6g}"


def cells(row: Dataset, raw: dict[str, Any]) -> dict[str, str]:
    """Return the inputs of one row in words; a category that was never seen as it is written."""
    assert isinstance(row.examples, Columns)
    found = {}
    for column in row.task.inputs:
        said = shown(row.examples.arrays[column.name][0], column)
        unseen = said == EMPTY and not is_missing(raw.get(column.name))
        found[column.name] = str(raw[column.name]) if unseen else said
    return found


def beyond(row: Dataset, raw: dict[str, Any]) -> list[dict[str, str]]:
    """Return where a row lies outside of what was learnt from: ``{"column", "why"}``."""
    assert isinstance(row.examples, Columns)
    said = cells(row, raw)
    found = []
    for column in row.task.inputs:
        why = _why(row.examples.arrays[column.name][0], column, said[column.name])
        if why:
            found.append({"column": column.name, "why": f"{column.name} {why}"})
    return found


def _why(value: Any, column: Column, said: str) -> str | None:
    if said == EMPTY:
        return None if column.missing else "is empty, which it never was in the rows it learnt from"
    if column.categories:
        return None if value > 0 else f"is '{said}', which no row it learnt from had"
    if column.low is None or column.high is None or column.kind not in ("number", "time"):
        return None
    span = f"({shown(column.low, column)} to {shown(column.high, column)})"
    # the range is kept in double precision, the cell rounded to single
    low, high = (np.array([v]).astype(value.dtype)[0] for v in (column.low, column.high))
    if value > high:
        return f"is {said}, above all rows it learnt from {span}"
    return f"is {said}, below all rows it learnt from {span}" if value < low else None
