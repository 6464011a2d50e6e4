"""Intervals of mean losses (log loss, squared and absolute error) on the log scale."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from .bootstrap import Resampled, bounds, pivots
from .estimate import Estimate, symmetric, unknown
from .strata import Strata, post_stratified_se

FEW_ROWS = 10
TINY = 1e-12  # a spread that is rounding alone
MANY_ROWS = 100_000  # beyond, the pivot is normal to within what 1,999 resamples can tell


def loss_interval(
    losses: np.ndarray,
    level: float = 0.95,
    *,
    power: float = 1.0,
    quick: bool = False,
    seed: int = 0,
    strata: Strata | None = None,
    flags: tuple[str, ...] = (),
) -> Estimate:
    """Return mean(losses) ** power with an interval on the log scale.

    Studentised bootstrap of the log mean, 1,999 seeded resamples; `quick`: the closed form, t(n - 1), no
    resampling. `strata` exchanges the standard error for the post-stratified one and keeps the shape of the
    pivot. `power` 0.5 turns squared errors into their root.
    """
    n = len(losses)
    mean = float(losses.mean()) if n else math.nan
    value = mean**power
    if n < 2 or not mean > 0 or not math.isfinite(mean):
        return unknown(value, level, n, *flags)
    scaled = losses / mean
    plain = float(scaled.std(ddof=1)) / math.sqrt(n)
    if plain <= TINY:
        return unknown(value, level, n, *flags)
    se = plain if strata is None else post_stratified_se(scaled, strata)
    closed = symmetric(value, power * se, scale="log", level=level, df=n - 1, n=n, flags=flags)
    if quick or closed.low is None or not FEW_ROWS <= n <= MANY_ROWS:
        return closed if n >= FEW_ROWS else replace(closed, flags=(*flags, "few"))
    found = bounds(pivots(_log_mean(scaled), 0.0, n, seed), 0.0, se, level)
    return _with_bounds(closed, math.exp(power * found[0]) * value, _grown(power * found[1]) * value)


def r2_interval(
    errors: np.ndarray,
    target: np.ndarray,
    level: float = 0.95,
    *,
    quick: bool = False,
    seed: int = 0,
    flags: tuple[str, ...] = (),
) -> Estimate:
    """Return r2 with an interval on the scale log(1 - r2), the log of a ratio of two means."""
    n = len(target)
    value = r2(errors, target)
    spread = float(target.var()) if n else 0.0
    error = float(errors @ errors) / n if n else 0.0
    if n < 3 or spread <= 0 or error <= 0:
        return unknown(value, level, n, *flags)
    u, v = errors**2 / error, (target - target.mean()) / math.sqrt(spread)
    influence = u - v**2
    se = float(influence.std(ddof=1)) / math.sqrt(n)
    if se <= TINY:
        return unknown(value, level, n, *flags)
    closed = symmetric(value, se, scale="log1m", level=level, df=n - 1, n=n, flags=flags)
    if quick or closed.low is None or not FEW_ROWS <= n <= MANY_ROWS:
        return closed if n >= FEW_ROWS else replace(closed, flags=(*flags, "few"))
    found = bounds(pivots(_log_ratio(u, v), 0.0, n, seed), 0.0, se, level)
    return _with_bounds(closed, 1 - _grown(found[1]) * (1 - value), 1 - math.exp(found[0]) * (1 - value))


def r2(errors: np.ndarray, target: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Return the share of variance explained; of a constant target 1 if hit exactly, else 0."""
    weight = np.ones(len(target)) if weights is None else weights
    total = float(weight.sum())
    if not total > 0:
        return math.nan
    away = target - weight @ target / total
    spread, error = float(weight @ away**2), float(weight @ errors**2)
    if spread <= 0:
        return 1.0 if error == 0 else 0.0
    return 1 - error / spread


def heavy_tail(squared: np.ndarray) -> bool:
    """Say whether the largest 1 % of rows carry more than a quarter of the sum of squared errors.

    A screen for tails so heavy that no interval of a mean square can be trusted. Under 100 rows the fitting
    fraction of the largest row counts.
    """
    total = float(squared.sum())
    if not total > 0:
        return False
    rows = len(squared) / 100
    whole = int(rows)
    largest = np.sort(np.partition(squared, len(squared) - whole - 1)[len(squared) - whole - 1 :])[::-1]
    return float(largest[:whole].sum() + (rows - whole) * largest[whole]) > 0.25 * total


def _log_mean(scaled: np.ndarray) -> Resampled:
    root = math.sqrt(len(scaled))

    def statistic(drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows = scaled[drawn]
        mean = rows.mean(axis=1)
        square = np.einsum("ij,ij->i", rows, rows) / rows.shape[1]
        spread = np.sqrt(np.maximum(square - mean**2, 0.0))
        return _log(mean), np.divide(spread, mean * root, out=np.zeros_like(mean), where=mean > 0)

    return statistic


def _log_ratio(u: np.ndarray, v: np.ndarray) -> Resampled:
    root = math.sqrt(len(u))

    def statistic(drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows, away = u[drawn], v[drawn]
        away = (away - away.mean(axis=1, keepdims=True)) ** 2
        top, bottom = rows.mean(axis=1), away.mean(axis=1)
        safe_top, safe_bottom = np.where(top > 0, top, 1.0), np.where(bottom > 0, bottom, 1.0)
        influence = rows / safe_top[:, None] - away / safe_bottom[:, None]
        errors = np.sqrt(np.einsum("ij,ij->i", influence, influence) / rows.shape[1]) / root
        return _log(top) - _log(bottom), np.where((top > 0) & (bottom > 0), errors, 0.0)

    return statistic


def _log(values: np.ndarray) -> np.ndarray:
    out = np.full_like(values, -700.0)
    np.log(values, out=out, where=values > 0)
    return out


def _grown(x: float) -> float:
    return math.exp(x) if x < 700 else math.inf


def _with_bounds(closed: Estimate, low: float, high: float) -> Estimate:
    """Put the bootstrap's bounds in; without two finite ones there is no interval to give."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return replace(closed, low=None, high=None)
    return replace(closed, low=min(low, closed.value), high=max(high, closed.value))
