"""Trees of any library as one ONNX TreeEnsemble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from onnx import numpy_helper

from deepenough.export.graph import Graph

AT_MOST, MEMBER = 0, 6  # BRANCH_LEQ and BRANCH_MEMBER of ai.onnx.ml TreeEnsemble
LEAF = -1
TOGETHER = 16  # trees whose sum is left to single precision
FLOAT, INT32, DOUBLE = 1, 6, 11  # of onnx.TensorProto
FLOATS = {
    "nodes_splits": np.float32,
    "leaf_weights": np.float32,
    "membership_values": np.float32,
    "nodes_modes": np.uint8,
}


@dataclass(frozen=True)
class Tree:
    """One tree as flat arrays, one entry a node; node 0 is the root. What every library's trees are turned into.

    Attributes
    ----------
    feature : (nodes,) what a node asks about: a column of numbers, then codes; LEAF where it asks nothing.
    threshold : (nodes,) a number that is no greater goes to `yes`.
    missing : (nodes,) whether a missing number goes to `yes`.
    yes, no : (nodes,) the nodes below; of no meaning at a leaf.
    value : (nodes,) what a leaf says, or (nodes, outputs) where it says several things.
    members : by node, the codes that go to `yes`; then its threshold means nothing.
    """

    feature: np.ndarray
    threshold: np.ndarray
    missing: np.ndarray
    yes: np.ndarray
    no: np.ndarray
    value: np.ndarray
    members: Mapping[int, Sequence[int]] = field(default_factory=dict)

    @property
    def leaf(self) -> np.ndarray:
        return np.asarray(self.feature == LEAF)


class Ensemble:
    """Collects the nodes of many trees, of one value a leaf, in the flat lists that the operator wants.

    Parameters
    ----------
    exact : of one output: a few trees at a time are summed in single precision, and these sums in double. Over hundreds
        of trees single precision alone loses digits that a number shows, though a chance does not.
    """

    def __init__(self, outputs: int, exact: bool = False) -> None:
        self.outputs, self.exact = outputs, exact
        self.base = np.zeros(outputs)  # trees of one leaf are a constant
        self._nodes = self._leaves = 0
        self._lists: dict[str, list[np.ndarray]] = {
            name: []
            for name in (
                "tree_roots",
                "nodes_featureids",
                "nodes_modes",
                "nodes_splits",
                "nodes_missing_value_tracks_true",
                "nodes_truenodeids",
                "nodes_falsenodeids",
                "nodes_trueleafs",
                "nodes_falseleafs",
                "leaf_targetids",
                "leaf_weights",
                "membership_values",
            )
        }

    def add(self, tree: Tree, target: int) -> None:
        """Append a tree whose leaves add to the output `target`."""
        leaf = tree.leaf
        if leaf[0]:
            self.base[target] += tree.value[0]
            return
        inner, ends = np.flatnonzero(~leaf), np.flatnonzero(leaf)
        number = np.where(leaf, self._leaves + np.cumsum(leaf), self._nodes + np.cumsum(~leaf)) - 1
        if self.exact:
            target = len(self._lists["tree_roots"]) // TOGETHER
        sets = [tree.members.get(int(node)) for node in inner] if tree.members else []
        modes = np.array([MEMBER if s is not None else AT_MOST for s in sets] or np.full(len(inner), AT_MOST))
        new = {
            "tree_roots": np.array([self._nodes]),
            "nodes_featureids": tree.feature[inner],
            "nodes_modes": modes,
            "nodes_splits": np.where(modes == MEMBER, 0.0, floor32(tree.threshold[inner])),
            "nodes_missing_value_tracks_true": tree.missing[inner] & (modes == AT_MOST),
            "nodes_truenodeids": number[tree.yes[inner]],
            "nodes_falsenodeids": number[tree.no[inner]],
            "nodes_trueleafs": leaf[tree.yes[inner]],
            "nodes_falseleafs": leaf[tree.no[inner]],
            "leaf_targetids": np.full(len(ends), target),
            "leaf_weights": tree.value[ends],
            "membership_values": np.concatenate([[*s, np.nan] for s in sets if s is not None] or [[]]),
        }
        for name, values in new.items():
            self._lists[name].append(values)
        self._nodes, self._leaves = self._nodes + len(inner), self._leaves + len(ends)

    def write(self, graph: Graph, x: str) -> str:
        """Append the operator and return the name of its raw scores (n, outputs) float32."""
        if not self._nodes:
            zero = graph.add("Concat", graph.rows(), graph.constant(np.array([self.outputs])), axis=0)
            return graph.add("Expand", graph.constant(self.base.astype(np.float32)[None, :]), zero)
        whole = {name: np.concatenate(parts) for name, parts in self._lists.items()}
        if not len(whole["membership_values"]):
            del whole["membership_values"]
        attributes: dict[str, Any] = {
            name: numpy_helper.from_array(values.astype(FLOATS[name]), name)
            if name in FLOATS
            else values.astype(int).tolist()
            for name, values in whole.items()
        }
        targets = -(-len(whole["tree_roots"]) // TOGETHER) if self.exact else self.outputs
        attributes |= {"n_targets": targets, "aggregate_function": 1, "post_transform": 0}  # a sum, as it is
        raw = graph.add("TreeEnsemble", x, domain="ai.onnx.ml", **attributes)
        if self.exact:
            whole_sum = graph.add(
                "ReduceSum", graph.add("Cast", raw, to=DOUBLE), graph.constant(np.array([1])), keepdims=1
            )
            return graph.add("Cast", graph.add("Add", whole_sum, graph.constant(self.base[None, :])), to=FLOAT)
        return graph.add("Add", raw, graph.constant(self.base.astype(np.float32)[None, :])) if self.base.any() else raw


def constant(value: np.ndarray) -> Tree:
    """Return a tree that asks nothing and says (outputs,) values."""
    alone = np.zeros(1, np.int64)
    return Tree(alone + LEAF, alone, alone > 0, alone, alone, value[None, :])


def sum_of(graph: Graph, x: str, trees: Sequence[Tree], exact: bool = False) -> str:
    """Append trees whose leaves say (outputs,) values; return the name of their sums (n, outputs) float32.

    The operator knows one value a leaf. Where there are more outputs, the structure is written once, each tree answers
    the number of its leaf, and the values are looked up: one output after the other, so that memory does not grow with them.
    """
    if trees[0].value.shape[1] == 1:
        ensemble = Ensemble(1, exact)
        for tree in trees:
            ensemble.add(replace(tree, value=tree.value[:, 0]), 0)
        return ensemble.write(graph, x)
    ensemble, rows = Ensemble(len(trees)), 0
    for i, tree in enumerate(trees):
        number = np.cumsum(tree.leaf) - 1.0 + rows
        rows += int(tree.leaf.sum())
        ensemble.add(replace(tree, value=number), i)
    reached = graph.add("Cast", ensemble.write(graph, x), to=INT32)
    table = np.concatenate([tree.value[tree.leaf] for tree in trees]).astype(np.float32)
    axis = graph.constant(np.array([1]))
    sums = [
        graph.add("ReduceSum", graph.add("Gather", graph.constant(values), reached), axis, keepdims=1)
        for values in table.T
    ]
    return graph.add("Concat", *sums, axis=1)


def floor32(threshold: Any) -> np.ndarray:
    """Return the largest float32 that is no greater: x <= it is x <= threshold, for every float32 x.

    >>> bool(floor32(0.1) <= 0.1)
    True
    """
    exact = np.asarray(threshold, np.float64)
    with np.errstate(over="ignore"):
        single = exact.astype(np.float32)
        single = np.where(single.astype(np.float64) > exact, np.nextafter(single, np.float32(-np.inf)), single)
    return np.clip(single, np.finfo(np.float32).min, np.finfo(np.float32).max).astype(np.float64)


def below32(threshold: Any) -> np.ndarray:
    """Return the largest float32 that is smaller than a float32 threshold: x <= it is x < threshold."""
    return np.nextafter(np.asarray(threshold, np.float32), np.float32(-np.inf)).astype(np.float64)
