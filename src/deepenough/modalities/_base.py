"""What an example is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from deepenough.examples import Examples
from deepenough.task import Task


class Modality(ABC):
    """A kind of example. Facts: ``name``, ``version`` (of `decode` and `features`), ``requires``."""

    name: ClassVar[str]
    version: ClassVar[int]
    requires: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def recognises(self, source: Any, roles: Mapping[str, Any]) -> float:
        """How sure, 0..1, that this source holds this kind of example."""

    @abstractmethod
    def read(self, source: Any, roles: Mapping[str, Any]) -> tuple[Task, Any]:
        """Read a file or frame: what was found out, fixed in a Task, and the rows as they are."""

    @abstractmethod
    def decode(self, rows: Any, task: Task) -> Examples:
        """Many rows in, examples out: the same in training and for one request."""

    @abstractmethod
    def features(self, examples: Examples, task: Task) -> dict[str, np.ndarray]:
        """The common ground: a pure function of the examples and the task, never of other rows."""

    @abstractmethod
    def sample(self, kind: str, n: int, seed: int) -> tuple[Task, Any]:
        """Return a made task of this kind and n rows of it, for the conformance suite."""
