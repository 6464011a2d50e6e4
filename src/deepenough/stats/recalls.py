"""The mean of recalls: each class counts the same, so each class gets an interval of its own."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from .estimate import Estimate, from_bounds, holding_value, unknown
from .mover import Bounds, difference, mean_of_shares
from .tables import few_rows, mean_recall, table_gain
from .wilson import wilson


def recall_interval(cells: np.ndarray, level: float = 0.95) -> Estimate:
    """Return the mean recall with MOVER's interval over the Wilson interval of each class that is there."""
    sizes = cells.sum(axis=1).round().astype(int)
    there = sizes > 0
    n = int(sizes.sum())
    if n == 0:
        return unknown(math.nan, level, 0)
    low, high = mean_of_shares(np.diag(cells)[there].tolist(), sizes[there].tolist(), level)
    value, flags = mean_recall(cells)[0], few_rows(sizes)
    return from_bounds(value, min(low, value), max(high, value), level=level, n=n, scale="logit", flags=flags)


def recall_gain(
    target: np.ndarray, simple: np.ndarray, complex: np.ndarray, classes: int, level: float = 0.95
) -> Estimate:
    """Return the gain in mean recall: MOVER over the paired difference of each class (Newcombe 1998, method 10).

    The standard error is the delta method's. Its interval would have arms of one length: at 5 % positives, a
    few of them found, it held the truth 92 times in 100 and lay below it in 7.
    """
    found = table_gain(target, simple, complex, classes, mean_recall, level)
    if found.low is None:
        return found
    right = simple == target, complex == target
    each = [_of_class(right[0][rows], right[1][rows], level) for rows in _by_class(target)]
    gap, below, above = (np.array(column) for column in zip(*each, strict=True))
    middle, parts = float(gap.mean()), len(each)
    low, high = middle - math.sqrt(below @ below) / parts, middle + math.sqrt(above @ above) / parts
    return holding_value(replace(found, low=max(low, -1.0), high=min(high, 1.0)))


def _by_class(target: np.ndarray) -> list[np.ndarray]:
    return [np.flatnonzero(target == c) for c in np.unique(target)]


def _of_class(simple: np.ndarray, complex: np.ndarray, level: float) -> tuple[float, float, float]:
    """Return the gain in recall of one class, and how far its interval reaches down and up."""
    n = len(simple)
    a, b = int(simple.sum()), int(complex.sum())
    bounds: tuple[Bounds, Bounds] = wilson(a, n, level), wilson(b, n, level)
    low, high = difference(b / n, bounds[1], a / n, bounds[0], _phi(a, b, int((simple & complex).sum()), n))
    gap = (b - a) / n
    return gap, gap - low, high - gap


def _phi(a: int, b: int, both: int, n: int) -> float:
    """Return the correlation of two answers being right, with Newcombe's correction for continuity; 0 where none varies."""
    bottom = a * (n - a) * b * (n - b)
    if bottom == 0:
        return 0.0
    top = both * (n - a - b + both) - (a - both) * (b - both)
    return (max(0.0, top - n / 2) if top > 0 else top) / math.sqrt(bottom)
