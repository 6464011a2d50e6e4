"""Proofs of the metrics: definitions against scikit-learn, edges, and properties that any rows keep."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from deepenough.metrics import Metric, gain_by_group, interval_by_group, sample
from deepenough.metrics.accuracy import Accuracy
from deepenough.metrics.average_precision import AveragePrecision
from deepenough.metrics.balanced_accuracy import BalancedAccuracy
from deepenough.metrics.f1_macro import F1Macro
from deepenough.metrics.log_loss import LogLoss
from deepenough.metrics.mae import Mae
from deepenough.metrics.r2 import R2
from deepenough.metrics.rmse import Rmse
from deepenough.metrics.roc_auc import RocAuc
from deepenough.stats import (
    critical,
    difference,
    f1_interval,
    from_scale,
    newcombe5,
    recall_gain,
    strata_of,
    to_scale,
    wilson,
)
from deepenough.stats.average_precision import perfect_low
from deepenough.stats.f1 import f1_bounds

CLASSIFYING: list[Metric] = [
    RocAuc(),
    AveragePrecision(),
    Accuracy(),
    BalancedAccuracy(),
    F1Macro(),
    LogLoss(),
]
MEASURING: list[Metric] = [Rmse(), Mae(), R2()]
ALL = CLASSIFYING + MEASURING
NAMES = ["roc_auc", "average_precision", "accuracy", "balanced_accuracy", "f1_macro", "log_loss"]
NAMES += ["rmse", "mae", "r2"]


def _id(metric: Metric) -> str:
    return metric.name


def _theirs(name: str, target: np.ndarray, answer: dict[str, np.ndarray], weights: np.ndarray) -> float:
    """Scikit-learn's word on it."""
    if name in ("rmse", "mae", "r2"):
        function = {"rmse": sk.root_mean_squared_error, "mae": sk.mean_absolute_error, "r2": sk.r2_score}[name]
        return float(function(target, answer["value"], sample_weight=weights))
    p = answer["probability"]
    classes = list(range(p.shape[1]))
    if name == "log_loss":
        return float(sk.log_loss(target, p, sample_weight=weights, labels=classes))
    if name in ("roc_auc", "average_precision"):
        function = sk.roc_auc_score if name == "roc_auc" else sk.average_precision_score
        columns = [1] if p.shape[1] == 2 else classes
        return float(np.mean([function(target == c, p[:, c], sample_weight=weights) for c in columns]))
    named = p.argmax(axis=1)
    if name == "f1_macro":
        return float(sk.f1_score(target, named, average="macro", sample_weight=weights))
    function = sk.accuracy_score if name == "accuracy" else sk.balanced_accuracy_score
    return float(function(target, named, sample_weight=weights))


def _answers(metric: Metric, seed: int, n: int, classes: int, step: float = 0.0) -> tuple[np.ndarray, Any, Any]:
    """Make a target and two answers; with `step` the answers are rounded, so that rows tie."""
    rng = np.random.default_rng(seed)
    if metric.answers == "value":
        target = rng.normal(size=n)
        return target, *({"value": target + s * rng.normal(size=n)} for s in (1.0, 0.7))
    target = rng.permutation(np.concatenate([np.arange(classes), rng.integers(0, classes, size=n - classes)]))
    return target, *({"probability": _probability(rng, target, classes, s, step)} for s in (0.8, 1.5))


def _probability(rng: np.random.Generator, target: np.ndarray, classes: int, apart: float, step: float) -> np.ndarray:
    score = apart * np.eye(classes)[target] + rng.normal(size=(len(target), classes))
    grown = np.exp(np.round(score / step) * step if step else score)
    return grown / grown.sum(axis=1, keepdims=True)


def test_every_metric_of_the_first_set_is_there_and_declares_its_facts() -> None:
    assert [m.name for m in ALL] == NAMES
    for metric in ALL:
        assert metric.title
        assert metric.answers == ("value" if "regression" in metric.tasks else "probability")
        assert metric.high_is_good == metric.bounded


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("step", [0.0, 0.5])
@pytest.mark.parametrize("metric", ALL, ids=_id)
def test_value_is_scikit_learns_with_and_without_weights_ties_and_classes(
    metric: Metric, step: float, classes: int
) -> None:
    target, answer, _ = _answers(metric, 1, 200, classes, step)
    evidence = metric.evidence(target, answer)
    for weights in (np.ones(200), np.random.default_rng(2).exponential(size=200)):
        assert metric.value(evidence, weights) == pytest.approx(_theirs(metric.name, target, answer, weights))


@pytest.mark.parametrize("metric", ALL, ids=_id)
def test_whole_number_weights_are_repeated_rows(metric: Metric) -> None:
    target, answer, _ = _answers(metric, 3, 120, 3, 0.5)
    weights = np.random.default_rng(4).integers(0, 4, size=120)
    rows = np.repeat(np.arange(120), weights)
    again = metric.evidence(target[rows], {k: v[rows] for k, v in answer.items()})
    weighted = metric.value(metric.evidence(target, answer), weights.astype(float))
    assert weighted == pytest.approx(metric.value(again, np.ones(len(rows))))


@pytest.mark.parametrize("metric", [RocAuc(), AveragePrecision(), BalancedAccuracy(), F1Macro()], ids=_id)
def test_a_class_that_is_not_there_does_not_count(metric: Metric) -> None:
    target, answer, _ = _answers(metric, 5, 200, 4)
    keep = target != 3
    three = metric.evidence(target[keep], {"probability": answer["probability"][keep]})
    values = [v for c in range(3) if not math.isnan(v := _one_class(metric, c, target[keep], answer, keep))]
    assert metric.value(three, np.ones(int(keep.sum()))) == pytest.approx(np.mean(values))
    whole = metric.evidence(target, answer)
    assert metric.value(whole, keep.astype(float)) == pytest.approx(np.mean(values))


def _one_class(metric: Metric, c: int, target: np.ndarray, answer: Any, keep: np.ndarray) -> float:
    p = answer["probability"][keep]
    if metric.name in ("roc_auc", "average_precision"):
        function = sk.roc_auc_score if metric.name == "roc_auc" else sk.average_precision_score
        return float(function(target == c, p[:, c]))
    function = sk.recall_score if metric.name == "balanced_accuracy" else sk.f1_score
    return float(function(target == c, p.argmax(axis=1) == c))


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("metric", ALL, ids=_id)
def test_interval_says_the_value_its_rows_and_a_standard_error_on_its_scale(
    metric: Metric, quick: bool, classes: int
) -> None:
    target, answer, _ = _answers(metric, 6, 800, classes)
    evidence = metric.evidence(target, answer)
    found = metric.interval(evidence, quick=quick)
    assert found.value == pytest.approx(metric.value(evidence, np.ones(800)))
    assert found.n == 800
    assert found.level == 0.95
    half = critical(0.95, found.df) * found.se
    ends = sorted(from_scale(found.scale, to_scale(found.scale, found.value) + s * half) for s in (-1, 1))
    assert (found.low, found.high) == pytest.approx(tuple(ends), abs=0.25 * found.width)


@pytest.mark.parametrize("metric", ALL, ids=_id)
def test_the_better_answer_gains_and_the_gain_is_the_difference_or_the_share_saved(metric: Metric) -> None:
    target, simple, complex = sample(metric, 7, 2000)
    a, b = metric.evidence(target, simple), metric.evidence(target, complex)
    first, second = metric.value(a, np.ones(2000)), metric.value(b, np.ones(2000))
    found = metric.gain(a, b)
    assert found.value == pytest.approx(second - first if metric.bounded else 1 - second / first)
    assert 0 < found.low < found.value < found.high


@pytest.mark.parametrize("metric", ALL, ids=_id)
def test_an_answer_gains_nothing_over_itself(metric: Metric) -> None:
    target, simple, _ = sample(metric, 8, 300)
    evidence = metric.evidence(target, simple)
    found = metric.gain(evidence, evidence)
    assert found.value == 0
    assert found.low <= 0 <= found.high


def _edges(metric: Metric) -> list[tuple[str, np.ndarray, Any, Any]]:
    """Rows at the edge of what can be judged: perfect, hopeless, constant, of one class, single, none."""
    if metric.answers == "value":
        y = np.linspace(0, 1, 40)
        off = y + 1.0
        return [
            ("perfect", y, {"value": y}, {"value": y}),
            ("perfect against off", y, {"value": off}, {"value": y}),
            ("off against perfect", y, {"value": y}, {"value": off}),
            ("constant target", np.ones(40), {"value": y}, {"value": off}),
            ("constant answer", y, {"value": np.zeros(40)}, {"value": np.ones(40)}),
            ("off by the same everywhere", y, {"value": off}, {"value": y + 2.0}),
            ("one error in many", y, {"value": y}, {"value": np.where(y == 0, 1, y)}),
            ("single", y[:1], {"value": off[:1]}, {"value": off[:1] + 1}),
            ("two", y[:2], {"value": off[:2]}, {"value": y[:2]}),
            ("none", y[:0], {"value": y[:0]}, {"value": y[:0]}),
        ]
    y = np.arange(60) % 2
    right, soft = np.eye(2)[y], 0.1 + 0.8 * np.eye(2)[y] + 0.001 * np.outer(np.arange(60), [1, -1]) / 60
    flat, one = np.full((60, 2), 0.5), np.zeros(60, dtype=int)
    three = np.arange(60) % 3
    cases = [
        ("perfect", y, right, right), ("perfect twice", y, right, soft),
        ("all wrong", y, right, right[:, ::-1]),
        ("flat", y, flat, soft), ("flat twice", y, flat, flat), ("one class", one, soft, flat),
        ("other class", one + 1, soft, right), ("single", y[:1], soft[:1], flat[:1]),
        ("none", y[:0], soft[:0], flat[:0]),
        ("two rows", y[:2], soft[:2], flat[:2]),
        ("nine of a class", (np.arange(60) < 9).astype(int), soft, flat),
        ("three classes, perfect", three, np.eye(3)[three], 0.2 + 0.4 * np.eye(3)[three]),
        ("one of three classes", one, np.eye(3)[three], np.full((60, 3), 1 / 3)),
    ]  # fmt: skip
    return [(name, t, {"probability": a}, {"probability": b}) for name, t, a, b in cases]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("metric", ALL, ids=_id)
def test_at_the_edge_it_answers_without_a_warning_and_with_an_interval_around_the_value_or_none(
    metric: Metric,
) -> None:
    for name, target, simple, complex in _edges(metric):
        a, b = metric.evidence(target, simple), metric.evidence(target, complex)
        found = [metric.interval(e, quick=q) for e in (a, b) for q in (False, True)]
        for one in [*found, metric.gain(a, b)]:
            assert all(type(x) is float for x in (one.value, one.low, one.high, one.se) if x is not None), name
            assert (one.low is None) == (one.high is None), name
            if one.low is not None:
                assert math.isfinite(one.low), name
                assert math.isfinite(one.high), name
                assert one.low <= one.value <= one.high, name
        assert all(one.low is None or one.low < one.high for one in found), name


def test_a_perfect_ranking_is_not_taken_for_certain() -> None:
    y = np.arange(60) % 2
    perfect = {"probability": np.eye(2)[y]}
    for metric in (RocAuc(), AveragePrecision()):
        found = metric.interval(metric.evidence(y, perfect))
        assert found.value == found.high == 1.0
        assert 0.5 < found.low < 0.97
        assert found.flags == ("widened",)


def test_two_perfect_rankings_that_differ_are_not_taken_for_certainly_equal() -> None:
    y = np.arange(60) % 2
    rng = np.random.default_rng(9)
    first, second = (np.column_stack([1 - s, s]) for s in (y + 0.5 * rng.random((2, 60))))
    for metric in (RocAuc(), AveragePrecision()):
        a, b = (metric.evidence(y, {"probability": p}) for p in (first, second))
        found = metric.gain(a, b)
        assert found.value == 0.0
        assert found.low < -0.02 < 0.02 < found.high


@pytest.mark.parametrize(
    ("m", "flags", "interval"),
    [(9, ("few",), False), (10, ("widened",), True), (99, ("widened",), True), (100, (), True)],
)
def test_roc_auc_gives_no_interval_under_ten_rows_of_a_class_and_a_wider_one_under_a_hundred(
    m: int, flags: tuple[str, ...], interval: bool
) -> None:
    rng = np.random.default_rng(10)
    y = (np.arange(400) < m).astype(int)
    score = y + rng.normal(size=400)
    found = RocAuc().interval(RocAuc().evidence(y, {"probability": np.column_stack([-score, score])}))
    assert found.flags == flags
    assert (found.low is not None) == interval


def test_a_gain_in_ranking_with_under_twenty_rows_of_a_class_is_marked_few() -> None:
    rng = np.random.default_rng(11)
    for m, flags in ((19, ("few",)), (20, ())):
        y = (np.arange(200) < m).astype(int)
        a, b = (RocAuc().evidence(y, {"probability": np.column_stack([-s, s])}) for s in y + rng.normal(size=(2, 200)))
        assert RocAuc().gain(a, b).flags == flags


def test_rmse_and_r2_say_heavy_tail_and_mae_does_not() -> None:
    rng = np.random.default_rng(12)
    y = rng.normal(size=1000)
    answer = {"value": y + rng.standard_t(1.5, size=1000)}
    for metric in MEASURING:
        for quick in (False, True):
            flags = metric.interval(metric.evidence(y, answer), quick=quick).flags
            assert flags == (() if metric.name == "mae" else ("heavy_tail",))


def test_log_loss_takes_the_strata_of_the_split() -> None:
    metric = LogLoss()
    rng = np.random.default_rng(13)
    y = (np.arange(1000) < 50).astype(int)
    p = np.clip(0.05 + 0.02 * rng.normal(size=1000), 0.001, 0.999)
    evidence = metric.evidence(y, {"probability": np.column_stack([1 - p, p])})
    plain, kept = metric.interval(evidence), metric.interval(evidence, strata=strata_of(y, np.tile(y, 5)))
    assert kept.width < 0.7 * plain.width


def test_log_loss_keeps_a_certain_and_wrong_answer_finite_as_scikit_learn_does() -> None:
    y = np.array([0, 1, 1])
    for dtype in (np.float32, np.float64):
        p = np.array([[1, 0], [1, 0], [0.5, 0.5]], dtype=dtype)
        ours = LogLoss().value(LogLoss().evidence(y, {"probability": p}), np.ones(3))
        assert ours == pytest.approx(sk.log_loss(y, p), rel=1e-6)


@pytest.mark.parametrize("metric", ALL, ids=_id)
@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(4, 150),
    classes=st.integers(2, 4),
    step=st.sampled_from([0.0, 1.0]),
)
def test_any_rows_keep_value_inside_level_monotone_and_order_irrelevant(
    metric: Metric, seed: int, n: int, classes: int, step: float
) -> None:
    target, simple, complex = _answers(metric, seed, n, classes, step)
    a, b = metric.evidence(target, simple), metric.evidence(target, complex)
    shuffle = np.random.default_rng(seed).permutation(n)
    c, d = (metric.evidence(target[shuffle], {k: v[shuffle] for k, v in x.items()}) for x in (simple, complex))
    for level in (0.5, 0.8, 0.95, 0.99):
        _same(metric.interval(b, level, quick=True), metric.interval(d, level, quick=True))
        _same(metric.gain(a, b, level), metric.gain(c, d, level))
    for low, high in ((0.8, 0.95), (0.95, 0.99)):
        _inside(metric.interval(b, low, seed=1), metric.interval(b, high, seed=1))
        _inside(metric.gain(a, b, low), metric.gain(a, b, high))


def _same(first: Any, second: Any) -> None:
    assert first.value == pytest.approx(second.value, nan_ok=True)
    assert (first.low is None) == (second.low is None)
    if first.low is not None:
        assert (first.low, first.high) == pytest.approx((second.low, second.high))


def _inside(narrow: Any, wide: Any) -> None:
    if narrow.low is None or wide.low is None:
        return
    assert narrow.low <= narrow.value <= narrow.high
    assert wide.low <= narrow.low + 1e-12
    assert narrow.high <= wide.high + 1e-12


@pytest.mark.parametrize("metric", [m for m in ALL if m.bounded], ids=_id)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(6, 120))
def test_a_gain_in_points_turned_round_is_its_negative(metric: Metric, seed: int, n: int) -> None:
    target, simple, complex = _answers(metric, seed, n, 2)
    a, b = metric.evidence(target, simple), metric.evidence(target, complex)
    there, back = metric.gain(a, b), metric.gain(b, a)
    assert there.value == pytest.approx(-back.value)
    assert (there.low is None) == (back.low is None)
    if there.low is not None:
        assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


@pytest.mark.parametrize("metric", ALL, ids=_id)
def test_one_sided_bounds_come_from_the_level(metric: Metric) -> None:
    target, simple, complex = sample(metric, 14, 400)
    a, b = metric.evidence(target, simple), metric.evidence(target, complex)
    one_sided = metric.gain(a, b, level=1 - 2 * 0.05)
    assert metric.gain(a, b).low < one_sided.low < one_sided.value


@pytest.mark.parametrize("metric", ALL, ids=_id)
def test_groups_of_one_row_give_about_the_plain_interval_and_copies_of_a_row_a_wider_one(
    metric: Metric,
) -> None:
    target, simple, complex = sample(metric, 15, 150)
    a, b = metric.evidence(target, simple), metric.evidence(target, complex)
    plain = interval_by_group(metric, b, np.arange(150))
    assert plain.width == pytest.approx(metric.interval(b, quick=True).width, rel=0.15)
    gain = gain_by_group(metric, a, b, np.arange(150))
    assert gain.value == pytest.approx(metric.gain(a, b).value)
    assert gain.width == pytest.approx(metric.gain(a, b).width, rel=0.15)
    rows = np.repeat(np.arange(150), 4)
    copies = metric.evidence(target[rows], {k: v[rows] for k, v in complex.items()})
    assert interval_by_group(metric, copies, rows).width == pytest.approx(plain.width, rel=0.02)
    assert metric.interval(copies, quick=True).width < 0.6 * plain.width


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_widened_interval_of_roc_auc_holds_both_that_it_is_made_of(level: float) -> None:
    rng = np.random.default_rng(16)
    for apart, wide in ((0.0, 3.0), (3.0, 3.0), (0.5, 0.3), (2.0, 0.3)):
        y = (np.arange(120) < 15).astype(int)
        score = apart * y + np.where(y == 1, wide, 1.0) * rng.normal(size=120)
        evidence = RocAuc().evidence(y, {"probability": np.column_stack([-score, score])})
        found = RocAuc().interval(evidence, level)
        low, high = newcombe5(found.value, 15, 105, level)
        half = critical(level, 14) * RocAuc().gain(_flat(y), evidence).se / (found.value * (1 - found.value))
        middle = to_scale("logit", found.value)
        delong = [from_scale("logit", middle - half), from_scale("logit", middle + half)]
        assert (found.low, found.high) == pytest.approx((min(low, delong[0]), max(high, delong[1])))


def _flat(target: np.ndarray) -> Any:
    return RocAuc().evidence(target, {"probability": np.full((len(target), 2), 0.5)})


def test_the_bound_of_a_perfect_average_precision_falls_with_the_level_and_rises_with_the_rows() -> None:
    for m, n in ((2, 2), (2, 50), (30, 30), (50, 2)):
        bounds = [perfect_low(m, n, level) for level in (0.5, 0.8, 0.95, 0.99, 0.9999)]
        assert bounds == sorted(bounds, reverse=True)
        assert 0 <= perfect_low(m, n) < perfect_low(10 * m, 10 * n) < 1


def test_macro_f1_leans_as_the_share_of_each_class_does_and_says_few_where_a_class_has_under_ten_rows() -> None:
    target = np.repeat([0, 1], [950, 50])
    named = np.where(np.arange(1000) >= 996, 1, 0)  # 4 of 50 are found, nothing is called so wrongly
    metric = F1Macro()
    found = metric.interval(metric.evidence(target, {"probability": np.eye(2)[named]}))
    assert found.high - found.value > 1.5 * (found.value - found.low)
    assert found.flags == ()
    few = metric.evidence(target[:959], {"probability": np.eye(2)[named[:959]]})
    assert metric.interval(few).flags == metric.gain(few, few).flags == ("few",)
    judge = BalancedAccuracy()
    assert judge.interval(few).flags == judge.gain(few, few).flags == ("few",)


def test_macro_f1_of_one_class_against_the_rest_holds_what_wilson_holds() -> None:
    cells = np.array([[30.0, 4, 2], [5, 20, 1], [0, 3, 9]])
    low, high = f1_bounds(cells)
    ends = [wilson(h, r) for h, r in ((30, 41), (20, 33), (9, 15))]  # hits; rows of the class or called so
    lows, highs = (np.array([2 * e[k] / (1 + e[k]) for e in ends]) for k in (0, 1))
    assert lows.mean() < low < f1_interval(cells).value < high < highs.mean()


def test_the_gain_in_balanced_accuracy_of_two_classes_is_newcombes_of_each() -> None:
    target = np.repeat([0, 1], [50, 50])
    simple, complex = (np.where(np.arange(100) < k, 1 - target, target) for k in (14, 4))
    gain = recall_gain(target, simple, complex, 2)
    one_class = difference(46 / 50, wilson(46, 50), 36 / 50, wilson(36, 50), 0.0)
    assert gain.value == pytest.approx(0.1)
    assert 0 < gain.low < gain.value < gain.high < one_class[1]
