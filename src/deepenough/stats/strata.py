"""The standard error of a mean after a stratified split."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Strata:
    """How rows were drawn: `codes` (n,) the stratum of each, `shares` of strata among all `total` rows."""

    codes: np.ndarray
    shares: np.ndarray
    total: int


def strata_of(codes: np.ndarray, all_codes: np.ndarray) -> Strata:
    """Build Strata from the codes of the rows judged and those of all rows the split was made from."""
    return Strata(codes, np.bincount(all_codes) / len(all_codes), len(all_codes))


def post_stratified_se(values: np.ndarray, strata: Strata) -> float:
    """Return the standard error of the mean of values whose strata have fixed shares.

    Only the spread inside the strata is left to chance among the rows judged; the spread between them comes
    from all rows: SE^2 = sum p^2 s^2 / n + sum p (m - mean)^2 / N.
    """
    count = np.bincount(strata.codes, minlength=len(strata.shares))[: len(strata.shares)]
    there = count > 1
    sums = np.bincount(strata.codes, weights=values, minlength=len(count))[there]
    squares = np.bincount(strata.codes, weights=values**2, minlength=len(count))[there]
    size, share = count[there], strata.shares[there] / strata.shares[there].sum()
    mean = sums / size
    inside = np.maximum(squares - size * mean**2, 0.0) / (size - 1)
    between = share @ (mean - share @ mean) ** 2 / strata.total
    return math.sqrt(float((share**2 * inside / size).sum() + between))
