"""The answer that looks at nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepenough.bundle import Plan
from deepenough.candidates._base import Candidate, Settings
from deepenough.dataset import Answer, Dataset
from deepenough.export.graph import Graph, widths
from deepenough.task import Task
from deepenough.workspace import Workspace


class Dummy(Candidate):
    """Always the shares of the classes, or the mean: what any model must beat."""

    name = "dummy"
    title = "Always the same answer"
    rung = 0
    answers = ("classification", "regression")
    modalities = ("tabular", "image")
    cost = (0.01, 0.0, 0.0)
    readable = True

    def suits(self, task: Task) -> bool:
        return True

    def portfolio(self, task: Task, rows: int) -> Sequence[Settings]:
        return [{}]

    def build(self, task: Task, settings: Settings, seed: int) -> Constant:
        return Constant(task)


class Constant:
    """One answer for every row."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def fit(self, learn: Dataset, tune: Dataset, workspace: Workspace) -> Constant:
        truth = np.concatenate([learn.truth, tune.truth])
        if self.task.labels:
            counts = np.bincount(truth, minlength=len(self.task.labels))
            self.answer = (counts / counts.sum()).astype(np.float32)
        else:
            self.answer = np.array([truth.mean()], np.float32)
        self.widths = widths(learn.tensors)
        return self

    def predict(self, dataset: Dataset) -> Answer:
        if self.task.labels:
            return {"probability": np.tile(self.answer, (len(dataset), 1))}
        return {"value": np.repeat(self.answer, len(dataset))}

    def export(self) -> Plan:
        graph = Graph(self.widths)
        rows = graph.rows()
        if self.task.labels:
            shape = graph.add("Concat", rows, graph.constant(np.array([len(self.answer)])), axis=0)
            graph.add("Expand", graph.constant(self.answer[None, :]), shape, output="probability")
            return Plan(graph.finish(["probability"], len(self.answer)), ("probability",))
        graph.add("Expand", graph.constant(self.answer), rows, output="value")
        return Plan(graph.finish(["value"], None), ("value",))
