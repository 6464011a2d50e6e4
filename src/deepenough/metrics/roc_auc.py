"""Area under the ROC curve."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepenough.stats import Estimate, Rankings, Strata, auc, auc_gain, auc_interval, macro_value, one_vs_rest

from ._base import Answer, Metric


class RocAuc(Metric):
    """The chance that a row of the class ranks above another; of more than two classes the mean."""

    name = "roc_auc"
    title = "how well it ranks (ROC AUC)"
    tasks = ("classification",)
    answers = "probability"
    high_is_good = True
    bounded = True
    requires = ()
    parameters = ()

    def evidence(self, target: np.ndarray, answer: Answer, about: Any = None) -> Rankings:
        """Rank the rows once a class."""
        codes = np.asarray(target).astype(np.intp)
        return one_vs_rest(codes, np.asarray(answer["probability"]))

    def value(self, evidence: Rankings, weights: np.ndarray) -> float:
        """Return the area, ties counted half; the mean over classes that are there."""
        return macro_value(evidence, auc, weights)

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
