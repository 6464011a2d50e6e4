"""Critical values of the normal and of Student's t."""

from __future__ import annotations


def critical(level: float, df: float | None = None) -> float:
    """Return the two-sided critical value at `level`: normal, or Student's t with `df` degrees of freedom.

    >>> round(critical(0.95), 3), round(critical(0.95, 9), 3)
    (1.96, 2.262)
    """
    from scipy.special import ndtri, stdtrit

    upper = 0.5 + level / 2
    return float(ndtri(upper) if df is None else stdtrit(df, upper))


def normal_below(x: float) -> float:
    """Return the chance that a standard normal falls below `x`."""
    from scipy.special import ndtr

    return float(ndtr(x))
