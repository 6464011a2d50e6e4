"""Metrics of the table of truth against prediction: macro F1 and the mean of recalls, by the delta method."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .estimate import Estimate, symmetric, unknown, within

Statistic = Callable[[np.ndarray], tuple[float, np.ndarray]]
EXTRA = 2.0  # rows added in all: half a row a cell for two classes, a quarter a cell of (y, a, b)
FEW = 10  # rows of a class: under so many its recall and its F1 are anybody's guess


def table(target: np.ndarray, predicted: np.ndarray, classes: int, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the (classes, classes) weight of rows by truth (down) and prediction (across)."""
    cells = np.bincount(target * classes + predicted, weights=weights, minlength=classes * classes)
    return cells.reshape(classes, classes).astype(float)


def mean_recall(cells: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the mean recall over classes that are there, and its gradient in the cells."""
    rows = cells.sum(axis=1)
    there = rows > 0
    recall = _share(np.diag(cells), rows)
    slope = _share(there.astype(float), rows)
    gradient = np.diag(slope) - (recall * slope)[:, None]
    return _mean(recall, there), gradient / max(there.sum(), 1)


def macro_f1(cells: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the mean F1 over classes that are there, and its gradient in the cells."""
    rows = cells.sum(axis=1)
    there = rows > 0
    both = np.where(there, rows + cells.sum(axis=0), 0.0)
    f1 = _share(2 * np.diag(cells), both)
    slope = _share(there.astype(float), both)
    gradient = np.diag(2 * slope) - (f1 * slope)[:, None] - (f1 * slope)[None, :]
    return _mean(f1, there), gradient / max(there.sum(), 1)


def table_gain(
    target: np.ndarray,
    simple: np.ndarray,
    complex: np.ndarray,
    classes: int,
    statistic: Statistic,
    level: float = 0.95,
) -> Estimate:
    """Return statistic(complex) - statistic(simple) by the delta method over the joint cells (y, a, b).

    The smoothing adds two rows in all, evenly over the joint cells (a quarter each for two classes).
    """
    n = len(target)
    if n == 0:
        return unknown(math.nan, level, 0)
    first, second = table(target, simple, classes), table(target, complex, classes)
    extra = _extra(first)
    a, slope_a = statistic(first + extra)
    b, slope_b = statistic(second + extra)
    observed = slope_b[target, complex] - slope_a[target, simple]
    variance = float(observed @ observed) + _added(slope_a, slope_b, extra[:, 0] / classes)
    value = statistic(second)[0] - statistic(first)[0]
    flags = few_rows(first.sum(axis=1))
    return within(symmetric(value, math.sqrt(variance), centre=b - a, level=level, n=n, flags=flags), -1.0, 1.0)


def smoothed(cells: np.ndarray) -> np.ndarray:
    """Return the table with two rows more in all, spread evenly over the cells of the classes that are there."""
    return np.asarray(cells + _extra(cells))


def variance_of(cells: np.ndarray, statistic: Statistic) -> float:
    """Return the delta method's variance of a statistic of the smoothed table."""
    smooth = smoothed(cells)
    return float((smooth * statistic(smooth)[1] ** 2).sum())


def few_rows(sizes: np.ndarray) -> tuple[str, ...]:
    """Return the flag of a table in which a class that is there has under ten rows."""
    there = sizes[sizes > 0]
    return ("few",) if len(there) > 1 and there.min() < FEW else ()


def _added(slope_a: np.ndarray, slope_b: np.ndarray, weight: np.ndarray) -> float:
    """Sum weight * (slope_b[y, b] - slope_a[y, a])^2 over all (y, a, b), without building the cube."""
    classes = len(weight)
    squares = classes * ((slope_a**2).sum(axis=1) + (slope_b**2).sum(axis=1))
    crossed = 2 * slope_a.sum(axis=1) * slope_b.sum(axis=1)
    return float(weight @ (squares - crossed))


def _extra(cells: np.ndarray) -> np.ndarray:
    there = (cells.sum(axis=1) > 0).astype(float)
    return np.outer(there, np.full(len(cells), EXTRA / (max(there.sum(), 1) * len(cells))))


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    out = np.zeros(len(whole))
    np.divide(part, whole, out=out, where=whole > 0)
    return out


def _mean(values: np.ndarray, there: np.ndarray) -> float:
    return float(values[there].mean()) if there.any() else math.nan
