"""Boosted trees: XGBoost."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

from deepenough.bundle import Plan
from deepenough.candidates._base import Candidate, Settings
from deepenough.candidates._tree_graph import LEAF, Ensemble, Tree, below32
from deepenough.candidates._trees import Scaled, answered, as_read, finish, outputs, read_codes
from deepenough.dataset import Answer, Dataset
from deepenough.export.graph import Graph, widths
from deepenough.files import read_json, write_json
from deepenough.task import Task
from deepenough.workspace import Workspace

ROUNDS = 600
PATIENCE = 40
MOST_TREES = 1800  # of all classes together
CERTAIN = 1e-6  # how near to 0 or 1 XGBoost lets a base chance come
NATIVE = "xgboost.json"
SETTINGS: dict[str, Any] = {
    "eta": 0.06,
    "max_depth": 6,
    "min_child_weight": 1,
    "subsample": 0.8,
    "colsample_bytree": 0.6,
    "reg_lambda": 1,
}


class XGBoost(Candidate):
    """Boosted trees as XGBoost grows them: level by level, with second-order steps (Chen & Guestrin 2016).

    One setting, careful enough for few rows. Missing numbers and categories are read as the library does, a category as a
    set of codes.
    """

    name = "xgboost"
    title = "Boosted trees (XGBoost)"
    rung = 2
    answers = ("classification", "regression")
    modalities = ("tabular",)
    requires = ("xgboost",)
    extra = "boost"
    cost = (0.1, 0.02, 2.0)
    restores = True
    additive = True

    def suits(self, task: Task) -> bool:
        return bool(task.measured)

    def portfolio(self, task: Task, rows: int) -> Sequence[Settings]:
        return [dict(SETTINGS)]

    def build(self, task: Task, settings: Settings, seed: int) -> Boosted:
        return Boosted(task, settings, seed)

    def restore(self, task: Task, folder: Path) -> Boosted:
        """Return the model that `keep` wrote down: it answers, and says its terms."""
        return Boosted(task, {}, 0).read(read_json(folder / NATIVE))


class Boosted:
    """The number of trees is found on `tune` by early stopping; that many are then grown on `learn` and `tune` together."""

    def __init__(self, task: Task, settings: Settings, seed: int) -> None:
        self.task, self.settings, self.seed = task, settings, seed

    def fit(self, learn: Dataset, tune: Dataset, workspace: Workspace) -> Boosted:
        self.widths = widths(learn.tensors)
        x, held = as_read(learn.tensors), as_read(tune.tensors)
        both, truth = np.concatenate([x, held]), np.concatenate([learn.truth, tune.truth])
        self.scaled = Scaled(truth, self.task)
        parameters = self._parameters(workspace.threads)
        found = xgboost.train(
            parameters,
            self._data(x, learn.truth, workspace.threads),
            max(20, min(ROUNDS, MOST_TREES // outputs(self.task))),
            evals=[(self._data(held, tune.truth, workspace.threads), "tune")],
            early_stopping_rounds=PATIENCE,
            verbose_eval=False,
        )
        self.booster = xgboost.train(
            parameters, self._data(both, truth, workspace.threads), found.best_iteration + 1, verbose_eval=False
        )
        self.booster.set_param({"nthread": 1})
        return self

    def _parameters(self, threads: int) -> dict[str, Any]:
        objective = {0: "reg:squarederror", 2: "binary:logistic"}.get(len(self.task.labels), "multi:softprob")
        classes = {"num_class": len(self.task.labels)} if len(self.task.labels) > 2 else {}
        fixed = {"objective": objective, **classes, "tree_method": "hist", "seed": self.seed}
        return {**fixed, "nthread": threads, "verbosity": 0, **SETTINGS, **self.settings}

    def _data(self, x: np.ndarray, truth: np.ndarray | None = None, threads: int = 1) -> Any:
        kinds = ["q"] * self.widths["numbers"] + ["c"] * self.widths["codes"]
        label = None if truth is None else self.scaled.shrink(truth)
        return xgboost.DMatrix(x, label, feature_types=kinds, enable_categorical=True, nthread=threads)

    def predict(self, dataset: Dataset) -> Answer:
        raw = self.booster.predict(self._data(as_read(dataset.tensors)))
        return answered(self.scaled.widen(raw.astype(np.float64)), self.task)

    def terms(self, dataset: Dataset) -> np.ndarray:
        """Return (n, features + 1, outputs): the exact Shapley values along the trees' paths (tree SHAP); last the base."""
        flat = self.booster.predict(self._data(as_read(dataset.tensors)), pred_contribs=True).astype(np.float64)
        added = flat.reshape(len(flat), outputs(self.task), -1).transpose(0, 2, 1) * self.scaled.spread
        added[:, -1] += self.scaled.mean
        return added

    def keep(self, folder: Path) -> None:
        """Write the trees down as XGBoost's own JSON, and the target's mean and spread."""
        scale = {"mean": self.scaled.mean, "spread": self.scaled.spread}
        write_json(folder / NATIVE, {"widths": self.widths, **scale, "booster": self._model()})

    def read(self, document: dict[str, Any]) -> Boosted:
        """Take over what `keep` wrote down."""
        self.widths = document["widths"]
        self.scaled = Scaled.of(document["mean"], document["spread"])
        self.booster = xgboost.Booster({"nthread": 1}, model_file=bytearray(json.dumps(document["booster"]).encode()))
        return self

    def _model(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(bytes(self.booster.save_raw("json")))
        return found

    def export(self) -> Plan:
        learner = self._model()["learner"]
        ensemble, model = Ensemble(outputs(self.task), exact=not self.task.labels), learner["gradient_booster"]["model"]
        base = np.array(json.loads(learner["learner_model_param"]["base_score"]), np.float64).ravel()
        if len(self.task.labels) == 2:  # the one objective whose base is kept as a chance
            base = np.clip(base, CERTAIN, 1.0 - CERTAIN)
            base = np.log(base / (1.0 - base))
        ensemble.base += base * self.scaled.spread + self.scaled.mean
        for tree, target in zip(model["trees"], model["tree_info"], strict=True):
            ensemble.add(_tree(tree, self.scaled.spread), target)
        graph = Graph(self.widths)
        return finish(graph, ensemble.write(graph, read_codes(graph)), self.task, "log_odds")


def _tree(tree: dict[str, Any], spread: float) -> Tree:
    """Return a tree of XGBoost's JSON in our form.

    A number that is smaller than the threshold goes left; a code that is in the set goes right, any other left.
    """
    left, right = np.array(tree["left_children"]), np.array(tree["right_children"])
    leaf, said = left == -1, np.array(tree["split_conditions"], np.float32)
    starts = zip(tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], strict=True)
    members = {node: tree["categories"][start : start + size] for node, start, size in starts}
    is_set = np.isin(np.arange(len(left)), list(members))
    return Tree(
        np.where(leaf, LEAF, tree["split_indices"]),
        below32(said),
        np.array(tree["default_left"], bool),
        np.where(is_set, right, left),
        np.where(is_set, left, right),
        said.astype(np.float64) * spread,
        members,
    )
