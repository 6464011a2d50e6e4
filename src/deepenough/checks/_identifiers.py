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
MOST_GROUPS, MOST_ASKED = 20, 200  # columns asked whether they group the rows, and columns asked about them
SHARED = 2  # columns that must not change within a group
NEARLY_ALL = 0.999  # share of neighbouring rows of one group that must be equal
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


def shared_within(dataset: Dataset, skip: set[str]) -> dict[str, list[str]]:
    """Return, by column, the others that hardly ever change among rows of one of its values: what a customer keeps.

    Asked of inputs with twenty values and two rows a value or more; two columns must be kept at least, and neither be
    the column itself under another name, nor constant.
    """
    known = columns(dataset)
    found = {n: a for n, a in arrays(dataset).items() if n in known and known[n].kind != "time"}
    asked = [n for n in found if n not in skip and _may_group(known[n], found[n])][:MOST_GROUPS]
    others = [n for n, a in list(found.items())[:MOST_ASKED] if not gaps(a).any()]
    kept = {}
    for name in asked:
        order = np.argsort(found[name], kind="stable")
        same = np.flatnonzero(np.diff(found[name][order]) == 0)
        if len(same) < LEAST_ROWS:
            continue
        mine = [o for o in others if o != name and _kept(found[o][order], same, found[name][order])]
        if len(mine) >= SHARED:
            kept[name] = mine
    return kept


def _may_group(column: Column, array: np.ndarray) -> bool:
    if column.kind == "boolean" or gaps(array).any() or (array.dtype.kind == "f" and not whole(array)):
        return False
    values = different_values(column, array)
    return values >= LEAST_VALUES and len(array) >= ROWS_A_NAME * values


def _kept(values: np.ndarray, same: np.ndarray, group: np.ndarray) -> bool:
    """Whether values, in the order of the groups, stay equal within them, differ between them, and do not name them."""
    some = same[:200]
    if np.mean(values[some] == values[some + 1]) < 0.95:
        return False
    if np.mean(values[same] == values[same + 1]) < NEARLY_ALL:
        return False
    firsts = np.flatnonzero(np.r_[True, np.diff(group) != 0])
    different, usual = np.unique(values[firsts], return_counts=True)
    return 1 < len(different) < 0.9 * len(firsts) and float(usual.max()) <= 0.8 * len(firsts)
