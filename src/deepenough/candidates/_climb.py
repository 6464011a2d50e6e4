"""Climb the ladder from the simplest rung up, and stop where the bar is as good as met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from deepenough.bar import Bar
from deepenough.candidates._trial import Trial, expand, families, predicted_cpu, try_out
from deepenough.dataset import Dataset
from deepenough.metrics import Metric, gain_by_group
from deepenough.splits import Split
from deepenough.stats import Estimate, assurance
from deepenough.workspace import Workspace

ASSURED = 0.8
ENOUGH = "a simpler model is as good as sure to meet the bar (--full climbs on)"


def climb(
    development: Dataset,
    split: Split,
    metric: Metric,
    workspace: Workspace,
    *,
    bar: Bar | None = None,
    n_sealed: int,
    folder: Path,
    seed: int = 0,
    full: bool = False,
    tune: int = 0,
    explainable: bool = False,
) -> list[Trial]:
    """Try every family on the same parts, cheapest rung first.

    Parameters
    ----------
    n_sealed : rows of the sealed set: the chance that these will show the bar to be met decides when to stop.
    folder : where each trial's bundle is written.
    full : climb on past the bar.
    tune : settings to search for each family that says which, besides its own.
    explainable : only a readable model that meets the bar is enough.

    Returns
    -------
    One trial a planned row, the skipped and the unavailable among them, in the order of the climb.
    """
    trials: list[Trial] = []
    enough, predicted = False, 0.0
    planned = families(development, *(["explainable"] if explainable else []))
    for level, rung in groupby(planned, key=lambda t: t.rung):
        above = [t for t in planned if t.rung > level]
        if enough:  # not even imported: what is not tried costs nothing
            trials += [replace(t, status="skipped", reason=ENOUGH) if t.status == "planned" else t for t in rung]
            continue
        tried: list[Trial] = []
        here = [t for family in rung for t in expand(family, development, tune)]
        for i, trial in enumerate(here):
            if trial.status == "planned":
                ahead = [t for t in here[i:] + above if t.status == "planned"]
                workspace.ahead_seconds = sum(predicted_cpu(t, development) * len(split.parts) for t in ahead)
                trial, predicted = _within_budget(trial, development, split, metric, workspace, folder, seed, predicted)
            tried.append(trial)
        trials += tried
        able = [t for t in tried if t.readable or not explainable]
        enough = not full and any(assured(t, bar, n_sealed) and fits(t, bar) for t in able)
    return trials


def _within_budget(
    trial: Trial,
    development: Dataset,
    split: Split,
    metric: Metric,
    workspace: Workspace,
    folder: Path,
    seed: int,
    predicted: float,
) -> tuple[Trial, float]:
    one, budget, parts = predicted_cpu(trial, development), workspace.budget_seconds, split.parts
    if one * len(parts) > budget / 2:
        parts = parts[:1]
    cost = one * len(parts)
    if predicted + cost > budget:
        left = max(0.0, budget - predicted)
        reason = (
            f"it would take about {_said(cost)} CPU seconds, and {_said(left)} of the budget are left: raise --budget"
        )
        return replace(trial, status="skipped", reason=reason), predicted
    done = try_out(trial, development, parts, metric, workspace, folder / trial.key / "bundle", seed)
    return done, predicted if done.status == "unavailable" else predicted + cost


def _said(seconds: float) -> str:
    return f"{seconds:,.0f}" if seconds >= 10 else f"{seconds:.2g}"


def fits(trial: Trial, bar: Bar | None) -> bool | None:
    """Whether latency, size and cost are inside the bar's limits; None where the latency is too near to say."""
    if bar is None or trial.latency_ms is None:
        return True
    return bar.fits(trial.latency_ms["p95"], trial.size_bytes, trial.per_thousand)


def assured(trial: Trial, bar: Bar | None, n_sealed: int) -> bool:
    """Whether the sealed rows will show the bar to be met, with a chance of at least 0.8."""
    if bar is None or bar.threshold is None or not trial.ok or trial.validation is None or fits(trial, bar) is False:
        return False
    return assurance(trial.validation, bar.threshold, n_sealed, bar.at_least) >= ASSURED


def worth_of(metric: Metric, simple: float, given: float | None) -> float:
    """What a gain must be to count: as given; else 0.02 points or a fifth of what the simple score leaves, or 2 % of an error."""
    if given is not None:
        return given
    return min(0.02, 0.2 * (1.0 - simple)) if metric.bounded else 0.02


def gain_between(simple: Trial, complex: Trial, development: Dataset, metric: Metric, level: float = 0.95) -> Estimate:
    """Return the paired gain out of fold, on the rows that both were judged on."""
    assert simple.rows is not None and complex.rows is not None
    groups = development.groups
    if np.array_equal(simple.rows, complex.rows):
        return gain_of(
            metric, simple.evidence, complex.evidence, None if groups is None else groups[simple.rows], level
        )
    common, left, right = np.intersect1d(simple.rows, complex.rows, return_indices=True)
    before, after = (
        metric.evidence(development.truth[common], {k: v[where] for k, v in (t.answer or {}).items()})
        for t, where in ((simple, left), (complex, right))
    )
    return gain_of(metric, before, after, None if groups is None else groups[common], level)


def gain_of(metric: Metric, simple: Any, complex: Any, groups: np.ndarray | None, level: float = 0.95) -> Estimate:
    """Return the paired gain; where rows come in groups, whole groups are what chance draws."""
    return (
        metric.gain(simple, complex, level) if groups is None else gain_by_group(metric, simple, complex, groups, level)
    )


def better(a: Trial, b: Trial, metric: Metric) -> bool:
    """Whether a's score out of fold beats b's, on the rows that both were judged on."""
    first, second = _score_on(a, b.rows, metric), _score_on(b, a.rows, metric)
    return first > second if metric.high_is_good else first < second


def _score_on(trial: Trial, rows: np.ndarray | None, metric: Metric) -> float:
    if trial.rows is None or rows is None or len(trial.rows) <= len(rows):  # the others' rows hold all of its own
        return _score(trial)
    return metric.value(trial.evidence, np.isin(trial.rows, rows).astype(np.float64))


def best(trials: Sequence[Trial], metric: Metric) -> Trial | None:
    """Return the best out of fold; the earlier, simpler one of equals."""
    winner: Trial | None = None
    for trial in trials:
        if trial.ok and (winner is None or better(trial, winner, metric)):
            winner = trial
    return winner


def choose(
    trials: Sequence[Trial],
    development: Dataset,
    metric: Metric,
    *,
    bar: Bar | None,
    n_sealed: int,
    worth: float | None,
) -> Trial:
    """Choose by the out-of-fold scores: complexity bears the burden of proof.

    With a bar, the simplest trial that is as good as sure to meet it, and clearly inside the limits where one is. Else one
    trial stands for each rung; a higher rung replaces a lower one where its gain is worth it and above zero beyond chance
    (one-sided 5 %, shared by all planned trials); then the simplest rung that is within the worth of the winner, or not
    shown to be worse, takes its place.
    """
    able = [t for t in trials if t.ok]
    inside = [t for t in able if fits(t, bar) is not False] or [min(able, key=lambda t: excess(t, bar))]
    sure = [t for t in inside if assured(t, bar, n_sealed)]
    if sure:
        clear = [t for t in sure if fits(t, bar)] or sure
        simplest = min(t.rung for t in clear)
        winner = best([t for t in clear if t.rung == simplest], metric)
        assert winner is not None
        return winner
    rungs = [best(list(group), metric) for _, group in groupby(inside, key=lambda t: t.rung)]
    ladder = [t for t in rungs if t is not None]
    planned = max(1, sum(t.rung > 0 for t in trials if t.status != "unavailable"))
    top = ladder[0]
    for trial in ladder[1:]:
        gain = gain_between(top, trial, development, metric, level=1.0 - 2.0 * 0.05 / planned)
        if gain.value >= worth_of(metric, _score(top), worth) and gain.low is not None and gain.low > 0.0:
            top = trial
    return _walk_back(ladder, top, development, metric, worth)


def _walk_back(ladder: Sequence[Trial], top: Trial, development: Dataset, metric: Metric, worth: float | None) -> Trial:
    for trial in ladder:
        if trial.rung >= top.rung:
            break
        gain = gain_between(trial, top, development, metric, level=0.90)
        if gain.value < worth_of(metric, _score(trial), worth) or gain.low is None or gain.low <= 0.0:
            return trial
    return top


def _score(trial: Trial) -> float:
    assert trial.validation is not None
    return trial.validation.value


def excess(trial: Trial, bar: Bar | None) -> float:
    """Return how many times its limit the worst of latency, size and cost takes; what has no limit counts for nothing."""
    latency = trial.latency_ms["p95"] if trial.latency_ms else None
    taken = (
        []
        if bar is None
        else [
            (latency, bar.latency_ms),
            (trial.size_bytes, bar.size_mb and bar.size_mb * 1e6),
            (trial.per_thousand, bar.cost),
        ]
    )
    return max((used / limit for used, limit in taken if used is not None and limit), default=0.0)
