"""Many small groups: each estimate drawn towards the mean of all, by how little its own rows say."""

from __future__ import annotations

import numpy as np

STEPS = 60


def spread_between(values: np.ndarray, errors: np.ndarray) -> float:
    """Return the variance between groups that their errors leave unexplained (Paule and Mandel 1982); 0 where none is needed."""
    m = len(values)
    if m < 2 or _excess(0.0, values, errors) <= m - 1:
        return 0.0
    low, high = 0.0, float(np.var(values)) * m + float((errors**2).max())
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if _excess(middle, values, errors) > m - 1 else (low, middle)
    return (low + high) / 2.0


def _excess(between: float, values: np.ndarray, errors: np.ndarray) -> float:
    weights = 1.0 / (errors**2 + between)
    centre = float(weights @ values) / float(weights.sum())
    return float(weights @ (values - centre) ** 2)


def shrunk(values: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Return the empirical-Bayes means (m,) of estimates with standard errors, normal about a common centre (Morris 1983).

    An error of infinity says nothing: such a value becomes the centre.

    >>> shrunk(np.array([0.0, 1.0, 9.0]), np.array([1.0, 1.0, np.inf])).tolist()
    [0.5, 0.5, 0.5]
    """
    known = np.isfinite(errors) & np.isfinite(values) & (errors > 0)
    if not known.any():
        return values.copy()
    between = spread_between(values[known], errors[known])
    weights = 1.0 / (errors[known] ** 2 + between)
    centre = float(weights @ values[known]) / float(weights.sum())
    found = np.full(len(values), centre)
    found[known] += between / (between + errors[known] ** 2) * (values[known] - centre)
    return found
