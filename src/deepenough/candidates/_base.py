"""What a candidate is: a family of models on one rung of the ladder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

from deepenough.bundle import NotExportable, Plan
from deepenough.dataset import Answer, Dataset
from deepenough.task import Task
from deepenough.workspace import Workspace

Settings = Mapping[str, Any]
RUNGS = ("trivial", "linear", "boosting", "transfer", "scratch")


class Estimator(Protocol):
    """One model of a family, with its preprocessing; everything it knows it learnt from `learn` and `tune`."""

    def fit(self, learn: Dataset, tune: Dataset, workspace: Workspace) -> Estimator: ...
    def predict(self, dataset: Dataset) -> Answer: ...
    def export(self) -> Plan | NotExportable: ...


class Candidate(ABC):
    """A family of models.

    Facts (literals): ``name``, ``title``, ``rung`` 0 TRIVIAL, 1 LINEAR, 2 BOOSTING, 3 TRANSFER, 4 SCRATCH, ``answers``
    (kinds of task), ``modalities``, ``requires`` (packages), ``extra`` (what installs them), and ``cost``:
    CPU seconds of one fit: (always, a thousand rows, a million cells and class), for the budget.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    rung: ClassVar[int]
    answers: ClassVar[tuple[str, ...]]
    modalities: ClassVar[tuple[str, ...]]
    requires: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""
    cost: ClassVar[tuple[float, float, float]] = (0.0, 0.0, 0.0)

    @abstractmethod
    def suits(self, task: Task) -> bool:
        """Whether this family can answer the task: what the facts cannot say."""

    @abstractmethod
    def portfolio(self, task: Task, rows: int) -> Sequence[Settings]:
        """Return the settings to try, the strong default first; each is one trial."""

    @abstractmethod
    def build(self, task: Task, settings: Settings, seed: int) -> Estimator:
        """Return an unfitted model."""
