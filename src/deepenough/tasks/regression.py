"""A number."""

from __future__ import annotations

import numpy as np

from deepenough.task import Task
from deepenough.tasks._base import Answer, TaskKind

TOLERANCE = 1e-5


class Regression(TaskKind):
    """How much: one number an example."""

    name = "regression"
    metric = "rmse"

    def fits(self, target: np.ndarray | None) -> bool:
        return target is not None and target.dtype.kind in "iuf"

    def encode(
        self, target: np.ndarray, labels: tuple[str, ...], positive: str | None
    ) -> tuple[tuple[str, ...], np.ndarray]:
        return (), np.asarray(target, dtype=np.float64)

    def strata(self, target: np.ndarray) -> np.ndarray | None:
        return None

    def columns(self, answer: Answer, task: Task) -> dict[str, np.ndarray]:
        return {"prediction": answer["value"]}

    def alike(self, a: Answer, b: Answer) -> np.ndarray:
        """Within 1e-5 of the value's own size, or of the typical size of all values."""
        x, y = a["value"].astype(np.float64), b["value"].astype(np.float64)
        typical = float(np.median(np.abs(x))) if len(x) else 0.0
        return np.asarray(np.abs(x - y) <= TOLERANCE * np.maximum(np.abs(x), max(typical, 1e-12)))
