"""MOVER: intervals of sums and differences from the intervals of their parts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .wilson import wilson

Bounds = tuple[float, float]


def mean_of_shares(hits: Sequence[float], sizes: Sequence[int], level: float = 0.95) -> Bounds:
    """Return the interval of the mean of independent shares (Zou and Donner 2008 over Wilson's intervals)."""
    below = above = 0.0
    for hit, size in zip(hits, sizes, strict=True):
        low, high = wilson(hit, size, level)
        below += (hit / size - low) ** 2
        above += (high - hit / size) ** 2
    parts = len(sizes)
    mean = sum(hit / size for hit, size in zip(hits, sizes, strict=True)) / parts
    return max(0.0, mean - math.sqrt(below) / parts), min(1.0, mean + math.sqrt(above) / parts)


def difference(first: float, first_bounds: Bounds, second: float, second_bounds: Bounds, alike: float = 0.0) -> Bounds:
    """Return the interval of first - second from the intervals of both and the correlation of the two estimates.

    Square-and-add (Newcombe 1998; with a correlation Zou and Donner 2008). It keeps what makes the parts
    honest, their uneven arms. Correlation 0 for scores of the same rows is wider than need be.
    """
    gap = first - second
    below = _joined(first - first_bounds[0], second_bounds[1] - second, alike)
    above = _joined(first_bounds[1] - first, second - second_bounds[0], alike)
    return gap - below, gap + above


def _joined(one: float, other: float, alike: float) -> float:
    return math.sqrt(max(0.0, one**2 + other**2 - 2 * alike * one * other))


def mean_of_alike(values: np.ndarray, bounds: np.ndarray, alike: np.ndarray) -> Bounds:
    """Return the interval of the mean of estimates (k,) from their bounds (2, k) and correlations (k, k)."""
    below, above = values - bounds[0], bounds[1] - values
    middle, parts = float(values.mean()), len(values)
    arms = [math.sqrt(max(0.0, float(arm @ alike @ arm))) / parts for arm in (below, above)]
    return middle - arms[0], middle + arms[1]
