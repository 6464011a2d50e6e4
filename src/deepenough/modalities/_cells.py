"""Cells as arrays: the one reading of a table's values, in training and for one request."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from deepenough.errors import DataError
from deepenough.modalities._files import MISSING
from deepenough.modalities._kinds import FIRST_YEAR, LAST_YEAR, TRUE_FALSE, category_text, epoch_seconds, is_empty
from deepenough.modalities._numbers import read_number
from deepenough.steps._terms import MOST_CHARACTERS
from deepenough.task import Column


def by_column(rows: Any) -> tuple[Mapping[str, Any], int]:
    """Return cells by column name, and the number of rows, of a frame, of columns by name, or of dicts."""
    if hasattr(rows, "columns"):
        return {str(name): rows[name] for name in rows.columns}, len(rows)
    if isinstance(rows, Mapping):
        if not all(isinstance(cells, Sequence | np.ndarray) and not isinstance(cells, str) for cells in rows.values()):
            raise DataError(
                "A dict gives whole columns: lists of cells by name. For one row, give a list of one dict: [row]."
            )
        columns = {name: list(cells) for name, cells in rows.items()}
        lengths = {len(cells) for cells in columns.values()}
        if len(lengths) > 1:
            raise DataError(f"The columns have different lengths: {sorted(lengths)}. Give one cell a row in each.")
        return columns, lengths.pop() if lengths else 0
    if isinstance(rows, str | Path):
        raise DataError(
            f"Rows are wanted, not a path ('{rows}'). Open the file with pandas, or let `deepenough predict` read it."
        )
    rows = list(rows)
    if not rows:
        raise DataError("There are no rows to answer. Give at least one, as a dict by column name.")
    if not all(isinstance(row, Mapping) for row in rows):
        raise DataError("Rows are wanted as dicts by column name, as lists of cells by column name, or as a frame.")
    names = rows[0].keys()
    try:
        return {name: [row[name] for row in rows] for name in names}, len(rows)
    except KeyError as error:
        raise DataError(
            f"A row lacks the column {error}, which the first row has. Give every row the same columns."
        ) from None


def _decode_number(cells: Any, column: Column) -> np.ndarray:
    return decode_exact(cells, column).astype(np.float32)


def decode_exact(cells: Any, column: Column) -> np.ndarray:
    """Return (n,) float64: every whole number up to 2**53 as it is. Those that float32 could not hold at all are refused."""
    dtype = getattr(cells, "dtype", None)
    if dtype is not None and dtype.kind in "iuf" and not hasattr(dtype, "na_value"):
        array = np.asarray(cells, dtype=np.float64)
    else:
        wanted = f"numbers such as {column.format}" if column.format else "numbers"
        array = np.array(_each(cells, _reader(column.format), column, wanted), dtype=np.float64)
    if np.isinf(array).any():
        raise DataError(f"Column '{column.name}' holds an infinite value. Give a number, or leave it empty.")
    with np.errstate(over="ignore"):
        rounded = array.astype(np.float32)
    if np.isinf(rounded).any():
        raise DataError(f"Column '{column.name}' holds a number beyond 3.4e38. Rescale it, or leave it empty.")
    return array


def _each(cells: Any, read: Callable[[Any], float], column: Column, wanted: str) -> list[float]:
    """Read cell by cell; `DataError` names the column and the row, never the value."""
    try:
        return [read(v) for v in cells]
    except (TypeError, ValueError, OverflowError):
        row = next(i for i, v in enumerate(cells) if not _readable(v, read))
        where = "a cell holds something else" if len(cells) == 1 else f"row {row} (counted from 0) holds something else"
        raise DataError(
            f"Column '{column.name}' must hold {wanted}, and {where}. Mend that cell, or leave it empty."
        ) from None


def _readable(value: Any, read: Callable[[Any], float]) -> bool:
    try:
        read(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _reader(written: str | None) -> Callable[[Any], float]:
    """Return what reads a cell of a column whose text writes numbers so; numbers themselves are taken as they are."""
    if written is None:
        return _number
    return lambda value: read_number(value, written) if isinstance(value, str) else _number(value)


def _number(value: Any) -> float:
    if isinstance(value, float | int):
        return float(value)
    if value is None or (isinstance(value, str) and value.strip() in MISSING):
        return math.nan
    try:
        return float(value)
    except (TypeError, ValueError):
        if is_empty(value):
            return math.nan
        raise


def _decode_boolean(cells: Any, column: Column) -> np.ndarray:
    def one(value: Any) -> float:
        if isinstance(value, str):
            folded = value.strip().casefold()
            if folded in TRUE_FALSE:
                return TRUE_FALSE[folded]
        number = _number(value)
        if number not in (0.0, 1.0) and not math.isnan(number):
            raise ValueError("neither true nor false")
        return number

    return np.array(_each(cells, one, column, "true or false"), dtype=np.float32)


def _decode_category(cells: Any, column: Column) -> np.ndarray:
    codes = codes_of(column.categories)
    if hasattr(cells, "map"):  # a column of a frame: look up each distinct value once
        try:
            distinct = {v: codes.get(category_text(v), 0) for v in cells.unique()}
        except TypeError:
            raise DataError(
                f"Column '{column.name}' holds a list or a dict in a cell. Give one value a cell."
            ) from None
        if len(distinct) == 1:  # one value, maybe NaN, which no look-up finds again
            return np.full(len(cells), next(iter(distinct.values())), dtype=np.int64)
        return np.array([distinct.get(v, 0) for v in cells.tolist()], dtype=np.int64)
    return np.array([codes.get(category_text(v), 0) for v in cells], dtype=np.int64)


@lru_cache(maxsize=4096)
def codes_of(categories: tuple[str, ...]) -> dict[str, int]:
    return {name: i + 1 for i, name in enumerate(categories)}


def _decode_text(cells: Any, column: Column) -> np.ndarray:
    """Return (n,) str objects, "" where missing: of a long text the first 20,000 characters, which are all that is read."""
    found = np.empty(len(cells), dtype=object)
    try:
        found[:] = [_text(v) for v in cells]
    except TypeError:
        raise DataError(f"Column '{column.name}' holds a list or a dict in a cell. Give one text a cell.") from None
    return found


def _text(value: Any) -> str:
    if not isinstance(value, str):
        if isinstance(value, Mapping | list | tuple | set | np.ndarray):
            raise TypeError("no text")
        value = "" if is_empty(value) else str(value)
    text: str = value.strip()[:MOST_CHARACTERS]
    if text in MISSING:
        return ""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")  # half a character is none


def _decode_time(cells: Any, column: Column) -> np.ndarray:
    if hasattr(cells, "dt") or hasattr(cells, "map"):
        import pandas as pd

        if cells.dtype.kind != "M":
            text = cells.map(
                lambda v: (
                    v.strip() if isinstance(v, str) and v.strip() not in MISSING else None if isinstance(v, str) else v
                )
            )
            times = pd.to_datetime(text, format=column.format or "ISO8601", errors="coerce", utc=True)
            unread = np.flatnonzero(times.isna().to_numpy() & text.notna().to_numpy())
            if len(unread):
                raise DataError(
                    f"Column '{column.name}' must hold {_dates(column)}, and row {unread[0]} (counted from 0) holds "
                    "something else. Mend that cell, or leave it empty."
                )
            return epoch_seconds(times)
        return epoch_seconds(cells)
    return np.array(_each(cells, lambda v: _seconds(v, column.format), column, _dates(column)), dtype=np.float64)


def _dates(column: Column) -> str:
    written = datetime(2026, 11, 20, 13, 45).strftime(column.format or "%Y-%m-%d")
    return f"dates such as {written}, in the years {FIRST_YEAR} to {LAST_YEAR}"


def _seconds(value: Any, written: str | None) -> float:
    if is_empty(value) or (isinstance(value, str) and value.strip() in MISSING):
        return math.nan
    if isinstance(value, str):
        value = datetime.strptime(value.strip(), written) if written else datetime.fromisoformat(value.strip())
    if not isinstance(value, datetime) or not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError("no date that a column of times holds")
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()


DECODERS: dict[str, Callable[[Any, Column], np.ndarray]] = {
    "number": _decode_number,
    "boolean": _decode_boolean,
    "category": _decode_category,
    "high_cardinality": _decode_category,
    "time": _decode_time,
    "text": _decode_text,
}
