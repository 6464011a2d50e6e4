"""The gate before onnxruntime: a graph that is more than arithmetic on what it holds itself is refused.

onnxruntime opens files that a graph names, and reads the tables of trees without looking whether their numbers point
inside them. So both are looked at here, before a session is made.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from deepenough.bundle import _onnx
from deepenough.bundle._trees import check_trees

DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
LEARNT = ("TreeEnsemble",)  # of ai.onnx.ml; the others read tables that nobody has looked at
# Arithmetic, shapes and look-ups that are checked where they run. No loops, no branches, no random numbers, no files.
NAMES = """
    Abs Add And ArgMax ArgMin AveragePool BatchNormalization BitShift Cast CastLike Ceil Celu Clip Compress Concat Constant
    ConstantOfShape Conv ConvInteger ConvTranspose Cos CumSum DepthToSpace DequantizeLinear Div DynamicQuantizeLinear Einsum Elu
    Equal Erf Exp Expand EyeLike Flatten Floor Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool
    Greater GreaterOrEqual GroupNormalization HardSigmoid HardSwish Hardmax Identity InstanceNormalization IsInf IsNaN
    LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax LRN MatMul MatMulInteger Max MaxPool Mean MeanVarianceNormalization
    Min Mish Mod Mul Neg NonZero Not OneHot Or Pad Pow PRelu QLinearConv QLinearMatMul QuantizeLinear Range Reciprocal
    ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu
    Reshape Resize RMSNormalization Round ScatterElements ScatterND Selu Shape Sigmoid Sign Sin Size Slice Softmax Softplus
    Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tanh ThresholdedRelu Tile TopK Transpose Trilu Unsqueeze Where Xor GRU LSTM
    RNN Attention RotaryEmbedding
"""
PLAIN = frozenset(NAMES.split())
SHAPES = {
    "Expand": 1,
    "Tile": 1,
    "ConstantOfShape": 0,
    "OneHot": 1,
    "Pad": 1,
    "Resize": 3,
}  # where each is told how large
LARGEST = 2**24  # cells that a constant may ask for
BYTES = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2}  # of a cell, by type
INT64 = 7


class Refused(ValueError):
    """What in the graph is not allowed, as the rest of a sentence."""


def check(graph: bytes) -> None:
    """Raise `Refused` where a serialised graph must not be opened."""
    try:
        model = _onnx.parse(graph)
    except ValueError:
        raise Refused("is no ONNX graph") from None
    if model.functions or model.training_info:
        raise Refused("defines operators of its own")
    strange = [o.domain for o in model.opset_import if o.domain not in DOMAINS]
    if strange:
        raise Refused(f"needs operators that onnxruntime does not bring ({strange[0][:60]!r})")
    if model.graph.sparse_initializer:
        raise Refused("holds sparse weights, which are not read")
    for tensor in _tensors(model.graph):
        _check_tensor(tensor)
    for node in model.graph.node:
        _check_node(node)
    _check_sizes(model.graph)
    check_trees(model.graph, Refused)


def _tensors(graph: Any) -> Iterator[Any]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            yield from attribute.tensors
            if attribute.HasField("t"):
                yield attribute.t


def _check_tensor(tensor: Any) -> None:
    if tensor.data_location or tensor.external_data:
        raise Refused("keeps weights in a file beside it")
    if tensor.data_type not in BYTES or any(d < 0 for d in tensor.dims):
        raise Refused("holds weights of no known form")
    cells = math.prod(tensor.dims)
    lists = (tensor.float_data, tensor.int32_data, tensor.int64_data, tensor.double_data, tensor.uint64_data)
    held = len(tensor.raw_data) / BYTES[tensor.data_type] if tensor.raw_data else max(len(values) for values in lists)
    if held != cells:
        raise Refused("holds weights that do not fill their shape")


def _check_node(node: Any) -> None:
    allowed = LEARNT if node.domain == "ai.onnx.ml" else PLAIN if node.domain in DOMAINS else ()
    if node.op_type not in allowed:
        raise Refused(
            f"holds the operator {f'{node.domain}:{node.op_type}'.strip(':')[:60]!r}, which no model of ours needs"
        )
    for a in node.attribute:
        if a.HasField("g") or a.graphs or a.HasField("sparse_tensor") or a.sparse_tensors:
            raise Refused(f"holds a graph inside the operator '{node.op_type}'")


def _check_sizes(graph: Any) -> None:
    """A constant that says how large something becomes must not say something absurd."""
    constants = {t.name: t for t in graph.initializer if t.data_type == INT64}
    for node in graph.node:
        place = SHAPES.get(node.op_type)
        tensor = None if place is None or place >= len(node.input) else constants.get(node.input[place])
        if tensor is not None and math.prod(max(1, abs(v)) for v in _onnx.whole_numbers(tensor)) > LARGEST:
            raise Refused("asks for more memory than a model has use for")
