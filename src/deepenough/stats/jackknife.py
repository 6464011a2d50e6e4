"""Intervals for rows that come in groups."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .estimate import Estimate, symmetric, unknown
from .scales import to_scale

LEAST, ENOUGH = 5, 20  # groups: under so many no interval, under so many `few`
MOST = 400  # beyond, groups are joined by lot: leaving each of many thousands out would take minutes


def jackknife(
    value: Callable[[np.ndarray], float], groups: np.ndarray, *, scale: str = "identity", level: float = 0.95
) -> Estimate:
    """Return value(ones) with the delete-one-group jackknife's interval on `scale`, t with the effective number of groups - 1.

    `value` takes weights (n,); `groups` (n,) names each row's group. Under 5 groups there is no interval;
    where fewer than 20 are there in effect the estimate is flagged `few`: unequal groups count for fewer,
    (sum n)^2 / sum n^2 (Kish 1965). More than 400 are joined by lot into 400 (Kott 2001). (Cameron, Gelbach and Miller
    2011 on why so few are not enough; Carter, Schnepel and Steigerwald 2017 on unequal ones.)
    """
    codes = _joined(np.unique(groups, return_inverse=True)[1])
    sizes = np.bincount(codes)
    n, count = len(codes), len(sizes)
    whole = value(np.ones(n))
    effective = n**2 / float(sizes @ sizes) if n else 0.0
    flags = ("few",) if effective < ENOUGH - 1e-9 else ()
    if count < LEAST:
        return unknown(whole, level, n, *flags)
    left = np.array([to_scale(scale, value((codes != g).astype(float))) for g in range(count)])
    if not np.isfinite(left).all():
        return unknown(whole, level, n, *flags)
    se = math.sqrt((count - 1) / count * float(((left - left.mean()) ** 2).sum()))
    return replace(symmetric(whole, se, scale=scale, level=level, df=max(1.0, effective - 1), n=n), flags=flags)


def _joined(codes: np.ndarray) -> np.ndarray:
    """Return the codes of groups, of no more than 400: where more are there each joins others, drawn by lot, always the same."""
    count = int(codes.max()) + 1 if len(codes) else 0
    if count <= MOST:
        return codes
    return np.asarray((np.random.default_rng(0).permutation(count) % MOST)[codes])
