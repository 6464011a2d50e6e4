"""DE017: a table that was written over time, judged as if it was not."""

from __future__ import annotations

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding, Severity
from deepenough.task import Column

from ._alone import ranks
from ._base import Check
from ._faults import with_date
from ._look import arrays, counted, need_truth, percent, row_numbers

LEAST_ROWS = 200
PERIODS = 10
SURE = 6.0  # standard errors of the trend, from which it is no luck
STRONG, WEAK = 0.15, 0.08  # rank correlation of target and time
LEAST_DAYS = 20  # different days; fewer are no course of time
LATER = 0.05  # share of rows in which a date lies after the clock
DAY = 86400.0


class TimeLeak(Check):
    """The answers drift with a date that is no clock of the split, or a date lies after the moment of asking."""

    name = "time_leak"
    code = "DE017"
    title = "Rows that know the future"
    looks_at = "labels"
    modalities = ("tabular",)

    def run(self, dataset: Dataset) -> list[Finding]:
        truth = need_truth(dataset)
        dates = [c for c in dataset.task.inputs if c.kind == "time" and c.name in arrays(dataset)]
        if not dates:
            raise NotApplicable("No column holds dates, so rows have no order in time.")
        if len(truth) < LEAST_ROWS:
            raise NotApplicable(f"With {len(truth)} rows, fewer than {LEAST_ROWS}, no course of time can be seen.")
        clock = dataset.task.with_role("time")
        if clock is None:
            return [f for f in (self._drift(dataset, c, truth) for c in dates) if f]
        if clock not in arrays(dataset):
            raise NotApplicable(f"The clock '{clock}' is no date, so no date can be told to lie after it.")
        return [f for f in (self._later(dataset, c, clock) for c in dates if c.name != clock) if f]

    def _drift(self, dataset: Dataset, column: Column, truth: np.ndarray) -> Finding | None:
        seconds = arrays(dataset)[column.name]
        known = np.flatnonzero(~np.isnan(seconds))
        if len(known) < LEAST_ROWS or len(np.unique(seconds[known] // DAY)) < LEAST_DAYS:
            return None
        trend, subject = _trend(seconds[known], truth[known], dataset)
        if abs(trend) < WEAK or abs(trend) * np.sqrt(len(known)) < SURE:
            return None
        severity: Severity = "warning" if abs(trend) >= STRONG else "note"
        course = "rises" if trend > 0 else "falls"
        message = (
            f"{subject} {course} with '{column.name}' (rank correlation {trend:.2f}), and the test rows are drawn from "
            "all times: a model is asked about days of which it has seen the neighbours."
        )
        remedy = (
            f"If it will be used on later rows, split by time with --time {column.name}; then it is tested on rows "
            "after those that it has learnt from."
        )
        evidence = {"rows": len(known), "trend": trend, "periods": _course(seconds[known], truth[known], dataset)}
        return Finding(self.code, severity, column.name, message, remedy, evidence)

    def _later(self, dataset: Dataset, column: Column, clock: str) -> Finding | None:
        seconds, now = arrays(dataset)[column.name], arrays(dataset)[clock]
        whole_days = bool(np.all(now[~np.isnan(now)] % DAY == 0))
        both = ~np.isnan(seconds) & ~np.isnan(now)
        later = np.flatnonzero(both & (seconds >= now + (DAY if whole_days else 1.0)))
        if len(later) < LATER * max(int(both.sum()), 1) or len(later) < 2:
            return None
        share = float(len(later) / both.sum())
        message = (
            f"'{column.name}' lies after '{clock}' in {counted(len(later), 'row')} ({percent(share)}), so it may not be "
            "known yet at the moment when the answer is wanted."
        )
        remedy = (
            "If it is written down afterwards (paid on, closed on), leave it out; if it is planned beforehand (due on), "
            "keep it."
        )
        evidence = {"rows": int(both.sum()), "later": len(later), "share": share}
        return Finding(self.code, "warning", column.name, message, remedy, evidence, row_numbers(dataset, later))

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Add a date along which the answers rise."""
        truth = need_truth(clean).astype(np.float64)
        rng = np.random.default_rng(seed)
        order = np.argsort((truth - truth.mean()) / (truth.std() or 1.0) + rng.normal(size=len(clean)))
        seconds = np.empty(len(clean))
        seconds[order] = np.datetime64("2024-01-01", "s").astype(np.int64) + DAY * np.floor(
            np.linspace(0, 500, len(clean))
        )
        column = Column("planted_day", "time", low=float(seconds.min()), high=float(seconds.max()))
        return with_date(clean, column, seconds)


def _trend(seconds: np.ndarray, truth: np.ndarray, dataset: Dataset) -> tuple[float, str]:
    """Return the rank correlation with time of the number, or of the class that goes with it most, and its name."""
    time = ranks(seconds)
    if dataset.task.kind != "classification":
        return _correlation(time, ranks(truth)), f"'{dataset.task.target}'"
    classes = range(len(dataset.task.labels)) if len(dataset.task.labels) > 2 else (1,)
    found = [(_correlation(time, (truth == c).astype(np.float64)), c) for c in classes]
    best = max(found, key=lambda f: (abs(f[0]), -f[1]))
    return best[0], f"The share of '{dataset.task.labels[best[1]]}'"


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    length = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / length if length > 0 else 0.0


def _course(seconds: np.ndarray, truth: np.ndarray, dataset: Dataset) -> list[float]:
    """Return the mean of the target, or the share of its last class, in ten periods of as many rows."""
    values = truth if dataset.task.kind != "classification" else truth == len(dataset.task.labels) - 1
    parts = np.array_split(values[np.argsort(seconds, kind="stable")].astype(np.float64), PERIODS)
    return [round(float(p.mean()), 6) for p in parts]
