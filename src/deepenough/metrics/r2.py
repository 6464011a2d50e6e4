"""Share of variance explained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepenough.stats import Estimate, Strata, heavy_tail, r2, r2_interval, ratio

from ._base import Answer, Metric
from ._losses import errors


@dataclass(frozen=True)
class Explained:
    """Target and error of each row, both (n,)."""

    target: np.ndarray
    errors: np.ndarray


class R2(Metric):
    """One minus squared error over the target's own spread."""

    name = "r2"
    title = "how much of the ups and downs it explains (R2)"
    tasks = ("regression",)
    answers = "value"
    high_is_good = True
    bounded = True
    requires = ()
    parameters = ()

    def evidence(self, target: np.ndarray, answer: Answer, about: Any = None) -> Explained:
        """Keep target and error of each row."""
        return Explained(np.asarray(target, dtype=float), errors(target, answer))

    def value(self, evidence: Explained, weights: np.ndarray) -> float:
        """Return r2 of weighted rows; of a constant target 1 where it was hit exactly, else 0."""
        return r2(evidence.errors, evidence.target, weights)

    def interval(
        self,
        evidence: Explained,
        level: float = 0.95,
        quick: bool = False,
        seed: int = 0,
        strata: Strata | None = None,
    ) -> Estimate:
        """Studentised bootstrap of log(1 - r2); `heavy_tail` where few rows carry the squared error."""
        flags = ("heavy_tail",) if heavy_tail(evidence.errors**2) else ()
        return r2_interval(evidence.errors, evidence.target, level, quick=quick, seed=seed, flags=flags)

    def gain(self, simple: Explained, complex: Explained, level: float = 0.95) -> Estimate:
        """Fieller's interval of the squared error saved over the target's spread, in points.

        Unlike a share of the simple answer's error, points do not cancel long tails: `heavy_tail` says so.
        """
        saved = simple.errors**2 - complex.errors**2
        middle = simple.target.mean() if len(saved) else 0.0
        found = ratio(saved, (simple.target - middle) ** 2, level)
        return replace(found, flags=("heavy_tail",)) if heavy_tail(np.abs(saved)) else found
