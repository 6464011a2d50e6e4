"""Scores and gains of rows that come in groups: whole groups are what chance draws."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from deepenough.stats import Estimate, jackknife

from ._base import Metric


def interval_by_group(metric: Metric, evidence: Any, groups: np.ndarray, level: float = 0.95) -> Estimate:
    """Return the score with the delete-one-group jackknife on the metric's own scale; none under 5 groups."""
    scale = metric.interval(evidence, level, quick=True).scale
    return jackknife(lambda w: metric.value(evidence, w), groups, scale=scale, level=level)


def gain_by_group(metric: Metric, simple: Any, complex: Any, groups: np.ndarray, level: float = 0.95) -> Estimate:
    """Return the gain with the delete-one-group jackknife; none under 5 groups."""

    def gained(weights: np.ndarray) -> float:
        before, after = metric.value(simple, weights), metric.value(complex, weights)
        if metric.bounded:
            return after - before
        return 1 - after / before if before > 0 else math.nan

    return jackknife(gained, groups, level=level)
