"""What an answer is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from deepenough.task import Task

Answer = dict[str, np.ndarray]


class TaskKind(ABC):
    """A kind of answer. Facts: ``name`` and ``metric``, the default one."""

    name: ClassVar[str]
    metric: ClassVar[str]

    @abstractmethod
    def fits(self, target: np.ndarray | None) -> bool:
        """Whether a raw target column (n,) reads as this kind of answer."""

    @abstractmethod
    def encode(
        self, target: np.ndarray, labels: tuple[str, ...], positive: str | None
    ) -> tuple[tuple[str, ...], np.ndarray]:
        """Return the labels (found out where none are given) and the target as models and metrics take it."""

    @abstractmethod
    def strata(self, target: np.ndarray) -> np.ndarray | None:
        """Return (n,) what a split keeps in proportion, or None."""

    @abstractmethod
    def columns(self, answer: Answer, task: Task) -> dict[str, np.ndarray]:
        """Return the columns of predictions.csv and of the wire."""

    @abstractmethod
    def alike(self, a: Answer, b: Answer) -> np.ndarray:
        """Return (n,) whether two models gave the same answer, in the answer's own terms."""
