"""Boosted trees: LightGBM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import lightgbm
import numpy as np

from deepenough.bundle import Plan
from deepenough.candidates._base import Candidate, Settings
from deepenough.candidates._tree_graph import Ensemble
from deepenough.dataset import Answer, Dataset
from deepenough.export.graph import Graph, two_columns, widths
from deepenough.task import Task
from deepenough.workspace import Workspace

ROUNDS = 600
PATIENCE = 40
MOST_TREES = 1200  # of all classes together: keeps the model small and an answer fast


class GradientBoosting(Candidate):
    """Many small trees, each mending what those before it got wrong (LightGBM, Ke et al. 2017)."""

    name = "gradient_boosting"
    title = "Boosted trees"
    rung = 2
    answers = ("classification", "regression")
    modalities = ("tabular",)
    requires = ("lightgbm",)
    cost = (0.1, 0.0, 2.5)

    def suits(self, task: Task) -> bool:
        return True

    def portfolio(self, task: Task, rows: int) -> Sequence[Settings]:
        """A shallow and careful one for few rows and weak signals, a wider one for many rows and strong ones."""
        careful = {
            "num_leaves": 8,
            "learning_rate": 0.06,
            "min_data_in_leaf": 20,
            "feature_fraction": 0.6,
            "lambda_l2": 5.0,
        }
        wide = {
            "num_leaves": 31,
            "learning_rate": 0.06,
            "min_data_in_leaf": 20,
            "feature_fraction": 0.8,
            "lambda_l2": 1.0,
        }
        return [wide, careful] if rows >= 10000 else [careful, wide]

    def build(self, task: Task, settings: Settings, seed: int) -> Trees:
        return Trees(task, settings, seed)


class Trees:
    """The number of trees is found on `tune` by early stopping; that many are then grown on `learn` and `tune` together."""

    def __init__(self, task: Task, settings: Settings, seed: int) -> None:
        self.task, self.settings, self.seed = task, settings, seed

    def fit(self, learn: Dataset, tune: Dataset, workspace: Workspace) -> Trees:
        self.widths = widths(learn.tensors)
        x, y = _matrix(learn.tensors), learn.truth
        held, truth = _matrix(tune.tensors), tune.truth
        parameters = self._parameters(workspace.threads)
        rounds = max(20, min(ROUNDS, MOST_TREES // self._outputs()))
        data = self._data(x, y)
        found = lightgbm.train(
            parameters,
            data,
            rounds,
            valid_sets=[self._data(held, truth, data)],
            callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
        )
        best = max(1, found.best_iteration or rounds)
        self.booster = lightgbm.train(
            parameters, self._data(np.concatenate([x, held]), np.concatenate([y, truth])), best
        )
        return self

    def _outputs(self) -> int:
        return max(1, len(self.task.labels) if len(self.task.labels) > 2 else 1)

    def _data(self, x: np.ndarray, y: np.ndarray, like: Any = None) -> Any:
        codes = list(range(self.widths["numbers"], x.shape[1]))
        return lightgbm.Dataset(
            x, y, categorical_feature=codes, reference=like, free_raw_data=False, params={"verbose": -1}
        )

    def _parameters(self, threads: int) -> dict[str, Any]:
        objective = {0: "regression", 2: "binary"}.get(len(self.task.labels), "multiclass")
        classes = {"num_class": len(self.task.labels)} if objective == "multiclass" else {}
        return {
            "objective": objective,
            **classes,
            "verbose": -1,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": threads,
            "min_data_per_group": 20,
            **self.settings,
        }

    def predict(self, dataset: Dataset) -> Answer:
        raw = np.asarray(self.booster.predict(_matrix(dataset.tensors), num_threads=1))
        if not self.task.labels:
            return {"value": raw.astype(np.float32)}
        return {"probability": (raw if raw.ndim == 2 else np.stack([1.0 - raw, raw], axis=1)).astype(np.float32)}

    def export(self) -> Plan:
        outputs = self._outputs()
        ensemble = Ensemble(outputs)
        for i, tree in enumerate(self.booster.dump_model()["tree_info"]):
            ensemble.add_tree(tree["tree_structure"], i % outputs)
        graph = Graph(self.widths)
        parts = [graph.add("Cast", name, to=1) if name == "codes" else name for name in graph.inputs]
        raw = ensemble.write(graph, parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1))
        if not self.task.labels:
            graph.add("Squeeze", raw, graph.constant(np.array([1])), output="value")
            return Plan(graph.finish(["value"], None), ("value",))
        chance = graph.add("Softmax", raw, axis=1) if outputs > 1 else two_columns(graph, graph.add("Sigmoid", raw))
        graph.add("Identity", chance, output="probability")
        return Plan(graph.finish(["probability"], len(self.task.labels)), ("probability",))


def _matrix(tensors: dict[str, np.ndarray]) -> np.ndarray:
    """Numbers, then codes: (n, a + b) float32, which holds every code up to 2**24 exactly."""
    return np.hstack([tensors["numbers"], tensors["codes"].astype(np.float32)])
