"""Average precision."""

from __future__ import annotations

import numpy as np

from deepenough.stats import Estimate, Rankings, Ranks, Strata, average_precision, precision_gain, precision_interval

from ._ranking import RankingMetric


class AveragePrecision(RankingMetric):
    """The mean precision at each positive row's score; for more than two classes the mean over classes."""

    name = "average_precision"
    title = "how clean the top of its ranking is (average precision)"
    tasks = ("classification",)
    answers = "probability"
    high_is_good = True
    bounded = True
    requires = ()
    parameters = ()

    def of_ranks(self, ranks: Ranks, weights: np.ndarray | None) -> float:
        """Return the sum of precision times the step in recall."""
        return average_precision(ranks, weights)

    def interval(
        self,
        evidence: Rankings,
        level: float = 0.95,
        quick: bool = False,
        seed: int = 0,
        strata: Strata | None = None,
    ) -> Estimate:
        """Influence function on the logit with t(m - 1); none under 10 rows of a class."""
        return precision_interval(evidence, level)

    def gain(self, simple: Rankings, complex: Rankings, level: float = 0.95) -> Estimate:
        """Paired influence of each row with Welch's degrees of freedom, in points."""
        return precision_gain(simple, complex, level)
