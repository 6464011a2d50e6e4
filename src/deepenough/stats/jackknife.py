"""Intervals for rows that come in groups."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .estimate import Estimate, symmetric, unknown
from .scales import to_scale


def jackknife(
    value: Callable[[np.ndarray], float], groups: np.ndarray, *, scale: str = "identity", level: float = 0.95
) -> Estimate:
    """Return value(ones) with the delete-one-group jackknife's interval on `scale`, t(G - 1).

    `value` takes weights (n,); `groups` (n,) names each row's group. Under 5 groups there is no interval;
    from 5 to 19 the estimate is flagged `few`. (Cameron, Gelbach and Miller 2011 on why so few are not
    enough.)
    """
    names, codes = np.unique(groups, return_inverse=True)
    n, count = len(codes), len(names)
    whole = value(np.ones(n))
    flags = ("few",) if count < 20 else ()
    if count < 5:
        return unknown(whole, level, n, *flags)
    left = np.array([to_scale(scale, value((codes != g).astype(float))) for g in range(count)])
    if not np.isfinite(left).all():
        return unknown(whole, level, n, *flags)
    se = math.sqrt((count - 1) / count * float(((left - left.mean()) ** 2).sum()))
    return replace(symmetric(whole, se, scale=scale, level=level, df=count - 1, n=n), flags=flags)
