"""Many deep trees, each on its own draw of the rows, and their mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from deepenough.bundle import Plan
from deepenough.candidates._base import Candidate, Settings
from deepenough.candidates._tree_graph import LEAF, Tree, constant, sum_of
from deepenough.candidates._trees import Ranks, answered, finish, loss, outputs
from deepenough.dataset import Answer, Dataset
from deepenough.export.graph import Graph, widths
from deepenough.task import Task
from deepenough.workspace import Workspace

TREES = 100
TREES_TO_CHOOSE = 25
LEAST_ROWS = (3, 1, 8)  # of a leaf: the first while the columns are chosen, then the best of all
COLUMNS: dict[bool, tuple[Any, Any]] = {
    True: ("sqrt", 0.5),
    False: (1.0 / 3.0, 1.0),
}  # looked at for one split, by whether classes
CLOSE = 1.1  # times the least squared error is as good: more trees and rows than were tried favour small leaves
VOTE = 0.2  # of a tree, for the overall shares: no class is ever ruled out
MOST_ROWS = 25_000  # drawn for one tree; its leaves are bounded anyway
MOST_BYTES = 4_500_000  # of all leaves in the graph
LEAF_BYTES = 34  # of a leaf and the question above it; of each class besides, four more
DEEPEST = 100
BLOCK = 20_000  # rows answered at a time


class RandomForest(Candidate):
    """The mean of a hundred trees that each saw other rows and other columns (random forest, Breiman 2001).

    One setting. What matters most in a forest is chosen on `tune`; the number of leaves is bounded so that the graph stays
    under 5 MB whatever the data. Categories are read by their order (`Ranks`).
    """

    name = "random_forest"
    title = "Random forest"
    rung = 2
    answers = ("classification", "regression")
    modalities = ("tabular", "image")
    requires = ("sklearn",)
    cost = (0.2, 0.2, 1.0)

    def suits(self, task: Task) -> bool:
        return bool(task.measured)

    def portfolio(self, task: Task, rows: int) -> Sequence[Settings]:
        return [{}]

    def build(self, task: Task, settings: Settings, seed: int) -> Forest:
        return Forest(task, seed)


class Forest:
    """Its columns a split and rows a leaf are chosen on `tune`; then it is grown on `learn` and `tune` together."""

    def __init__(self, task: Task, seed: int) -> None:
        self.task, self.seed = task, seed

    def fit(self, learn: Dataset, tune: Dataset, workspace: Workspace) -> Forest:
        self.widths = widths(learn.tensors)
        both = {name: np.concatenate([learn.tensors[name], tune.tensors[name]]) for name in learn.tensors}
        columns, least = self._chosen(learn, tune, workspace.threads)
        self._grow(both, np.concatenate([learn.truth, tune.truth]), columns, least, TREES, workspace.threads)
        return self

    def _chosen(self, learn: Dataset, tune: Dataset, threads: int) -> tuple[Any, int]:
        """Return the columns looked at for one split and the least rows of a leaf that do best on `tune`: the one, then the other."""

        def judged(columns: Any, least: int) -> float:
            self._grow(learn.tensors, learn.truth, columns, least, TREES_TO_CHOOSE, threads)
            return loss(self._said(tune.tensors), tune.truth)

        first, *others = LEAST_ROWS
        by_columns = {columns: judged(columns, first) for columns in COLUMNS[bool(self.task.labels)]}
        best = min(by_columns, key=lambda columns: by_columns[columns])
        by_least = {first: by_columns[best], **{least: judged(best, least) for least in others}}
        good = (1.0 if self.task.labels else CLOSE) * min(by_least.values())
        return best, min(least for least, found in by_least.items() if found <= good)

    def _grow(
        self, tensors: dict[str, np.ndarray], truth: np.ndarray, columns: Any, least: int, trees: int, threads: int
    ) -> None:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        self.ranks = Ranks(tensors["codes"], truth, self.task)
        kind = RandomForestClassifier if self.task.labels else RandomForestRegressor
        forest = kind(
            trees,
            min_samples_leaf=least,
            max_features=columns,
            max_leaf_nodes=self._most_leaves(len(truth), least),
            max_depth=DEEPEST,
            max_samples=min(MOST_ROWS, len(truth)),
            random_state=self.seed,
            n_jobs=threads,
        )
        self.forest = forest.fit(self.ranks.matrix(tensors), truth).set_params(n_jobs=1)
        self.values, self.usual = [self._values(grown) for grown in forest.estimators_], self._usual(truth)
        self.votes = trees + (VOTE if self.task.labels else 0.0)

    def _most_leaves(self, rows: int, least: int) -> int | None:
        """Return the leaves that one tree may have; None where it cannot come to have more."""
        classes = outputs(self.task)
        most = MOST_BYTES // (TREES * (LEAF_BYTES + (4 * classes if classes > 1 else 0)))
        return None if rows // least <= most else max(2, most)

    def _values(self, grown: Any) -> np.ndarray:
        """Return (nodes, outputs) what each node says."""
        tree = grown.tree_
        if not self.task.labels:
            return np.asarray(tree.value[:, :, 0])
        shares = np.zeros((tree.node_count, len(self.task.labels)))
        shares[:, self.forest.classes_] = tree.value[:, 0, :]
        return shares if len(self.task.labels) > 2 else shares[:, 1:]

    def _usual(self, truth: np.ndarray) -> np.ndarray:
        """Return (outputs,) what the leaves are mixed with: the overall shares; a number is left as it is."""
        if not self.task.labels:
            return np.zeros(1)
        shares = np.bincount(truth, minlength=len(self.task.labels)) / len(truth)
        return VOTE * (shares if len(shares) > 2 else shares[1:])

    def _said(self, tensors: dict[str, np.ndarray]) -> np.ndarray:
        """Return (n,) values, or (n, C) chances."""
        x = self.ranks.matrix(tensors)
        raw = np.tile(self.usual, (len(x), 1))
        for start in range(0, len(x), BLOCK):
            reached = self.forest.apply(x[start : start + BLOCK])
            for i, values in enumerate(self.values):
                raw[start : start + BLOCK] += values[reached[:, i]]
        mean = raw / self.votes
        return next(iter(answered(mean if mean.shape[1] > 1 else mean[:, 0], self.task).values()))

    def predict(self, dataset: Dataset) -> Answer:
        return {"probability" if self.task.labels else "value": self._said(dataset.tensors)}

    def _trees(self) -> Iterator[Tree]:
        """Yield the trees as the graph takes them, each leaf saying its part of the mean."""
        yield constant(self.usual / self.votes)
        for grown, values in zip(self.forest.estimators_, self.values, strict=True):
            tree, said = grown.tree_, values / self.votes
            leaf = tree.children_left < 0
            yield Tree(
                np.where(leaf, LEAF, tree.feature),
                tree.threshold,
                tree.missing_go_to_left > 0,
                tree.children_left,
                tree.children_right,
                said,
            )

    def export(self) -> Plan:
        graph = Graph(self.widths)
        raw = sum_of(graph, self.ranks.write(graph), list(self._trees()), not self.task.labels)
        return finish(graph, raw, self.task, "probability")
