"""The area under the ROC curve and what each row does to it."""

from __future__ import annotations

import math

import numpy as np

from .ranking import Ranks


def auc(ranks: Ranks, weights: np.ndarray | None = None) -> float:
    """Return the chance that a positive row ranks above a negative one, ties half; nan without both."""
    up, down = ranks.weights_by_tie(weights)
    pairs = up.sum() * down.sum()
    if not pairs > 0:
        return math.nan
    return float((up @ np.cumsum(down) - up @ down / 2) / pairs)  # few large arrays: making them is what takes time


def auc_influence(ranks: Ranks) -> tuple[float, np.ndarray]:
    """Return the area and each row's influence on it (n,), summing to zero within each of the two classes.

    The placements of DeLong, DeLong and Clarke-Pearson (1988) by midranks (Sun and Xu 2014): their sample
    variances over the class sizes give DeLong's variance.
    """
    up, down = ranks.weights_by_tie()
    positives, negatives = up.sum(), down.sum()
    if not positives * negatives > 0:
        return math.nan, np.zeros(len(ranks.tie))
    below = (np.cumsum(down) - down / 2) / negatives
    above = (positives - np.cumsum(up) + up / 2) / positives
    area = float(up @ below / positives)
    placed_up, placed_down = (below - area) / positives, (above - area) / negatives
    return area, np.where(ranks.positive, placed_up[ranks.tie], placed_down[ranks.tie])
