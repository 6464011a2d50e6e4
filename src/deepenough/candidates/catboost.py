"""Boosted symmetric trees: CatBoost."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import catboost
import numpy as np

from deepenough.bundle import Plan
from deepenough.candidates._base import Candidate, Settings
from deepenough.candidates._tree_graph import LEAF, Tree, constant, sum_of
from deepenough.candidates._trees import Ranks, Scaled, answered, finish, outputs
from deepenough.dataset import Answer, Dataset
from deepenough.export.graph import Graph, widths
from deepenough.task import Task
from deepenough.workspace import Workspace

ROUNDS = 800
PATIENCE = 40
MOST_TREES = 1800  # of all classes together
NEVER = 1e-13  # share of a class that was not there
FAR_BELOW = float(np.log(NEVER))
DEPTH, RATE = 6, 0.07
RATE_OF_MANY = 0.15  # with more than two classes, whose trees are fewer because each is as dear as all classes together


class CatBoost(Candidate):
    """Boosted trees that ask one question a level (CatBoost, Prokhorenkova et al. 2018).

    One setting. The library's own statistics of categories cannot be said by a graph, so categories are read by their
    order (`Ranks`), and numbers as the library does. One thread: another number of them would give another model.
    """

    name = "catboost"
    title = "Boosted trees (CatBoost)"
    rung = 2
    answers = ("classification", "regression")
    modalities = ("tabular",)
    requires = ("catboost",)
    extra = "boost"
    cost = (0.2, 0.06, 5.0)

    def suits(self, task: Task) -> bool:
        return bool(task.measured)

    def portfolio(self, task: Task, rows: int) -> Sequence[Settings]:
        return [{"depth": DEPTH, "learning_rate": RATE_OF_MANY if len(task.labels) > 2 else RATE}]

    def build(self, task: Task, settings: Settings, seed: int) -> Symmetric:
        return Symmetric(task, settings, seed)


class Symmetric:
    """The number of trees is found on `tune` by early stopping; that many are then grown on `learn` and `tune` together."""

    def __init__(self, task: Task, settings: Settings, seed: int) -> None:
        self.task, self.settings, self.seed = task, settings, seed

    def fit(self, learn: Dataset, tune: Dataset, workspace: Workspace) -> Symmetric:
        self.widths = widths(learn.tensors)
        both = {name: np.concatenate([learn.tensors[name], tune.tensors[name]]) for name in learn.tensors}
        truth = np.concatenate([learn.truth, tune.truth])
        self.scaled, self.ranks = Scaled(truth, self.task), Ranks(both["codes"], truth, self.task)
        self.present, self.usual = np.unique(truth), self._usual(truth)
        x = self.ranks.matrix(both)
        self.model = self._train(x, truth, self._rounds(learn, tune)) if _learnable(x, truth) else None
        return self

    def _usual(self, truth: np.ndarray) -> np.ndarray:
        """Return (outputs,) the raw score of a model that looks at nothing."""
        if not self.task.labels:
            return np.array([truth.mean()])
        share = np.maximum(np.bincount(truth, minlength=len(self.task.labels)) / len(truth), NEVER)
        return np.log(share) if len(share) > 2 else np.log(share[1:] / share[:1])

    def _rounds(self, learn: Dataset, tune: Dataset) -> int:
        """Return how many trees do best on `tune`, and as many more as there are then more rows to learn from.

        Categories are read in the order that `learn` alone tells.
        """
        most = max(20, min(ROUNDS, MOST_TREES // outputs(self.task)))
        ranks = Ranks(learn.tensors["codes"], learn.truth, self.task)
        x = ranks.matrix(learn.tensors)
        known = np.isin(tune.truth, learn.truth) if self.task.labels else np.full(len(tune), True)
        if not _learnable(x, learn.truth) or not known.any():
            return most // 4  # nothing to stop by
        held = ranks.matrix(tune.tensors)[known], tune.truth[known]
        best = int(self._train(x, learn.truth, most, held).get_best_iteration() + 1)
        return min(most, round(best * (1.0 + len(tune) / len(learn))))

    def _train(self, x: np.ndarray, truth: np.ndarray, rounds: int, held: tuple[Any, Any] | None = None) -> Any:
        present = np.unique(truth)

        def pool(rows: np.ndarray, target: np.ndarray) -> Any:
            label = np.searchsorted(present, target) if self.task.labels else self.scaled.shrink(target)
            return catboost.Pool(rows, label, thread_count=1)

        objective = {0: "RMSE", 2: "Logloss"}.get(len(self.task.labels), "MultiClass")
        usual = {"depth": DEPTH, "learning_rate": RATE}
        fixed = {"loss_function": objective, "iterations": rounds, "random_seed": self.seed, "nan_mode": "Min"}
        quiet = {"thread_count": 1, "allow_writing_files": False, "logging_level": "Silent"}
        stop = {} if held is None else {"eval_set": pool(*held), "early_stopping_rounds": PATIENCE}
        return catboost.train(pool=pool(x, truth), params={**usual, **self.settings, **fixed, **quiet}, **stop)

    def _raw(self, tensors: dict[str, np.ndarray]) -> np.ndarray:
        """Return (n, outputs): values, log odds, or one score a class."""
        raw = np.tile(self.usual, (len(tensors["numbers"]), 1))
        if self.model is None:
            return raw
        said = np.asarray(
            self.model.predict(self.ranks.matrix(tensors), prediction_type="RawFormulaVal", thread_count=1)
        )
        if said.ndim == 1:
            return self.scaled.widen(said)[:, None]
        raw[:, self.present] = said
        raw[:, self._absent()] = FAR_BELOW
        return raw

    def _absent(self) -> np.ndarray:
        return np.setdiff1d(np.arange(len(self.task.labels)), self.present)

    def predict(self, dataset: Dataset) -> Answer:
        raw = self._raw(dataset.tensors)
        if not self.task.labels:
            return answered(raw[:, 0], self.task)
        if raw.shape[1] == 1:
            return answered(1.0 / (1.0 + np.exp(-raw[:, 0])), self.task)
        shifted = np.exp(raw - raw.max(axis=1, keepdims=True))
        return answered(shifted / shifted.sum(axis=1, keepdims=True), self.task)

    def _trees(self) -> list[Tree]:
        """Return the trees, each leaf saying its part of the raw scores; the constant part as a tree of one leaf."""
        if self.model is None:
            return [constant(self.usual)]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.json"
            self.model.save_model(str(path), format="json")
            said = json.loads(path.read_text(encoding="utf-8"))
        scale, start = said["scale_and_bias"]
        base, spread = np.full(len(self.usual), FAR_BELOW), np.zeros(len(self.usual))
        where = self.present if len(self.usual) > 1 else np.array([0])
        base[where], spread[where] = self.scaled.widen(np.array(start)), scale * self.scaled.spread
        return [constant(base), *(_tree(tree, where, spread) for tree in said["oblivious_trees"])]

    def export(self) -> Plan:
        graph = Graph(self.widths)
        return finish(
            graph, sum_of(graph, self.ranks.write(graph), self._trees(), not self.task.labels), self.task, "log_odds"
        )


def _learnable(x: np.ndarray, truth: np.ndarray) -> bool:
    """Whether there is a difference to learn, and one to learn it by; CatBoost refuses to train without either."""
    differs = (x != x[:1]) & ~(np.isnan(x) & np.isnan(x[:1]))
    return bool(differs.any() and len(np.unique(truth)) > 1)


def _tree(tree: dict[str, Any], where: np.ndarray, spread: np.ndarray) -> Tree:
    """Return a symmetric tree of CatBoost's JSON in our form: a heap, each level asking the same question.

    The first question is the lowest bit of a leaf's number, so it is asked last. A number above the border sets the bit;
    a missing one does not.
    """
    splits = tree["splits"][::-1]
    depth = len(splits)
    inner = 2**depth - 1
    level = np.log2(np.arange(1, inner + 1)).astype(int) if inner else np.zeros(0, int)
    node = np.arange(2 * inner + 1)
    feature, threshold = np.full(len(node), LEAF), np.zeros(len(node))
    feature[:inner] = np.array([s["float_feature_index"] for s in splits], int)[level]
    threshold[:inner] = np.array([s["border"] for s in splits], float)[level]
    value = np.zeros((len(node), len(spread)))
    value[inner:, where] = np.array(tree["leaf_values"]).reshape(inner + 1, -1) * spread[where]
    missing = node < inner
    return Tree(feature, threshold, missing, 2 * node + 1, 2 * node + 2, value)
