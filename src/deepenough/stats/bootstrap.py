"""The studentised bootstrap: how far t really strays for this statistic on these rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

RESAMPLES = 1999
CHUNK = 1 << 18  # drawn rows at a time: they stay in the processor's cache

Resampled = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def pivots(statistic: Resampled, estimate: float, n: int, seed: int, resamples: int = RESAMPLES) -> np.ndarray:
    """Return the sorted studentised deviations (estimate* - estimate) / se* of resamples of n rows.

    `statistic` takes drawn row numbers (resamples, n) and gives each resample's estimate and standard error.
    A resample without a spread of its own counts as infinitely far: it can only widen the interval.
    (Efron and Tibshirani 1993, chapter 12.)
    """
    rng = np.random.default_rng(seed)
    step = max(1, CHUNK // n)
    found = []
    for start in range(0, resamples, step):
        drawn = rng.integers(0, n, size=(min(step, resamples - start), n), dtype=np.int32)
        found.append(_studentised(*statistic(drawn), estimate))
    return np.sort(np.concatenate(found))


def _studentised(values: np.ndarray, errors: np.ndarray, estimate: float) -> np.ndarray:
    away = values - estimate
    sure = (errors > 0) & np.isfinite(away)
    out = np.where(np.abs(away) > 1e-12, np.copysign(np.inf, away), 0.0)
    np.divide(away, errors, out=out, where=sure)
    return out


def bounds(sorted_pivots: np.ndarray, estimate: float, se: float, level: float) -> tuple[float, float]:
    """Return the interval of the studentised bootstrap on the scale of `estimate`."""
    rank = max(1, round((len(sorted_pivots) + 1) * (1 - level) / 2))
    return estimate - float(sorted_pivots[-rank]) * se, estimate - float(sorted_pivots[rank - 1]) * se
