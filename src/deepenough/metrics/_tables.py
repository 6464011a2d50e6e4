"""Evidence of metrics that look at the class an answer names, not at how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepenough.stats import table


@dataclass(frozen=True)
class Named:
    """Truth (n,) and named class (n,) as codes; how many classes the task has."""

    target: np.ndarray
    predicted: np.ndarray
    classes: int

    def cells(self, weights: np.ndarray | None = None) -> np.ndarray:
        """Return the (classes, classes) table of truth against prediction."""
        return table(self.target, self.predicted, self.classes, weights)


def named(target: np.ndarray, answer: dict[str, np.ndarray]) -> Named:
    """Name the class of the highest probability; the first of equals."""
    probability = np.asarray(answer["probability"])
    codes = np.asarray(target).astype(np.intp)
    return Named(codes, probability.argmax(axis=1), probability.shape[1])
