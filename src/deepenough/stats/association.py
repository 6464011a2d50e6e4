"""How far two columns say the same: of numbers by their ranks, of categories by their table."""

from __future__ import annotations

import numpy as np


def ranks(values: np.ndarray) -> np.ndarray:
    """Return (n,) ranks, equal ones for equal values, the missing ones in the middle."""
    known = values[~np.isnan(values)]
    filled = np.nan_to_num(values, nan=float(np.median(known)) if len(known) else 0.0)
    return np.unique(filled, return_inverse=True)[1].astype(float)


def cramers_v(a: np.ndarray, b: np.ndarray) -> float:
    """Return how far two columns of small whole numbers say the same, 0 to 1, corrected for its bias (Bergsma 2013).

    >>> cramers_v(np.array([0, 1] * 50), np.array([1, 0] * 50))
    1.0
    """
    n, rows, columns = len(a), int(a.max()) + 1, int(b.max()) + 1
    counts = np.bincount(a * columns + b, minlength=rows * columns).reshape(rows, columns).astype(float)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    r, k = counts.shape
    if min(r, k) < 2 or n < 2:
        return 0.0
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / n
    phi = max(0.0, float(((counts - expected) ** 2 / expected).sum()) / n - (r - 1) * (k - 1) / (n - 1))
    smaller = min(r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)) - 1
    return round(float(np.sqrt(phi / smaller)), 6) if smaller > 0 else 0.0


def strength(values: np.ndarray, said: np.ndarray) -> float:
    """Return how much of the ups and downs of `said` (n,) a column goes along with, 0 to 1.

    Of numbers the rank correlation, of texts that of their lengths; of codes the correlation ratio, the spread between
    categories over the whole.

    >>> strength(np.array([1.0, 2.0, 3.0]), np.array([9.0, 5.0, 1.0]))
    1.0
    """
    away = said - said.mean()
    if values.dtype.kind == "O":
        values = np.array([float(len(text)) for text in values])
    if values.dtype.kind == "f":
        place = ranks(values)
        constant = place.std() == 0 or away.std() == 0
        return 0.0 if constant else round(abs(float(np.corrcoef(place, ranks(said))[0, 1])), 6)
    counts = np.bincount(values)
    means = np.bincount(values, away) / np.maximum(counts, 1)
    return float(np.sqrt((counts * means**2).sum() / max(1e-300, float((away**2).sum()))))
