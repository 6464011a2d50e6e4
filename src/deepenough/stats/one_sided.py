"""Is one group of rows worse than another? One-sided p-values, by formula or by moving rows between the two."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

ENOUGH = 10  # moves at least as extreme, after which no more are needed
MOVES = 1999


def more_by_t(difference: float, first: float, second: float, df_first: float, df_second: float) -> float:
    """Return the chance of so large a difference where there is none: standard errors of both, Welch's degrees of freedom.

    >>> round(more_by_t(0.0, 1.0, 1.0, 50, 50), 3)
    0.5
    """
    from scipy.special import stdtr

    variance = first**2 + second**2
    if not (math.isfinite(difference) and math.isfinite(variance)) or variance <= 0.0:
        return 1.0
    df = variance**2 / (first**4 / max(1.0, df_first) + second**4 / max(1.0, df_second))
    return float(stdtr(df, -difference / math.sqrt(variance)))


def more_by_welch(first: np.ndarray, second: np.ndarray) -> float:
    """Return the one-sided p of Welch's t-test that the mean of `first` is above that of `second`."""
    one, other = (float(v.std(ddof=1)) / math.sqrt(len(v)) if len(v) > 1 else math.inf for v in (first, second))
    return more_by_t(float(first.mean() - second.mean()), one, other, len(first) - 1, len(second) - 1)


def more_by_fisher(hits: int, rows: int, all_hits: int, all_rows: int) -> float:
    """Return Fisher's exact p: of so many hits or more among `rows` drawn from all.

    >>> round(more_by_fisher(3, 3, 3, 6), 4)
    0.05
    """
    from scipy.special import gammaln

    def ways(n: int, k: np.ndarray) -> np.ndarray:
        return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))

    k = np.arange(hits, min(rows, all_hits) + 1)
    k = k[rows - k <= all_rows - all_hits]
    chance = ways(all_hits, k) + ways(all_rows - all_hits, rows - k) - ways(all_rows, np.array([rows]))
    return float(min(1.0, np.exp(chance).sum()))


def more_by_moving(
    statistic: Callable[[np.ndarray], float],
    inside: np.ndarray,
    rng: np.random.Generator,
    classes: np.ndarray | None = None,
) -> float:
    """Return the p of `statistic(inside)` (large is extreme) among those of rows moved at random in and out.

    Moves end once 10 were at least as extreme, which keeps the p-value valid (Besag and Clifford 1991).

    Parameters
    ----------
    inside : (n,) whether a row belongs to the group. classes : (n,) codes; rows then change places within their class.
    """
    seen, extreme = statistic(inside), 0
    if not math.isfinite(seen):
        return 1.0
    places = [np.arange(len(inside))] if classes is None else [np.flatnonzero(classes == c) for c in np.unique(classes)]
    for move in range(1, MOVES + 1):
        moved = np.empty_like(inside)
        for place in places:
            moved[place] = inside[rng.permutation(place)]
        extreme += not statistic(moved) < seen
        if extreme == ENOUGH:
            return ENOUGH / move
    return (extreme + 1) / (MOVES + 1)
