"""DE011: columns that say what another one says already."""

from __future__ import annotations

import hashlib

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding
from deepenough.task import Column

from ._base import Check
from ._faults import with_column
from ._look import arrays, columns, gaps

LEAST_ROWS = 50
LEAST_TOLD = 10  # rows away from the most frequent value; two columns may agree in fewer by luck
COMES_BACK = 0.5  # different values a row, up to which equal patterns are no accident
PERFECT = 1e-6  # distance of a correlation from one that rounding leaves
MOST_COMPARED = 50_000  # rows on which equal patterns are looked for; what is found is proven on all
MOST_ROWS = 4_000  # rows on which the correlations are looked for; what is found is proven on all
MOST_NUMBERS = 600  # columns of numbers whose correlations are looked for


class DuplicateColumns(Check):
    """A column that is another one over again: the same values, other units, or other names for them."""

    name = "duplicate_columns"
    code = "DE011"
    title = "The same column twice"
    looks_at = "inputs"
    modalities = ("tabular",)

    def run(self, dataset: Dataset) -> list[Finding]:
        if len(dataset) < LEAST_ROWS:
            raise NotApplicable(f"With {len(dataset)} row(s), fewer than {LEAST_ROWS}, columns agree by luck.")
        known, found = columns(dataset), arrays(dataset)
        able = {n: a for n, a in found.items() if n in known and _tells(a)}
        step = max(1, len(dataset) // MOST_COMPARED)
        told: dict[str, tuple[str, str]] = {}  # column: the earlier one it repeats, and how
        seen: dict[bytes, str] = {}
        for name, array in able.items():
            for key, how in _keys(array[::step]):
                first = seen.setdefault(key, name)
                if first != name and name not in told and (step == 1 or _keys(array) == _keys(able[first])):
                    told[name] = (first, "equal" if np.array_equal(array, able[first], equal_nan=True) else how)
        for name, first in _correlated(able).items():
            told.setdefault(name, (first, "straight"))
        return [self._finding(dataset, name, *told[name]) for name in able if name in told]

    def _finding(self, dataset: Dataset, name: str, first: str, how: str) -> Finding:
        says = {
            "equal": f"'{name}' has the same value as '{first}' in all {len(dataset):,} rows.",
            "one-to-one": f"'{name}' and '{first}' go together one to one: each value of one belongs to one of the other.",
            "order": f"'{name}' puts the rows in the same order as '{first}': one is a function of the other.",
            "straight": f"'{name}' is '{first}' in other units, but for rounding: they are perfectly correlated.",
        }
        remedy = (
            "Leave one of them out: the model learns nothing from the second, explanations are split between the two, "
            "and one more cell can go wrong."
        )
        evidence = {"rows": len(dataset), "same_as": first, "how": how}
        return Finding(self.code, "warning", name, says[how], remedy, evidence)

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Add an input that is another one, in other units or with other names."""
        known = columns(clean)
        able = [n for n, a in arrays(clean).items() if n in known and known[n].kind != "time" and _tells(a)]
        if not able:
            raise NotApplicable("No input tells enough rows apart to be worth repeating.")
        name = able[int(np.random.default_rng(seed).integers(len(able)))]
        array = arrays(clean)[name]
        if array.dtype.kind == "f":
            twice = (2.0 * array + 1.0).astype(np.float32)
            low, high = float(np.nanmin(twice)), float(np.nanmax(twice))
            return with_column(clean, Column("planted_twice", "number", low=low, high=high, missing=True), twice)
        words = tuple(f"{t} too" for t in known[name].categories)
        return with_column(clean, Column("planted_twice", known[name].kind, categories=words, missing=True), array)


def _tells(array: np.ndarray) -> bool:
    """Whether a column has values enough, away from its most frequent one, to be recognised in another."""
    known = array[~gaps(array)]
    if len(known) < LEAST_ROWS // 2:
        return False
    usual = np.partition(known, len(known) // 2)[len(known) // 2]
    return int((known != usual).sum()) >= LEAST_TOLD


def _keys(array: np.ndarray) -> list[tuple[bytes, str]]:
    """Return what columns that say the same have in common: the pattern of their values, or the order of their rows."""
    values, codes = np.unique(array, return_inverse=True)
    if array.dtype.kind == "f":
        codes = np.where(np.isnan(array), -1, codes)
        values = values[~np.isnan(values)]
    keys = []
    if len(values) <= COMES_BACK * len(array):
        place = np.full(len(values) + 2, len(array))
        np.minimum.at(place, codes, np.arange(len(array)))
        renamed = np.where(codes < 0, -1, place[codes])
        if array.dtype.kind != "f":
            renamed = np.where(array == 0, -1, renamed)
        keys.append((_digest(b"pattern", renamed), "one-to-one"))
    elif array.dtype.kind == "f":
        turned = np.where(codes < 0, -1, len(values) - 1 - codes)
        known = np.flatnonzero(codes >= 0)
        up = codes[known[0]] <= turned[known[0]] if len(known) else True
        keys.append((_digest(b"order", codes if up else turned), "order"))
    return keys


def _digest(kind: bytes, codes: np.ndarray) -> bytes:
    return hashlib.blake2b(kind + codes.astype(np.int32).tobytes(), digest_size=16).digest()


def _correlated(able: dict[str, np.ndarray]) -> dict[str, str]:
    """Return the columns of numbers that are an earlier one in other units, with empty cells in the same rows."""
    names = [n for n, a in able.items() if a.dtype.kind == "f"][:MOST_NUMBERS]
    if len(names) < 2:
        return {}
    step = max(1, len(able[names[0]]) // MOST_ROWS)
    some = np.stack([_standard(able[n][::step]) for n in names])
    near = np.abs(some @ some.T) >= 1.0 - 10 * PERFECT
    found: dict[str, str] = {}
    for late, early in zip(*np.nonzero(np.tril(near, -1)), strict=True):
        a, b = able[names[early]], able[names[late]]
        same_gaps = np.array_equal(np.isnan(a), np.isnan(b))
        if names[late] not in found and same_gaps and abs(_standard(a) @ _standard(b)) >= 1.0 - PERFECT:
            found[names[late]] = names[early]
    return found


def _standard(array: np.ndarray) -> np.ndarray:
    """Return the column around 0, of length 1; empty cells are 0, and so is a column of one value."""
    known = ~np.isnan(array)
    if not known.any():
        return np.zeros(len(array))
    values = array.astype(np.float64)
    away = np.where(known, values - values[known].mean(), 0.0)
    length = float(np.sqrt(away @ away))
    return away / length if length > 1e-9 * float(np.abs(values[known]).max()) else np.zeros(len(array))
