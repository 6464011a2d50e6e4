"""Average precision."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepenough.stats import (
    Estimate,
    Rankings,
    Strata,
    average_precision,
    macro_value,
    one_vs_rest,
    precision_gain,
    precision_interval,
)

from ._base import Answer, Metric


class AveragePrecision(Metric):
    """The mean precision at each positive row's score; for more than two classes the mean over classes."""

    name = "average_precision"
    title = "how clean the top of its ranking is (average precision)"
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
        """Return the sum of precision times the step in recall; the mean over classes that are there."""
        return macro_value(evidence, average_precision, weights)

    def interval(
        self,
        evidence: Rankings,
        level: float = 0.95,
        quick: bool = False,
        seed: int = 0,
        strata: Strata | None = None,
    ) -> Estimate:
        """Influence function on the logit with t(m - 1); none under 10 rows of a class."""
        return precision_interval(evidence, level)

    def gain(self, simple: Rankings, complex: Rankings, level: float = 0.95) -> Estimate:
        """Paired influence of each row with Welch's degrees of freedom, in points."""
        return precision_gain(simple, complex, level)
