"""The ratio of two means of the same rows."""

from __future__ import annotations

import math

import numpy as np

from .estimate import Estimate, holding_value, unknown
from .quantiles import critical


def ratio(numerator: np.ndarray, denominator: np.ndarray, level: float = 0.95) -> Estimate:
    """Return mean(numerator) / mean(denominator), rows paired, with Fieller's interval (1954), t(n - 1).

    No interval where the denominator's mean is not clearly above zero, or where there are fewer than two
    rows. A numerator of nothing but zeros gives an interval of width zero: the same answer twice.
    """
    n = len(numerator)
    top, bottom = _mean(numerator), _mean(denominator)
    if not bottom > 0:
        return unknown(0.0 if top == 0 else math.copysign(math.inf, top), level, n)
    value = top / bottom
    if not numerator.any():
        return Estimate(0.0, 0.0, 0.0, level, 0.0, "identity", n)
    if n < 2:
        return unknown(value, level, n)
    return _fieller(numerator / bottom, denominator / bottom, value, level)


def _fieller(u: np.ndarray, v: np.ndarray, value: float, level: float) -> Estimate:
    """Solve for the ratios that the paired t test of u - r v does not reject; v has mean one."""
    n = len(u)
    t = critical(level, n - 1)
    (uu, uv), (_, vv) = (np.cov(u, v) / n).tolist()
    residual = u - value * v
    se = math.sqrt(float(residual @ residual) / (n - 1) / n)
    spread = 1 - t**2 * vv
    if spread <= 0 or se <= 1e-12 * max(1.0, abs(value)):
        return unknown(value, level, n)
    middle = value - t**2 * uv
    root = math.sqrt(max(0.0, middle**2 - spread * (value**2 - t**2 * uu)))
    found = Estimate(value, (middle - root) / spread, (middle + root) / spread, level, se, "identity", n, df=n - 1)
    return holding_value(found)


def relative_gain(simple: np.ndarray, complex: np.ndarray, level: float = 0.95) -> Estimate:
    """Return the share of the simple answer's mean loss that the complex one saves, losses by row."""
    return ratio(simple - complex, simple, level)


def relative_root_gain(simple: np.ndarray, complex: np.ndarray, level: float = 0.95) -> Estimate:
    """Return the share of the simple answer's root mean square that the complex one saves.

    Fieller's interval for the squared errors, then the root.
    """
    squared = relative_gain(simple, complex, level)
    value = _rooted(squared.value)
    if squared.low is None or squared.high is None or squared.se is None:
        return unknown(value, level, squared.n)
    slope = 0.5 / max(1 - value, 1e-12)
    low, high = _rooted(squared.low), _rooted(squared.high)
    return Estimate(value, low, high, level, squared.se * slope, "identity", squared.n, df=squared.df)


def _rooted(saved: float) -> float:
    return 1 - math.sqrt(max(0.0, 1 - saved))


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0
