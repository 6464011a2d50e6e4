"""Intervals of average precision, and of the gain of one answer over another."""

from __future__ import annotations

from .average_precision import average_precision, average_precision_influence, perfect_low
from .estimate import Estimate, from_bounds
from .macro import paired, score
from .mover import Bounds
from .ranking import Rankings


def precision_interval(rankings: Rankings, level: float = 0.95) -> Estimate:
    """Return (macro) average precision with its interval on the logit, t(m - 1); none under 10."""
    found = score(rankings, average_precision_influence, level)
    if "few" in found.flags or found.low is not None:
        return found
    low, high = precision_bounds(rankings, level)
    return from_bounds(found.value, low, high, level=level, n=rankings.n, scale="logit", flags=("widened",))


def precision_gain(simple: Rankings, complex: Rankings, level: float = 0.95) -> Estimate:
    """Return the gain in average precision, complex - simple, from the paired influence of each row."""
    return paired(simple, complex, average_precision_influence, precision_bounds, level)


def precision_bounds(rankings: Rankings, level: float) -> Bounds:
    """Return bounds for answers that no row contradicts: from each class's worst case to the value."""
    lows, values = [], []
    for ranks in rankings.each:
        positives = int(ranks.positive.sum())
        value = average_precision(ranks)
        values.append(value)
        lows.append(min(value, perfect_low(positives, rankings.n - positives, level)))
    return sum(lows) / len(lows), sum(values) / len(values)
