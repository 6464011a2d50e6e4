"""Calibration: kept where probabilities are crooked, refused where they are true, and exactly what ships."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deepenough.bundle import Plan
from deepenough.candidates._calibration import (
    FEWEST,
    Calibrated,
    Calibration,
    _of_many,
    _of_two,
    calibrate,
    folds_of,
    learn,
    logs,
)
from deepenough.dataset import Answer, Dataset
from deepenough.export import parity, write
from deepenough.export.graph import Graph, two_columns, widths
from deepenough.loading import load
from deepenough.workspace import Workspace


def world(n: int, classes: int, sharpen: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose true chances are known, and a model that exaggerates them `sharpen` times."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(n, classes)) * 1.2
    chance = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    truth = (rng.random((n, 1)) > np.cumsum(chance, axis=1)).sum(axis=1)
    said = np.exp(sharpen * scores)
    return (said / said.sum(axis=1, keepdims=True)).astype(np.float32), truth


def loss(probability: np.ndarray, truth: np.ndarray) -> float:
    return float(-np.log(probability[np.arange(len(truth)), truth]).mean())


@pytest.mark.parametrize("classes", [2, 4])
def test_crooked_probabilities_are_made_true(classes: int) -> None:
    said, truth = world(3000, classes, 2.0)
    kept = calibrate({"probability": said}, truth, np.arange(3000) % 5, None)
    assert kept is not None
    learnt, crosswise = kept
    assert learnt.slope == pytest.approx(0.5, abs=0.06)
    assert loss(crosswise["probability"], truth) < loss(said, truth)
    fresh, happened = world(20_000, classes, 2.0, seed=9)
    true, _ = world(20_000, classes, 1.0, seed=9)
    assert np.abs(learnt.apply(fresh) - true).mean() < 0.02
    assert loss(learnt.apply(fresh), happened) < loss(fresh, happened)


@pytest.mark.parametrize("classes", [2, 4])
def test_true_probabilities_are_left_alone(classes: int) -> None:
    """In at least 19 of 20 tables: one is what chance allows."""
    kept = [
        calibrate({"probability": (w := world(600, classes, 1.0, seed))[0]}, w[1], np.arange(600) % 5, None)
        for seed in range(40)
    ]
    assert sum(k is not None for k in kept) <= 2


def test_few_rows_and_an_absent_class_are_left_alone() -> None:
    said, truth = world(FEWEST - 1, 2, 3.0)
    assert calibrate({"probability": said}, truth, np.arange(len(truth)) % 5, None) is None
    said, truth = world(900, 3, 3.0)
    assert calibrate({"probability": said}, np.minimum(truth, 1), np.arange(900) % 5, None) is None


def test_one_part_is_parted_anew_with_whole_groups() -> None:
    said, truth = world(1000, 2, 2.5)
    groups = np.repeat(np.arange(100), 10)
    one = calibrate({"probability": said}, truth, np.zeros(1000, int), groups)
    assert one is not None and one[0].slope < 0.6


def test_two_classes_keep_the_order_of_their_rows() -> None:
    said, truth = world(500, 2, 2.0)
    after = learn(said, truth).apply(said)
    order = np.argsort(said[:, 1], kind="stable")
    assert (np.diff(after[order, 1]) >= 0).all()


def test_the_edges_have_logarithms() -> None:
    assert np.isfinite(logs(np.array([[0.0, 1.0], [1.0, 0.0]], np.float32))).all()
    assert np.isfinite(logs(np.array([[0.0, 1.0, 0.0]], np.float32))).all()
    assert folds_of([2, 1]).tolist() == [0, 0, 1]


class Steep:
    """A model of one column that is far too sure of itself."""

    def fit(self, learn: Dataset, tune: Dataset, workspace: Workspace) -> Steep:
        self.widths = widths(learn.tensors)
        return self

    def predict(self, dataset: Dataset) -> Answer:
        x = np.nan_to_num(dataset.tensors["numbers"][:, :1]) * np.float32(6.0)
        positive = 1.0 / (1.0 + np.exp(-np.clip(x.astype(np.float64), -500.0, 500.0)))
        return {"probability": np.hstack([1.0 - positive, positive]).astype(np.float32)}

    def export(self) -> Plan:
        graph = Graph(self.widths)
        first = graph.add("Gather", "numbers", graph.constant(np.array([0])), axis=1)
        clean = graph.add("Where", graph.add("IsNaN", first), graph.constant(np.zeros((1, 1), np.float32)), first)
        steep = graph.add("Mul", clean, graph.constant(np.array([[6.0]], np.float32)))
        graph.add("Identity", two_columns(graph, graph.add("Sigmoid", steep)), output="probability")
        return Plan(graph.finish(["probability"], 2), ("probability",))


@pytest.mark.parametrize("calibration", [Calibration(0.5, (0.0, 0.3)), Calibration(2.5, (0.0, -1.0))])
def test_what_ships_is_what_was_calibrated(calibration: Calibration, churn: object, tmp_path: Path) -> None:
    """Odd rows included: the farthest are where a float32 next to 1 has no digits left."""
    data = load(churn, "answer")
    model = Calibrated(Steep(), calibration).fit(data, data, Workspace())
    bundle = write.write(tmp_path / "bundle", data.task, model.export(), data, {})
    parity.prove(model.predict, bundle, data, 0)


@pytest.mark.parametrize("at", [(1.0, 0.0), (0.5, -3.0), (3.0, 5.0)])
def test_the_short_loss_of_two_classes_is_that_of_many(at: tuple[float, float]) -> None:
    probability, truth = world(500, 2, 3.0)
    probability[:2] = [[1.0, 0.0], [0.0, 1.0]]
    (short, short_slope), (long, long_slope) = (
        of(logs(probability), truth)(np.array(at)) for of in (_of_two, _of_many)
    )
    assert short == pytest.approx(long, rel=1e-9)
    np.testing.assert_allclose(short_slope, long_slope, rtol=1e-8, atol=1e-8)
