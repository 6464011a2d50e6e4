"""The tabular net as an ONNX graph, node by node: the same arithmetic in the same order as its `forward`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from deepenough.export.graph import Graph

Arrays = Mapping[str, np.ndarray]


def write(weights: Arrays, layers: int, far: float, labels: int) -> bytes:
    """Serialise a trained net.

    Parameters
    ----------
    weights : buffers and parameters of the net by name, as in its state dict.
    layers : hidden layers.
    far : standard deviations beyond which a number is no further away.
    labels : number of classes, 0 for regression.
    """
    graph = Graph({"numbers": len(weights["low"]), "codes": len(weights["sizes"])})
    parts = [_numbers(graph, weights, far) if name == "numbers" else _codes(graph, weights) for name in graph.inputs]
    x = parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1)
    raw = _heads(graph, weights, x, layers)
    if labels:
        graph.add("ReduceMean", graph.add("Softmax", raw, axis=2), _axes(graph, 0), keepdims=0, output="probability")
        return graph.finish(["probability"], labels)
    mean = graph.add("Squeeze", graph.add("ReduceMean", raw, _axes(graph, 0), keepdims=0), _axes(graph, 1))
    low, high, center, scale = (graph.constant(weights["target"][i]) for i in range(4))
    scaled = graph.add("Add", graph.add("Mul", mean, scale), center)
    graph.add("Clip", scaled, low, high, output="value")
    return graph.finish(["value"], None)


def _axes(graph: Graph, *axes: int) -> str:
    return graph.constant(np.array(axes, np.int64))


def _clip(graph: Graph, x: str, low: float, high: float) -> str:
    return graph.add("Clip", x, *(graph.constant(np.array(bound, np.float32)) for bound in (low, high)))


def _numbers(graph: Graph, weights: Arrays, far: float) -> str:
    """(n, a) numbers to (n, a * size): bins, standardised value and missing flag, times the column's own matrix."""
    c = {
        name: graph.constant(weights[name])
        for name in (
            "low",
            "high",
            "fill",
            "flag",
            "mean",
            "inverse_scale",
            "left",
            "inverse_width",
            "numeric",
            "numeric_bias",
        )
    }
    missing = graph.add("IsNaN", "numbers")
    inside = graph.add("Min", graph.add("Max", "numbers", c["low"]), c["high"])
    x = graph.add("Where", missing, c["fill"], inside)
    offset = graph.add("Sub", graph.add("Unsqueeze", x, _axes(graph, 2)), c["left"])
    bins = _clip(graph, graph.add("Mul", offset, c["inverse_width"]), 0.0, 1.0)
    standard = _clip(graph, graph.add("Mul", graph.add("Sub", x, c["mean"]), c["inverse_scale"]), -far, far)
    flagged = graph.add("Mul", graph.add("Cast", missing, to=1), c["flag"])
    extra = [graph.add("Unsqueeze", part, _axes(graph, 2)) for part in (standard, flagged)]
    by_column = graph.add("Transpose", graph.add("Concat", bins, *extra, axis=2), perm=[1, 0, 2])
    embedded = graph.add("Add", graph.add("MatMul", by_column, c["numeric"]), c["numeric_bias"])
    return graph.add("Flatten", graph.add("Transpose", embedded, perm=[1, 0, 2]), axis=1)


def _codes(graph: Graph, weights: Arrays) -> str:
    """(n, b) codes to (n, b * size): a code beyond what was learnt reads as 0, the unseen."""
    zero = graph.constant(np.array(0, np.int64))
    above = graph.add("GreaterOrEqual", "codes", graph.constant(weights["sizes"]))
    beyond = graph.add("Or", graph.add("Less", "codes", zero), above)
    known = graph.add("Add", graph.add("Where", beyond, zero, "codes"), graph.constant(weights["offsets"]))
    rows = graph.add("Gather", graph.constant(weights["level"].astype(np.int32)), known)
    return graph.add("Flatten", graph.add("Gather", graph.constant(weights["table"]), rows), axis=1)


def _heads(graph: Graph, weights: Arrays, x: str, layers: int) -> str:
    """(n, flat) to (heads, n, outputs): shared matrices, each head with its own scales, shifts and last layer."""
    c = {name: graph.constant(weights[name]) for name in ("first", "last", "last_bias", "skip")}
    h = graph.add("Unsqueeze", graph.add("MatMul", x, c["first"]), _axes(graph, 1))
    for i in range(layers):
        if i:
            h = graph.add("MatMul", h, graph.constant(weights[f"hidden.{i - 1}"]))
        scaled = graph.add("Mul", h, graph.constant(weights[f"scales.{i}"]))
        h = graph.add("Relu", graph.add("Add", scaled, graph.constant(weights[f"shifts.{i}"])))
    by_head = graph.add("MatMul", graph.add("Transpose", h, perm=[1, 0, 2]), c["last"])
    return graph.add("Add", graph.add("Add", by_head, c["last_bias"]), graph.add("MatMul", x, c["skip"]))
