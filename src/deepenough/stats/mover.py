"""MOVER: intervals of sums and differences from the intervals of their parts."""

from __future__ import annotations

import math
from collections.abc import Sequence

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


def difference(first: float, first_bounds: Bounds, second: float, second_bounds: Bounds) -> Bounds:
    """Return the interval of first - second from the intervals of both, taken as independent.

    Newcombe's square-and-add (1998). For scores of the same rows it is wider than need be: a fallback for
    when a paired standard error is zero though the two answers differ.
    """
    gap = first - second
    below = math.hypot(first - first_bounds[0], second_bounds[1] - second)
    above = math.hypot(first_bounds[1] - first, second - second_bounds[0])
    return gap - below, gap + above
