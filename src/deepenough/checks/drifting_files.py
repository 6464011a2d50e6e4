"""DE020: columns that are different in the test file."""

from __future__ import annotations

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding

from ._base import Check
from ._faults import in_two_files, with_cells
from ._look import arrays, cells, columns, gaps, percent, second_file

LEAST_ROWS = 50  # in each file
FAR = 0.2  # largest distance between the two distributions, in shares of rows, from which they are called different
SURE = 2.5  # the same in its own units under chance: 2.5 is passed in about one column of 100,000
MOST_ROWS = 50_000


class DriftingFiles(Check):
    """Columns whose values are spread otherwise in the test file than in the training file."""

    name = "drifting_files"
    code = "DE020"
    title = "Columns that differ in the test file"
    looks_at = "files"
    modalities = ("tabular",)

    def run(self, dataset: Dataset) -> list[Finding]:
        second = second_file(dataset)
        if min(second.sum(), (~second).sum()) < LEAST_ROWS:
            raise NotApplicable(f"One of the files has fewer than {LEAST_ROWS} rows: they may differ by chance.")
        clock = dataset.task.with_role("time")
        found = []
        for name, array in cells(dataset).items():
            if name != clock and name in columns(dataset):
                found += self._look(dataset, name, _some(array[~second]), _some(array[second]))
        return found

    def _look(self, dataset: Dataset, name: str, before: np.ndarray, now: np.ndarray) -> list[Finding]:
        apart = _gaps_apart(before, now)
        how = f"empty in {percent(float(gaps(before).mean()))} of the training rows and {percent(float(gaps(now).mean()))} of the test rows"
        if abs(apart) < FAR:
            apart, how = _apart(before, now), "spread otherwise"
        chance = np.sqrt(len(before) * len(now) / (len(before) + len(now)))
        if apart < FAR or apart * chance < SURE:
            return []
        message = (
            f"'{name}' is {how} in the test file: the two differ by up to {percent(apart)} of their rows."
            if how == "spread otherwise"
            else f"'{name}' is {how}."
        )
        remedy = (
            "Find out what changed between the two files. If new rows will be like the test file, train on rows like "
            "them; if the column was made differently, leave it out."
        )
        evidence = {"rows": len(before), "rows_of_test": len(now), "apart": float(apart)}
        return [Finding(self.code, "warning", name, message, remedy, evidence)]

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Make the second half another file, in which one column of numbers is larger."""
        known = columns(clean)
        able = [n for n, a in arrays(clean).items() if n in known and known[n].kind == "number" and np.nanstd(a) > 0]
        if not able or len(clean) < 2 * LEAST_ROWS:
            raise NotApplicable("No input is a number that could be larger, or there are too few rows.")
        name = able[int(np.random.default_rng(seed).integers(len(able)))]
        array = arrays(clean)[name].copy()
        second = np.arange(len(clean)) >= len(clean) // 2
        array[second] += np.float32(1.5 * np.nanstd(array))
        return in_two_files(with_cells(clean, name, array), second)


def _some(array: np.ndarray) -> np.ndarray:
    return array[:: max(1, len(array) // MOST_ROWS)]


def _gaps_apart(before: np.ndarray, now: np.ndarray) -> float:
    return abs(float(gaps(before).mean()) - float(gaps(now).mean()))


def _apart(before: np.ndarray, now: np.ndarray) -> float:
    """Return the largest distance between two distributions: of numbers Kolmogorov's, of categories the total variation.

    The total variation of many categories is large by chance alone; what chance would make is taken off.
    """
    before, now = before[~gaps(before)], now[~gaps(now)]
    if min(len(before), len(now)) < LEAST_ROWS or before.dtype.kind == "O":
        return 0.0
    if before.dtype.kind == "f":
        values = np.unique(np.concatenate([before, now]))
        low = np.searchsorted(np.sort(before), values, side="right") / len(before)
        high = np.searchsorted(np.sort(now), values, side="right") / len(now)
        return float(np.abs(low - high).max())
    most = int(max(before.max(), now.max())) + 1
    a, b = (np.bincount(x, minlength=most) / len(x) for x in (before, now))
    pooled = (a * len(before) + b * len(now)) / (len(before) + len(now))
    chance = float(np.sqrt(2 / np.pi * pooled * (1 / len(before) + 1 / len(now))).sum()) / 2
    return max(float(np.abs(a - b).sum()) / 2 - chance, 0.0)
