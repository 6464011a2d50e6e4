"""Proofs of the planning: what rows at hand can be expected to show, and how many would do."""

from __future__ import annotations

import math

import numpy as np
import pytest

from deepenough import stats
from deepenough.stats import Estimate


@pytest.mark.parametrize(
    ("found", "bar", "at_least"),
    [
        (Estimate(0.87, se=0.1, scale="logit", n=5000), 0.85, True),
        (Estimate(0.45, se=0.02, scale="log", n=5000), 0.47, False),
        (Estimate(0.60, se=0.02, scale="log1m", n=5000), 0.58, True),
    ],
)
def test_assurance_is_the_share_of_fresh_sealed_sets_that_clear_the_bar(
    found: Estimate, bar: float, at_least: bool
) -> None:
    rng, rows = np.random.default_rng(12), 20_000
    se_t = found.se * math.sqrt(found.n / 2000)
    truth = stats.to_scale(found.scale, found.value) + found.se * rng.normal(size=rows)
    seen = truth + se_t * rng.normal(size=rows)
    up = at_least == stats.increasing(found.scale)
    edge = stats.to_scale(found.scale, bar)
    cleared = (seen - 1.96 * se_t > edge) if up else (seen + 1.96 * se_t < edge)
    expected = stats.assurance(found, bar, 2000, at_least)
    assert 0.02 < expected < 0.98
    assert cleared.mean() == pytest.approx(expected, abs=0.012)


def test_assurance_of_an_estimate_without_an_error_is_nothing() -> None:
    assert stats.assurance(Estimate(0.99, n=100), 0.5, 100) == 0.0
    assert stats.assurance(Estimate(math.nan, n=100), 0.5, 100) == 0.0
    assert stats.assurance(Estimate(0.9, se=0.1, scale="logit", n=100), 1.0, 100) == 0.0


def test_a_perfect_score_can_be_assured() -> None:
    target = np.repeat([0, 1], 200)
    found = stats.auc_interval(stats.one_vs_rest(target, np.column_stack([-target, target]).astype(float)))
    assert stats.assurance(found, 0.8, 400) > 0.99


def test_what_is_provable_is_met_four_times_in_five() -> None:
    found = Estimate(0.86, se=0.05, scale="logit", n=7000)
    needed = stats.provable(found, 0.85, 1400)
    assert needed > 0.85
    sure = Estimate(needed, se=1e-9, scale="logit", n=7000)
    se_t = 0.05 * math.sqrt(7000 / 1400)
    margin = stats.to_scale("logit", sure.value) - stats.to_scale("logit", 0.85)
    assert margin / se_t == pytest.approx(2.8)
    assert stats.provable(Estimate(0.5, se=0.1, scale="log", n=100), 0.5, 100, at_least=False) < 0.5
    assert stats.provable(Estimate(0.5, se=0.1, scale="log1m", n=100), 0.5, 100) > 0.5
    assert stats.provable(Estimate(0.5, n=100), 0.5, 100) is None


def test_rows_to_settle_is_median_unbiased_given_undecided() -> None:
    rng, truth = np.random.default_rng(13), 1.5
    seen = np.abs(truth + rng.normal(size=200_000))
    middle = float(np.median(seen[seen < 1.96]))
    rows = stats.rows_to_settle(Estimate(0.02 + middle * 0.01, se=0.01, n=100), 0.02)
    assert rows == pytest.approx(100 * (2.8 / truth) ** 2, rel=0.05)


def test_rows_to_settle_answers_too_close_and_already_settled() -> None:
    assert stats.rows_to_settle(Estimate(0.02, se=0.01, n=100), 0.02) is None
    assert stats.rows_to_settle(Estimate(0.0263, se=0.01, n=100), 0.02) is None
    assert stats.rows_to_settle(Estimate(0.2, se=0.01, n=100), 0.02) == 100
    assert stats.rows_to_settle(Estimate(0.2, n=100), 0.02) is None
    assert stats.rows_to_settle(Estimate(0.0, se=0.0, n=100), 0.02) is None


@pytest.mark.parametrize("truth", [0.25, 1.0, 2.0])
def test_the_range_of_rows_holds_the_truth_as_often_as_it_says_given_undecided(truth: float) -> None:
    rng = np.random.default_rng(16)
    seen = truth + rng.normal(size=6000)
    left = [Estimate(0.02 + 0.01 * t, se=0.01, n=100) for t in seen[np.abs(seen) < 1.96][:800]]
    needed, found = 100 * (2.8 / truth) ** 2, [stats.rows_between(e, 0.02, share=0.8) for e in left]
    within = [r is not None and r[0] - 1 <= needed <= (r[1] or math.inf) for r in found]
    assert np.mean(within) == pytest.approx(0.8, abs=0.03)


def test_the_range_of_rows_has_no_upper_end_near_the_line_and_no_answer_upon_it() -> None:
    assert stats.rows_between(Estimate(0.03, se=0.01, n=100), 0.02) == (100, None)
    assert stats.rows_between(Estimate(0.0205, se=0.01, n=100), 0.02) is None
    assert stats.rows_between(Estimate(0.2, se=0.01, n=100), 0.02) == (100, 125)
    assert stats.rows_between(Estimate(0.2, n=100), 0.02) is None


def test_a_stricter_look_needs_more_rows() -> None:
    first, second = (Estimate(0.035, se=0.01, n=100, level=level) for level in (0.95, 0.975))
    assert stats.rows_to_settle(second, 0.02) > stats.rows_to_settle(first, 0.02)


def test_rows_planning_tells_twice_the_worth_at_eighty_percent() -> None:
    rows = stats.rows_planning(Estimate(0.01, se=0.02, n=300), 0.02)
    assert rows == 2352  # 2.8^2 x 300, since one standard error here is the worth
    assert stats.rows_planning(Estimate(0.01, n=300), 0.02) is None
    assert stats.rows_planning(Estimate(0.01, se=0.02, n=300), 0.0) is None
