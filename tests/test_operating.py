"""Recall at a precision and precision at a recall: against their definition, and as a bar."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve

from deepenough.bar import parse
from deepenough.errors import BarError
from deepenough.metrics import named


def two_classes(seed: int, n: int = 800, apart: float = 1.5) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)
    positive = 1 / (1 + np.exp(-np.round(rng.normal(size=n) + apart * (truth - 0.5), 2)))  # rounded: scores tie
    return truth, {"probability": np.column_stack([1 - positive, positive])}


@pytest.mark.parametrize("wanted", [0.6, 0.8, 0.9, 0.99])
def test_they_are_what_the_precision_recall_curve_says(wanted: float) -> None:
    truth, answer = two_classes(0)
    precision, recall, _ = precision_recall_curve(truth, answer["probability"][:, 1])
    ones = np.ones(len(truth))
    for name, of, by in (("recall@precision", recall, precision), ("precision@recall", precision, recall)):
        metric = named(f"{name}={wanted}")
        reached = of[:-1][by[:-1] >= wanted]  # the curve's last point is no threshold
        assert metric.name == f"{name}={wanted}"
        assert metric.value(metric.evidence(truth, answer), ones) == pytest.approx(max(reached, default=0.0))


def test_two_weights_are_the_doubled_rows() -> None:
    truth, answer = two_classes(1, 200)
    weights = np.random.default_rng(2).integers(0, 3, 200)
    metric = named("recall@precision=0.8")
    doubled = {"probability": np.repeat(answer["probability"], weights, axis=0)}
    assert metric.value(metric.evidence(truth, answer), weights.astype(float)) == pytest.approx(
        metric.value(metric.evidence(np.repeat(truth, weights), doubled), np.ones(weights.sum()))
    )


def test_the_interval_holds_the_truth_and_the_gain_its_sign() -> None:
    metric, held = named("recall@precision=0.8"), 0
    whole = two_classes(99, 400_000)
    true = metric.value(metric.evidence(*whole), np.ones(400_000))
    for seed in range(40):
        found = metric.interval(metric.evidence(*two_classes(seed, 600)), quick=True)
        assert found.low is not None and found.high is not None and "widened" in found.flags
        held += found.low <= true <= found.high
    assert held >= 35  # 93 % of 40, less two standard errors
    truth, simple = two_classes(3, 1000, 1.0)
    _, complex = two_classes(3, 1000, 2.0)
    gain = metric.gain(metric.evidence(truth, simple), metric.evidence(truth, complex))
    assert gain.low is not None and gain.low > 0.0


def test_nothing_is_claimed_of_nine_rows() -> None:
    truth, answer = two_classes(4, 400)
    few = np.flatnonzero(truth == 1)[:9]
    rows = np.concatenate([np.flatnonzero(truth == 0), few])
    metric = named("precision@recall=0.5")
    found = metric.interval(metric.evidence(truth[rows], {"probability": answer["probability"][rows]}))
    assert found.low is None and found.flags == ("few",)


def test_the_luckiest_threshold_of_rare_positives_proves_nothing() -> None:
    """Where the wanted precision is out of reach, some threshold reaches it in a draw all the same, with a handful of rows."""
    rng, metric = np.random.default_rng(5), named("recall@precision=0.9")
    truth = (rng.random(5000) < 0.05).astype(int)
    positive = 1 / (1 + np.exp(-(rng.normal(size=5000) + 1.2 * truth)))
    answer = {"probability": np.column_stack([1 - positive, positive])}
    found = metric.interval(metric.evidence(truth, answer), quick=True)
    assert 0.0 < found.value * truth.sum() < 20, "a few rows on top are right by luck"
    assert found.low == 0.0 and found.high is not None and found.high > found.value and "few" in found.flags
    bar = parse("recall@precision=0.9 >= 0.001", "classification")
    assert bar is not None and bar.meets(found) is None


def test_a_bar_reads_them() -> None:
    bar = parse("recall@precision=0.9 >= 0.6", "classification")
    assert bar is not None and (bar.metric, bar.threshold, bar.at_least) == ("recall@precision=0.9", 0.6, True)


@pytest.mark.parametrize(
    "text, said",
    [
        ("recall@precision >= 0.6", "does not say which precision is wanted"),
        ("recall@precision=90 >= 0.6", "between 0 and 1"),
        ("roc_auc=0.9 >= 0.6", "roc_auc takes no value"),
        ("recal@precision=0.9 >= 0.6", "Did you mean 'recall@precision'"),
    ],
)
def test_a_wrong_one_is_a_sentence(text: str, said: str) -> None:
    with pytest.raises(BarError, match=said):
        parse(text, "classification")
