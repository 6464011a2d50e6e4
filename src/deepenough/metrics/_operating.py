"""What recall at a precision and precision at a recall share: a ranking, and a bootstrap over its rows."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from deepenough.stats import Estimate, Rankings, Ranks, Strata, macro_value, one_vs_rest
from deepenough.stats.operating import operating_gain, operating_interval

from ._base import Answer, Metric


class OperatingPoint(Metric):
    """A metric of one threshold, wherever it lies; for more than two classes the mean over classes."""

    @abstractmethod
    def point(self, ranks: Ranks, weights: np.ndarray | None) -> float:
        """Return the value of one ranking of weighted rows."""

    def evidence(self, target: np.ndarray, answer: Answer, about: Any = None) -> Rankings:
        """Rank the rows once a class."""
        return one_vs_rest(np.asarray(target).astype(np.intp), np.asarray(answer["probability"]))

    def value(self, evidence: Rankings, weights: np.ndarray) -> float:
        """Return the value of weighted rows; the mean over classes that are there."""
        return macro_value(evidence, self.point, weights)

    def interval(
        self,
        evidence: Rankings,
        level: float = 0.95,
        quick: bool = False,
        seed: int = 0,
        strata: Strata | None = None,
    ) -> Estimate:
        """The hull of two bootstraps, `widened`; none under 10 rows of a class."""
        return operating_interval(evidence, self.point, level, quick, seed)

    def gain(self, simple: Rankings, complex: Rankings, level: float = 0.95) -> Estimate:
        """Paired bootstrap over rows, in points."""
        return operating_gain(simple, complex, self.point, level)
