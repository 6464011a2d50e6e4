"""What metrics of a ranking share: the rows are ranked once a class, and classes that are there count alike."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from deepenough.stats import Rankings, Ranks, macro_value, one_vs_rest

from ._base import Answer, Metric


class RankingMetric(Metric):
    """A metric that looks only at the order of the rows; for more than two classes the mean over classes."""

    @abstractmethod
    def of_ranks(self, ranks: Ranks, weights: np.ndarray | None) -> float:
        """Return the value of one ranking of weighted rows."""

    def evidence(self, target: np.ndarray, answer: Answer, about: Any = None) -> Rankings:
        """Rank the rows once a class."""
        return one_vs_rest(np.asarray(target).astype(np.intp), np.asarray(answer["probability"]))

    def value(self, evidence: Rankings, weights: np.ndarray) -> float:
        """Return the value of weighted rows; the mean over classes that are there."""
        return macro_value(evidence, self.of_ranks, weights)
