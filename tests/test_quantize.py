"""Eight bits: tried where a graph multiplies, kept only where it is faster here and loses nothing; recorded either way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deepenough import shelves
from deepenough.bundle import Bundle, Plan
from deepenough.candidates._shipping import Judged
from deepenough.candidates._trial import Trial, refit
from deepenough.dataset import Dataset
from deepenough.export import quantize, write
from deepenough.export.graph import Graph, two_columns, widths
from deepenough.loading import load
from deepenough.splits import Part
from deepenough.workspace import Workspace

AUC = shelves.load("metrics", "roc_auc")


@pytest.fixture(scope="module")
def data(table: Callable[..., pd.DataFrame]) -> Dataset:
    return load(table(), "answer")


@pytest.fixture(scope="module")
def network(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Two layers, 96 wide, of which the first unit knows the answer and the others add a little noise."""
    graph, rng = Graph(widths(data.tensors)), np.random.default_rng(0)
    known = graph.add("Where", graph.add("IsNaN", "numbers"), graph.constant(np.array(40.0, np.float32)), "numbers")
    factor, centre = np.array([0.1, 0.001, 1.0], np.float32), np.array([4.0, 2.0, 0.5], np.float32)
    scaled = graph.add("Sub", graph.add("Mul", known, graph.constant(factor)), graph.constant(centre))
    x = graph.add(
        "Concat", scaled, graph.add("Cast", graph.add("Equal", "codes", graph.constant(np.array([[2]]))), to=1), axis=1
    )
    first = rng.normal(0, 0.02, (4, 96)).astype(np.float32)
    first[:, 0] = [1.0, 0.0, 0.0, 1.0]
    second = rng.normal(0, 0.002, (96, 96)).astype(np.float32) + np.eye(96, dtype=np.float32)
    last = np.zeros((96, 1), np.float32)
    last[0] = 3.0
    h = graph.add("MatMul", graph.add("MatMul", x, graph.constant(first)), graph.constant(second))
    chance = graph.add("Sigmoid", graph.add("MatMul", h, graph.constant(last)))
    graph.add("Identity", two_columns(graph, chance), output="probability")
    plan = Plan(graph.finish(["probability"], 2), ("probability",))
    return write.write(tmp_path_factory.mktemp("net") / "bundle", data.task, plan, data, {"candidate": "network"})


def timed(monkeypatch: pytest.MonkeyPatch, milliseconds: list[float]) -> None:
    """Let the stopwatch read what the test says, in the order of the measurements: one row, then many, for each graph."""
    left = iter(milliseconds)
    monkeypatch.setattr(quantize, "_milliseconds", lambda call, calls: next(left))


@pytest.mark.parametrize("how", quantize.WAYS)
def test_a_quantized_graph_answers_nearly_the_same_and_passes_the_gate(
    how: str, network: Bundle, data: Dataset
) -> None:
    from deepenough.bundle import _gate

    graph = quantize.quantize(network.graph, [data.tensors], how)
    _gate.check(graph)
    assert len(graph) < 0.5 * len(network.graph)
    session = quantize._session(graph)
    said = session.run(["probability"], {i.name: data.tensors[i.name] for i in session.get_inputs()})[0]
    plain = network.run(data.tensors)["probability"]
    assert (
        0 < np.abs(said - plain).max() < 0.1
        and float(AUC.interval(AUC.evidence(data.truth, {"probability": said})).value) > 0.85
    )


def test_what_is_not_faster_is_not_kept_and_recorded_all_the_same(
    network: Bundle, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed(monkeypatch, [1.0, 9.0, 0.9, 8.0, 1.5, 12.0])
    found = quantize.compare(network, data, AUC)
    assert found.graph is None and found.document["kept"] is None
    assert [(t["how"], t["kept"], t["times_faster"]) for t in found.document["tried"]] == [
        ("dynamic", False, 1.111),
        ("static", False, 0.667),
    ]
    assert all(
        t["bytes"] < found.document["float32"]["bytes"] and "1.2 times are wanted" in t["reason"]
        for t in found.document["tried"]
    )


def test_the_faster_way_is_kept(network: Bundle, data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    timed(monkeypatch, [1.0, 9.0, 0.7, 8.0, 0.5, 12.0])
    monkeypatch.setattr(quantize, "LOSS", 0.05)
    found = quantize.compare(network, data, AUC, threshold=0.8)
    assert (
        found.graph is not None and found.document["kept"] == "static" and found.document["reason"] == "Kept: static."
    )
    assert [t["kept"] for t in found.document["tried"]] == [False, True]


def test_what_loses_too_much_is_not_kept(network: Bundle, data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    timed(monkeypatch, [1.0, 9.0, 0.5, 8.0, 0.5, 12.0])
    monkeypatch.setattr(quantize, "LOSS", -0.5)
    found = quantize.compare(network, data, AUC)
    assert found.graph is None and all("may be lost" in t["reason"] for t in found.document["tried"])


def test_what_no_longer_meets_the_bar_is_not_kept(
    network: Bundle, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    timed(monkeypatch, [1.0, 9.0, 0.5, 8.0, 0.5, 12.0])
    monkeypatch.setattr(quantize, "LOSS", 1.0)
    meets = iter([True, False, True, False])
    monkeypatch.setattr(quantize, "_meets", lambda *_: next(meets))
    found = quantize.compare(network, data, AUC, threshold=0.8)
    assert found.graph is None and all("no longer meets the bar" in t["reason"] for t in found.document["tried"])


@pytest.mark.parametrize(
    ("family", "why"), [("gradient_boosting", "Trees compare numbers"), ("linear", "too few to gain by")]
)
def test_where_nothing_is_multiplied_nothing_is_tried(family: str, why: str, data: Dataset, tmp_path: Path) -> None:
    model: Any = shelves.load("candidates", family).build(data.task, {}, 0)
    model.fit(data.take(np.arange(300)), data.take(np.arange(300, 400)), Workspace())
    bundle = write.write(tmp_path / "bundle", data.task, model.export(), data, {})
    found = quantize.compare(bundle, data, AUC)
    assert found.graph is None and found.document["tried"] == [] and why in found.document["reason"]


def test_the_stopwatch_is_the_processor(network: Bundle) -> None:
    assert 0 < quantize._milliseconds(lambda: sum(range(1000)), 20) < 5


def test_a_kept_graph_answers_and_the_other_ships_beside_it(network: Bundle, data: Dataset, tmp_path: Path) -> None:
    small = quantize.quantize(network.graph, [data.tensors], "dynamic")
    plan = Plan(network.graph, ("probability",), quantized=small)
    bundle = write.write(tmp_path / "bundle", data.task, plan, data, {})
    assert (
        bundle.graph == small
        and bundle.size_bytes == len(small)
        and {"model.onnx", "model.int8.onnx"} <= set(bundle.files)
    )
    assert bundle.run(data.tensors)["probability"].tolist() != network.run(data.tensors)["probability"].tolist()
    assert bundle.digest != network.digest


@pytest.mark.parametrize("one_row_ms", [1.0, 0.5], ids=["as slow", "twice as fast"])
def test_a_network_fitted_again_ships_in_eight_bits_only_where_they_pay(
    one_row_ms: float, data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    timed(monkeypatch, [1.0, 9.0, *[one_row_ms, 9.0] * 2])
    monkeypatch.setattr(quantize, "LOSS", 0.5)
    trial = Trial("tabular_net", "Neural network for tables", 4, settings={"width": 32, "epochs": 1, "heads": 2})
    final = Part(np.arange(300), np.arange(300, 400), np.arange(300, 400))
    kept = Workspace(stamp="the same question")
    done, bundle = refit(trial, data, final, kept, tmp_path / "bundle", 0, Judged(AUC))
    document = json.loads((tmp_path / "quantization.json").read_text(encoding="utf-8"))
    small = document["kept"] is not None
    assert bundle is not None and small == (one_row_ms < 1.0) == ("model.int8.onnx" in bundle.files)
    assert len(document["tried"]) == 2 and document["schema"] == quantize.SCHEMA
    again, same = refit(trial, data, final, kept, tmp_path / "bundle", 0, Judged(AUC))
    assert same is not None and same.digest == bundle.digest and again.size_bytes == done.size_bytes


def test_what_cannot_be_quantized_is_said_and_the_model_stands(
    network: Bundle, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> bytes:
        raise ValueError("shapes differ")

    monkeypatch.setattr(quantize, "quantize", broken)
    found = quantize.compare(network, data, AUC)
    assert (
        found.graph is None
        and [t["reason"] for t in found.document["tried"]] == ["It could not be made (ValueError)."] * 2
    )
