"""Accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepenough.stats import Estimate, Strata, paired_shares, share

from ._base import Answer, Metric
from ._losses import Losses
from ._tables import named


class Accuracy(Metric):
    """The share of rows whose class is named rightly."""

    name = "accuracy"
    title = "how often it is right (accuracy)"
    tasks = ("classification",)
    answers = "probability"
    high_is_good = True
    bounded = True
    requires = ()
    parameters = ()

    def evidence(self, target: np.ndarray, answer: Answer, about: Any = None) -> Losses:
        """Mark the rows that were named rightly."""
        found = named(target, answer)
        return Losses((found.target == found.predicted).astype(float))

    def value(self, evidence: Losses, weights: np.ndarray) -> float:
        """Return the weighted share of right rows."""
        return evidence.mean(weights)

    def interval(
        self,
        evidence: Losses,
        level: float = 0.95,
        quick: bool = False,
        seed: int = 0,
        strata: Strata | None = None,
    ) -> Estimate:
        """Wilson's interval."""
        return share(float(evidence.rows.sum()), len(evidence.rows), level)

    def gain(self, simple: Losses, complex: Losses, level: float = 0.95) -> Estimate:
        """Agresti and Min's paired difference, in points."""
        lost = int((simple.rows > complex.rows).sum())
        won = int((complex.rows > simple.rows).sum())
        return paired_shares(lost, won, len(simple.rows), level)
