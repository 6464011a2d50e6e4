"""What an ONNX file says, read without the onnx package: by the protobuf that onnxruntime itself brings."""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # type: ignore[import-untyped]

PACKAGE = "deepenough_onnx"  # a pool and a name of our own: the onnx package may be loaded beside
PACKED = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data")
# The part of onnx.proto that can do harm or has to be looked at: message, field, number, type; * is a list.
FIELDS: dict[str, dict[str, tuple[int, str]]] = {
    "Model": {
        "ir_version": (1, "int64"),
        "graph": (7, "Graph"),
        "opset_import": (8, "Opset*"),
        "training_info": (20, "bytes*"),
        "functions": (25, "bytes*"),
    },
    "Opset": {"domain": (1, "string"), "version": (2, "int64")},
    "Graph": {
        "node": (1, "Node*"),
        "initializer": (5, "Tensor*"),
        "input": (11, "Value*"),
        "output": (12, "Value*"),
        "sparse_initializer": (15, "bytes*"),
    },
    "Node": {
        "input": (1, "string*"),
        "output": (2, "string*"),
        "op_type": (4, "string"),
        "attribute": (5, "Attribute*"),
        "domain": (7, "string"),
    },
    "Attribute": {
        "name": (1, "string"),
        "i": (3, "int64"),
        "s": (4, "bytes"),
        "t": (5, "Tensor"),
        "g": (6, "bytes"),
        "floats": (7, "float*"),
        "ints": (8, "int64*"),
        "strings": (9, "bytes*"),
        "tensors": (10, "Tensor*"),
        "graphs": (11, "bytes*"),
        "sparse_tensor": (22, "bytes"),
        "sparse_tensors": (23, "bytes*"),
    },
    "Tensor": {
        "dims": (1, "int64*"),
        "data_type": (2, "int32"),
        "float_data": (4, "float*"),
        "int32_data": (5, "int32*"),
        "string_data": (6, "bytes*"),
        "int64_data": (7, "int64*"),
        "name": (8, "string"),
        "raw_data": (9, "bytes"),
        "double_data": (10, "double*"),
        "uint64_data": (11, "uint64*"),
        "external_data": (13, "bytes*"),
        "data_location": (14, "int32"),
    },
    "Value": {"name": (1, "string"), "type": (2, "Type")},
    "Type": {"tensor_type": (1, "TensorType")},
    "TensorType": {"elem_type": (1, "int32"), "shape": (2, "Shape")},
    "Shape": {"dim": (1, "Dimension*")},
    "Dimension": {"dim_value": (1, "int64"), "dim_param": (2, "string")},
}


def parse(graph: bytes) -> Any:
    """Return the model as a message; `ValueError` where the bytes are none."""
    model = _model()()
    try:
        model.ParseFromString(graph)
    except Exception as error:  # DecodeError of one of protobuf's implementations
        raise ValueError("no ONNX model") from error
    return model


@cache
def _model() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="deepenough.proto", package=PACKAGE, syntax="proto2")
    for name, fields in FIELDS.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            _add_field(message, field, number, kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.Model"))


def _add_field(message: Any, name: str, number: int, kind: str) -> None:
    form = descriptor_pb2.FieldDescriptorProto
    plain = kind.rstrip("*")
    field = message.field.add(name=name, number=number)
    field.label = form.LABEL_REPEATED if kind.endswith("*") else form.LABEL_OPTIONAL
    if plain in FIELDS:
        field.type, field.type_name = form.TYPE_MESSAGE, f".{PACKAGE}.{plain}"
    else:
        field.type = getattr(form, f"TYPE_{plain.upper()}")
    field.options.packed = name in PACKED
    if name not in PACKED:
        field.ClearField("options")


def whole_numbers(tensor: Any) -> list[int]:
    """Return the cells of an int64 tensor."""
    raw: bytes = tensor.raw_data
    return [int.from_bytes(raw[i : i + 8], "little", signed=True) for i in range(0, len(raw), 8)] or list(
        tensor.int64_data
    )
