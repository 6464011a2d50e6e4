"""What was tested is what ships: parity is proven on real rows and on odd ones, or nothing ships."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from onnx import numpy_helper

from deepenough import shelves
from deepenough.bundle import Bundle, NotExportable, Plan
from deepenough.candidates._trial import Trial, ship
from deepenough.dataset import Answer, Dataset
from deepenough.errors import DeepEnoughError, ParityError
from deepenough.export import parity, write
from deepenough.export.graph import IR_VERSION, OPSET, OPSET_ML, Graph, two_columns, widths
from deepenough.loading import load
from deepenough.workspace import Workspace

FAMILIES = ("dummy", "linear", "gradient_boosting")


class Tampered:
    """A model whose export says a little more than it does: every weight that could matter is moved."""

    def __init__(self, model: Any, by: float) -> None:
        self.model, self.by = model, by

    def predict(self, dataset: Dataset) -> Answer:
        answer: Answer = self.model.predict(dataset)
        return answer

    def export(self) -> Plan:
        plan: Plan = self.model.export()
        graph = onnx.load_from_string(plan.graph)
        for constant in graph.graph.initializer:
            values = numpy_helper.to_array(constant)
            if values.dtype.kind == "f" and values.size:
                constant.CopyFrom(
                    numpy_helper.from_array(np.asarray(values * (1 + self.by), values.dtype), constant.name)
                )
        for leaves in (a for node in graph.graph.node for a in node.attribute if a.name == "leaf_weights"):
            values = numpy_helper.to_array(leaves.t)
            leaves.t.CopyFrom(numpy_helper.from_array(np.asarray(values * (1 + self.by), values.dtype), leaves.t.name))
        return Plan(graph.SerializeToString(), plan.outputs)


def fitted(name: str, data: Dataset) -> Any:
    return (
        shelves.load("candidates", name)
        .build(data.task, {}, 0)
        .fit(data.take(np.arange(300)), data.take(np.arange(300, 400)), Workspace())
    )


@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_written_answers_as_what_was_trained(name: str, learnable: Dataset, tmp_path: Path) -> None:
    model = fitted(name, learnable)
    bundle = ship(Trial(name, name, 1), model, learnable, tmp_path / "bundle", 0)
    said, trained = bundle.run(learnable.tensors), model.predict(learnable)
    assert shelves.load("tasks", learnable.task.kind).alike(trained, said).all()
    signature = json.loads((tmp_path / "bundle" / "signature.json").read_text())
    assert list(signature["outputs"]) == list(said) and signature["features"] == list(learnable.features)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("by", [0.5, 1e-3])
def test_a_tampered_graph_is_refused(name: str, by: float, learnable: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ParityError, match=r"answers \d+ of \d+ \w+ rows otherwise"):
        ship(Trial(name, name, 1), Tampered(fitted(name, learnable), by), learnable, tmp_path / "bundle", 0)
    assert not (tmp_path / "bundle").exists()


def test_rounding_is_no_difference(learnable: Dataset, tmp_path: Path) -> None:
    assert ship(
        Trial("linear", "Linear", 1), Tampered(fitted("linear", learnable), 1e-9), learnable, tmp_path / "bundle", 0
    )


def test_a_difference_on_one_row_in_a_thousand_is_found(learnable: Dataset, tmp_path: Path) -> None:
    """Every row of up to a thousand is compared, not a sample of them."""
    model = fitted("linear", learnable)
    bundle = write.write(tmp_path / "bundle", learnable.task, model.export(), learnable, {})
    first = learnable.ids[17]

    def off(data: Dataset) -> Answer:
        answer = {k: v.copy() for k, v in model.predict(data).items()}
        for values in answer.values():
            values[data.ids == first] += 0.1
        return answer

    parity.prove(model.predict, bundle, learnable)
    with pytest.raises(ParityError, match=r"\b1 of 400 real rows"):
        parity.prove(off, bundle, learnable)


def test_a_difference_on_rows_that_no_file_holds_is_found(learnable: Dataset, tmp_path: Path) -> None:
    """A model that answers what is missing otherwise than its graph passes on clean rows: the odd ones tell."""
    model = fitted("linear", learnable)
    bundle = write.write(tmp_path / "bundle", learnable.task, model.export(), learnable, {})

    def off(data: Dataset) -> Answer:
        wide = np.abs(np.nan_to_num(data.tensors["numbers"])).max(axis=1) > 1e20
        return {
            k: np.where(wide.reshape(-1, *[1] * (v.ndim - 1)), v[::-1] + 0.01, v)
            for k, v in model.predict(data).items()
        }

    with pytest.raises(ParityError, match="odd rows"):
        parity.prove(off, bundle, learnable)


def test_odd_rows_are_missing_extreme_and_unseen(learnable: Dataset) -> None:
    rows = learnable.take(np.arange(64))
    odd = parity.odd(rows, np.random.default_rng(0))
    numbers, codes = odd.tensors["numbers"], odd.tensors["codes"]
    assert np.isnan(numbers[0]).all() and (codes[0] == 0).all()
    assert np.nanmax(numbers[1:5]) > 1e29 and np.nanmin(numbers[1:5]) < -1e29
    assert 0.1 < np.isnan(numbers[5:]).mean() < 0.6 and (codes == 0).any()
    assert all((odd.features[k].dtype, len(odd.features[k])) == (v.dtype, 64) for k, v in rows.features.items())
    assert not np.isnan(rows.tensors["numbers"][0]).all(), "the rows themselves are left as they are"


class Mute:
    """A model that cannot be exported."""

    def predict(self, dataset: Dataset) -> Answer:
        raise AssertionError("nobody asks")

    def export(self) -> NotExportable:
        return NotExportable("it listens to the radio")


def test_what_cannot_be_exported_says_why(learnable: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DeepEnoughError, match="Linear model cannot be exported: it listens to the radio"):
        ship(Trial("linear", "Linear model", 1), Mute(), learnable, tmp_path / "bundle", 0)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FAMILIES)
def test_graphs_are_whole_valid_and_of_the_operator_sets_that_are_named(name: str, learnable: Dataset) -> None:
    model = onnx.load_from_string(fitted(name, learnable).export().graph)
    onnx.checker.check_model(model, full_check=True)
    assert {o.domain: o.version for o in model.opset_import} == {
        "": OPSET,
        "ai.onnx.ml": OPSET_ML,
    } and model.ir_version == IR_VERSION
    assert not any(t.external_data for t in model.graph.initializer) and not model.functions
    assert {n.domain for n in model.graph.node} <= {"", "ai.onnx.ml"}, "no operator of a stranger"
    assert not model.doc_string and not model.metadata_props


@pytest.mark.parametrize("name", FAMILIES)
def test_the_same_model_writes_the_same_bytes(name: str, learnable: Dataset, tmp_path: Path) -> None:
    plans = [fitted(name, learnable).export() for _ in range(2)]
    digests = [
        write.write(tmp_path / str(i), learnable.task, plan, learnable, {}).digest for i, plan in enumerate(plans)
    ]
    assert digests[0] == digests[1]


def answers(graph: Graph, outputs: Sequence[str], width: int | None, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(graph.finish(outputs, width), providers=["CPUExecutionProvider"])
    return list(session.run(None, feed))


def test_the_pieces_of_a_graph() -> None:
    graph = Graph({"numbers": 1, "codes": 0})
    assert graph.inputs == {"numbers": 1}, "a tensor without columns is left out"
    graph.add("Identity", two_columns(graph, "numbers"), output="probability")
    (said,) = answers(graph, ["probability"], 2, {"numbers": np.array([[0.25], [1.0]], np.float32)})
    assert said.tolist() == [[0.75, 0.25], [0.0, 1.0]]
    counted = Graph({"codes": 3})
    counted.add(
        "Squeeze", counted.add("Cast", counted.add("Expand", counted.rows(), counted.rows()), to=1), output="value"
    )
    (said,) = answers(counted, ["value"], None, {"codes": np.zeros((4, 3), np.int64)})
    assert said.tolist() == [4.0] * 4
    assert widths({"numbers": np.zeros((2, 5)), "codes": np.zeros((2, 0))}) == {"numbers": 5, "codes": 0}


def test_a_bundle_is_whole_or_not_there(learnable: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = fitted("dummy", learnable).export()
    written = write.write_bytes
    monkeypatch.setattr(
        write, "write_bytes", lambda path, data: 1 / 0 if path.name == "manifest.json" else written(path, data)
    )
    with pytest.raises(ZeroDivisionError):
        write.write(tmp_path / "bundle", learnable.task, plan, learnable, {})
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    assert isinstance(write.write(tmp_path / "bundle", learnable.task, plan, learnable, {}), Bundle)


def test_the_threshold_of_a_plan_decides_the_class_and_nothing_else(
    table: Callable[..., pd.DataFrame], tmp_path: Path
) -> None:
    data = load(table(), "answer")
    plan = fitted("linear", data).export()
    rows = table().drop(columns="answer")
    plain = write.write(tmp_path / "plain", data.task, plan, data, {}).predict(rows)
    for threshold in (0.05, 0.9):
        bundle = write.write(tmp_path / str(threshold), data.task, replace(plan, threshold=threshold), data, {})
        said = Bundle.load(bundle.folder).predict(rows)
        second = said[f"probability_{data.task.labels[1]}"]
        assert (said["prediction"] == np.where(second >= threshold, *data.task.labels[::-1])).all()
        assert second.tolist() == plain[f"probability_{data.task.labels[1]}"].tolist()
        assert (
            bundle.signature["decision"] == {"threshold": threshold}
            and said["prediction"].tolist() != plain["prediction"].tolist()
        )
        assert bundle.predict(rows.head(1).to_dict("records"))["prediction"][0] == said["prediction"][0]


def test_boundary_rows_stand_at_every_threshold_and_beside_it(learnable: Dataset) -> None:
    where = {("numbers", 0): np.array([35.5, 40.25], np.float32), ("numbers", 1): np.array([1.0e3], np.float32)}
    rows = parity.boundary(learnable, where, np.random.default_rng(0))
    assert rows is not None and len(rows) == 12
    seen = set(rows.tensors["numbers"][:, 0].tolist())
    near = {float(np.nextafter(np.float32(v), np.float32(d))) for v in (35.5, 40.25) for d in (-np.inf, np.inf)}
    assert near | {35.5, 40.25} <= seen and parity.boundary(learnable, {}, np.random.default_rng(0)) is None


def test_a_difference_at_a_threshold_alone_is_found(table: Callable[..., pd.DataFrame], tmp_path: Path) -> None:
    """A graph whose thresholds are rounded up passes on real rows: where it branches it does not."""
    data = load(table(), "answer")
    model = fitted("gradient_boosting", data)
    plan = model.export()
    graph = onnx.load_from_string(plan.graph)
    for splits in (a for node in graph.graph.node for a in node.attribute if a.name == "nodes_splits"):
        up = np.nextafter(numpy_helper.to_array(splits.t), np.float32(np.inf))
        splits.t.CopyFrom(numpy_helper.from_array(up, splits.t.name))
    bundle = write.write(tmp_path / "up", data.task, replace(plan, graph=graph.SerializeToString()), data, {})
    with pytest.raises(ParityError, match="boundary rows"):
        parity.prove(model.predict, bundle, data)
    parity.prove(model.predict, write.write(tmp_path / "as it is", data.task, plan, data, {}), data)


def test_a_model_that_answers_one_row_otherwise_than_many_is_refused(
    learnable: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = fitted("linear", learnable)
    bundle = write.write(tmp_path / "bundle", learnable.task, model.export(), learnable, {})
    alone: Any = bundle._reader

    def off(row: dict[str, Any]) -> Any:
        read = alone(row)
        return read and {**read, "numbers": np.nan_to_num(read["numbers"]) + 1}

    monkeypatch.setattr(bundle, "_reader", off)
    with pytest.raises(ParityError, match="single rows"):
        parity.prove(model.predict, bundle, learnable)
