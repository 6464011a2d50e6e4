"""Precision at a wanted recall."""

from __future__ import annotations

import numpy as np

from deepenough.stats import Ranks
from deepenough.stats.operating import precision_at_recall

from ._operating import OperatingPoint


class PrecisionAtRecall(OperatingPoint):
    """The largest precision that a threshold of at least the wanted recall reaches."""

    name = "precision@recall"
    title = "how clean what it picks is at the recall that is wanted"
    tasks = ("classification",)
    answers = "probability"
    high_is_good = True
    bounded = True
    requires = ()
    parameters = ("recall",)
    wanted = 0.9

    def of_ranks(self, ranks: Ranks, weights: np.ndarray | None) -> float:
        return precision_at_recall(ranks, self.wanted, weights)
