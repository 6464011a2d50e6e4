"""LightGBM's trees as one ONNX TreeEnsemble."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import numpy_helper

from deepenough.export.graph import Graph

AT_MOST, MEMBER = 0, 6  # BRANCH_LEQ and BRANCH_MEMBER of ai.onnx.ml TreeEnsemble
FLOATS = {
    "nodes_splits": np.float32,
    "leaf_weights": np.float32,
    "membership_values": np.float32,
    "nodes_modes": np.uint8,
}


class Ensemble:
    """Collects the nodes of many trees in the flat lists that the operator wants."""

    def __init__(self, outputs: int) -> None:
        self.outputs = outputs
        self.base = np.zeros(outputs)  # trees of one leaf are a constant
        self.lists: dict[str, list[Any]] = {
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

    def add_tree(self, structure: dict[str, Any], target: int) -> None:
        if "split_feature" not in structure:
            self.base[target] += structure["leaf_value"]
            return
        self.lists["tree_roots"].append(self._add_node(structure, target)[0])

    def _add_node(self, node: dict[str, Any], target: int) -> tuple[int, int]:
        """Append a node and all below it; return (number, 1 if it is a leaf)."""
        lists = self.lists
        if "split_feature" not in node:
            lists["leaf_targetids"].append(target)
            lists["leaf_weights"].append(node["leaf_value"])
            return len(lists["leaf_weights"]) - 1, 1
        number = len(lists["nodes_featureids"])
        lists["nodes_featureids"].append(node["split_feature"])
        self._add_rule(node)
        for name in ("nodes_truenodeids", "nodes_falsenodeids", "nodes_trueleafs", "nodes_falseleafs"):
            lists[name].append(0)
        for side, child in (("true", "left_child"), ("false", "right_child")):
            lists[f"nodes_{side}nodeids"][number], lists[f"nodes_{side}leafs"][number] = self._add_node(
                node[child], target
            )
        return number, 0

    def _add_rule(self, node: dict[str, Any]) -> None:
        if node["decision_type"] == "==":
            self.lists["nodes_modes"].append(MEMBER)
            self.lists["nodes_splits"].append(0.0)
            self.lists["nodes_missing_value_tracks_true"].append(0)
            self.lists["membership_values"] += [float(v) for v in node["threshold"].split("||")] + [np.nan]
            return
        threshold = floor32(node["threshold"])
        # where no value was missing in training, LightGBM reads a missing one as 0
        left = node["default_left"] if node["missing_type"] == "NaN" else node["threshold"] >= 0.0
        self.lists["nodes_modes"].append(AT_MOST)
        self.lists["nodes_splits"].append(threshold)
        self.lists["nodes_missing_value_tracks_true"].append(int(left))

    def write(self, graph: Graph, x: str) -> str:
        """Append the operator and return the name of its raw scores (n, outputs) float32."""
        if not self.lists["tree_roots"]:
            zero = graph.add("Concat", graph.rows(), graph.constant(np.array([self.outputs])), axis=0)
            return graph.add("Expand", graph.constant(self.base.astype(np.float32)[None, :]), zero)
        attributes: dict[str, Any] = dict(self.lists)
        for name, dtype in FLOATS.items():
            attributes[name] = numpy_helper.from_array(np.array(self.lists[name], dtype), name)
        if not self.lists["membership_values"]:
            del attributes["membership_values"]
        attributes |= {"n_targets": self.outputs, "aggregate_function": 1, "post_transform": 0}  # a sum, as it is
        raw = graph.add("TreeEnsemble", x, domain="ai.onnx.ml", **attributes)
        return graph.add("Add", raw, graph.constant(self.base.astype(np.float32)[None, :])) if self.base.any() else raw


def floor32(threshold: float) -> float:
    """Return the largest float32 that is no greater: x <= it is x <= threshold, for every float32 x.

    >>> floor32(0.1) <= 0.1
    True
    """
    with np.errstate(over="ignore"):
        single = np.float32(threshold)
    if float(single) > threshold:
        single = np.nextafter(single, np.float32(-np.inf))
    return float(np.clip(single, np.finfo(np.float32).min, np.finfo(np.float32).max))
