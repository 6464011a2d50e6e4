"""Metrics of the table of truth against prediction: macro F1 and the mean of recalls, by the delta method."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .estimate import Estimate, from_bounds, symmetric, unknown, within
from .mover import mean_of_shares

Statistic = Callable[[np.ndarray], tuple[float, np.ndarray]]
EXTRA = 2.0  # rows added in all: half a row a cell for two classes, a quarter a cell of (y, a, b)


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


def recall_interval(cells: np.ndarray, level: float = 0.95) -> Estimate:
    """Return the mean recall with MOVER's interval over the Wilson interval of each class that is there."""
    sizes = cells.sum(axis=1).round().astype(int)
    there = sizes > 0
    n = int(sizes.sum())
    if n == 0:
        return unknown(math.nan, level, 0)
    low, high = mean_of_shares(np.diag(cells)[there].tolist(), sizes[there].tolist(), level)
    value = mean_recall(cells)[0]
    return from_bounds(value, min(low, value), max(high, value), level=level, n=n, scale="logit")


def table_interval(cells: np.ndarray, statistic: Statistic, level: float = 0.95) -> Estimate:
    """Return a statistic of the table with its delta-method interval on the logit.

    Two rows in all are spread evenly over the cells of the classes that are there: half a row a cell for two
    classes, less for more, since half a row in each of K x K cells would drown the data as K grows. For more
    than two classes the smoothing gives the spread only: as a centre it would pull rare classes down.
    """
    n = round(cells.sum())
    value = statistic(cells)[0]
    if n == 0:
        return unknown(math.nan, level, 0)
    smooth = cells + _extra(cells)
    centre, gradient = statistic(smooth)
    se = math.sqrt(float((smooth * gradient**2).sum()))
    if len(cells) > 2 and 0 < value < 1:
        centre = value
    spread = centre * (1 - centre)
    if not spread > 0:
        return unknown(value, level, n)
    return symmetric(value, se / spread, scale="logit", centre=centre, level=level, n=n)


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
    return within(symmetric(value, math.sqrt(variance), centre=b - a, level=level, n=n), -1.0, 1.0)


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
