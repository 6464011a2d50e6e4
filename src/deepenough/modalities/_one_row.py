"""One row, read without arrays on the way: the same to the last bit as many rows read at once, or left to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from deepenough.errors import DataError
from deepenough.modalities._calendar import one_date
from deepenough.modalities._cells import DECODERS, codes_of
from deepenough.modalities._kinds import category_text
from deepenough.modalities._shifts import shifted
from deepenough.task import Column, Task

Reader = Callable[[dict[str, Any]], dict[str, np.ndarray] | None]
LARGEST = float(np.finfo(np.float32).max)
NAN = float("nan")
PLAIN = ("number", "boolean", "category", "high_cardinality", "time")


def reader(task: Task) -> Reader:
    """Return a function from a row to ``numbers`` (1, a) float32 and ``codes`` (1, b) int64; or to None.

    None means: an odd cell, a missing column, a number too large. The road for many rows reads it, or says what is wrong.
    """
    inputs = task.inputs
    if shifted(task) or any(c.kind not in PLAIN for c in inputs):
        return lambda row: None
    of_numbers = [(c.name, _kind(c), c) for c in inputs if not _is_category(c)]
    of_codes = [(c.name, _known(c)) for c in inputs if _is_category(c)]
    no_numbers, no_codes = np.zeros((1, 0), np.float32), np.zeros((1, 0), np.int64)

    def read(row: dict[str, Any]) -> dict[str, np.ndarray] | None:
        try:
            numbers = _numbers(row, of_numbers)
            codes = _codes(row, of_codes)
        except (KeyError, DataError):
            return None
        if numbers is None or codes is None:
            return None
        return {
            "numbers": np.array([numbers], np.float64).astype(np.float32) if of_numbers else no_numbers,
            "codes": np.array([codes], np.int64) if of_codes else no_codes,
        }

    return read


def _known(column: Column) -> dict[str, int]:
    """Return the codes of texts that stand for themselves; any other cell goes through `category_text` first."""
    return {text: code for text, code in codes_of(column.categories).items() if category_text(text) == text}


def _is_category(column: Column) -> bool:
    return column.kind in ("category", "high_cardinality")


def _kind(column: Column) -> int:
    return ("number", "boolean", "time").index(column.kind)


def _numbers(row: Mapping[str, Any], wanted: list[tuple[str, int, Column]]) -> list[float] | None:
    found: list[float] = []
    for name, kind, column in wanted:
        value = row[name]
        if kind == 2:
            seconds = DECODERS["time"]([value], column)
            found += one_date(float(seconds[0]), column)
            continue
        form = type(value)
        if value is None or (form is float and value != value):
            found.append(NAN)
        elif form is bool or (kind == 1 and form in (int, float) and value in (0, 1)):
            found.append(1.0 if value else 0.0)
        elif kind == 0 and form in (float, int) and -LARGEST <= value <= LARGEST:
            found.append(value)
        else:
            return None
    return found


def _codes(row: Mapping[str, Any], wanted: list[tuple[str, dict[str, int]]]) -> list[int] | None:
    found: list[int] = []
    for name, codes in wanted:
        value = row[name]
        code = codes.get(value) if type(value) is str else None
        found.append(codes.get(category_text(value), 0) if code is None else code)
    return found
