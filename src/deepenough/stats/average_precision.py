"""Average precision and what each row does to it."""

from __future__ import annotations

import math

import numpy as np

from .ranking import Ranks


def average_precision(ranks: Ranks, weights: np.ndarray | None = None) -> float:
    """Return the mean, over positive rows, of the precision at their score; nan without positive rows."""
    up, down = ranks.weights_by_tie(weights)
    positives = up.sum()
    if not positives > 0:
        return math.nan
    return float(up @ _precision(up, down)[0] / positives)


def average_precision_influence(ranks: Ranks) -> tuple[float, np.ndarray]:
    """Return average precision and each row's influence on it (n,), summing to zero over all rows.

    A row counts in two ways: by the precision at its own score where it is positive, and by what it does to
    the precision at every score below it (Boyd, Eng and Page 2013 discuss the variance this gives, on the
    logit).
    """
    up, down = ranks.weights_by_tie()
    positives = up.sum()
    if not positives > 0:
        return math.nan, np.zeros(len(ranks.tie))
    precision, taken = _precision(up, down)
    value = float(up @ precision / positives)
    lift = np.cumsum(up / taken)
    cost = np.cumsum(up * precision / taken)
    influence = np.where(ranks.positive, (precision - value + lift - cost)[ranks.tie], -cost[ranks.tie])
    return value, influence / positives


def perfect_low(positives: int, negatives: int, level: float = 0.95) -> float:
    """Return a lower bound of average precision where every positive row ranked above every negative one.

    No row went wrong, so no standard error exists. At half the error each, at most a share `missed` of
    positive rows is hidden among the negatives and at most a share `false` of negatives outranks all
    positives (exact binomial bounds of zero events). The bound is the average precision of that worst case.
    """
    risk = (1 - level) / 4
    missed = 1 - math.pow(risk, 1 / positives)
    false = 1 - math.pow(risk, 1 / negatives)
    prevalence = positives / (positives + negatives)
    odds = false * (1 - prevalence) / prevalence
    found = max(1 - missed, false)  # beyond, hiding more would no longer make it worse
    return max(0.0, found - odds * math.log1p(found / odds) + (1 - found) * prevalence)


def _precision(up: np.ndarray, down: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return precision at each distinct score, and the weight of the rows at or above it."""
    hits = np.cumsum(up[::-1])[::-1]
    taken = hits + np.cumsum(down[::-1])[::-1]
    return np.divide(hits, taken, out=np.zeros_like(hits), where=taken > 0), np.maximum(taken, 1e-300)
