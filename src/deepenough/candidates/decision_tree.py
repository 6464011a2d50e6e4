"""One small tree that a person can read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from deepenough.bundle import Plan
from deepenough.candidates._base import Candidate, Settings
from deepenough.candidates._tree_graph import LEAF, Tree, sum_of
from deepenough.candidates._trees import answered, finish, held_out, loss, read_codes, sizes
from deepenough.dataset import Answer, Dataset
from deepenough.export.graph import Graph, widths
from deepenough.files import read_json, write_json
from deepenough.task import Column, Task
from deepenough.workspace import Workspace

DEPTH = 5
LEAST_ROWS = 10  # of a leaf
LEAST_SHARE = 0.002  # of all rows, in a leaf
MOST_LEVELS = 500  # categories with a question of their own; of more, the most frequent
MEMORY = 1.0  # rows of the overall shares that each leaf is mixed with, so that no leaf is ever certain
TREE, ARRAYS = "tree.json", "arrays.json"


class DecisionTree(Candidate):
    """At most five questions to an answer, each about one column: a tree to print and to argue with (CART, Breiman et al. 1984).

    It stands on the rung of the linear model: both can be read whole, and the better of the two is what boosting has to
    beat. On the rung of boosting, where one trial stands for all, it would never be heard.
    """

    name = "decision_tree"
    title = "Small decision tree"
    rung = 1
    answers = ("classification", "regression")
    modalities = ("tabular", "image")
    requires = ("sklearn",)
    cost = (0.02, 0.005, 1.8)
    readable = True
    restores = True

    def suits(self, task: Task) -> bool:
        return bool(task.measured)

    def portfolio(self, task: Task, rows: int) -> Sequence[Settings]:
        return [{}]

    def build(self, task: Task, settings: Settings, seed: int) -> SmallTree:
        return SmallTree(task, seed)

    def restore(self, task: Task, folder: Path) -> SmallTree:
        """Return the model that `keep` wrote down."""
        return SmallTree(task, 0).read(read_json(folder / ARRAYS))


class SmallTree:
    """Grown on `learn` and `tune`, and pruned from its weakest link up as far as cross-validation says."""

    def __init__(self, task: Task, seed: int) -> None:
        self.task, self.seed = task, seed

    def fit(self, learn: Dataset, tune: Dataset, workspace: Workspace) -> SmallTree:
        self.widths, self.names = widths(learn.tensors), _names(learn)
        both = {name: np.concatenate([learn.tensors[name], tune.tensors[name]]) for name in learn.tensors}
        truth = np.concatenate([learn.truth, tune.truth])
        levels = _levels(both["codes"], sizes(self.task), _least(len(truth)))
        asked = _questions(both, levels)
        grown = self._grow(asked, truth, self._penalty(asked, truth, held_out(self.task, len(truth), len(learn))))
        _round(grown.tree_, asked, self.widths["numbers"])
        self.rows = grown.tree_.n_node_samples.copy()
        self.tree = _flat(grown.tree_, self._values(grown), self.widths["numbers"], levels)
        return self

    def _grow(self, asked: np.ndarray, truth: np.ndarray, penalty: float) -> Any:
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        kind = DecisionTreeClassifier if self.task.labels else DecisionTreeRegressor
        least = _least(len(truth))
        return kind(max_depth=DEPTH, min_samples_leaf=least, ccp_alpha=penalty, random_state=self.seed).fit(
            asked, truth
        )

    def _values(self, grown: Any) -> np.ndarray:
        """Return (nodes, classes) the chances at every node, or (nodes, 1) the value."""
        if not self.task.labels:
            return np.asarray(grown.tree_.value[:, :, 0])
        shares = np.zeros((grown.tree_.node_count, len(self.task.labels)))
        shares[:, grown.classes_] = grown.tree_.value[:, 0, :]
        rows = grown.tree_.n_node_samples[:, None]
        return np.asarray((shares * rows + MEMORY * shares[0]) / (rows + MEMORY))

    def _penalty(self, asked: np.ndarray, truth: np.ndarray, held: list[np.ndarray]) -> float:
        """Return what a leaf must gain to stay: of all prunings, the one with the least loss on rows that were left out."""
        steps = [penalty for penalty, _ in _prunings(self._grow(asked, truth, 0.0).tree_)]
        tried = np.sqrt(np.array(steps) * np.array([*steps[1:], 2.0 * steps[-1]]))  # between one pruning and the next
        losses = np.zeros(len(tried))
        for out in held:
            grown = self._grow(asked[~out], truth[~out], 0.0)
            values, reached = self._values(grown), grown.tree_.apply(asked[out])
            found = []
            prunings = list(_prunings(grown.tree_))
            for _, stands in prunings:
                said = values[stands[reached]]
                found.append(loss(said if self.task.labels else said[:, 0], truth[out]))
            at = np.searchsorted([penalty for penalty, _ in prunings], tried, side="right") - 1
            losses += np.array(found)[at] * int(out.sum())
        return float(tried[len(tried) - 1 - int(np.argmin(losses[::-1]))])  # of equals the smallest tree

    def predict(self, dataset: Dataset) -> Answer:
        said = self.tree.value[self._leaves(dataset.tensors)]
        return answered(said if self.task.labels else said[:, 0], self.task)

    def _leaves(self, tensors: dict[str, np.ndarray]) -> np.ndarray:
        """Return (n,) the leaf that each row comes to."""
        at, tree, numbers = np.zeros(len(tensors["numbers"]), np.int64), self.tree, self.widths["numbers"]
        for node in np.flatnonzero(~tree.leaf):  # a node's number is lower than those below it
            here, feature = np.flatnonzero(at == node), int(tree.feature[node])
            if node in tree.members:
                yes = np.isin(tensors["codes"][here, feature - numbers], tree.members[int(node)])
            else:
                cells = tensors["numbers"][here, feature].astype(np.float64)
                yes = np.where(np.isnan(cells), tree.missing[node], cells <= tree.threshold[node])
            at[here] = np.where(yes, tree.yes[node], tree.no[node])
        return at

    def describe(self, node: int = 0) -> dict[str, Any]:
        """Return the tree for people, as nested plain data.

        Every node has ``rows`` (learnt from) and ``prediction`` with its ``share`` of them, or ``value``; a node with
        a question has ``column``, ``test`` (``<= 12``, ``is monthly``), ``missing`` (``yes`` or ``no``: where a row without
        that number goes; null where the test itself says), and the nodes ``yes`` and ``no``.
        """
        value = self.tree.value[node]
        said: dict[str, Any] = {"rows": int(self.rows[node])}
        if self.task.labels:
            said |= {"prediction": self.task.labels[int(value.argmax())], "share": round(float(value.max()), 6)}
        else:
            said["value"] = float(value[0])
        if self.tree.leaf[node]:
            return said
        below = {side: self.describe(int(getattr(self.tree, side)[node])) for side in ("yes", "no")}
        return {"column": self.names[int(self.tree.feature[node])], **self._test(node), **said, **below}

    def _test(self, node: int) -> dict[str, Any]:
        name = self.names[int(self.tree.feature[node])]
        column = next((c for c in self.task.inputs if c.name == name), None)
        if node in self.tree.members:
            return {"test": f"is {_level(column, self.tree.members[node][0])}", "missing": None}
        missing = "yes" if self.tree.missing[node] else "no"
        if column is not None and column.kind == "boolean":
            return {"test": "is false", "missing": missing}
        return {"test": f"<= {float(self.tree.threshold[node]):.12g}", "missing": missing}

    def keep(self, folder: Path) -> None:
        """Write the tree twice: for people, and as the arrays it answers from."""
        write_json(folder / TREE, self.describe())
        arrays = {
            name: getattr(self.tree, name).tolist()
            for name in ("feature", "threshold", "missing", "yes", "no", "value")
        }
        members = {str(node): list(codes) for node, codes in self.tree.members.items()}
        rest = {"members": members, "rows": self.rows.tolist(), "names": self.names, "widths": self.widths}
        write_json(folder / ARRAYS, arrays | rest)

    def read(self, document: dict[str, Any]) -> SmallTree:
        """Take over what `keep` wrote down."""
        arrays = {name: np.array(document[name]) for name in ("feature", "threshold", "missing", "yes", "no", "value")}
        self.tree = Tree(**arrays, members={int(node): codes for node, codes in document["members"].items()})
        self.rows, self.names, self.widths = np.array(document["rows"]), document["names"], document["widths"]
        return self

    def export(self) -> Plan:
        graph, two = Graph(self.widths), len(self.task.labels) == 2
        tree = replace(self.tree, value=self.tree.value[:, 1:]) if two else self.tree
        return finish(graph, sum_of(graph, read_codes(graph), [tree]), self.task, "probability")


def _least(rows: int) -> int:
    return max(LEAST_ROWS, int(np.ceil(LEAST_SHARE * rows)))


def _names(rows: Dataset) -> list[str]:
    """Return the features in the order of the tensors: numbers, then codes."""
    kinds = {name: values.dtype.kind for name, values in rows.features.items()}
    return [n for n, kind in kinds.items() if kind == "f"] + [n for n, kind in kinds.items() if kind in "iu"]


def _levels(codes: np.ndarray, sizes: Sequence[int], least: int) -> np.ndarray:
    """Return (k, 2) the (column, code) pairs that get a question: with rows enough for a leaf on both sides of it."""
    counts = [
        (int(n), j, c) for j, size in enumerate(sizes) for c, n in enumerate(np.bincount(codes[:, j], minlength=size))
    ]
    able = sorted((-n, j, c) for n, j, c in counts if least <= n <= len(codes) - least)
    return np.array(sorted((j, c) for _, j, c in able[:MOST_LEVELS]), np.int64).reshape(-1, 2)


def _questions(tensors: dict[str, np.ndarray], levels: np.ndarray) -> np.ndarray:
    """Return (n, a + k) float32: numbers with their gaps, then a column for each level."""
    is_level = tensors["codes"][:, levels[:, 0]] == levels[:, 1]
    return np.hstack([tensors["numbers"], is_level.astype(np.float32)])


def _prunings(tree: Any) -> Iterator[tuple[float, np.ndarray]]:
    """Yield (penalty, (nodes,) which node each stands for), from the whole tree to its root, weakest link first."""
    n, inner = tree.node_count, tree.children_left >= 0
    risk = tree.impurity * tree.weighted_n_node_samples / tree.weighted_n_node_samples[0]
    parent = np.zeros(n, np.int64)
    for side in (tree.children_left, tree.children_right):
        parent[side[inner]] = np.flatnonzero(inner)
    penalty, pruned = 0.0, ~inner
    while True:
        stands = np.arange(n)
        for node in range(1, n):
            above = stands[parent[node]]
            stands[node] = above if pruned[above] else node
        yield penalty, stands
        if pruned[0]:
            return
        below, leaves = risk.copy(), np.ones(n)
        for node in np.flatnonzero(~pruned & inner)[::-1]:
            sides = [tree.children_left[node], tree.children_right[node]]
            below[node], leaves[node] = below[sides].sum(), leaves[sides].sum()
        alive = np.flatnonzero(~pruned & (stands == np.arange(n)))
        gains = (risk[alive] - below[alive]) / (leaves[alive] - 1.0)
        penalty = max(penalty, float(gains.min()))
        pruned[alive[gains <= penalty * (1.0 + 1e-9)]] = True


def _round(tree: Any, asked: np.ndarray, numbers: int) -> None:
    """Move each threshold to the number of fewest digits that parts the rows just the same: 12, and not 11.50000076."""
    waiting = [(0, np.arange(len(asked)))]
    while waiting:
        node, rows = waiting.pop()
        if tree.children_left[node] < 0:
            continue
        cells = asked[rows, tree.feature[node]].astype(np.float64)
        left = np.where(np.isnan(cells), tree.missing_go_to_left[node] > 0, cells <= tree.threshold[node])
        if tree.feature[node] < numbers and not np.isnan(cells[left]).all() and not np.isnan(cells[~left]).all():
            tree.threshold[node] = fewest_digits(np.nanmax(cells[left]), np.nanmin(cells[~left]))
        waiting += [(tree.children_left[node], rows[left]), (tree.children_right[node], rows[~left])]


def fewest_digits(low: float, high: float) -> float:
    """Return the number of fewest digits, and then nearest the middle, that is at least `low` and below `high`.

    >>> fewest_digits(12.0, 13.0), fewest_digits(0.1234, 0.1291), fewest_digits(-1500.0, 980.0)
    (12.0, 0.126, 0.0)
    """
    middle = low / 2.0 + high / 2.0
    for digits in range(-int(np.ceil(np.log10(max(abs(low), abs(high), 1e-300)))), 300):
        for candidate in (round(middle, digits), _floor(middle, digits)):
            if low <= candidate < high:
                return candidate + 0.0  # never -0
    return low


def _floor(value: float, digits: int) -> float:
    below = round(value, digits)
    return below if below <= value else round(below - 10.0**-digits, digits)


def _flat(tree: Any, values: np.ndarray, numbers: int, levels: np.ndarray) -> Tree:
    """Return scikit-learn's tree in our form: a question for a level asks the code itself, and its yes is their right."""
    inner = tree.children_left >= 0
    asks_level = inner & (tree.feature >= numbers)
    level = (
        levels[np.where(asks_level, tree.feature - numbers, 0)] if len(levels) else np.zeros((tree.node_count, 2), int)
    )
    feature = np.where(asks_level, numbers + level[:, 0], np.where(inner, tree.feature, LEAF))
    yes = np.where(asks_level, tree.children_right, tree.children_left)
    no = np.where(asks_level, tree.children_left, tree.children_right)
    members = {int(node): [int(level[node, 1])] for node in np.flatnonzero(asks_level)}
    missing = (tree.missing_go_to_left > 0) & inner & ~asks_level
    return Tree(feature, np.where(asks_level | ~inner, 0.0, tree.threshold), missing, yes, no, values, members)


def _level(column: Column | None, code: int) -> str:
    return "missing or unknown" if code == 0 or column is None else column.categories[code - 1]
