"""What a name looks like among columns: of a row, or of something that comes back in several rows."""

from __future__ import annotations

import re

import numpy as np

from deepenough.dataset import Dataset
from deepenough.modalities._kinds import ID_NAME, MOST_CATEGORIES
from deepenough.task import Column

from ._look import arrays, columns, gaps

LEAST_ROWS = 50
LEAST_VALUES = 20  # fewer different values name nothing
ALL_DIFFERENT = 0.9  # share of different values among whole numbers that name rows
COUNTED = 2.0  # range over rows, up to which whole numbers that all differ were counted, not measured
ROWS_A_NAME = 2.0  # rows a value, from which it comes back
EXACT = 2.0**24  # beyond, 32-bit numbers no longer tell neighbouring whole numbers apart
# Names of who or what comes back. The general words for a row's name (number, index, row) would not do here.
COMES_BACK = re.compile(r"(^|[_\W])(?i:id|uuid|guid)$|[a-z0-9]I[dD]$|\w ?#$")


def different_values(column: Column, array: np.ndarray) -> int:
    """Return how many different values a column has; of a category with very many, at least how many.

    The values beyond the first thousand share the code 0; each of them is at most as frequent as the rarest known one.
    """
    if array.dtype.kind == "f":
        return len(np.unique(array[~np.isnan(array)]))
    counts = np.bincount(array)
    seen = counts[1:][counts[1:] > 0]
    beyond = int(counts[0]) if len(column.categories) >= MOST_CATEGORIES and not column.missing else 0
    return len(seen) + (beyond // int(seen.min()) if len(seen) else 0)


def filled_cells(column: Column, array: np.ndarray) -> int:
    """Return how many cells have a value; a value that is too rare to be known is one."""
    if array.dtype.kind != "f" and len(column.categories) >= MOST_CATEGORIES and not column.missing:
        return len(array)
    return int((~gaps(array)).sum())


def whole(array: np.ndarray) -> bool:
    """Whether all numbers are whole; a few rows tell most columns, so they are asked first."""
    for part in (array[:100], array):
        known = part[~np.isnan(part)]
        if not np.array_equal(known, np.floor(known)):
            return False
    return True


def names_rows(column: Column, array: np.ndarray) -> bool:
    """Whether a column is nearly a name for each row: whole numbers that all differ, or categories of a row or two."""
    values, filled = different_values(column, array), filled_cells(column, array)
    if values < LEAST_VALUES:
        return False
    if array.dtype.kind != "f":
        return filled < ROWS_A_NAME * values
    if not whole(array):
        return False
    named, high, low = bool(ID_NAME.search(column.name)), float(np.nanmax(array)), float(np.nanmin(array))
    if high > EXACT:
        return named
    return values >= ALL_DIFFERENT * filled and (named or high - low + 1 <= COUNTED * len(array))


def comes_back(column: Column, array: np.ndarray) -> bool:
    """Whether a column is called like an identifier and has several rows a value: a customer, a machine, a patient."""
    if not COMES_BACK.search(column.name) or column.kind in ("time", "boolean"):
        return False
    values, filled = different_values(column, array), filled_cells(column, array)
    return values >= LEAST_VALUES and filled >= ROWS_A_NAME * values and (array.dtype.kind != "f" or whole(array))


def coming_back(dataset: Dataset) -> list[str]:
    """Return the inputs that look like the name of something that comes back."""
    known = columns(dataset)
    return [name for name, array in arrays(dataset).items() if name in known and comes_back(known[name], array)]
