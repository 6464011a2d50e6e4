"""The value of decisions: the line is drawn where it pays, and sums are what they say."""

from __future__ import annotations

import numpy as np
import pytest

from deepenough import costs
from deepenough.errors import SettingError
from deepenough.value import (
    Value,
    best_line,
    compare,
    curve,
    decide,
    draw_line,
    line_at_precision,
    line_at_recall,
    parse,
)


def answers(n: int = 4000, seed: int = 0, sharpen: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """True probabilities, sharpened or not, and what happened."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(-1.0, 1.5, n)
    truth = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(int)
    said = 1 / (1 + np.exp(-sharpen * logit))
    return np.column_stack([1 - said, said]), truth


def test_it_is_read_as_it_is_written() -> None:
    assert parse("fn=50, fp=1, rows_per_month=20000") == Value(fn=50.0, fp=1.0, rows_per_month=20000.0)
    assert parse("fn=1,500; fp=2").fn == 1500.0
    assert parse("tp=8,fp=2").threshold == pytest.approx(0.2)
    assert parse("fn=1, fp=1, rows_per_month=100").rows_per_year == 1200.0


@pytest.mark.parametrize(
    "text, said",
    [
        ("fm=50, fp=1", "cannot be read"),
        ("fn 50", "cannot be read"),
        ("fn=many, fp=1", "is no number"),
        ("fn=50", "nothing to decide"),
        ("fn=50, fp=1, rows_per_month=0", "makes no sense"),
    ],
)
def test_a_wrong_one_is_a_sentence(text: str, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        parse(text)


def test_each_decision_brings_what_was_said() -> None:
    value = Value(fn=50.0, fp=1.0, tp=7.0, tn=0.5)
    assert value.of_rows(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])).tolist() == [0.5, -1.0, -50.0, 7.0]


def test_true_probabilities_are_decided_by_the_values_alone() -> None:
    """And crooked ones by what paid on the rows."""
    value = Value(fn=5.0, fp=1.0)
    probability, truth = answers()
    assert draw_line(value, probability, truth) == value.threshold
    crooked, truth = answers(sharpen=4.0)
    line = draw_line(value, crooked, truth)
    assert line < value.threshold / 3
    fresh, happened = answers(20_000, seed=5, sharpen=4.0)
    gain = compare(value, happened, decide(fresh, value.threshold), decide(fresh, line))
    assert gain.low is not None and gain.low > 0.0


def test_the_best_line_is_the_best_of_all() -> None:
    value, (probability, truth) = Value(fn=3.0, fp=1.0), answers(300, 3)
    brought = [value.of_rows(truth, decide(probability, t)).sum() for t in np.unique(probability[:, 1])]
    assert value.of_rows(truth, decide(probability, best_line(value, probability, truth))).sum() == pytest.approx(
        max(brought)
    )


def test_where_it_never_pays_nobody_is_picked() -> None:
    probability, _truth = answers(100, 1)
    assert decide(probability, best_line(Value(fn=1.0, fp=1.0), probability, np.zeros(100, int))).sum() == 0


def test_a_wanted_precision_or_recall_is_kept_on_the_rows() -> None:
    probability, truth = answers(2000, 2)
    at = line_at_precision(probability, truth, 0.8)
    assert at is not None
    picked = decide(probability, at) == 1
    assert truth[picked].mean() >= 0.8
    caught = line_at_recall(probability, truth, 0.9)
    assert caught is not None and truth[decide(probability, caught) == 1].sum() >= 0.9 * truth.sum()
    assert line_at_precision(probability, np.zeros(2000, int), 0.8) is None


def test_the_curve_passes_through_its_ends_and_its_line() -> None:
    value, (probability, truth) = Value(fn=5.0, fp=1.0), answers(500)
    drawn = curve(value, probability, truth, value.threshold)
    assert drawn["per_row"][0] == drawn["everybody"] and drawn["per_row"][-1] == drawn["nobody"]
    assert drawn["at"] == drawn["per_row"][drawn["thresholds"].index(drawn["threshold"])]
    assert max(drawn["per_row"]) <= 0.0


def test_prices_are_read_and_kept() -> None:
    prices = costs.parse("cpu_hour=0.1, currency=EUR, watts=6")
    assert (prices.of_cpu(3600.0), prices.per_thousand(36.0), prices.watt_hours(600.0)) == pytest.approx(
        (0.1, 0.001, 1.0)
    )
    assert prices.currency == "EUR" and costs.parse("") == costs.Prices()


@pytest.mark.parametrize(
    "text, said",
    [
        ("cpu=1", "cannot be read"),
        ("cpu_hour=-1", "is no price"),
        ("currency=1", "is no currency"),
        ("watts=x", "is no price"),
    ],
)
def test_a_wrong_price_is_a_sentence(text: str, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        costs.parse(text)
