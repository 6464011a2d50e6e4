"""Pieces of ONNX graphs that several families share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

OPSET = 21
OPSET_ML = 5
IR_VERSION = 10
TYPES = {"codes": TensorProto.INT64}  # all others are float32


class Graph:
    """A graph in the making: nodes are appended in order, constants stored once.

    Parameters
    ----------
    widths : columns of each input tensor, by name: ``numbers``, ``codes``, or what a step makes; one without columns is left out.
    """

    def __init__(self, widths: dict[str, int]) -> None:
        # where none has a column, one is still asked for: it says how many rows there are
        self.inputs = {name: width for name, width in widths.items() if width} or {"numbers": 0}
        self._nodes: list[NodeProto] = []
        self._constants: dict[str, TensorProto] = {}
        self._count = 0

    def constant(self, value: np.ndarray) -> str:
        """Store an array; return its name."""
        self._count += 1
        name = f"c{self._count}"
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def add(self, op: str, *inputs: str, domain: str = "", output: str | None = None, **attributes: Any) -> str:
        """Append a node of one output; return the output's name."""
        self._count += 1
        name = output or f"t{self._count}"
        self._nodes.append(helper.make_node(op, list(inputs), [name], domain=domain, **attributes))
        return name

    def rows(self) -> str:
        """Return the name of a (1,) int64 tensor that holds the number of rows."""
        shape = self.add("Shape", next(iter(self.inputs)))
        return self.add("Slice", shape, self.constant(np.array([0])), self.constant(np.array([1])))

    def finish(self, outputs: Sequence[str], width: int | None) -> bytes:
        """Serialise; `width` is the number of classes, None for one value a row."""
        ins = [
            helper.make_tensor_value_info(n, TYPES.get(n, TensorProto.FLOAT), ["n", w]) for n, w in self.inputs.items()
        ]
        shape: list[str | int] = ["n"] if width is None else ["n", width]
        outs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n in outputs]
        graph = helper.make_graph(self._nodes, "deepenough", ins, outs, list(self._constants.values()))
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", OPSET_ML)]
        model: ModelProto = helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="deepenough"
        )
        return bytes(model.SerializeToString())


def widths(tensors: dict[str, np.ndarray]) -> dict[str, int]:
    """Return the number of columns of each tensor."""
    return {name: t.shape[1] for name, t in tensors.items()}


def two_columns(graph: Graph, positive: str, dtype: type = np.float32) -> str:
    """From (n, 1) probability of the positive class to (n, 2)."""
    return graph.add("Concat", graph.add("Sub", graph.constant(np.array(1, dtype)), positive), positive, axis=1)
