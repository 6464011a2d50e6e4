"""Evidence of metrics that are a mean of losses, row by row."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Losses:
    """The loss of each row (n,)."""

    rows: np.ndarray

    def mean(self, weights: np.ndarray) -> float:
        """Return the weighted mean loss; nan without weight."""
        total = float(weights.sum())
        return float(weights @ self.rows / total) if total > 0 else math.nan


def errors(target: np.ndarray, answer: dict[str, np.ndarray]) -> np.ndarray:
    """Return answer minus target (n,), in double precision."""
    found: np.ndarray = np.subtract(answer["value"], target, dtype=float)
    return found
