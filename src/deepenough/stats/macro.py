"""Scores and gains of ranking metrics, averaged over classes, from the influence of each row."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .estimate import Estimate, from_bounds, holding_value, symmetric, unknown, within
from .mover import Bounds, difference
from .quantiles import critical
from .ranking import Rankings, Ranks
from .scales import from_scale, to_scale

Influence = Callable[[Ranks], tuple[float, np.ndarray]]
TINY = 1e-12


def macro_value(
    rankings: Rankings, value: Callable[[Ranks, np.ndarray | None], float], weights: np.ndarray | None
) -> float:
    """Return the mean of a one-against-rest metric over classes that carry weight; nan without any."""
    values = [value(ranks, weights) for ranks in rankings.each]
    known = [v for v in values if not math.isnan(v)]
    return sum(known) / len(known) if known else math.nan


def macro_influence(rankings: Rankings, influence: Influence) -> tuple[float, np.ndarray]:
    """Return the macro value and each row's influence on it (n,)."""
    found = [influence(ranks) for ranks in rankings.each]
    known = [(value, rows) for value, rows in found if not math.isnan(value)]
    if not known:
        return math.nan, np.zeros(rankings.n)
    total = known[0][1].copy()
    for _, rows in known[1:]:
        total += rows
    return sum(value for value, _ in known) / len(known), total / len(known)


def spread(influence: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """Return the variance that rows of influence add up to, and its degrees of freedom.

    Class by class with the n - 1 correction, so that two classes give DeLong's variance exactly; freedom
    after Satterthwaite and Welch.
    """
    sizes = np.bincount(target)
    sums = np.bincount(target, weights=influence)
    squares = np.bincount(target, weights=influence**2)
    there = sizes > 1
    size, mean = sizes[there], sums[there] / sizes[there]
    inside = np.maximum(squares[there] - size * mean**2, 0.0) * size / (size - 1)
    parts = inside + size * mean**2
    total = float(parts.sum() + squares[sizes == 1].sum())
    bottom = float((parts**2 / (size - 1)).sum())
    return total, (total**2 / bottom if bottom > 0 else math.nan)


def score(rankings: Rankings, influence: Influence, level: float) -> Estimate:
    """Return the macro value, interval on the logit and t(m - 1), m the smallest class; none under 10."""
    value, rows = macro_influence(rankings, influence)
    m = rankings.smallest
    if math.isnan(value) or m < 10:
        return unknown(value, level, rankings.n, "few")
    se = math.sqrt(spread(rows, rankings.target)[0])
    if se <= TINY or not 0 < value < 1:
        return unknown(value, level, rankings.n)
    return symmetric(value, se / (value * (1 - value)), scale="logit", level=level, df=m - 1, n=rankings.n)


def paired(
    simple: Rankings,
    complex: Rankings,
    influence: Influence,
    bounds: Callable[[Rankings, float], Bounds],
    level: float,
) -> Estimate:
    """Return complex - simple by paired influence, Welch's freedom; `few` under 20 rows of a class.

    MOVER from the interval of each on the logit and the correlation of the two: near 1 the gain leans, and an
    interval with arms of one length held the truth 86 times in 100 with ten rows of a class, 92 with fifty.
    Where no row tells the two apart though they rank differently (both perfect), `bounds` of each alone are
    combined, so that the answer is never a certainty that nobody has seen.
    """
    a, rows_a = macro_influence(simple, influence)
    b, rows_b = macro_influence(complex, influence)
    n, m = simple.n, simple.smallest
    flags = ("few",) if m < 20 else ()
    if math.isnan(a) or math.isnan(b) or m < 2:
        return unknown(b - a, level, n, "few")
    if simple.same_as(complex):
        return Estimate(0.0, 0.0, 0.0, level, 0.0, "identity", n, flags)
    variance, freedom = spread(rows_b - rows_a, simple.target)
    if math.sqrt(variance) <= TINY:
        low, high = difference(b, bounds(complex, level), a, bounds(simple, level))
        return from_bounds(b - a, low, high, level=level, n=n, scale="identity", flags=(*flags, "widened"))
    each = [spread(rows, simple.target)[0] for rows in (rows_a, rows_b)]
    alike = _correlation(each[0], each[1], variance)
    ends = [
        _on_logit(value, own, level, freedom) or bounds(rankings, level)
        for value, own, rankings in ((a, each[0], simple), (b, each[1], complex))
    ]
    low, high = difference(b, ends[1], a, ends[0], alike)
    found = Estimate(b - a, low, high, level, math.sqrt(variance), "identity", n, flags, freedom)
    return within(holding_value(found), -1.0, 1.0)


def _on_logit(value: float, variance: float, level: float, freedom: float) -> Bounds | None:
    """Return the bounds of one score, symmetric on the logit; None where it has no spread of its own, or is at the edge."""
    if math.sqrt(variance) <= TINY or not 0 < value < 1:
        return None
    half = critical(level, freedom) * math.sqrt(variance) / (value * (1 - value))
    middle = to_scale("logit", value)
    return from_scale("logit", middle - half), from_scale("logit", middle + half)


def _correlation(first: float, second: float, difference: float) -> float:
    """Return the correlation of two estimates from their variances and that of their difference."""
    bottom = 2 * math.sqrt(first * second)
    return min(1.0, max(-1.0, (first + second - difference) / bottom)) if bottom > 0 else 0.0
