"""Two answers to the same rows: what the complex one gains is said as it is, where the truth is known by construction."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trials import off_by, ranked, right

import deepenough as de
from deepenough import shelves
from deepenough.comparison import Comparison, compare, reads_classes
from deepenough.errors import DataError, DeepEnoughError, SettingError
from deepenough.metrics import named
from deepenough.submissions import in_order, label_text

METRICS = {
    f"{name}=0.9" if book.facts["parameters"] else name: book.facts for name, book in shelves.shelf("metrics").items()
}
CLASSES = sorted(n for n, f in METRICS.items() if "classification" in f["tasks"])
NUMBERS = sorted(n for n, f in METRICS.items() if "regression" in f["tasks"])


def areas(n: int, simple: float, complex: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, and two probabilities of the second class whose true areas under the curve are these."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)
    first, second = (answer["probability"][:, 1] for answer in ranked(truth, [simple, complex], rng))
    return truth, first, second


def errors(n: int, simple: float, complex: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    first, second = (answer["value"] for answer in off_by(truth, [simple, complex], rng))
    return truth, first, second


# --- the truth is known ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("simple", "complex", "said", "reason"),
    [
        (0.80, 0.90, "yes", None),
        (0.80, 0.80, "no", "gain_below_worth"),
        (0.90, 0.80, "no", "gain_below_worth"),
        (0.80, 0.82, "undecided", None),
    ],
)
def test_a_gain_of_known_size_in_ranking(simple: float, complex: float, said: str, reason: str | None) -> None:
    found = compare(*areas(4000, simple, complex), worth=0.02)
    assert (found.worth_it, found.reason, found.worth_used) == (said, reason, 0.02)
    assert found.gain.low is not None and found.gain.high is not None
    assert found.gain.low < complex - simple < found.gain.high and found.gain.low < found.gain.value < found.gain.high
    assert found.gain.value == pytest.approx(found.complex.value - found.simple.value)


@pytest.mark.parametrize(("complex", "said"), [(0.90, "yes"), (1.0, "no"), (1.2, "no"), (0.98, "undecided")])
@pytest.mark.parametrize("metric", [None, "rmse", "mae"])
def test_a_gain_of_known_size_in_error(metric: str | None, complex: float, said: str) -> None:
    found = compare(*errors(6000, 1.0, complex), metric)
    assert found.worth_it == said and found.metric == (metric or "rmse") and found.worth_used == 0.02
    assert found.gain.value == pytest.approx(1.0 - complex, abs=0.02)


def test_accuracy_of_known_answers_by_class_names() -> None:
    truth = np.array(["no", "yes"])[np.tile([0, 1], 500)]
    codes = (truth == "yes").astype(int)
    first, second = (
        np.array(["no", "yes"])[right(codes, np.arange(k))["probability"].argmax(axis=1)] for k in (800, 900)
    )
    found = compare(truth, first, second, "accuracy")
    assert (found.simple.value, found.complex.value) == (0.8, 0.9) and found.gain.value == pytest.approx(0.1)
    assert found.worth_it == "yes" and compare(truth, second, first, "accuracy").worth_it == "no"


@given(st.integers(0, 10_000), st.sampled_from(CLASSES))
def test_turned_round_the_gain_is_turned_round(seed: int, metric: str) -> None:
    truth, first, second = areas(300, 0.8, 0.85, seed)
    there, back = compare(truth, first, second, metric, 0.01), compare(truth, second, first, metric, 0.01)
    assert not there.worth_it == back.worth_it == "yes"
    if METRICS[metric]["bounded"]:
        assert there.gain.value == pytest.approx(-back.gain.value)
        assert there.gain.low == pytest.approx(-(back.gain.high or 0.0), abs=1e-9)


@given(st.integers(0, 10_000), st.sampled_from([*CLASSES, *NUMBERS]))
def test_the_same_answer_twice_gains_nothing_and_is_not_worth_it(seed: int, metric: str) -> None:
    truth, first, _ = (areas if metric in CLASSES else lambda n, *a: errors(n, 1.0, 1.0, a[-1]))(60, 0.8, 0.8, seed)
    for worth in (None, 0.0, 0.05):
        found = compare(truth, first, first.copy(), metric, worth)
        assert (found.worth_it, found.reason) == ("no", "same_answers")
        assert (found.gain.value, found.gain.low, found.gain.high) == (0.0, 0.0, 0.0)


def test_of_forty_answers_that_gain_just_the_worth_hardly_any_is_called_worth_it() -> None:
    said = [compare(*areas(500, 0.80, 0.82, seed), worth=0.02).worth_it for seed in range(40)]
    assert said.count("yes") <= 4


# --- groups ----------------------------------------------------------------------------------------------------------


def test_rows_of_one_customer_count_as_one() -> None:
    """Each row twenty times over: by rows that looks sure, by groups it is what fifty rows can say."""
    truth, first, second = (np.repeat(a, 20) for a in areas(50, 0.75, 0.83))
    by_rows, by_group = (
        compare(truth, first, second),
        compare(truth, first, second, groups=np.repeat(np.arange(50), 20)),
    )
    assert by_group.gain.value == pytest.approx(by_rows.gain.value)
    assert (by_group.gain.width or 0.0) > 3 * (by_rows.gain.width or 1.0)


def test_few_groups_never_say_yes() -> None:
    truth, first, second = areas(1000, 0.70, 0.95)
    four, twelve, many = (compare(truth, first, second, groups=np.arange(1000) % k) for k in (4, 12, 50))
    assert four.gain.low is None and four.worth_it == "undecided" and "range" in four.sentence
    assert "few" in twelve.gain.flags and twelve.worth_it == "undecided" and "too few" in twelve.sentence
    assert many.worth_it == "yes"


# --- what it is given --------------------------------------------------------------------------------------------------


def same(a: Comparison, b: Comparison) -> bool:
    return (a.gain, a.worth_it, a.sentence) == (b.gain, b.worth_it, b.sentence)


def test_any_form_of_the_same_arrays_says_the_same() -> None:
    truth, first, second = areas(400, 0.8, 0.9)
    usual = compare(truth, first, second)
    both = [np.stack([1.0 - p, p], axis=1) for p in (first, second)]
    text = np.where(truth == 1, "yes", "no")
    forms: list[tuple[Any, Any, Any, dict[str, Any]]] = [
        (truth.tolist(), first.tolist(), second.tolist(), {}),
        (pd.Series(truth), pd.Series(first), pd.DataFrame({"p": second}), {}),
        (truth == 1, first, second, {}),
        (truth.astype(float), *both, {}),
        (text, *both, {}),
        (text, first, second, {"metric": "roc_auc"}),
        (text, *(p[:, ::-1] for p in both), {"labels": ["yes", "no"], "metric": "roc_auc"}),
        (np.where(truth == 1, 1, -1), first, second, {}),
    ]
    for t, a, b, more in forms:
        found = compare(t, a, b, **more)
        assert found.gain.value == pytest.approx(usual.gain.value) and found.worth_it == "yes", more
    assert same(compare(truth, first, second, seed=0), usual)


def test_more_than_two_classes() -> None:
    rng = np.random.default_rng(0)
    truth = rng.choice(["high", "low", "mid"], 600)
    codes = np.searchsorted(["high", "low", "mid"], truth)
    vague, clear = (np.eye(3)[codes] * s + rng.gamma(1.0, 1.0, (600, 3)) for s in (0.5, 2.0))
    vague, clear = (p / p.sum(axis=1, keepdims=True) for p in (vague, clear))
    for metric in CLASSES:
        assert compare(truth, vague, clear, metric).worth_it == "yes", metric
    names = [np.array(["high", "low", "mid"])[p.argmax(axis=1)] for p in (vague, clear)]
    assert same(compare(truth, vague, clear, "accuracy"), compare(truth, *names, "accuracy"))
    numbers = [p.argmax(axis=1) for p in (vague, clear)]
    assert same(compare(codes, *numbers, "accuracy"), compare(truth, *names, "accuracy"))


def test_a_class_that_no_row_has_may_have_its_column() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 200)
    p = np.concatenate([np.eye(2)[truth] + rng.random((200, 2)), np.full((200, 1), 0.2)], axis=1)
    p /= p.sum(axis=1, keepdims=True)
    assert compare(truth, np.full((200, 3), 1 / 3), p, "log_loss").worth_it == "yes"


def test_which_metrics_read_classes_alone() -> None:
    reading = {n for n in CLASSES if reads_classes(named(n))}
    assert {"accuracy", "balanced_accuracy", "f1_macro"} <= reading
    assert not {"roc_auc", "log_loss", "average_precision"} & reading


TRUTH, FIRST, SECOND = areas(200, 0.8, 0.9)


def edited(i: int, value: Any) -> np.ndarray:
    found = FIRST.astype(object if isinstance(value, str) else float)
    found[i] = value
    return found


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"simple": edited(17, math.nan)}, ["simple", "empty", "row 17"]),
        ({"complex": edited(17, math.inf)}, ["complex", "inf", "row 17"]),
        ({"simple": edited(3, 1.2)}, ["1.2", "row 3", "between 0 and 1"]),
        ({"simple": edited(3, -0.1)}, ["-0.1", "row 3"]),
        ({"simple": np.stack([FIRST, FIRST], axis=1)}, ["row 0", "adds up to", "not 1"]),
        ({"simple": np.ones((200, 3)) / 3}, ["3 columns", "2 classes"]),
        ({"simple": FIRST[:-1]}, ["199", "200"]),
        ({"complex": np.concatenate([SECOND, SECOND])}, ["400", "200"]),
        ({"groups": np.arange(100)}, ["groups", "100", "200"]),
        ({"groups": [None] * 200}, ["groups", "empty", "row 0"]),
        ({"truth": np.where(np.arange(200) == 5, np.nan, TRUTH)}, ["truth", "empty", "row 5"]),
        ({"truth": np.zeros(200)}, ["nothing to tell apart"]),
        ({"truth": np.arange(200) / 7, "metric": "roc_auc"}, ["too many to be classes", "rmse"]),
        ({"simple": ["no"] * 199 + ["perhaps"], "truth": np.where(TRUTH, "yes", "no")}, ["'perhaps'", "row 199"]),
        ({"simple": np.where(TRUTH, "yes", "no"), "truth": np.where(TRUTH, "yes", "no")}, ["classes only", "accuracy"]),
        ({"simple": np.zeros((2, 2, 2))}, ["shape"]),
        ({"complex": [[0.5], [0.5, 0.5]] * 100}, ["different lengths"]),
        ({"metric": "auc"}, ["'auc'", "roc_auc"]),
        ({"metric": "rmse", "simple": edited(4, "many")}, ["'many'", "row 4"]),
        ({"worth": 2.0}, ["2", "points"]),
        ({"worth": -0.1}, ["-0.1"]),
        ({"labels": ["0"]}, ["lack '1'"]),
        ({"labels": [0, 1, 1]}, ["twice"]),
        ({"truth": [], "simple": [], "complex": []}, ["0 row"]),
        ({"truth": [1], "simple": [0.5], "complex": [0.5]}, ["1 row"]),
    ],
)
def test_what_cannot_be_compared_is_a_sentence_that_names_the_row(asked: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(DeepEnoughError) as refused:
        compare(**({"truth": TRUTH, "simple": FIRST, "complex": SECOND} | asked))
    assert all(word in str(refused.value) for word in words), refused.value


@given(
    st.lists(st.one_of(st.floats(), st.integers(-3, 3), st.none(), st.text(max_size=3), st.booleans()), max_size=12),
    st.sampled_from([None, *METRICS]),
)
def test_anything_else_is_an_answer_or_a_sentence(values: list[Any], metric: str | None) -> None:
    truth = np.tile([0, 1], 6)[: len(values)]
    with np.errstate(all="ignore"):
        try:
            assert compare(truth, np.linspace(0.1, 0.9, len(values)), values, metric).worth_it in (
                "yes",
                "no",
                "undecided",
            )
        except DeepEnoughError as error:
            assert str(error)


# --- what it says ------------------------------------------------------------------------------------------------------


def test_rows_to_settle_and_planning_are_told_of_an_open_question() -> None:
    opened = compare(*areas(400, 0.80, 0.84), worth=0.02)
    assert opened.worth_it == "undecided" and opened.rows_planning and opened.rows_planning > 400
    assert opened.rows_to_settle is None or opened.rows_to_settle > 400
    assert "cannot tell" in opened.sentence and "keep the simple model" in opened.sentence
    settled = compare(*areas(4000, 0.8, 0.9))
    assert settled.rows_to_settle is None and settled.rows_between is None
    halfway = compare(*areas(400, 0.80, 0.83), worth=0.02)
    assert halfway.worth_it == "undecided" and halfway.rows_to_settle and halfway.rows_between
    assert halfway.rows_between[0] <= halfway.rows_to_settle


@pytest.mark.parametrize("metric", [*CLASSES, *NUMBERS])
def test_the_sentence_is_for_a_person_and_the_document_for_machines(metric: str) -> None:
    made = areas if metric in CLASSES else errors
    for first, second in ((0.8, 0.9), (0.9, 0.8), (0.8, 0.8)):
        found = compare(*made(500, first, second), metric)
        assert metric not in found.sentence and found.sentence.startswith("The ") and found.sentence.endswith(".")
        document = found.document()
        assert document["gain"]["value"] == found.gain.value and document["rows"] == 500 and document["level"] == 0.05


def test_it_is_a_public_name_and_repeats_itself() -> None:
    assert de.compare is compare and de.Comparison is Comparison
    truth, first, second = areas(300, 0.8, 0.85)
    assert (
        de.compare(truth, first, second, "log_loss").document()
        == de.compare(truth, first, second, "log_loss").document()
    )


def test_words_of_classes() -> None:
    assert [label_text(v) for v in (1.0, np.float64(2), 1.5, True, np.int64(3), " a ")] == [
        "1",
        "2",
        "1.5",
        "True",
        "3",
        "a",
    ]
    assert in_order(["10", "9"]) == ("9", "10") and in_order(["b", "1"]) == ("1", "b")


def test_refusals_are_of_the_right_kind() -> None:
    with pytest.raises(DataError):
        compare(TRUTH, FIRST[:3], SECOND)
    with pytest.raises(SettingError):
        compare(TRUTH, FIRST, SECOND, "nothing")
