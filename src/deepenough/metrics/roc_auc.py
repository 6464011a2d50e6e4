"""Area under the ROC curve."""

from __future__ import annotations

import numpy as np

from deepenough.stats import Estimate, Rankings, Ranks, Strata, auc, auc_gain, auc_interval

from ._ranking import RankingMetric


class RocAuc(RankingMetric):
    """The chance that a row of the class ranks above another; of more than two classes the mean."""

    name = "roc_auc"
    title = "how well it ranks (ROC AUC)"
    tasks = ("classification",)
    answers = "probability"
    high_is_good = True
    bounded = True
    requires = ()
    parameters = ()

    def of_ranks(self, ranks: Ranks, weights: np.ndarray | None) -> float:
        """Return the area, ties counted half."""
        return auc(ranks, weights)

    def interval(
        self,
        evidence: Rankings,
        level: float = 0.95,
        quick: bool = False,
        seed: int = 0,
        strata: Strata | None = None,
    ) -> Estimate:
        """Logit-DeLong with t(m - 1); wider under 100 rows of a class, none under 10."""
        return auc_interval(evidence, level)

    def gain(self, simple: Rankings, complex: Rankings, level: float = 0.95) -> Estimate:
        """Paired DeLong with Welch's degrees of freedom, in points."""
        return auc_gain(simple, complex, level)
