"""Tables of trees in a graph: read, and looked at, for onnxruntime follows their numbers wherever they point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from deepenough.bundle import _onnx

MEMBER = 6  # the rule "x is one of a set"; the others compare with a threshold
DEEPEST = 512  # onnxruntime builds a tree by calling itself a level deeper
MOST_TARGETS = 10_000
MOST_COLUMNS = 1_000_000
CELL_BY_CELL = ("Add", "Sub", "Mul", "Div", "Clip", "Min", "Max")
FLOAT, BYTE = 1, 2
TABLES = {
    "nodes_splits": (FLOAT, "<f4"),
    "leaf_weights": (FLOAT, "<f4"),
    "membership_values": (FLOAT, "<f4"),
    "nodes_modes": (BYTE, "u1"),
}
PER_NODE = (
    "nodes_featureids",
    "nodes_modes",
    "nodes_splits",
    "nodes_truenodeids",
    "nodes_falsenodeids",
    "nodes_trueleafs",
    "nodes_falseleafs",
    "nodes_missing_value_tracks_true",
)
Table = dict[str, np.ndarray]


def tables(graph: Any) -> Iterator[tuple[Any, Table]]:
    """Yield each TreeEnsemble of a parsed graph, and its attributes as arrays."""
    for node in graph.node:
        if node.op_type == "TreeEnsemble":
            yield node, {a.name: _array(a) for a in node.attribute}


def _array(attribute: Any) -> np.ndarray:
    """Numbers as (k,) int64; a tensor in its own type, empty where that is not the one it must have."""
    if attribute.HasField("t"):
        kind, dtype = TABLES.get(attribute.name, (0, "u1"))
        tensor = attribute.t
        if tensor.data_type != kind:
            return np.zeros(0)
        stored = tensor.float_data if kind == FLOAT else tensor.int32_data
        return np.frombuffer(tensor.raw_data, dtype) if tensor.raw_data else np.array(stored, dtype)
    return np.array(attribute.ints or ([attribute.i] if attribute.HasField("i") else []), np.int64)


def thresholds(graph: bytes) -> dict[tuple[str, int], np.ndarray]:
    """Return the distinct thresholds of all trees in a serialised graph, by input of the graph and column in it."""
    parsed = _onnx.parse(graph).graph
    found: dict[tuple[str, int], np.ndarray] = {}
    for node, table in tables(parsed):
        splits = table["nodes_splits"][table["nodes_modes"] != MEMBER]
        features = table["nodes_featureids"][table["nodes_modes"] != MEMBER]
        for i, column in enumerate(reads(parsed, node.input[0]) or ()):
            mine = splits[features == i]
            if len(mine) and column[0]:
                found[column] = np.union1d(found.get(column, mine[:0]), mine)
    return found


def check_trees(graph: Any, refused: type[ValueError]) -> None:
    """Raise `refused` where a table of trees points outside itself, in a circle, or beyond what it is given."""
    for node, table in tables(graph):
        columns = reads(graph, node.input[0]) if len(node.input) else None
        fault = _fault(table, None if columns is None else len(columns))
        if fault:
            raise refused(f"holds a table of trees {fault}")


def reads(graph: Any, name: str) -> list[tuple[str, int]] | None:
    """Return, for each column of what a table reads, the graph's input it is and its place there; ("", i) where it is made from one.

    Known for inputs of the graph, alone or set side by side, as they are, changed cell by cell, or looked up in a constant.
    """
    constants = {t.name: tuple(t.dims) for t in graph.initializer}
    known: dict[str, list[tuple[str, int]]] = {}
    for value in graph.input:
        dims = value.type.tensor_type.shape.dim
        if len(dims) == 2 and 0 < dims[1].dim_value <= MOST_COLUMNS:
            known[value.name] = [(value.name, i) for i in range(dims[1].dim_value)]
    for node in graph.node:
        found = _made_by(node, known, constants)
        if found is not None and len(node.output) == 1:
            known[node.output[0]] = found[: MOST_COLUMNS + 1]
    return known.get(name)


def _made_by(
    node: Any, known: dict[str, list[tuple[str, int]]], constants: dict[str, tuple[int, ...]]
) -> list[tuple[str, int]] | None:
    """Return the columns of what a node makes of columns that are known, where that is easily told."""
    parts = [known[i] for i in node.input if i in known]
    if node.op_type in ("Cast", "Identity") and parts:
        return parts[0]
    if (
        node.op_type == "Concat"
        and len(parts) == len(node.input)
        and any(a.name == "axis" and a.i == 1 for a in node.attribute)
    ):
        return [column for part in parts for column in part]
    shapes = [constants[i] for i in node.input if i in constants]
    if len(parts) != 1 or len(shapes) != len(node.input) - 1:
        return None
    made = [("", i) for i in range(len(parts[0]))]
    if node.op_type == "Gather":  # each cell is looked up in a list
        return made if node.input[1] in known and len(shapes[0]) == 1 else None
    fit = all(shape in ((), (1,), (len(made),), (1, 1), (1, len(made))) for shape in shapes)
    return made if node.op_type in CELL_BY_CELL and fit else None


def _fault(table: Table, columns: int | None) -> str | None:
    """Return what is wrong with a table, or None. Rules are cheap first: the later ones rely on those before."""
    empty = np.zeros(0, np.int64)
    of = {name: table.get(name, empty) for name in (*PER_NODE, "tree_roots", "leaf_targetids", "leaf_weights")}
    n, leaves = len(of["nodes_featureids"]), len(of["leaf_weights"])
    if any(len(of[name]) != n for name in PER_NODE) or len(of["leaf_targetids"]) != leaves or not n or not leaves:
        return "whose columns differ in length"
    if len(table.get("nodes_hitrates", empty)) not in (0, n):
        return "whose columns differ in length"
    if columns is None or not _inside(of["nodes_featureids"], columns):
        return "that reads columns which are not there"
    targets = table.get("n_targets", empty)
    if len(targets) != 1 or not 1 <= targets[0] <= MOST_TARGETS or not _inside(of["leaf_targetids"], int(targets[0])):
        return "that answers more than was asked"
    if any(
        len(table.get(name, empty)) > 1 or not _inside(table.get(name, empty), most)
        for name, most in (("aggregate_function", 4), ("post_transform", 5))
    ):
        return "that is added up in no known way"
    members = int((of["nodes_modes"] == MEMBER).sum())
    if (
        not _inside(of["nodes_modes"].astype(np.int64), 7)
        or int(np.isnan(table.get("membership_values", np.zeros(0))).sum()) != members
    ):
        return "whose rules are none"
    return _fault_of_shape(of, n, leaves)


def _inside(values: np.ndarray, most: int) -> bool:
    return not len(values) or (int(values.min()) >= 0 and int(values.max()) < most)


def _fault_of_shape(of: Table, n: int, leaves: int) -> str | None:
    """A node stands below one other, which comes before it, or is a root; so there is no circle and nothing twice."""
    if not len(of["tree_roots"]) or not _inside(of["tree_roots"], n):
        return "whose roots are not there"
    parents, seen = np.zeros(n, np.int64), np.zeros(leaves, np.int64)
    np.add.at(parents, of["tree_roots"], 1)
    for side in ("true", "false"):
        child, leaf = of[f"nodes_{side}nodeids"], of[f"nodes_{side}leafs"]
        if not _inside(leaf, 2) or not _inside(child[leaf == 0], n) or not _inside(child[leaf == 1], leaves):
            return "that points outside itself"
        if (child[leaf == 0] <= np.flatnonzero(leaf == 0)).any():
            return "that runs in a circle"
        np.add.at(parents, child[leaf == 0], 1)
        np.add.at(seen, child[leaf == 1], 1)
    if (parents != 1).any() or (seen != 1).any():
        return "in which a branch belongs to two others, or to none"
    here = of["tree_roots"]
    for _ in range(DEEPEST):
        below = [of[f"nodes_{side}nodeids"][here][of[f"nodes_{side}leafs"][here] == 0] for side in ("true", "false")]
        here = np.concatenate(below)
        if not len(here):
            return None
    return "that is deeper than any we grow"
