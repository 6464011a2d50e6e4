"""The same model as one graph that takes the columns themselves, for runtimes that know nothing of bundles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, compose, helper, numpy_helper

from deepenough import shelves
from deepenough.bundle import Bundle
from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable, ParityError
from deepenough.examples import Columns
from deepenough.export.graph import IR_VERSION, OPSET, OPSET_ML
from deepenough.files import write_bytes
from deepenough.task import Column

ROWS = 1000
MISSING_TIME = -(2**63)  # what stands for an empty cell in a column of times
DAY = 86400
EPOCH = 719468  # days from the first of March of the year 0 to 1970: in between no day is negative
INNER = "model/"
CODED = ("category", "high_cardinality")
DTYPES = {
    TensorProto.FLOAT: np.float32,
    TensorProto.DOUBLE: np.float64,
    TensorProto.INT64: np.int64,
    TensorProto.STRING: object,
}


def write(bundle: Bundle, rows: Dataset, path: Path) -> None:
    """Write the graph with raw columns, proven on up to 1,000 rows to answer as the bundle.

    Each input is (n, 1) and called as its column: numbers and booleans float32 (NaN where empty; float64 where a number is too large
    for single precision), categories strings (as ``signature.json`` lists them; any other, and "", is unknown), times int64 seconds
    since 1970 in UTC (-2**63 where empty; fractions of a second are lost).

    Raises
    ------
    NotApplicable : the model needs steps that no graph can say. ParityError : it answers otherwise; then nothing is written.
    """
    if bundle.task.modality != "tabular":
        raise NotApplicable(
            "The examples are no rows of a table, so no graph can read them as columns. Ship the bundle."
        )
    if bundle.steps:
        names = ", ".join(name for name, _, _ in bundle.steps)
        raise NotApplicable(f"What the model reads is made by steps that no graph can say ({names}). Ship the bundle.")
    graph = build(bundle)
    _prove(graph, bundle, rows)
    write_bytes(path, graph)


def build(bundle: Bundle) -> bytes:
    """Return the serialised graph."""
    head = _Head(bundle)
    for column in bundle.task.inputs:
        head.read(column)
    inner = compose.add_prefix(onnx.load_model_from_string(bundle.graph), INNER)
    wanted = [i.name.removeprefix(INNER) for i in inner.graph.input]
    for name in wanted:
        head.stack(name)
    columns = {c.name for c in bundle.task.inputs}
    outputs = []
    for value in inner.graph.output:
        plain = value.name.removeprefix(INNER)
        name = f"predicted_{plain}" if plain in columns else plain
        head.nodes.append(helper.make_node("Identity", [value.name], [name]))
        value.name = name
        outputs.append(value)
    ends = head.nodes[-len(outputs) :]
    nodes = [*head.nodes[: -len(outputs)], *inner.graph.node, *ends]
    graph = helper.make_graph(nodes, "deepenough", head.inputs, outputs, [*head.constants, *inner.graph.initializer])
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", OPSET_ML)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="deepenough")
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


class _Head:
    """The nodes that turn columns into the tensors ``numbers`` and ``codes``, in the order of the features."""

    def __init__(self, bundle: Bundle) -> None:
        self.nodes: list[Any] = []
        self.inputs: list[Any] = []
        self.constants: list[Any] = []
        self._parts: dict[str, list[str]] = {"numbers": [], "codes": []}
        steps = bundle.task.settings.get("steps", ())
        self._offsets: dict[str, float] = next((p["offsets"] for name, _, p in steps if name == "shift_large"), {})

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        name = f"raw/{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def constant(self, value: Any, dtype: Any) -> str:
        name = f"raw/c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def read(self, column: Column) -> None:
        """Append what reads one column."""
        kind = (
            TensorProto.STRING
            if column.kind in CODED
            else TensorProto.INT64
            if column.kind == "time"
            else TensorProto.DOUBLE
            if column.name in self._offsets
            else TensorProto.FLOAT
        )
        self.inputs.append(helper.make_tensor_value_info(column.name, kind, ["n", 1]))
        if column.kind in CODED:
            codes = list(range(1, len(column.categories) + 1))
            keys = {"keys_strings": list(column.categories), "values_int64s": codes, "default_int64": 0}
            self._parts["codes"].append(self.add("LabelEncoder", column.name, domain="ai.onnx.ml", **keys))
        elif column.kind == "time":
            self._parts["numbers"] += self._calendar(column)
        elif column.name in self._offsets:
            moved = self.add("Sub", column.name, self.constant(self._offsets[column.name], np.float64))
            self._parts["numbers"].append(self.add("Cast", moved, to=TensorProto.FLOAT))
        else:
            self._parts["numbers"].append(column.name)

    def stack(self, tensor: str) -> None:
        """Set the columns of a tensor side by side, under the name that the model reads."""
        self.nodes.append(helper.make_node("Concat", self._parts[tensor], [INNER + tensor], axis=1))

    def _calendar(self, column: Column) -> list[str]:
        """Month, day, weekday, year, days and hour, as `modalities` makes them (Howard Hinnant's days_from_civil, backwards)."""
        gone = self.add("Equal", column.name, self.whole(MISSING_TIME))
        seconds = self.add("Where", gone, self.whole(0), column.name)
        shifted = self.add("Add", seconds, self.whole(EPOCH * DAY))
        z = self.add("Div", shifted, self.whole(DAY))
        era = self.add("Div", z, self.whole(146097))
        doe = self.add("Sub", z, self.times(era, 146097))
        leaps = self.add("Add", self.add("Sub", doe, self.over(doe, 1460)), self.over(doe, 36524))
        yoe = self.over(self.add("Sub", leaps, self.over(doe, 146096)), 365)
        passed = self.add("Sub", self.add("Add", self.times(yoe, 365), self.over(yoe, 4)), self.over(yoe, 100))
        doy = self.add("Sub", doe, passed)
        mp = self.over(self.add("Add", self.times(doy, 5), self.whole(2)), 153)
        before = self.over(self.add("Add", self.times(mp, 153), self.whole(2)), 5)
        day = self.add("Add", self.add("Sub", doy, before), self.whole(1))
        early = self.add("Less", mp, self.whole(10))
        month = self.add("Add", mp, self.add("Where", early, self.whole(3), self.whole(-9)))
        weekday = self.add("Mod", self.add("Add", z, self.whole((3 - EPOCH) % 7)), self.whole(7))
        parts = [month, day, weekday]
        if column.role != "time":
            year = self.add("Add", yoe, self.times(era, 400))
            parts.append(self.add("Add", year, self.add("Where", early, self.whole(0), self.whole(1))))
            since = self.add("Sub", self.double(seconds), self.constant(column.low or 0.0, np.float64))
            parts.append(self.add("Div", since, self.constant(DAY, np.float64)))
        if (column.low or 0.0) % DAY or (column.high or 0.0) % DAY:
            rest = self.double(self.add("Sub", shifted, self.times(z, DAY)))
            parts.append(self.add("Div", rest, self.constant(3600.0, np.float64)))
        empty = self.constant(np.nan, np.float32)
        return [self.add("Where", gone, empty, self.add("Cast", part, to=TensorProto.FLOAT)) for part in parts]

    def whole(self, value: int) -> str:
        return self.constant(value, np.int64)

    def times(self, x: str, factor: int) -> str:
        return self.add("Mul", x, self.whole(factor))

    def over(self, x: str, divisor: int) -> str:
        return self.add("Div", x, self.whole(divisor))

    def double(self, x: str) -> str:
        return self.add("Cast", x, to=TensorProto.DOUBLE)


def feed(rows: Columns, bundle: Bundle, graph: bytes) -> dict[str, np.ndarray]:
    """Return decoded rows as the graph takes them, (n, 1) each."""
    kinds = {i.name: i.type.tensor_type.elem_type for i in onnx.load_model_from_string(graph).graph.input}
    made: dict[str, np.ndarray] = {}
    for column in bundle.task.inputs:
        values = rows.arrays[column.name]
        if column.kind in CODED:
            values = np.array(["", *column.categories], dtype=object)[values]
        elif column.kind == "time":
            gone = np.isnan(values)
            values = np.where(gone, MISSING_TIME, np.where(gone, 0.0, values).astype(np.int64))
        made[column.name] = values.astype(DTYPES[kinds[column.name]])[:, None]
    return made


def _prove(graph: bytes, bundle: Bundle, dataset: Dataset) -> None:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"], enable_fallback=0)
    few = dataset.take(np.linspace(0, len(dataset) - 1, min(ROWS, len(dataset))).astype(np.intp))
    if not isinstance(few.examples, Columns):
        raise NotApplicable("The examples are no rows of a table, so the model reads no columns.")
    rows = _with_odd(few.examples)
    said = session.run(None, feed(rows, bundle, graph))
    names = [o.name.removeprefix("predicted_") for o in session.get_outputs()]
    kind = shelves.load("tasks", bundle.task.kind)
    whole = _whole_seconds(rows, bundle)
    differs = int((~kind.alike(bundle.answer(whole), dict(zip(names, said, strict=True)))).sum())
    if differs:
        raise ParityError(
            f"The graph with raw columns answers {differs} of {len(rows)} rows otherwise than the bundle, so it is not written. "
            "Please report this with the data's shape."
        )


def _with_odd(rows: Columns) -> Columns:
    """Append two rows: one that is empty, and one of extremes."""
    arrays: Mapping[str, np.ndarray] = rows.arrays
    odd = {
        name: np.concatenate(
            [values, np.array([np.nan, np.nanmax(values, initial=0.0)] if values.dtype.kind == "f" else [0, 0])]
        )
        for name, values in arrays.items()
    }
    return Columns({name: odd[name].astype(arrays[name].dtype) for name in arrays}, len(rows) + 2)


def _whole_seconds(rows: Columns, bundle: Bundle) -> Columns:
    times = [c.name for c in bundle.task.inputs if c.kind == "time"]
    return Columns({n: np.trunc(v) if n in times else v for n, v in rows.arrays.items()}, len(rows))
