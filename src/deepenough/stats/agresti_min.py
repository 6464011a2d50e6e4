"""The paired difference of two shares."""

from __future__ import annotations

import math

from .estimate import Estimate, symmetric, unknown, within


def paired_shares(lost: int, won: int, n: int, level: float = 0.95) -> Estimate:
    """Return (won - lost) / n with the interval of Agresti and Min (2005): half a row more in each cell.

    `won` counts rows that only the second got right, `lost` those that only the first got right.
    The added halves keep the interval honest where the two hardly ever differ.
    """
    if n == 0:
        return unknown(math.nan, level, 0)
    total, b, c = n + 2, lost + 0.5, won + 0.5
    se = math.sqrt(b + c - (c - b) ** 2 / total) / total
    found = symmetric((won - lost) / n, se, centre=(c - b) / total, level=level, n=n)
    return within(found, -1.0, 1.0)
