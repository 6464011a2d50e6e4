"""Tensors of the Open Inference Protocol: one a column, as rows; and the answer as tensors."""

from __future__ import annotations

from typing import Any

import msgspec

from deepenough.serving._model import Model
from deepenough.serving._refused import Refused, shown
from deepenough.serving._wire import Scalar
from deepenough.task import Task

Nested = list[Scalar | list[Scalar | list[Scalar | list[Scalar]]]]
Parameters = dict[str, str | int | float | bool]
WHOLE = {f"{sign}INT{bits}": (sign, bits) for sign in ("", "U") for bits in (8, 16, 32, 64)}
FLOATS = ("FP16", "FP32", "FP64")
NUMBERS = (*FLOATS, *WHOLE)
TYPES = {  # of a column: what may come, first what is announced
    "number": ("FP64", *NUMBERS),
    "boolean": ("BOOL", *WHOLE),
    "category": ("BYTES", "BOOL", *NUMBERS),
    "high_cardinality": ("BYTES", "BOOL", *NUMBERS),
    "time": ("BYTES",),
    "text": ("BYTES",),
    "image": ("BYTES",),
}


class Tensor(msgspec.Struct, forbid_unknown_fields=True):
    """An input as it comes."""

    name: str
    shape: list[int]
    datatype: str
    data: Nested
    parameters: Parameters | None = None


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """An output that is asked for."""

    name: str
    parameters: Parameters | None = None


class Infer(msgspec.Struct, forbid_unknown_fields=True):
    """The body of an infer request."""

    inputs: list[Tensor]
    id: str | None = None
    parameters: Parameters | None = None
    outputs: list[Wanted] | None = None


INFER = msgspec.json.Decoder(Infer)


# --- in ----------------------------------------------------------------------------------------------------------------


def rows(asked: Infer, task: Task, most: int) -> list[dict[str, Any]]:
    """Return the cells of all tensors, row by row; `Refused` where a tensor is doubled, lacking, unknown, or not of its shape."""
    kinds = {c.name: c.kind for c in task.inputs}
    cells: dict[str, list[Any]] = {}
    for tensor in asked.inputs:
        name = shown(tensor.name)
        if tensor.name not in kinds:
            raise Refused(422, f"'{name}' is no input of this model.", name)
        if tensor.name in cells:
            raise Refused(422, f"'{name}' comes twice.", name)
        cells[tensor.name] = _cells(tensor, kinds[tensor.name], most)
    lacking = next((name for name in kinds if name not in cells), None)
    if lacking is not None:
        raise Refused(422, f"The input '{shown(lacking)}' is missing.", shown(lacking))
    lengths = {name: len(values) for name, values in cells.items()}
    first = next(iter(lengths))
    other = next((name for name in lengths if lengths[name] != lengths[first]), None)
    if other is not None:
        raise Refused(422, f"'{shown(other)}' has another number of rows than '{shown(first)}'.", shown(other))
    return [dict(zip(cells, line, strict=True)) for line in zip(*cells.values(), strict=True)]


def _cells(tensor: Tensor, kind: str, most: int) -> list[Any]:
    """Return the cells of a tensor [n] or [n, 1], held against its shape and its type."""
    name, shape = shown(tensor.name), tensor.shape
    if tensor.datatype not in TYPES[kind]:
        raise Refused(422, f"'{name}' must be of the datatype {TYPES[kind][0]}.", name)
    if not 1 <= len(shape) <= 2 or (len(shape) == 2 and shape[1] != 1) or not 1 <= shape[0] <= most:
        raise Refused(422, f"'{name}' must be of the shape [n, 1], n from 1 to {most:,}.", name)
    flat = _flat(tensor.data, shape)
    if flat is None:
        raise Refused(422, f"The data of '{name}' do not fill its shape.", name)
    if not _are(flat, tensor.datatype):
        raise Refused(422, f"'{name}' holds something that is no {tensor.datatype}.", name)
    return flat


def _flat(data: list[Any], shape: list[int]) -> list[Any] | None:
    """Return data as one list of ``shape[0]``, given flat or nested; None where they are of another shape."""
    if len(shape) == 2 and data and isinstance(data[0], list):
        if not all(isinstance(cell, list) and len(cell) == 1 for cell in data):
            return None
        data = [cell[0] for cell in data]
    if len(data) != shape[0] or any(isinstance(cell, list) for cell in data):
        return None
    return data


def _are(flat: list[Any], datatype: str) -> bool:
    """Whether all cells are of a type; null is an empty cell of any."""
    seen = set(map(type, flat)) - {type(None)}
    if datatype in WHOLE:
        sign, bits = WHOLE[datatype]
        low, high = (0, 2**bits) if sign else (-(2 ** (bits - 1)), 2 ** (bits - 1))
        return seen <= {int} and all(cell is None or low <= cell < high for cell in flat)
    return seen <= ({int, float} if datatype in FLOATS else {bool} if datatype == "BOOL" else {str})


# --- out ---------------------------------------------------------------------------------------------------------------


def wanted(asked: Infer, model: Model) -> list[str]:
    """Return the names of the outputs that are asked for: all where none is named."""
    known = [name for name, _, _ in announced(model)]
    if asked.outputs is None:
        return known
    names = [output.name for output in asked.outputs]
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        raise Refused(422, f"'{shown(unknown)}' is no output of this model.", shown(unknown))
    return list(dict.fromkeys(names)) or known


def announced(model: Model) -> list[tuple[str, str, int]]:
    """Return name, type and width of each output."""
    labels = model.task.labels
    found = [("prediction", "BYTES" if labels else "FP32", 1)]
    found += [("probability", "FP32", len(labels))] if labels else []
    return [*found, ("in_range", "BOOL", 1)]


def outputs(
    said: dict[str, list[Any]], outside: list[list[str]], model: Model, names: list[str]
) -> list[dict[str, Any]]:
    """Return the answer as tensors, row after row."""
    n, found = len(outside), []
    for name, datatype, width in announced(model):
        if name not in names:
            continue
        if name == "in_range":
            data: list[Any] = [not far for far in outside]
        elif name == "probability":
            columns = [said[f"probability_{label}"] for label in model.task.labels]
            data = [value for line in zip(*columns, strict=True) for value in line]
        else:
            data = said[name]
        found.append({"name": name, "datatype": datatype, "shape": [n, width], "data": data})
    return found


def metadata(model: Model) -> dict[str, Any]:
    """Return what the protocol says of a model."""
    return {
        "name": model.name,
        "versions": [model.version],
        "platform": "deepenough_bundle",
        "inputs": [{"name": c.name, "datatype": TYPES[c.kind][0], "shape": [-1, 1]} for c in model.task.inputs],
        "outputs": [{"name": name, "datatype": kind, "shape": [-1, width]} for name, kind, width in announced(model)],
    }
