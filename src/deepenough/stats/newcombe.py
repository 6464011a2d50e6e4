"""An interval of the area under the ROC curve that knows only the area and the two counts."""

from __future__ import annotations

import math
from collections.abc import Callable

from .quantiles import critical


def newcombe5(auc: float, positives: int, negatives: int, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of method 5 in Newcombe (2006), part 2: a score-like inversion.

    It solves (auc - t)^2 = z^2 V(t) for t, where V is the variance of Hanley and McNeil (1982) with both
    counts in its brackets replaced by their mean. Not degenerate at an area of 0 or 1.
    """
    z = critical(level)

    def gap(t: float) -> float:
        return abs(auc - t) - z * math.sqrt(_variance(t, positives, negatives))

    low = 0.0 if auc <= 0 else _root(gap, 0.0, auc)
    high = 1.0 if auc >= 1 else _root(gap, 1.0, auc)
    return low, high


def _variance(t: float, positives: int, negatives: int) -> float:
    others = (positives + negatives) / 2 - 1
    bracket = 1 + others * (1 - t) / (2 - t) + others * t / (1 + t)
    return max(0.0, t * (1 - t) * bracket / (positives * negatives))


def _root(gap: Callable[[float], float], outside: float, inside: float) -> float:
    """Bisect between a point outside the interval (gap > 0) and one inside it (gap <= 0)."""
    for _ in range(60):
        middle = (outside + inside) / 2
        if gap(middle) > 0:
            outside = middle
        else:
            inside = middle
    return (outside + inside) / 2
