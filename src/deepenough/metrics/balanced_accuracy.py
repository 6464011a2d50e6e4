"""Balanced accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepenough.stats import Estimate, Strata, mean_recall, recall_gain, recall_interval

from ._base import Answer, Metric
from ._tables import Named, named


class BalancedAccuracy(Metric):
    """The mean over classes of the share of their rows named rightly."""

    name = "balanced_accuracy"
    title = "how often it is right, each class counting the same (balanced accuracy)"
    tasks = ("classification",)
    answers = "probability"
    high_is_good = True
    bounded = True
    requires = ()
    parameters = ()

    def evidence(self, target: np.ndarray, answer: Answer, about: Any = None) -> Named:
        """Name the class of each row."""
        return named(target, answer)

    def value(self, evidence: Named, weights: np.ndarray) -> float:
        """Return the mean recall of the classes that are there."""
        return mean_recall(evidence.cells(weights))[0]

    def interval(
        self,
        evidence: Named,
        level: float = 0.95,
        quick: bool = False,
        seed: int = 0,
        strata: Strata | None = None,
    ) -> Estimate:
        """MOVER over the Wilson intervals of the classes; `few` where one has under 10 rows."""
        return recall_interval(evidence.cells(), level)

    def gain(self, simple: Named, complex: Named, level: float = 0.95) -> Estimate:
        """MOVER over the paired difference in each class, in points."""
        return recall_gain(simple.target, simple.predicted, complex.predicted, simple.classes, level)
