"""Operating points: how much is caught at a wanted precision, and how clean it is at a wanted recall."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .estimate import Estimate, holding_value, unknown, within
from .macro import macro_value
from .quantiles import critical
from .ranking import Rankings, Ranks
from .scales import from_scale, to_scale

RESAMPLES = 999
FEWER, QUICK = 399, 199  # over 20,000 rows, and while climbing
MANY = 20_000
Point = Callable[[Ranks, np.ndarray | None], float]


def recall_at_precision(ranks: Ranks, precision: float, weights: np.ndarray | None = None) -> float:
    """Return the largest recall of a threshold whose precision is at least `precision`; 0 where none is, nan without positives."""
    hits, taken, positives = _by_threshold(ranks, weights)
    if not positives > 0:
        return math.nan
    good = (taken > 0) & (hits >= precision * taken * (1 - 1e-12))
    return float(hits[good].max() / positives) if good.any() else 0.0


def precision_at_recall(ranks: Ranks, recall: float, weights: np.ndarray | None = None) -> float:
    """Return the largest precision of a threshold whose recall is at least `recall`; nan without positives."""
    hits, taken, positives = _by_threshold(ranks, weights)
    if not positives > 0:
        return math.nan
    good = hits >= recall * positives * (1 - 1e-12)
    return float((hits[good] / taken[good]).max())


def _by_threshold(ranks: Ranks, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, float]:
    """Return, from the strictest threshold down, what is caught and what is taken; and all positives."""
    up, down = ranks.weights_by_tie(weights)
    hits = np.cumsum(up[::-1])
    return hits, hits + np.cumsum(down[::-1]), float(up.sum())


def operating_interval(
    rankings: Rankings, point: Point, level: float = 0.95, quick: bool = False, seed: int = 0, least: int = 0
) -> Estimate:
    """Return the value with its interval; none under 10 rows of a class.

    The hull of two bootstraps, percentile and t(m - 1) on the logit: a largest value over thresholds is skewed, and each
    alone lies above the truth too often somewhere. So it is `widened`.

    Parameters
    ----------
    least : rows that must be caught, value x m, for a lower end: under so many the best threshold is the luckiest one, whatever
        the model is worth, and the lower end is 0, `few`.
    """
    value, m = macro_value(rankings, point, None), rankings.smallest
    if math.isnan(value) or m < 10:
        return unknown(value, level, rankings.n, "few")
    drawn = _resampled([rankings], point, quick, seed)[:, 0]
    on = np.array([to_scale("logit", _inside(v, m)) for v in drawn])
    centre, se = to_scale("logit", _inside(value, m)), float(on.std(ddof=1))
    half = critical(level, m - 1) * se
    ends = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    low = min(from_scale("logit", centre - half), float(ends[0]))
    high = max(from_scale("logit", centre + half), float(ends[1]))
    lucky = value * m < least
    low, flags = (0.0, ("widened", "few")) if lucky else (low, ("widened",))
    return holding_value(Estimate(value, low, high, level, se, "logit", rankings.n, flags, m - 1))


def operating_gain(simple: Rankings, complex: Rankings, point: Point, level: float = 0.95, seed: int = 0) -> Estimate:
    """Return complex - simple on the same rows: the hull of the paired percentile bootstrap and of t(m - 1); `few` under 20."""
    n, m = simple.n, simple.smallest
    value = macro_value(complex, point, None) - macro_value(simple, point, None)
    flags = ("few",) if m < 20 else ()
    if math.isnan(value) or m < 2:
        return unknown(value, level, n, "few")
    if simple.same_as(complex):
        return Estimate(0.0, 0.0, 0.0, level, 0.0, "identity", n, flags)
    both = _resampled([simple, complex], point, False, seed)
    drawn = both[:, 1] - both[:, 0]
    se = float(drawn.std(ddof=1))
    half = critical(level, m - 1) * se
    ends = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    low, high = min(value - half, float(ends[0])), max(value + half, float(ends[1]))
    found = Estimate(value, low, high, level, se, "identity", n, (*flags, "widened"), m - 1)
    return within(found, -1.0, 1.0)


def _resampled(each: list[Rankings], point: Point, quick: bool, seed: int) -> np.ndarray:
    """Return the values of every answer on the same resamples of rows, (resamples, answers), whatever the order of the rows."""
    n, rng = each[0].n, np.random.default_rng([seed, 7])
    ties = [[ranks.tie for ranks in of_class] for of_class in zip(*(rankings.each for rankings in each), strict=True)]
    keys = [
        key for each_way in ties for key in (sum(each_way), abs(each_way[0] - each_way[-1]))
    ]  # the same turned round
    order = np.lexsort([*keys, each[0].target])
    weights = np.empty(n)
    count = QUICK if quick else FEWER if n > MANY else RESAMPLES
    found = np.empty((count, len(each)))
    for i in range(count):
        weights[order] = np.bincount(rng.integers(0, n, n), minlength=n)
        found[i] = [macro_value(rankings, point, weights) for rankings in each]
    return np.asarray(found[~np.isnan(found).any(axis=1)])


def _inside(value: float, m: int) -> float:
    return min(max(value, 0.5 / m), 1 - 0.5 / m)
