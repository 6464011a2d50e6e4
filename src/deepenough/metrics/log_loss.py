"""Log loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepenough.stats import Estimate, Strata, loss_interval, relative_gain

from ._base import Answer, Metric
from ._losses import Losses


class LogLoss(Metric):
    """The mean of minus the logarithm of the probability given to the class that came true."""

    name = "log_loss"
    title = "how far its probabilities are off (log loss)"
    tasks = ("classification",)
    answers = "probability"
    high_is_good = False
    bounded = False
    requires = ()
    parameters = ()

    def evidence(self, target: np.ndarray, answer: Answer, about: Any = None) -> Losses:
        """Take each row's probability of its true class, kept off 0 by the rounding of its own type."""
        probability = np.asarray(answer["probability"])
        smallest = np.finfo(probability.dtype).eps if probability.dtype.kind == "f" else np.finfo(float).eps
        codes = np.asarray(target).astype(np.intp)
        chosen = probability[np.arange(len(codes)), codes].astype(float)
        return Losses(-np.log(np.clip(chosen, smallest, 1 - smallest)))

    def value(self, evidence: Losses, weights: np.ndarray) -> float:
        """Return the weighted mean loss."""
        return evidence.mean(weights)

    def interval(
        self,
        evidence: Losses,
        level: float = 0.95,
        quick: bool = False,
        seed: int = 0,
        strata: Strata | None = None,
    ) -> Estimate:
        """Studentised bootstrap of the log loss's logarithm; `quick`: its closed form."""
        return loss_interval(evidence.rows, level, quick=quick, seed=seed, strata=strata)

    def gain(self, simple: Losses, complex: Losses, level: float = 0.95) -> Estimate:
        """Fieller's interval of the share of loss that is saved."""
        return relative_gain(simple.rows, complex.rows, level)
