"""Boosted trees: LightGBM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

from deepenough.bundle import Plan
from deepenough.candidates._base import Candidate, Settings
from deepenough.candidates._text import TENSOR, Terms, TextReader, text_columns
from deepenough.candidates._tree_graph import LEAF, Ensemble, Tree
from deepenough.candidates._trees import answered, as_read, finish, outputs, read_codes
from deepenough.dataset import Answer, Dataset
from deepenough.export.graph import Graph, widths
from deepenough.files import write_text
from deepenough.task import Task
from deepenough.workspace import Workspace

ROUNDS = 600
PATIENCE = 40
NATIVE = "lightgbm.txt"
NEAR_ZERO = float(np.float32(1e-35))
DIRECTIONS = 64  # of free text: numbers made of it, in which the texts differ most
MOST_TREES = 1200  # of all classes together: keeps the model small and an answer fast


class GradientBoosting(Candidate):
    """Many small trees, each mending what those before it got wrong (LightGBM, Ke et al. 2017).

    Free text is read as its places along the 64 directions in which the texts differ most (latent semantic analysis,
    Deerwester et al. 1990).
    """

    name = "gradient_boosting"
    title = "Boosted trees"
    rung = 2
    answers = ("classification", "regression")
    modalities = ("tabular", "image")
    requires = ("lightgbm",)
    cost = (0.1, 0.0, 2.5)
    space = (
        "num_leaves: 4 to 64 log",
        "learning_rate: 0.02 to 0.2 log",
        "min_data_in_leaf: 5 to 100 log",
        "feature_fraction: 0.3 to 1.0",
        "lambda_l2: 0.01 to 30.0 log",
    )
    restores = True
    additive = True

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

    def restore(self, task: Task, folder: Path) -> Trees:
        """Return the model that `keep` wrote down: it answers, and says its terms."""
        trees = Trees(task, {}, 0)
        trees.booster = lightgbm.Booster(model_str=(folder / NATIVE).read_text(encoding="utf-8"))
        trees.texts = TextReader.kept(folder)
        return trees


class Trees:
    """The number of trees is found on `tune` by early stopping; that many are then grown on `learn` and `tune` together."""

    def __init__(self, task: Task, settings: Settings, seed: int) -> None:
        self.task, self.settings, self.seed = task, settings, seed
        self.texts = TextReader()

    def fit(self, learn: Dataset, tune: Dataset, workspace: Workspace) -> Trees:
        self.widths = widths(learn.tensors)
        if text_columns(self.task):
            terms = Terms(self.task, learn, tune)
            self.texts = terms.reader(terms.directions(DIRECTIONS, self.seed))
            self.widths = {**self.widths, TENSOR: len(self.texts.columns) * self.texts.width}
        x, y = self._read(learn), learn.truth
        held, truth = self._read(tune), tune.truth
        parameters = self._parameters(workspace.threads)
        rounds = max(20, min(ROUNDS, MOST_TREES // outputs(self.task)))
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

    def _read(self, dataset: Dataset) -> np.ndarray:
        """Return (n, a + b + texts) float32: numbers, codes, texts."""
        return np.hstack([as_read(dataset.tensors), self.texts.tensor(dataset)])

    def _data(self, x: np.ndarray, y: np.ndarray, like: Any = None) -> Any:
        first = self.widths["numbers"]
        codes = list(range(first, first + self.widths["codes"]))
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
        return answered(np.asarray(self.booster.predict(self._read(dataset), num_threads=1)), self.task)

    def terms(self, dataset: Dataset) -> np.ndarray:
        """Return (n, features + 1, outputs): the exact Shapley values along the trees' paths (tree SHAP); last the base.

        Features: numbers, codes, then texts.
        """
        flat = np.asarray(self.booster.predict(self._read(dataset), pred_contrib=True, num_threads=1))
        each = flat.reshape(len(flat), outputs(self.task), -1).transpose(0, 2, 1)
        return each if not self.texts.columns else self._by_column(each)

    def _by_column(self, each: np.ndarray) -> np.ndarray:
        """Return the terms with those of all directions of a column of text added up."""
        first = each.shape[1] - 1 - len(self.texts.columns) * self.texts.width
        texts = each[:, first:-1].reshape(len(each), len(self.texts.columns), -1, each.shape[2]).sum(axis=2)
        return np.concatenate([each[:, :first], texts, each[:, -1:]], axis=1)

    def keep(self, folder: Path) -> None:
        """Write the trees down as LightGBM's own text."""
        if self.texts.columns:
            self.texts.keep(folder)
        write_text(folder / NATIVE, self.booster.model_to_string())

    def export(self) -> Plan:
        count = outputs(self.task)
        ensemble = Ensemble(count)
        for i, tree in enumerate(self.booster.dump_model()["tree_info"]):
            ensemble.add(_tree(tree["tree_structure"]), i % count)
        graph = Graph(self.widths)
        plan = finish(graph, ensemble.write(graph, read_codes(graph)), self.task, "log_odds")
        return replace(plan, steps=self.texts.steps, files=self.texts.files or {})


def _tree(root: dict[str, Any]) -> Tree:
    """Return a tree of LightGBM's dump as flat arrays."""
    nodes = [root]
    for node in nodes:  # grows as it goes: a node's children are numbered when it is met
        if "split_feature" in node:
            node["yes"], node["no"] = len(nodes), len(nodes) + 1
            nodes += [node["left_child"], node["right_child"]]
    members = {i: [int(v) for v in n["threshold"].split("||")] for i, n in enumerate(nodes) if _is_set(n)}
    return Tree(
        np.array([n.get("split_feature", LEAF) for n in nodes]),
        np.array([0.0 if i in members else _threshold(n) for i, n in enumerate(nodes)]),
        np.array([_missing_left(n) for n in nodes]),
        np.array([n.get("yes", 0) for n in nodes]),
        np.array([n.get("no", 0) for n in nodes]),
        np.array([n.get("leaf_value", 0.0) for n in nodes]),
        members,
    )


def _threshold(node: dict[str, Any]) -> float:
    """LightGBM reads what is no farther from 0 than NEAR_ZERO as 0: not even -NEAR_ZERO itself is below the split there."""
    found = float(node.get("threshold", 0.0))
    return float(np.nextafter(found, -np.inf)) if found == -NEAR_ZERO else found


def _is_set(node: dict[str, Any]) -> bool:
    return bool(node.get("decision_type") == "==")


def _missing_left(node: dict[str, Any]) -> bool:
    """Where no value was missing in training, LightGBM reads a missing one as 0."""
    if "split_feature" not in node or _is_set(node):
        return False
    return bool(node["default_left"] if node["missing_type"] == "NaN" else node["threshold"] >= 0.0)
