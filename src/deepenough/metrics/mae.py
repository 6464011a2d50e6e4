"""Mean absolute error."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepenough.stats import Estimate, Strata, loss_interval, relative_gain

from ._base import Answer, Metric
from ._losses import Losses, errors


class Mae(Metric):
    """The mean distance between answer and truth."""

    name = "mae"
    title = "how far it is off on average (MAE)"
    tasks = ("regression",)
    answers = "value"
    high_is_good = False
    bounded = False
    requires = ()
    parameters = ()

    def evidence(self, target: np.ndarray, answer: Answer, about: Any = None) -> Losses:
        """Take the size of each row's error."""
        return Losses(np.abs(errors(target, answer)))

    def value(self, evidence: Losses, weights: np.ndarray) -> float:
        """Return the weighted mean distance."""
        return evidence.mean(weights)

    def interval(
        self,
        evidence: Losses,
        level: float = 0.95,
        quick: bool = False,
        seed: int = 0,
        strata: Strata | None = None,
    ) -> Estimate:
        """Studentised bootstrap of the mean's logarithm; `quick`: its closed form."""
        return loss_interval(evidence.rows, level, quick=quick, seed=seed, strata=strata)

    def gain(self, simple: Losses, complex: Losses, level: float = 0.95) -> Estimate:
        """Fieller's interval of the share of error that is saved."""
        return relative_gain(simple.rows, complex.rows, level)
