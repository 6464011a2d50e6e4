"""Proofs of the statistics: published values, brute force, edges, and properties."""

from __future__ import annotations

import math
import subprocess
import sys
import time
import timeit
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepenough import stats
from deepenough.stats import Estimate


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_values_newcombe_1998_prints(hits: int, n: int, low: float, high: float) -> None:
    assert stats.wilson(hits, n) == pytest.approx((low, high), abs=5e-5)


def test_wilson_is_symmetric_on_the_logit_and_its_standard_error_gives_the_bounds_back() -> None:
    found = stats.share(40, 50)
    half = stats.critical(0.95) * found.se
    assert stats.from_scale("logit", math.log(4) - half) == pytest.approx(found.low)
    assert stats.from_scale("logit", math.log(4) + half) == pytest.approx(found.high)


def test_square_and_add_gives_the_value_newcombe_1998_prints_and_one_share_is_wilsons() -> None:
    bounds = stats.difference(56 / 70, stats.wilson(56, 70), 48 / 80, stats.wilson(48, 80))
    assert bounds == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert stats.mean_of_shares([7], [9]) == pytest.approx(stats.wilson(7, 9))


def test_agresti_min_adds_half_a_row_to_each_cell() -> None:
    found = stats.paired_shares(150, 86, 1600)  # the approval ratings of Agresti and Min
    b, c, n = 150.5, 86.5, 1602
    se = math.sqrt((b + c) / n - ((c - b) / n) ** 2) / math.sqrt(n)
    assert found.value == -0.04
    assert (found.low, found.high) == pytest.approx(((c - b) / n - 1.959964 * se, (c - b) / n + 1.959964 * se))


def test_agresti_min_of_two_answers_that_never_differ_is_not_a_certainty() -> None:
    found = stats.paired_shares(0, 0, 50)
    assert found.low < 0 < found.high
    assert found.high == pytest.approx(1.96 / 52, abs=1e-4)


@pytest.mark.parametrize(("area", "m", "n"), [(0.8, 10, 190), (0.97, 50, 60), (0.5, 30, 30)])
def test_newcombes_bounds_solve_his_equation(area: float, m: int, n: int) -> None:
    z, others = 1.959964, (m + n) / 2 - 1
    for t in stats.newcombe5(area, m, n):
        bracket = 1 + others * (1 - t) / (2 - t) + others * t / (1 + t)
        assert abs(area - t) == pytest.approx(z * math.sqrt(t * (1 - t) * bracket / (m * n)), rel=1e-5)


def test_newcombe_is_honest_at_a_perfect_area() -> None:
    low, high = stats.newcombe5(1.0, 20, 20)
    assert high == 1.0
    assert 0.7 < low < 0.95


def _by_pairs(score: np.ndarray, positive: np.ndarray) -> tuple[float, float]:
    """DeLong by comparing every pair: the definition, O(m n)."""
    up, down = score[positive], score[~positive]
    wins = (up[:, None] > down[None, :]) + 0.5 * (up[:, None] == down[None, :])
    variance = wins.mean(axis=1).var(ddof=1) / len(up) + wins.mean(axis=0).var(ddof=1) / len(down)
    return float(wins.mean()), float(variance)


def _two_answers(seed: int, n: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    target = (rng.random(n) < 0.4).astype(int)
    scores = [np.round(target * s + rng.normal(size=n), 1) for s in (0.8, 1.2)]
    return target, scores[0], scores[1]


def _rankings(target: np.ndarray, score: np.ndarray) -> stats.Rankings:
    return stats.one_vs_rest(target, np.column_stack([-score, score]))


def test_delong_equals_brute_force_over_pairs_with_ties() -> None:
    target, score, _ = _two_answers(1)
    area, variance = _by_pairs(score, target == 1)
    found = stats.auc_interval(_rankings(target, score))
    assert found.value == pytest.approx(area)
    assert found.se == pytest.approx(math.sqrt(variance) / (area * (1 - area)))
    assert found.df == target.sum() - 1


def test_paired_delong_equals_brute_force_over_pairs() -> None:
    target, a, b = _two_answers(2)
    positive = target == 1
    wins = [(s[positive][:, None] > s[~positive]) + 0.5 * (s[positive][:, None] == s[~positive]) for s in (a, b)]
    gap = wins[1] - wins[0]
    parts = gap.mean(axis=1).var(ddof=1) / positive.sum(), gap.mean(axis=0).var(ddof=1) / (~positive).sum()
    df = sum(parts) ** 2 / (parts[0] ** 2 / (positive.sum() - 1) + parts[1] ** 2 / ((~positive).sum() - 1))
    found = stats.auc_gain(_rankings(target, a), _rankings(target, b))
    assert found.value == pytest.approx(gap.mean())
    assert found.se == pytest.approx(math.sqrt(sum(parts)))
    assert found.df == pytest.approx(df)


@pytest.mark.parametrize("name", ["auc", "average_precision"])
def test_influence_is_the_slope_of_the_metric_in_a_rows_weight(name: str) -> None:
    target, score, _ = _two_answers(3, 60)
    ranks = stats.rank(score, target == 1)
    value, influence = getattr(stats, f"{name}_influence")(ranks)
    metric = getattr(stats, name)
    step = 1e-5
    for row in range(0, 60, 7):
        weights = np.ones(60)
        weights[row] += step
        assert (metric(ranks, weights) - value) / step == pytest.approx(influence[row], abs=1e-4)
    assert influence.sum() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("statistic", [stats.mean_recall, stats.macro_f1])
def test_table_gradient_is_the_slope_in_each_cell(statistic: stats.tables.Statistic) -> None:
    cells = np.array([[30.0, 4, 2], [5, 20, 1], [0, 3, 9]])
    value, gradient = statistic(cells)
    for place in np.ndindex(3, 3):
        more = cells.copy()
        more[place] += 1e-6
        assert (statistic(more)[0] - value) / 1e-6 == pytest.approx(gradient[place], abs=1e-5)


def test_table_gain_equals_the_delta_method_over_the_whole_cube_of_cells() -> None:
    rng = np.random.default_rng(4)
    target, a, b = rng.integers(0, 3, size=(3, 80))
    cube = np.full((3, 3, 3), 2 / 27)
    np.add.at(cube, (target, a, b), 1.0)
    slope_a, slope_b = (stats.macro_f1(cube.sum(axis=axis))[1] for axis in (2, 1))
    gap = slope_b[:, None, :] - slope_a[:, :, None]
    found = stats.table_gain(target, a, b, 3, stats.macro_f1)
    assert found.se == pytest.approx(math.sqrt((cube * gap**2).sum()))
    assert (found.low + found.high) / 2 == pytest.approx(
        stats.macro_f1(cube.sum(axis=1))[0] - stats.macro_f1(cube.sum(axis=2))[0]
    )


def test_two_classes_get_half_a_row_a_cell() -> None:
    cells = np.array([[40.0, 3], [5, 12]])
    gradient = stats.macro_f1(cells + 0.5)[1]
    assert stats.tables.variance_of(cells, stats.macro_f1) == pytest.approx(((cells + 0.5) * gradient**2).sum())


def test_fieller_holds_exactly_the_ratios_a_paired_t_test_does_not_reject() -> None:
    rng = np.random.default_rng(5)
    bottom = rng.exponential(size=40)
    top = 0.3 * bottom + 0.2 * rng.normal(size=40)
    found = stats.ratio(top, bottom)
    for edge in (found.low, found.high):
        gap = top - edge * bottom
        t = gap.mean() / (gap.std(ddof=1) / math.sqrt(40))
        assert abs(t) == pytest.approx(stats.critical(0.95, 39))


def test_fieller_gives_no_interval_when_the_denominator_may_be_zero() -> None:
    assert stats.ratio(np.array([1.0, 0.0, 0.0]), np.array([9.0, 0.0, 0.1])).low is None


def test_the_same_answer_twice_gains_exactly_nothing() -> None:
    found = stats.relative_gain(np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 4.0]))
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_root_gain_is_the_root_of_the_squared_one() -> None:
    rng = np.random.default_rng(6)
    simple, complex = rng.exponential(2, size=200), rng.exponential(1, size=200)
    squared, found = stats.relative_gain(simple, complex), stats.relative_root_gain(simple, complex)
    assert found.value == pytest.approx(1 - math.sqrt(complex.mean() / simple.mean()))
    assert found.low == pytest.approx(1 - math.sqrt(1 - squared.low))
    assert found.high == pytest.approx(1 - math.sqrt(1 - squared.high))


def test_the_bootstrap_of_a_loss_is_seeded_and_resamples_as_a_plain_loop_would() -> None:
    rows = np.random.default_rng(7).exponential(size=60)
    found = stats.loss_interval(rows, seed=3)
    assert found == stats.loss_interval(rows, seed=3)
    assert found != stats.loss_interval(rows, seed=4)
    rng, pivots, scaled = np.random.default_rng(99), [], rows / rows.mean()
    for _ in range(6000):
        drawn = scaled[rng.integers(0, 60, size=60)]
        pivots.append(math.log(drawn.mean()) / (drawn.std() / drawn.mean() / math.sqrt(60)))
    se = scaled.std(ddof=1) / math.sqrt(60)
    loop = rows.mean() * np.exp(-np.quantile(pivots, [0.975, 0.025]) * se)
    assert (found.low, found.high) == pytest.approx(tuple(loop), rel=0.03)


def test_the_bootstrap_leans_to_the_long_tail_where_the_closed_form_cannot() -> None:
    rows = np.random.default_rng(8).lognormal(0, 1.5, size=200)
    closed, found = stats.loss_interval(rows, quick=True), stats.loss_interval(rows)
    assert found.high > closed.high


def test_post_stratified_error_is_the_formula_and_smaller_when_strata_differ() -> None:
    rng = np.random.default_rng(9)
    codes = np.repeat([0, 1], [180, 20])
    values = np.where(codes == 1, 3.0, 0.1) + 0.05 * rng.normal(size=200)
    strata = stats.strata_of(codes, np.repeat([0, 1], [900, 100]))
    means = np.array([values[codes == c].mean() for c in (0, 1)])
    inside = 0.81 * values[codes == 0].var(ddof=1) / 180 + 0.01 * values[codes == 1].var(ddof=1) / 20
    centre = 0.9 * means[0] + 0.1 * means[1]
    between = (0.9 * (means[0] - centre) ** 2 + 0.1 * (means[1] - centre) ** 2) / 1000
    assert stats.post_stratified_se(values, strata) == pytest.approx(math.sqrt(inside + between))
    plain, kept = stats.loss_interval(values), stats.loss_interval(values, strata=strata)
    assert kept.se < 0.6 * plain.se
    assert kept.width < 0.6 * plain.width


def test_heavy_tail_is_told_by_what_the_largest_hundredth_carries() -> None:
    rng = np.random.default_rng(10)
    assert not stats.heavy_tail(rng.normal(size=5000) ** 2)
    assert stats.heavy_tail(rng.standard_t(2, size=5000) ** 2)
    rows = np.ones(100)
    assert not stats.heavy_tail(np.concatenate([rows[1:], [33.0]]))  # a quarter exactly
    assert stats.heavy_tail(np.concatenate([rows[1:], [34.0]]))
    assert not stats.heavy_tail(np.zeros(5))


def test_jackknife_over_groups_of_one_is_the_t_interval_of_a_mean() -> None:
    rows = np.random.default_rng(11).normal(size=30)
    found = stats.jackknife(lambda w: float(w @ rows / w.sum()), np.arange(30))
    half = stats.critical(0.95, 29) * rows.std(ddof=1) / math.sqrt(30)
    assert (found.low, found.high) == pytest.approx((rows.mean() - half, rows.mean() + half))


def test_jackknife_gives_no_interval_under_five_groups_and_says_few_under_twenty() -> None:
    def mean(w: np.ndarray) -> float:
        return float(w @ np.arange(40.0) / w.sum())

    assert stats.jackknife(mean, np.arange(40) % 4).low is None
    assert stats.jackknife(mean, np.arange(40) % 5).flags == ("few",)
    assert stats.jackknife(mean, np.arange(40) // 2).flags == ()


def test_the_jackknife_counts_unequal_groups_for_fewer() -> None:
    rows = np.random.default_rng(17).normal(size=90)

    def mean(w: np.ndarray) -> float:
        return float(w @ rows / w.sum())

    uneven = stats.jackknife(mean, np.repeat(np.arange(30), np.r_[np.full(29, 1), 61]))
    assert uneven.df == pytest.approx(90**2 / (29 + 61**2) - 1)
    assert uneven.flags == ("few",)
    assert stats.jackknife(mean, np.repeat(np.arange(30), 3)).df == pytest.approx(29)


def test_the_jackknife_joins_thousands_of_groups_and_says_nearly_the_same() -> None:
    rows, calls = np.random.default_rng(18).normal(size=6000), []

    def mean(w: np.ndarray) -> float:
        calls.append(1)
        return float(w @ rows / w.sum())

    found = stats.jackknife(mean, np.arange(6000) // 3)
    assert len(calls) <= 401
    assert found.se == pytest.approx(rows.reshape(-1, 3).mean(axis=1).std(ddof=1) / math.sqrt(2000), rel=0.1)


def test_square_and_add_with_a_correlation_is_the_root_of_the_variance_of_a_difference() -> None:
    low, high = stats.difference(0.6, (0.5, 0.7), 0.4, (0.36, 0.44), 0.5)
    half = math.sqrt(0.1**2 + 0.04**2 - 2 * 0.5 * 0.1 * 0.04)
    assert (low, high) == pytest.approx((0.2 - half, 0.2 + half))
    assert stats.difference(0.6, (0.5, 0.7), 0.6, (0.5, 0.7), 1.0) == (0.0, 0.0)


def test_the_correlations_of_f1_are_those_of_its_gradients() -> None:
    cells, step = np.array([[30.0, 4, 2], [5, 20, 1], [2, 3, 9]]), 1e-6

    def each(table: np.ndarray) -> np.ndarray:
        return 2 * np.diag(table) / (table.sum(axis=0) + table.sum(axis=1))

    slopes = np.array([(each(cells + step * np.eye(9)[i].reshape(3, 3)) - each(cells)) / step for i in range(9)])
    spread = slopes.T @ (cells.reshape(9, 1) * slopes)
    root = np.sqrt(np.diag(spread))
    assert stats.f1._alike(cells) == pytest.approx(spread / np.outer(root, root), abs=1e-4)


def test_a_gain_near_one_leans_towards_more() -> None:
    rng = np.random.default_rng(19)
    target = np.repeat([0, 1], [500, 50])
    shared = rng.normal(size=550)
    a, b = (s * target + 0.8 * shared + 0.6 * rng.normal(size=550) for s in (2.3, 3.2))
    found = stats.auc_gain(_rankings(target, a), _rankings(target, b))
    assert found.high - found.value > 1.15 * (found.value - found.low) > 0


def test_pooling_is_the_formula_of_the_design() -> None:
    repeats = [Estimate(0.02, se=0.01, n=800), Estimate(0.04, se=0.012, n=800)]
    development = stats.out_of_fold(repeats, folds=5)
    assert development.value == pytest.approx(0.03)
    assert development.se == pytest.approx(0.011 * math.sqrt(1 / 2 + 5 / 4))
    found = stats.pooled(development, Estimate(0.05, se=0.02, n=200, flags=("few",)))
    assert found.value == pytest.approx((800 * 0.03 + 200 * 0.05) / 1000)
    assert found.se == pytest.approx(math.hypot(0.8 * development.se, 0.2 * 0.02))
    assert found.n == 1000
    assert found.flags == ("few",)


def test_pooling_without_a_standard_error_claims_nothing() -> None:
    assert stats.pooled(Estimate(0.1, n=10), Estimate(0.1, se=0.1, n=10)).low is None


@pytest.mark.parametrize("name", ["identity", "logit", "log", "log1m", "fisher"])
@settings(deadline=None)
@given(value=st.floats(0.001, 0.999))
def test_scales_go_there_and_back_in_the_order_they_say(name: str, value: float) -> None:
    there = stats.to_scale(name, value)
    assert stats.from_scale(name, there) == pytest.approx(value)
    assert (stats.to_scale(name, value + 1e-4) > there) == stats.increasing(name)


@pytest.mark.parametrize("name", ["logit", "log", "log1m", "fisher"])
def test_scales_answer_at_the_edge(name: str) -> None:
    for edge in (0.0, 1.0):
        assert stats.from_scale(name, stats.to_scale(name, edge)) == edge


def test_an_unknown_scale_is_named() -> None:
    for function in (stats.to_scale, stats.from_scale):
        with pytest.raises(ValueError, match="cube"):
            function("cube", 1.0)


@settings(max_examples=50, deadline=None)
@given(hits=st.integers(0, 60), missed=st.integers(0, 60), level=st.floats(0.5, 0.99))
def test_wilson_holds_the_share_and_widens_with_the_level(hits: int, missed: int, level: float) -> None:
    n = hits + missed
    if n == 0:
        assert math.isnan(stats.share(0, 0).value)
        return
    found, wider = stats.share(hits, n, level), stats.share(hits, n, 0.995)
    assert wider.low <= found.low <= found.value <= found.high <= wider.high


def _cpu(work: Callable[[], object], times: int = 3) -> float:
    """Return the least CPU seconds of some tries."""
    return min(timeit.repeat(work, timer=time.process_time, number=1, repeat=times))


def test_paired_delong_over_100_000_rows_costs_at_most_ten_calls_of_scikit_learn() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(14)
    target = rng.integers(0, 2, size=100_000)
    a, b = target + rng.normal(size=(2, 100_000))
    theirs = _cpu(lambda: roc_auc_score(target, a))
    ours = _cpu(lambda: stats.auc_gain(_rankings(target, a), _rankings(target, b)))
    assert ours <= 10 * theirs


def test_the_bootstrap_of_16_000_rows_takes_under_two_cpu_seconds() -> None:
    rng = np.random.default_rng(15)
    rows, target = rng.exponential(size=16_000), rng.normal(size=16_000)
    assert _cpu(lambda: stats.loss_interval(rows), 1) < 2
    assert _cpu(lambda: stats.r2_interval(0.5 * rows, target), 1) < 3


def test_importing_the_statistics_and_every_metric_loads_numpy_alone() -> None:
    code = (
        "import sys, pkgutil, importlib, deepenough.stats, deepenough.metrics as m\n"
        "for i in pkgutil.iter_modules(m.__path__):\n"
        "    importlib.import_module('deepenough.metrics.' + i.name)\n"
        "print([x for x in ('scipy', 'pandas', 'sklearn') if x in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
