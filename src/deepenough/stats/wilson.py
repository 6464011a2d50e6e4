"""Wilson's interval of a share."""

from __future__ import annotations

import math

from .estimate import Estimate, from_bounds, unknown
from .quantiles import critical


def wilson(hits: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval (1927) of `hits` out of `n`: inside 0 and 1, never of width zero.

    >>> low, high = wilson(81, 263)
    >>> round(low, 4), round(high, 4)
    (0.2553, 0.3662)
    """
    z = critical(level)
    share, extra = hits / n, z * z / n
    centre = (share + extra / 2) / (1 + extra)
    half = z * math.sqrt(share * (1 - share) / n + extra / (4 * n)) / (1 + extra)
    low = 0.0 if hits == 0 else max(0.0, centre - half)
    return low, (1.0 if hits == n else min(1.0, centre + half))


def share(hits: float, n: int, level: float = 0.95) -> Estimate:
    """Return the share of hits with Wilson's interval, which is exactly symmetric on the logit."""
    if n == 0:
        return unknown(math.nan, level, 0)
    low, high = wilson(hits, n, level)
    return from_bounds(hits / n, low, high, level=level, n=n, scale="logit")
