"""What signature.json says of inputs and outputs, so that somebody without deepenough can feed the graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from deepenough import shelves
from deepenough.bundle import SIGNATURE, Plan
from deepenough.dataset import Dataset
from deepenough.task import Column, Task

HOW = {
    "number": "the number, rounded to single precision; NaN where empty",
    "boolean": "1 where true, 0 where false, NaN where empty",
    "category": "its place among the categories, counted from 1; 0 where empty or unseen",
    "high_cardinality": "its place among the categories, counted from 1; 0 where empty or unseen",
    "time": "parts of the calendar, in UTC; NaN where empty",
    "text": "read by the steps",
    "image": "the bytes of a picture's file, in base64 over a wire; what is measured of it are the features",
}


def describe(task: Task, plan: Plan, learnt: Dataset) -> dict[str, Any]:
    """Return the document of signature.json."""
    places = _places(learnt.features)
    decision = {"threshold": plan.threshold}
    return {
        "schema": SIGNATURE,
        "task": msgspec.to_builtins(task),
        "modality_version": shelves.shelf("modalities")[task.modality].facts["version"],
        "inputs": [_input(c, task, places) for c in task.inputs],
        "features": list(learnt.features),
        "steps": [[name, version, dict(params)] for name, version, params in plan.steps],
        "outputs": {name: _output(name, task) for name in plan.outputs},
        "decision": decision,
        "graph": "model.onnx" if plan.quantized is None else "model.int8.onnx",
    }


def _places(features: Mapping[str, np.ndarray]) -> dict[str, tuple[str, int]]:
    """Return the tensor, and the column in it, of each feature; text has none."""
    places: dict[str, tuple[str, int]] = {}
    for tensor, kinds in (("numbers", "f"), ("codes", "iu")):
        names = [name for name, values in features.items() if values.dtype.kind in kinds]
        places |= {name: (tensor, i) for i, name in enumerate(names)}
    return places


def _input(column: Column, task: Task, places: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
    mine = {
        f: at
        for f, at in places.items()
        if f == column.name or column.kind == "image" or (column.kind == "time" and f.startswith(f"{column.name}:"))
    }
    offset = next(
        (s[2]["offsets"].get(column.name) for s in task.settings.get("steps", ()) if s[0] == "shift_large"), None
    )
    entry: dict[str, Any] = {"name": column.name, "type": column.kind, "missing": column.missing}
    entry |= {"categories": list(column.categories)} if column.categories else {}
    entry |= {"low": column.low, "high": column.high} if column.low is not None else {}
    entry |= {"format": column.format or "ISO 8601"} if column.kind == "time" else {}
    how = HOW.get(column.kind, HOW["text"])
    return {
        **entry,
        "how": how if offset is None else f"{offset:.0f} is subtracted in double precision, then: {how}",
        "tensors": {feature: [tensor, i] for feature, (tensor, i) in mine.items()},
    }


def _output(name: str, task: Task) -> dict[str, Any]:
    if name == "probability":
        return {"type": "float32", "shape": ["n", len(task.labels)], "labels": list(task.labels)}
    return {"type": "float32", "shape": ["n"]}
