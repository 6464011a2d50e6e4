"""DE015: rows that are another row but for the last digits."""

from __future__ import annotations

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding, Severity

from ._base import Check
from ._faults import with_cells, with_copies
from ._look import columns, counted, owners, percent, row_numbers

FINE, COARSE = 1e-3, 1e-2  # how near, in standard deviations; the second tells whether the first is no accident
LAST_DIGITS = 0.03  # of a column's middle, the least that counts as its standard deviation
GRIDS = 4  # shifted against each other, so that hardly any two near rows are parted by the border of a cell in all
FEWEST = 3
WORTH_A_WARNING = 0.005  # share of rows
BY_ACCIDENT = 0.3  # fine pairs over coarse ones, under which rows are near because they lie close everywhere
MOST_IN_A_CELL = 20  # neighbours of a row within its cell that are compared with it
LEAST_ROWS = 50
FARTHEST = 2.0**62  # cells from the middle; beyond, all share the last one


class NearDuplicates(Check):
    """Rows equal to another one in all but the last digits: the same thing recorded twice."""

    name = "near_duplicates"
    code = "DE015"
    title = "Nearly the same row several times"
    looks_at = "inputs"
    modalities = ("tabular",)

    def run(self, dataset: Dataset) -> list[Finding]:
        if len(dataset) < LEAST_ROWS:
            raise NotApplicable(f"With {len(dataset)} row(s), fewer than {LEAST_ROWS}, near is hard to tell from far.")
        measures, exact = _split(dataset)
        if not measures:
            raise NotApplicable("No input is a number with decimals and many values: rows are equal, or they are not.")
        first = np.unique(dataset.ids, return_index=True)[1]  # equal rows are for DE001 to tell
        measures = [(array[first], scale) for array, scale in measures]
        exact = exact[first]
        fine = _pairs(measures, exact, FINE)
        if len(fine) < FEWEST:
            return []
        coarse = _pairs(measures, exact, COARSE)
        if len(fine) < BY_ACCIDENT * len(coarse):
            return []
        return [self._finding(dataset, first[fine], len(coarse), len(measures))]

    def _finding(self, dataset: Dataset, pairs: np.ndarray, coarse: int, measures: int) -> Finding:
        late = np.unique(np.maximum(pairs[:, 0], pairs[:, 1]))
        share = len(late) / len(dataset)
        severity: Severity = "warning" if share >= WORTH_A_WARNING and len(late) >= 5 else "note"
        message = (
            f"{counted(len(late), 'row')} of {len(dataset):,} ({percent(share)}) {'is' if len(late) == 1 else 'are'} an "
            "earlier row again, but for the last digits of its numbers."
        )
        remedy = (
            "Find out whether one event was recorded twice, perhaps by way of other units or with other rounding, and "
            "keep one of each. Where both stay, a model is tested on rows that it has nearly seen."
        )
        evidence = {
            "rows": len(dataset),
            "near_copies": len(late),
            "share": share,
            "pairs": len(pairs),
            "pairs_ten_times_as_far": coarse,
            "numbers": measures,
        }
        numbers = dataset.about["row"].to_numpy()
        clusters = [[int(numbers[i]), int(numbers[j])] for i, j in np.sort(pairs, axis=1)[:200]]
        return Finding(self.code, severity, "rows", message, remedy, evidence, row_numbers(dataset, late), clusters)

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Copy one row in twenty, with other last digits in its numbers."""
        rng = np.random.default_rng(seed)
        known = columns(clean)
        names = [n for n, a in clean.features.items() if n in known and a.dtype.kind == "f" and _decimal(a)]
        if not any(_fine(clean.features[n]) for n in names):
            raise NotApplicable("No input is a number with decimals.")
        copied = rng.choice(len(clean), min(len(clean), max(5, len(clean) // 20)), replace=False)
        planted = with_copies(clean, copied)
        for name in names:
            array = planted.features[name].copy()
            spread = float(np.nanstd(array)) or 1.0
            array[len(clean) :] += (1e-5 * spread * (1 + rng.random(len(copied)))).astype(np.float32)
            planted = with_cells(planted, name, array)
        return planted


def _decimal(array: np.ndarray) -> bool:
    """Whether a column holds a number with decimals, be it in a few copies only."""
    known = array[~np.isnan(array)]
    return bool((known != np.floor(known)).any())


def _fine(array: np.ndarray) -> bool:
    """Whether a column has many different values, so that two rows hardly ever share one by luck."""
    some = array[~np.isnan(array)][:500]
    return len(some) >= 20 and len(np.unique(some)) >= 0.2 * len(some)


def _split(dataset: Dataset) -> tuple[list[tuple[np.ndarray, float]], np.ndarray]:
    """Return the measures, each with its scale, and (n,) one number for all that must be equal."""
    owner = owners(dataset)
    measures, rest, fine = [], np.zeros(len(dataset), dtype=np.uint64), False
    rng = np.random.default_rng(1)
    for name, array in dataset.features.items():
        factor = rng.integers(1, 2**63, dtype=np.uint64) | np.uint64(1)
        if array.dtype.kind == "f" and owner[name] == name and _decimal(array):
            gone = np.isnan(array)
            measures.append((np.where(gone, np.float32(0.0), array), _scale(array)))
            fine = fine or _fine(array)
            rest += gone.astype(np.uint64) * factor
        else:
            plain = np.unique(array, return_inverse=True)[1] if array.dtype.kind == "O" else array
            whole = plain.astype(np.float64)
            bits = np.where(whole == whole, whole, -1.0).view(np.uint64)
            rest += (bits ^ (bits >> np.uint64(29))) * factor
    return (measures if fine else []), rest


def _scale(array: np.ndarray) -> float:
    """Return the spread of the middle half as a standard deviation; more where numbers hardly differ from their mean.

    The last digits of a density of 0.9943 are last digits, though all densities lie within a hundredth of each other.
    """
    known = array[~np.isnan(array)].astype(np.float64)
    low, middle, high = np.percentile(known, (25, 50, 75))
    spread = float((high - low) / 1.349) or float(known.std())
    return max(spread, LAST_DIGITS * abs(float(middle))) or 1.0


def _pairs(measures: list[tuple[np.ndarray, float]], exact: np.ndarray, width: float) -> np.ndarray:
    """Return (pairs, 2) of rows nearer than `width` in every measure and equal in the rest; near-linear in the rows."""
    rng = np.random.default_rng(0)
    factors = rng.integers(1, 2**63, len(measures), dtype=np.uint64) | np.uint64(1)
    found = []
    for _ in range(GRIDS):
        key = exact.copy()
        for (array, scale), factor, shift in zip(measures, factors, rng.random(len(measures)), strict=True):
            cell = np.floor(array.astype(np.float64) / (4 * width * scale) + shift)
            key += np.clip(cell, -FARTHEST, FARTHEST).astype(np.int64).view(np.uint64) * factor
        order = np.argsort(key, kind="stable")
        for step in range(1, MOST_IN_A_CELL + 1):
            same = np.flatnonzero(key[order[step:]] == key[order[:-step]])
            if len(same) == 0:
                break
            a, b = order[same], order[same + step]
            near = np.ones(len(same), dtype=bool)
            for array, scale in measures:
                near &= np.abs(array[a].astype(np.float64) - array[b]) <= width * scale
            found.append(np.stack([a[near], b[near]], axis=1))
    if not found:
        return np.zeros((0, 2), dtype=np.int64)
    return np.unique(np.sort(np.concatenate(found), axis=1), axis=0)
