"""What a candidate is: a family of models on one rung of the ladder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
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


class Keeps(Protocol):
    """What a fitted model of a family that `restores` can do besides: write its native form down, for explainers."""

    def keep(self, folder: Path) -> None:
        """Write into `folder`, which is there and empty: text, JSON, safetensors; never a pickle."""


class Candidate(ABC):
    """A family of models.

    Facts (literals): ``name``, ``title``, ``rung`` 0 TRIVIAL, 1 LINEAR, 2 BOOSTING, 3 TRANSFER, 4 SCRATCH, ``answers``
    (kinds of task), ``modalities``, ``requires`` (packages), ``extra`` (what installs them), and ``cost``:
    CPU seconds of one fit: (always, a thousand rows, a million cells and class), for the budget. ``restores``: its fitted
    models are `Keeps`, too; what a refitted one keeps stands in the run's ``trials/<key>/native``.

    ``readable``: a person can follow how it comes to an answer (`--explainable` chooses among such). ``stated``: its
    answers are somebody's word, and never calibrated. ``on_request``: the option without which it is not tried. ``space``:
    what `--tune` searches, a setting an entry: ``rate: 0.01 to 0.3 log``, ``leaves: 4 to 64 log`` (whole numbers),
    ``loss: l1 | l2``. ``example``: by kind of task, TOML of the task's settings without which the family suits none; the
    conformance suite gives them to its samples.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    rung: ClassVar[int]
    answers: ClassVar[tuple[str, ...]]
    modalities: ClassVar[tuple[str, ...]]
    requires: ClassVar[tuple[str, ...]] = ()
    extra: ClassVar[str] = ""
    cost: ClassVar[tuple[float, float, float]] = (0.0, 0.0, 0.0)
    restores: ClassVar[bool] = False
    readable: ClassVar[bool] = False
    stated: ClassVar[bool] = False
    space: ClassVar[tuple[str, ...]] = ()
    on_request: ClassVar[str] = ""
    example: ClassVar[tuple[tuple[str, str], ...]] = ()

    @abstractmethod
    def suits(self, task: Task) -> bool:
        """Whether this family can answer the task: what the facts cannot say."""

    @abstractmethod
    def portfolio(self, task: Task, rows: int) -> Sequence[Settings]:
        """Return the settings to try, the strong default first; each is one trial."""

    @abstractmethod
    def build(self, task: Task, settings: Settings, seed: int) -> Estimator:
        """Return an unfitted model."""
