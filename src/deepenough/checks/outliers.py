"""DE016: numbers so far from all the others that they can hardly be right."""

from __future__ import annotations

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding

from ._base import Check
from ._faults import with_cells
from ._look import arrays, columns, counted, row_numbers
from ._sentinels import sentinels

LEAST_ROWS = 100
QUARTERS = (25.0, 50.0, 75.0)  # percentiles: up to one value in four may be far without stretching the measure
FAR = 300.0  # times the distance from the middle to a quartile, from which a number is far
FAR_IN_LOGARITHMS = 8.0  # the same on a logarithmic scale, of numbers that are all above zero
THIRDS = (33.0, 50.0, 67.0)  # percentiles one of which a value must be that a third of the cells have
MOST = 0.24  # share of the cells; more are no outliers
APART = 10.0  # the nearest far number over the farthest other one: between them lies nothing


class Outliers(Check):
    """Numbers hundreds of times farther out than the rest, as wrong units and slipped points make them."""

    name = "outliers"
    code = "DE016"
    title = "Numbers far from all others"
    looks_at = "inputs"
    modalities = ("tabular",)

    def run(self, dataset: Dataset) -> list[Finding]:
        if len(dataset) < LEAST_ROWS:
            raise NotApplicable(f"With {len(dataset)} row(s), fewer than {LEAST_ROWS}, no number is far for sure.")
        known = columns(dataset)
        numbers = {n: a for n, a in arrays(dataset).items() if n in known and known[n].kind == "number"}
        if not numbers:
            raise NotApplicable("No input is a number.")
        found = {name: far(array) for name, array in numbers.items()}
        return [self._finding(dataset, name, numbers[name], rows) for name, rows in found.items() if len(rows)]

    def _finding(self, dataset: Dataset, name: str, array: np.ndarray, rows: np.ndarray) -> Finding:
        others = np.delete(array, rows)
        middle = float(np.nanmedian(others))
        farthest = array[rows[np.abs(array[rows].astype(np.float64) - middle).argmax()]]
        low, high = float(np.nanmin(others)), float(np.nanmax(others))
        message = (
            f"'{name}' has {counted(len(rows), 'value')} far from all others, such as {float(farthest):.4g}; the others "
            f"lie between {low:.4g} and {high:.4g}."
        )
        remedy = (
            "Look whether a unit was changed or a decimal point has slipped there, and mend them or leave those cells "
            "empty; if they are real, nothing need be done."
        )
        evidence = {"rows": len(dataset), "far": len(rows), "farthest": float(farthest), "low": low, "high": high}
        return Finding(self.code, "warning", name, message, remedy, evidence, row_numbers(dataset, rows))

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Write one cell in a hundred of a column of numbers a million times too large."""
        known = columns(clean)
        able = [n for n, a in arrays(clean).items() if n in known and known[n].kind == "number" and _measures(a)]
        if not able:
            raise NotApplicable("No input holds numbers of many values.")
        rng = np.random.default_rng(seed)
        name = able[int(rng.integers(len(able)))]
        array = arrays(clean)[name].copy()
        array[rng.choice(np.flatnonzero(~np.isnan(array)), max(1, len(clean) // 100), replace=False)] *= 1e6
        return with_cells(clean, name, array)


def _measures(array: np.ndarray) -> bool:
    return len(np.unique(array[:1000])) >= 20 and len(array) >= LEAST_ROWS


def far(array: np.ndarray) -> np.ndarray:
    """Return the positions of the numbers that are far from the rest, on a plain and on a logarithmic scale.

    What stands for 'not known' (-999) is left to DE010.
    """
    filled = np.flatnonzero(~np.isnan(array))
    if len(filled) < LEAST_ROWS // 2:
        return filled[:0]
    filled = _without_the_usual(array, filled)
    distance = _distances(array[filled].astype(np.float64))
    if len(filled) < LEAST_ROWS // 2 or distance.max(initial=0.0) < FAR:
        return filled[:0]
    marks = [s.rows for s in sentinels(array) if s.sure]
    rows = np.setdiff1d(filled[distance >= FAR], np.concatenate(marks) if marks else filled[:0])
    if len(rows) == 0 or len(rows) > MOST * len(filled):
        return filled[:0]
    return rows if _stand_apart(array, rows, filled) else filled[:0]


def _without_the_usual(array: np.ndarray, filled: np.ndarray) -> np.ndarray:
    """Return the positions away from the value that a third of the cells have: where most gains are 0, it has no spread."""
    values = array[filled]
    for value in set(np.percentile(values, THIRDS, method="nearest").tolist()):
        usual = values == value
        if usual.mean() > 1 / 3:
            return np.asarray(filled[~usual])
    return filled


def _distances(values: np.ndarray) -> np.ndarray:
    """(n,) distance from the middle, in distances of the farther quartile; 0 where there is no spread."""
    if len(values) == 0:
        return np.zeros(0)
    below, middle, above = np.percentile(values, QUARTERS)
    spread = max(above - middle, middle - below)
    if spread <= 0:
        return np.zeros(len(values))
    plain = np.abs(values - middle) / spread
    if values.min() <= 0:
        return np.asarray(plain)
    width = max(np.log(above / middle), np.log(middle / below))
    return np.where(np.abs(np.log(values / middle)) >= FAR_IN_LOGARITHMS * width, plain, 0.0)


def _stand_apart(array: np.ndarray, rows: np.ndarray, filled: np.ndarray) -> bool:
    """Whether nothing lies between the far numbers and the rest: a long tail is no fault."""
    away = np.abs(array.astype(np.float64) - np.median(array[filled]))
    return bool(away[rows].min() >= APART * away[np.setdiff1d(filled, rows)].max())
