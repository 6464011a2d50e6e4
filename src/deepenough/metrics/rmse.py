"""Root mean squared error."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from deepenough.stats import Estimate, Strata, heavy_tail, loss_interval, relative_root_gain

from ._base import Answer, Metric
from ._losses import Losses, errors


class Rmse(Metric):
    """The root of the mean squared difference between answer and truth."""

    name = "rmse"
    title = "how far it is off, large errors counting most (RMSE)"
    tasks = ("regression",)
    answers = "value"
    high_is_good = False
    bounded = False
    requires = ()
    parameters = ()

    def evidence(self, target: np.ndarray, answer: Answer, about: Any = None) -> Losses:
        """Square the error of each row."""
        return Losses(errors(target, answer) ** 2)

    def value(self, evidence: Losses, weights: np.ndarray) -> float:
        """Return the root of the weighted mean square."""
        return math.sqrt(evidence.mean(weights))

    def interval(
        self,
        evidence: Losses,
        level: float = 0.95,
        quick: bool = False,
        seed: int = 0,
        strata: Strata | None = None,
    ) -> Estimate:
        """Studentised bootstrap of the mean square's logarithm; `heavy_tail` where few rows carry it."""
        flags = ("heavy_tail",) if heavy_tail(evidence.rows) else ()
        return loss_interval(evidence.rows, level, power=0.5, quick=quick, seed=seed, strata=strata, flags=flags)

    def gain(self, simple: Losses, complex: Losses, level: float = 0.95) -> Estimate:
        """Fieller's interval on the squared errors, then the root: the share of error saved."""
        return relative_root_gain(simple.rows, complex.rows, level)
