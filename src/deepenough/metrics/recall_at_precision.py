"""Recall at a wanted precision."""

from __future__ import annotations

import numpy as np

from deepenough.stats import Ranks
from deepenough.stats.operating import recall_at_precision

from ._operating import OperatingPoint


class RecallAtPrecision(OperatingPoint):
    """The largest recall that a threshold of at least the wanted precision reaches."""

    name = "recall@precision"
    title = "how much of the positive class it catches at the precision that is wanted"
    tasks = ("classification",)
    answers = "probability"
    high_is_good = True
    bounded = True
    requires = ()
    parameters = ("precision",)
    wanted = 0.9
    least_caught = 20

    def of_ranks(self, ranks: Ranks, weights: np.ndarray | None) -> float:
        return recall_at_precision(ranks, self.wanted, weights)
