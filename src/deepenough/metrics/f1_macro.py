"""Macro F1."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepenough.stats import Estimate, Strata, f1_gain, f1_interval, macro_f1

from ._base import Answer, Metric
from ._tables import Named, named


class F1Macro(Metric):
    """The mean over classes of the harmonic mean of precision and recall."""

    name = "f1_macro"
    title = "how well it finds each class without false alarms (macro F1)"
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
        """Return the mean F1 of the classes that are there."""
        return macro_f1(evidence.cells(weights))[0]

    def interval(
        self,
        evidence: Named,
        level: float = 0.95,
        quick: bool = False,
        seed: int = 0,
        strata: Strata | None = None,
    ) -> Estimate:
        """MOVER over the F1 of each class; `few` where a class has under 10 rows."""
        return f1_interval(evidence.cells(), level)

    def gain(self, simple: Named, complex: Named, level: float = 0.95) -> Estimate:
        """MOVER from both intervals and their correlation, in points."""
        return f1_gain(simple.target, simple.predicted, complex.predicted, simple.classes, level)
