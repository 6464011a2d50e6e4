"""A curve a column, and a map for the few pairs that matter: explainable boosting."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from interpret.glassbox import ExplainableBoostingClassifier, ExplainableBoostingRegressor

from deepenough.bundle import Plan
from deepenough.candidates._base import Candidate, Settings
from deepenough.dataset import Answer, Dataset
from deepenough.export.graph import Graph, two_columns, widths
from deepenough.task import Task
from deepenough.workspace import Workspace

ABSENT = -30.0  # raw score of a class that was not among the rows learnt from


class ExplainableBoosting(Candidate):
    """A sum of curves, one a column, that a person can draw and check (EBM; Lou et al. 2013, Nori et al. 2019)."""

    name = "explainable_boosting"
    title = "Explainable boosting"
    rung = 2
    answers = ("classification", "regression")
    modalities = ("tabular",)
    requires = ("interpret",)
    extra = "explain"
    cost = (1.0, 0.6, 4.0)
    readable = True
    on_request = "explainable"

    def suits(self, task: Task) -> bool:
        return bool(task.measured)

    def portfolio(self, task: Task, rows: int) -> Sequence[Settings]:
        """Few pairs, so that all can be looked at; none for many classes, where the library has none."""
        return [{"interactions": 5 if len(task.labels) <= 2 else 0, "outer_bags": 4, "max_bins": 256}]

    def build(self, task: Task, settings: Settings, seed: int) -> Curves:
        return Curves(task, settings, seed)


@dataclass(frozen=True)
class Axis:
    """How a column's value becomes a place on a curve: by the cuts below it (0: missing), or by a table of its codes."""

    tensor: str
    column: int
    cuts: np.ndarray | None
    table: np.ndarray | None

    def places(self, tensors: Mapping[str, np.ndarray]) -> np.ndarray:
        cells = tensors[self.tensor][:, self.column]
        if self.table is not None:
            return np.asarray(self.table[cells])
        assert self.cuts is not None
        found = np.searchsorted(self.cuts, cells.astype(np.float64), side="right") + 1
        return np.where(np.isnan(cells), 0, found)

    def write(self, graph: Graph) -> str:
        """Append the look-up; return the name of (n,) places."""
        cells = graph.add("Gather", self.tensor, graph.constant(np.array([self.column])), axis=1)
        one = graph.constant(np.array([1]))
        if self.table is not None:
            return graph.add("Gather", graph.constant(self.table), graph.add("Squeeze", cells, one))
        assert self.cuts is not None
        above = graph.add("GreaterOrEqual", graph.add("Cast", cells, to=11), graph.constant(self.cuts[None, :]))
        count = graph.add("ReduceSum", graph.add("Cast", above, to=7), one, keepdims=0)
        empty = graph.add("Squeeze", graph.add("IsNaN", cells), one)
        return graph.add("Where", empty, graph.constant(np.array([0])), graph.add("Add", count, one))


@dataclass(frozen=True)
class Term:
    """A curve (one axis) or a map (two): `scores` (places, outputs), a map's laid out row by row."""

    axes: tuple[Axis, ...]
    width: int
    scores: np.ndarray


class Curves:
    """The library's own model, read into tables: they answer, and they ship."""

    def __init__(self, task: Task, settings: Settings, seed: int) -> None:
        self.task, self.settings, self.seed = task, settings, seed

    def fit(self, learn: Dataset, tune: Dataset, workspace: Workspace) -> Curves:
        self.widths = widths(learn.tensors)
        kinds = ["continuous"] * self.widths["numbers"] + ["nominal"] * self.widths["codes"]
        family = ExplainableBoostingClassifier if self.task.labels else ExplainableBoostingRegressor
        model = family(feature_types=kinds, random_state=self.seed, n_jobs=workspace.threads, **self.settings)
        x = np.concatenate([_matrix(d.tensors) for d in (learn, tune)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on missing values in its pictures, which are not drawn here
            model.fit(x, np.concatenate([learn.truth, tune.truth]), bags=self._bags(len(learn), len(x)))
        self._read(model)
        return self

    def _bags(self, learnt: int, n: int) -> np.ndarray | None:
        """With a clock or groups, stop by the rows set aside for it: rows drawn at random would tell too much."""
        if not (self.task.with_role("time") or self.task.with_role("group")):
            return None
        side = np.where(np.arange(n) < learnt, 1, -1).astype(np.int8)
        return np.tile(side[:, None], (1, self.settings["outer_bags"]))

    def _read(self, model: Any) -> None:
        sizes = [len(c.categories) for c in self.task.inputs if c.kind in ("category", "high_cardinality")]
        present = model.classes_ if self.task.labels else np.zeros(1, np.int64)
        self.outputs = len(self.task.labels) if len(self.task.labels) > 2 else 1
        self.terms = [
            self._term(model, places, scores, sizes, present)
            for places, scores in zip(model.term_features_, model.term_scores_, strict=True)
        ]
        self.bias = self._spread(np.atleast_2d(model.intercept_), present)[0]
        if self.outputs > 1:
            self.bias[~np.isin(np.arange(self.outputs), present)] = ABSENT

    def _term(
        self, model: Any, places: Sequence[int], scores: np.ndarray, sizes: Sequence[int], present: np.ndarray
    ) -> Term:
        axes = []
        for place in places:
            levels = model.bins_[place]
            found = levels[min(len(places), len(levels)) - 1]
            axes.append(_axis(place, found, self.widths["numbers"], sizes))
        flat = scores.reshape(int(np.prod(scores.shape[: len(places)])), -1)
        return Term(tuple(axes), scores.shape[len(places) - 1], self._spread(flat, present))

    def _spread(self, scores: np.ndarray, present: np.ndarray) -> np.ndarray:
        """From the library's columns to one a label: of two classes it keeps the score of the second alone."""
        if self.outputs == 1:
            return np.ascontiguousarray(scores)
        table = np.zeros((len(scores), self.outputs))
        table[:, present if scores.shape[1] == len(present) else present[1:]] = scores
        return table

    def predict(self, dataset: Dataset) -> Answer:
        raw = np.tile(self.bias, (len(dataset), 1))
        for term in self.terms:
            places = term.axes[0].places(dataset.tensors)
            for axis in term.axes[1:]:
                places = places * term.width + axis.places(dataset.tensors)
            raw += term.scores[places]
        if not self.task.labels:
            return {"value": raw[:, 0].astype(np.float32)}
        return {"probability": _chances(raw).astype(np.float32)}

    def export(self) -> Plan:
        """Tables in double precision: small, and the sum of many terms keeps its digits."""
        graph = Graph(self.widths)
        raw = graph.constant(self.bias[None, :])
        for term in self.terms:
            places = term.axes[0].write(graph)
            for axis in term.axes[1:]:
                shifted = graph.add("Mul", places, graph.constant(np.array([term.width])))
                places = graph.add("Add", shifted, axis.write(graph))
            raw = graph.add("Add", raw, graph.add("Gather", graph.constant(term.scores), places))
        if not self.task.labels:
            value = graph.add("Squeeze", raw, graph.constant(np.array([1])))
            graph.add("Cast", value, output="value", to=1)
            return Plan(graph.finish(["value"], None), ("value",))
        chance = (
            graph.add("Softmax", raw, axis=1)
            if self.outputs > 1
            else two_columns(graph, graph.add("Sigmoid", raw), np.float64)
        )
        graph.add("Cast", chance, output="probability", to=1)
        return Plan(graph.finish(["probability"], len(self.task.labels)), ("probability",))


def _axis(place: int, found: Any, numbers: int, sizes: Sequence[int]) -> Axis:
    if place < numbers:
        return Axis("numbers", place, np.asarray(found, np.float64), None)
    codes = place - numbers
    unknown = max(found.values(), default=0) + 1
    table = np.array([found.get(str(code), unknown) for code in range(sizes[codes] + 1)])
    return Axis("codes", codes, None, table)


def _matrix(tensors: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.hstack([tensors["numbers"].astype(np.float64), tensors["codes"].astype(np.float64)])


def _chances(raw: np.ndarray) -> np.ndarray:
    if raw.shape[1] == 1:
        positive = 1.0 / (1.0 + np.exp(-np.clip(raw[:, 0], -700, 700)))
        return np.stack([1.0 - positive, positive], axis=1)
    shifted = np.exp(raw - raw.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))
