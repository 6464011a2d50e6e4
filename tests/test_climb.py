"""The climb stops where it should, and complexity bears the burden of proof: against a known truth."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from trials import chance, metric, off_by, ranked, right, rows, trial

from deepenough import shelves
from deepenough.bar import Bar, parse
from deepenough.candidates import _climb, _shipping
from deepenough.candidates._climb import assured, best, better, choose, climb, excess, gain_between, worth_of
from deepenough.candidates._trial import Trial, refit, try_out
from deepenough.dataset import Answer, Dataset
from deepenough.errors import StorageError
from deepenough.loading import load
from deepenough.splits import Split, split
from deepenough.workspace import Workspace

REPEATS = 200
LADDER = (0, 1, 2, 2, 4)


def pick(
    data: Dataset,
    trials: Sequence[Trial],
    by: str,
    bar: str | None = None,
    n_sealed: int = 500,
    worth: float | None = None,
    **limits: Any,
) -> Trial:
    return choose(trials, data, metric(by), bar=parse(bar, data.task.kind, **limits), n_sealed=n_sealed, worth=worth)


def ladder(data: Dataset, by: str, answers: Sequence[Answer], rungs: Sequence[int] = LADDER) -> list[Trial]:
    count = itertools.count(1)
    return [trial(data, by, answer, rung, next(count)) for answer, rung in zip(answers, rungs, strict=True)]


def share(by: str, n: int, make: Callable[[np.ndarray, np.random.Generator], list[Answer]], rung: int) -> float:
    """How often the trial of this rung is chosen."""
    chosen = []
    for seed in range(REPEATS):
        rng = np.random.default_rng([n, seed])
        truth = rng.integers(0, 2, n) if by == "roc_auc" else rng.normal(size=n)
        data = rows(truth)
        chosen.append(pick(data, ladder(data, by, make(truth, rng)), by).rung == rung)
    return float(np.mean(chosen))


def error_of_gain(by: str, n: int, make: Callable[[np.ndarray, np.random.Generator], list[Answer]]) -> float:
    """The standard error of the gain of the second answer over the first."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, n) if by == "roc_auc" else rng.normal(size=n)
    data = rows(truth)
    found = gain_between(*ladder(data, by, make(truth, rng), (1, 2)), data, metric(by))
    assert found.se is not None
    return found.se


# --- the choice against a known truth ------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [400, 2000])
def test_of_equal_trials_the_simplest_is_chosen(n: int) -> None:
    assert share("roc_auc", n, lambda truth, rng: ranked(truth, [0.8] * 5, rng), 0) >= 0.95
    assert share("rmse", n, lambda truth, rng: off_by(truth, [1.0] * 5, rng), 0) >= 0.95


def test_of_equal_trials_above_a_poor_first_the_simplest_is_chosen() -> None:
    assert (
        share("roc_auc", 2000, lambda truth, rng: [chance(np.zeros(len(truth))), *ranked(truth, [0.8] * 4, rng)], 1)
        >= 0.95
    )
    assert share("rmse", 2000, lambda truth, rng: [{"value": truth * 0.0}, *off_by(truth, [0.7] * 4, rng)], 1) >= 0.95


@pytest.mark.parametrize("n", [400, 2000])
def test_a_clear_winner_is_chosen(n: int) -> None:
    """Clear: better by twice the worth, and by 4.5 standard errors of the gain."""
    margin = max(2 * 0.02, 4.5 * error_of_gain("roc_auc", n, lambda truth, rng: ranked(truth, [0.8, 0.8], rng)))
    assert share("roc_auc", n, lambda truth, rng: ranked(truth, [0.8, 0.8, 0.8, 0.8 + margin, 0.8], rng), 2) >= 0.95
    assert share("roc_auc", n, lambda truth, rng: ranked(truth, [0.8, 0.8, 0.8, 0.8, 0.8 + margin], rng), 4) >= 0.95
    margin = max(2 * 0.02, 4.5 * error_of_gain("rmse", n, lambda truth, rng: off_by(truth, [1.0, 1.0], rng)))
    assert share("rmse", n, lambda truth, rng: off_by(truth, [1.0] * 4 + [1.0 - margin], rng), 4) >= 0.95


def test_a_gain_below_the_worth_does_not_count_however_sure() -> None:
    truth = np.random.default_rng(0).integers(0, 2, 40000)
    data = rows(truth)
    trials = ladder(data, "roc_auc", ranked(truth, [0.8, 0.812], np.random.default_rng(1)), (1, 4))
    gain = gain_between(*trials, data, metric("roc_auc"))
    assert gain.low is not None and gain.low > 0.0
    assert pick(data, trials, "roc_auc").rung == 1
    assert pick(data, trials, "roc_auc", worth=0.005).rung == 4


def test_the_walk_back_gives_the_place_to_a_simpler_one_that_was_refused_for_want_of_rows() -> None:
    """The second is not shown better than the first, the third is; but the third is not shown better than the second."""
    truth = np.tile([0, 1], 50)
    data = rows(truth)
    where = [np.arange(70), np.r_[0:60, 70:90], np.r_[0:67, 70:86]]
    trials = ladder(data, "accuracy", [right(truth, w) for w in where], (0, 1, 2))
    lows = [gain_between(trials[0], t, data, metric("accuracy")).low for t in trials[1:]]
    assert lows[0] is not None and lows[0] < 0.0 and lows[1] is not None and lows[1] > 0.0
    assert pick(data, [trials[0], trials[2]], "accuracy").rung == 2
    assert pick(data, trials, "accuracy").rung == 1


def test_more_planned_trials_ask_for_more_proof() -> None:
    """The level is shared by all planned trials above rung 0: by those that were skipped or failed, too, not by what is not installed."""
    truth = np.tile([0, 1], 50)
    data = rows(truth)
    trials = ladder(data, "accuracy", [right(truth, np.arange(70)), right(truth, np.r_[0:67, 70:85])], (0, 1))
    others = [Trial("other", "Other", 2, i) for i in range(1, 40)]
    assert pick(data, trials, "accuracy").rung == 1
    assert pick(data, [*trials, *(replace(t, status="unavailable", reason="x") for t in others)], "accuracy").rung == 1
    assert pick(data, [*trials, *(replace(t, status="skipped", reason="x") for t in others)], "accuracy").rung == 0


# --- the bar, the limits -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def three() -> tuple[Dataset, list[Trial]]:
    truth = np.random.default_rng(0).integers(0, 2, 3000)
    data = rows(truth)
    return data, ladder(data, "roc_auc", ranked(truth, [0.80, 0.86, 0.90, 0.905, 0.95], np.random.default_rng(1)))


@pytest.mark.parametrize(
    "bar, rung", [("roc_auc >= 0.75", 0), ("roc_auc >= 0.82", 1), ("roc_auc >= 0.88", 2), ("roc_auc >= 0.92", 4)]
)
def test_with_a_bar_the_simplest_that_is_as_good_as_sure_to_meet_it(
    three: tuple[Dataset, list[Trial]], bar: str, rung: int
) -> None:
    assert pick(*three, "roc_auc", bar, n_sealed=20000).rung == rung


def test_two_of_one_rung_that_meet_the_bar_the_better(three: tuple[Dataset, list[Trial]]) -> None:
    data, trials = three
    assert pick(data, trials, "roc_auc", "roc_auc >= 0.88", n_sealed=20000) is best(trials[2:4], metric("roc_auc"))


def test_a_bar_that_none_is_sure_to_meet_changes_nothing(three: tuple[Dataset, list[Trial]]) -> None:
    assert pick(*three, "roc_auc", "roc_auc >= 0.99") is pick(*three, "roc_auc")


def test_few_sealed_rows_assure_less(three: tuple[Dataset, list[Trial]]) -> None:
    bar = parse("roc_auc >= 0.84", "classification")
    assert [assured(three[1][1], bar, n) for n in (50, 500, 50000)] == [False, False, True]


def test_what_breaks_a_limit_is_not_chosen(three: tuple[Dataset, list[Trial]]) -> None:
    data, trials = three
    large = [
        replace(t, size_bytes=10**t.rung * 1000, latency_ms={"p50": 1.0 + t.rung, "p95": 1.0 + t.rung}) for t in trials
    ]
    assert pick(data, large, "roc_auc").rung == 4
    assert pick(data, large, "roc_auc", size="1MB").rung == 2
    assert pick(data, large, "roc_auc", latency="2ms").rung == 1
    assert pick(data, large, "roc_auc", "roc_auc >= 0.92", n_sealed=20000, size="1MB").rung == 2
    assert pick(data, large, "roc_auc", cost=1e-5 * 5).rung == 2


def test_of_those_sure_to_meet_the_bar_one_whose_latency_is_too_near_to_say_comes_last(
    three: tuple[Dataset, list[Trial]],
) -> None:
    data, trials = three
    near = [replace(t, latency_ms={"p50": 1.0, "p95": 1.0}) if t.rung < 2 else t for t in trials]
    assert pick(data, near, "roc_auc", "roc_auc >= 0.82", n_sealed=20000).rung == 1
    assert pick(data, near, "roc_auc", "roc_auc >= 0.82", n_sealed=20000, latency="1.1ms").rung == 2
    assert pick(data, near[:2], "roc_auc", "roc_auc >= 0.82", n_sealed=20000, latency="1.1ms").rung == 1


def test_where_none_is_inside_the_nearest_by_what_was_limited(three: tuple[Dataset, list[Trial]]) -> None:
    """Not by what nobody limited: a measured latency decides nothing unless a limit was set."""
    data, trials = three
    odd = [
        replace(t, size_bytes=int(1e6) + abs(t.rung - 2), latency_ms={"p50": 9.0 - t.rung, "p95": 9.0 - t.rung})
        for t in trials
    ]
    assert pick(data, odd, "roc_auc", size="1kB").rung == 2
    assert pick(data, odd, "roc_auc", latency="0.1ms").rung == 4
    assert excess(odd[0], None) == 0.0 and excess(odd[0], Bar(latency_ms=3.0, size_mb=0.25)) == pytest.approx(
        4.0, rel=1e-5
    )


@pytest.mark.parametrize("seed", range(3))
def test_measured_times_decide_nothing_without_a_limit(three: tuple[Dataset, list[Trial]], seed: int) -> None:
    data, trials = three
    rng = np.random.default_rng(seed)
    noisy = [
        replace(t, latency_ms={"p50": v, "p95": 2 * v}, fit_seconds=v, cpu_seconds=v)
        for t, v in zip(trials, rng.exponential(size=5).tolist(), strict=True)
    ]
    for bar in (None, "roc_auc >= 0.88", "roc_auc >= 0.99"):
        assert pick(data, noisy, "roc_auc", bar).key == pick(data, trials, "roc_auc", bar).key
        assert pick(data, noisy, "roc_auc", bar, size="1MB").key == pick(data, trials, "roc_auc", bar).key


@pytest.mark.parametrize("score, worth", [(0.5, 0.02), (0.9, 0.02), (0.95, 0.01), (0.98, 0.004), (-3.0, 0.02)])
def test_the_worth_shrinks_where_little_is_left(score: float, worth: float) -> None:
    assert worth_of(metric("roc_auc"), score, None) == pytest.approx(worth)
    assert worth_of(metric("roc_auc"), score, 0.07) == 0.07
    assert worth_of(metric("rmse"), 100 * abs(score), None) == 0.02


def test_one_part_is_compared_on_the_rows_of_that_part() -> None:
    """The first 200 rows are hard for all: who was judged on these alone is not held against another's easy rows."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=1000)
    data = rows(truth)
    noise = np.where(np.arange(1000) < 200, 2.0, 0.5)
    simple = {"value": truth + noise * rng.normal(size=1000)}
    hard = np.arange(200)
    complex = {"value": truth[hard] + 0.6 * noise[hard] * rng.normal(size=200)}
    whole, one = trial(data, "rmse", simple, 1), trial(data, "rmse", complex, 2, rows=hard, parts=1)
    assert one.validation and whole.validation and one.validation.value > whole.validation.value
    assert better(one, whole, metric("rmse")) and not better(whole, one, metric("rmse"))
    assert gain_between(whole, one, data, metric("rmse")).value == pytest.approx(0.4, abs=0.1)
    assert pick(data, [whole, one], "rmse") is one


def test_groups_make_the_proof_harder() -> None:
    """Ten groups that all say the same thing within are ten rows of evidence, not a thousand."""
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(10), 100)
    truth = rng.normal(size=1000)
    luck = rng.normal(size=10)[groups]
    answers = [
        {"value": truth + luck + rng.normal(size=1000)},
        {"value": truth + 0.85 * luck * np.sign(rng.normal(size=10))[groups]},
    ]
    alone, together = rows(truth), rows(truth, groups.astype(str))
    wide, narrow = (gain_between(*ladder(d, "mae", answers, (1, 2)), d, metric("mae")).width for d in (together, alone))
    assert wide is not None and narrow is not None and wide > 2 * narrow


# --- the climb: what is tried, what is skipped, and why -------------------------------------------------------------


@pytest.fixture(scope="module")
def small() -> tuple[Dataset, Split]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    data = load(
        pd.DataFrame({"x": x, "z": rng.normal(size=300), "y": np.where(x + rng.normal(size=300) > 0, "yes", "no")}), "y"
    )
    return data, split(data, data.truth)


def stub(monkeypatch: pytest.MonkeyPatch, areas: dict[int, float]) -> list[str]:
    """Let every trial answer with the area its rung is given; return what was tried, and on how many parts."""
    tried: list[str] = []

    def answered(planned: Trial, development: Dataset, parts: Any, *_: Any) -> Trial:
        tried.append(f"{planned.key}:{len(parts)}")
        where = np.concatenate([p.score for p in parts])
        (answer,) = ranked(development.truth[where], [areas[planned.rung]], np.random.default_rng(planned.rung))
        made = trial(development, "roc_auc", answer, planned.rung, rows=where, parts=len(parts))
        return replace(made, candidate=planned.candidate, number=planned.number, title=planned.title)

    monkeypatch.setattr(_climb, "try_out", answered)
    return tried


def go(
    small: tuple[Dataset, Split], tmp_path: Path, bar: str | None = None, budget: float = 1e6, **how: Any
) -> list[Trial]:
    wanted = parse(bar, "classification")
    data, cut = small
    return climb(
        data.take(cut.development),
        cut,
        metric("roc_auc"),
        Workspace(budget_seconds=budget),
        bar=wanted,
        n_sealed=90,
        folder=tmp_path,
        **how,
    )


AREAS = {0: 0.5, 1: 0.95, 2: 0.96, 4: 0.97}


def test_the_climb_stops_at_the_first_rung_that_is_as_good_as_sure(
    small: tuple[Dataset, Split], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = stub(monkeypatch, AREAS)
    trials = go(small, tmp_path, "roc_auc >= 0.8")
    assert tried == ["dummy-1:5", "decision_tree-1:5", "linear-1:5"]
    above = [t for t in trials if t.rung > 1]
    assert {t.rung for t in above} >= {2, 4} and all(t.status in ("skipped", "unavailable") and t.reason for t in above)
    assert all("simpler model" in str(t.reason) for t in above if t.status == "skipped")


def test_the_climb_goes_on_where_the_latency_is_too_near_to_say(
    small: tuple[Dataset, Split], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = stub(monkeypatch, AREAS)
    data, cut = small
    bar = parse("roc_auc >= 0.8", "classification", latency="0.21ms")  # every stub answers in 0.2
    climb(
        data.take(cut.development),
        cut,
        metric("roc_auc"),
        Workspace(budget_seconds=1e6),
        bar=bar,
        n_sealed=90,
        folder=tmp_path,
    )
    assert len(tried) > 2


def test_full_climbs_on_and_without_a_bar_everything_is_tried(
    small: tuple[Dataset, Split], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = stub(monkeypatch, AREAS)
    first = [t.key for t in go(small, tmp_path, "roc_auc >= 0.8", full=True) if t.ok]
    assert first == [t.key for t in go(small, tmp_path) if t.ok] and len(tried) == 2 * len(first)
    assert [t.rung for t in go(small, tmp_path)] == sorted(t.rung for t in go(small, tmp_path))


def test_a_budget_is_spent_by_the_table_not_by_a_stopwatch(
    small: tuple[Dataset, Split], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub(monkeypatch, AREAS)
    monkeypatch.setattr(_climb, "predicted_cpu", lambda t, _data: {0: 0.0, 1: 1.0, 2: 4.0, 4: 100.0}[t.rung])
    trials = go(small, tmp_path, budget=30.0)
    told = {t.key: (t.status, t.parts) for t in trials if t.status != "unavailable"}
    assert told["linear-1"] == ("ok", 5)
    assert told["gradient_boosting-1"] == ("ok", 1), "five parts would take over half of the budget: one part"
    assert told["tabular_net-1"] == ("skipped", 0)
    last = next(t for t in trials if t.key == "tabular_net-1")
    assert last.reason is not None and "100 CPU seconds" in last.reason and "--budget" in last.reason


def test_what_is_not_installed_is_a_row_that_says_how_to_get_it(
    small: tuple[Dataset, Split], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub(monkeypatch, AREAS)
    monkeypatch.setattr(
        shelves.Book, "missing", lambda book: ["torch"] if "torch" in book.facts.get("requires", ()) else []
    )
    net = next(t for t in go(small, tmp_path) if t.candidate == "tabular_net")
    assert (net.status, net.reason) == ("unavailable", "needs torch: pip install 'deepenough[deep]'")


# --- a trial, from fit to bundle -----------------------------------------------------------------------------------


def attempt(small: tuple[Dataset, Split], folder: Path, name: str = "linear") -> Trial:
    data, cut = small
    return try_out(
        Trial(name, "Linear model", 1), data.take(cut.development), cut.parts, metric("roc_auc"), Workspace(), folder, 0
    )


def test_a_trial_is_judged_on_every_development_row_by_a_model_that_had_not_seen_it(
    small: tuple[Dataset, Split], tmp_path: Path
) -> None:
    done = attempt(small, tmp_path / "bundle")
    assert done.ok and done.rows is not None and sorted(done.rows.tolist()) == list(range(len(small[1].development)))
    assert done.latency_ms is not None and 0.001 < done.latency_ms["p50"] <= done.latency_ms["p95"] < 1000
    assert done.size_bytes == (tmp_path / "bundle" / "model.onnx").stat().st_size
    assert done.fit_cpu is not None and done.per_thousand is not None and done.per_thousand > 0


class Odd(Exception):
    """No relative of any error that is known."""


@pytest.mark.parametrize("error", [Odd("it broke\nand more"), ValueError(), MemoryError(), AssertionError("no")])
def test_whatever_a_family_raises_is_a_row(
    small: tuple[Dataset, Split], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(*_: Any) -> Any:
        raise error

    monkeypatch.setattr(type(shelves.load("candidates", "linear")), "build", broken)
    done = attempt(small, tmp_path / "bundle")
    assert (
        done.status == "failed"
        and done.reason is not None
        and done.reason.startswith(type(error).__name__)
        and "\n" not in done.reason
    )
    after, bundle = refit(replace(done, status="ok"), small[0], small[1].final, Workspace(), tmp_path / "bundle", 0)
    assert bundle is None and after.status == "failed"


def test_a_full_disk_is_no_fault_of_the_family(
    small: tuple[Dataset, Split], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> Any:
        raise StorageError("no space")

    monkeypatch.setattr(_shipping.write, "write", full)
    with pytest.raises(StorageError):
        attempt(small, tmp_path / "bundle")


def test_what_is_refused_is_not_left_on_disk(
    small: tuple[Dataset, Split], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = type(shelves.load("tasks", "classification"))
    monkeypatch.setattr(kind, "alike", lambda _self, a, b: np.zeros(len(a["probability"]), bool))
    done = attempt(small, tmp_path / "bundle")
    assert (
        done.status == "failed"
        and str(done.reason).startswith(("ParityError", "BundleError"))
        and not (tmp_path / "bundle").exists()
    )


def test_an_answer_that_is_no_number_is_a_failure(
    small: tuple[Dataset, Split], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate = shelves.load("candidates", "linear")
    model = type(candidate.build(small[0].task, {}, 0))
    monkeypatch.setattr(
        model, "predict", lambda _self, data: {"probability": np.full((len(data), 2), np.nan, np.float32)}
    )
    done = attempt(small, tmp_path / "bundle")
    assert done.status == "failed" and "no finite probability" in str(done.reason)
