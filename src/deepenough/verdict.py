"""Decide, once, on the sealed rows: is the bar met, and is deep learning worth it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from deepenough import costs
from deepenough.bar import Bar
from deepenough.bundle import Bundle
from deepenough.candidates._climb import best, choose, fits, gain_between, gain_of, worth_of
from deepenough.candidates._trial import Trial, refit, score_of
from deepenough.dataset import Answer, Dataset
from deepenough.metrics import Metric
from deepenough.splits import Sealed, Split
from deepenough.stats import Estimate, rows_planning, rows_to_settle, strata_of
from deepenough.workspace import Workspace

SCHEMA = "deepenough.verdict/1"
ADVICE = "Not shown to be worth it: ship the simple one."


@dataclass(frozen=True)
class Opened:
    """One model the seal was opened for: refitted on all development rows, exported, judged as it ships."""

    trial: Trial
    bundle: Bundle
    answer: Answer
    evidence: Any
    test: Estimate


@dataclass(frozen=True)
class Verdict:
    """What was decided, and on what evidence. `document()` is verdict.json."""

    outcome: str
    sentence: str
    metric: Metric
    bar: Bar | None
    chosen: Trial | None
    trials: list[Trial]
    opened: dict[str, Opened]
    gains: dict[str, tuple[str, Estimate]]
    deep_learning: dict[str, Any]
    worth_used: float | None
    openings: int
    flags: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    advice: str | None = None
    rows_to_settle: int | None = None

    def document(self) -> dict[str, Any]:
        """Return verdict.json without what only the run knows (task, seed, versions)."""
        return {
            "schema": SCHEMA, "outcome": self.outcome, "sentence": self.sentence,
            "bar": self.bar.document() if self.bar else None, "chosen": self.chosen.candidate if self.chosen else None,
            "chosen_trial": self.chosen.key if self.chosen else None, "metric": self.metric.name,
            "metric_title": self.metric.title, "higher_is_better": self.metric.high_is_good,
            "trials": [self._row(t) for t in self.trials], "worth_used": self.worth_used, "evidence": "sealed",
            "flags": self.flags, "interval_note": " ".join(self.notes) or None, "advice": self.advice,
            "deep_learning": self.deep_learning, "currency": costs.CURRENCY, "segments": [], "openings": self.openings,
            "rows_to_settle": self.rows_to_settle,
        }

    def _row(self, trial: Trial) -> dict[str, Any]:
        opened, gain = self.opened.get(trial.key), self.gains.get(trial.key)
        return {
            "candidate": trial.candidate, "key": trial.key, "title": trial.title, "rung": trial.rung, "deep": trial.deep,
            "settings": dict(trial.settings), "settings_text": ", ".join(f"{k} {v}" for k, v in trial.settings.items()),
            "status": trial.status, "reason": trial.reason, "parts": trial.parts, "shown": opened is not None,
            "validation": estimate_document(trial.validation), "test": estimate_document(opened.test if opened else None),
            "gain": {"over": gain[0], **(estimate_document(gain[1]) or {})} if gain else None,
            "latency_ms": trial.latency_ms, "fit_seconds": _rounded(trial.fit_seconds), "cpu_seconds": _rounded(trial.cpu_seconds),
            "size_bytes": trial.size_bytes,
            "cost": {"train": costs.of_cpu(trial.fit_cpu), "per_1000": trial.per_thousand} if trial.fit_cpu is not None else None,
        }


def estimate_document(estimate: Estimate | None) -> dict[str, Any] | None:
    """Return an estimate as JSON takes it; a number that is none becomes null."""
    if estimate is None:
        return None
    numbers = {k: getattr(estimate, k) for k in ("value", "low", "high")}
    return {k: None if v is None or not np.isfinite(v) else float(v) for k, v in numbers.items()} | {"flags": list(estimate.flags)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def decide(trials: Sequence[Trial], development: Dataset, split: Split, sealed: Sealed, metric: Metric, workspace: Workspace, *,
           bar: Bar | None, worth: float | None, folder: Path, seed: int, strata: tuple[np.ndarray, np.ndarray] | None = None) -> Verdict:
    """Choose, fix the plan, refit, open the seal once, and say what it shows.

    Parameters
    ----------
    strata : codes of the sealed rows and of all rows, where the split kept their shares.

    Which model is chosen, what a gain must be to count, and which models the seal opens for are written down first.
    """
    chosen = choose(trials, development, metric, bar=bar, n_sealed=len(sealed), worth=worth)
    simple = [t for t in trials if not t.deep]
    classical = best([t for t in simple if fits(t, bar) is not False], metric) or best(simple, metric)
    deep = best([t for t in trials if t.deep], metric)
    trivial = next((t for t in trials if t.rung == 0 and t.ok), None)
    subjects = {t.key: t for t in (chosen, classical, deep, trivial) if t is not None}
    base = classical or chosen
    assert base.validation is not None
    worth_used = worth_of(metric, base.validation.value, worth)
    workspace.ahead_seconds = 0.0
    sealed.plan(chosen=chosen.key, subjects=list(subjects), metric=metric.name, bar=bar.document() if bar else None,
                worth=worth_used, evidence="sealed")
    bundles = {key: refit(t, development, split.final, workspace, folder / key / "bundle", seed) for key, t in subjects.items()}
    rows = sealed.open("the verdict of this run", [b.digest for b in bundles.values()])
    opened = {key: _judge(subjects[key], bundle, rows, metric, seed, strata) for key, bundle in bundles.items()}

    settled = _deep_learning(trials, opened, classical, deep, metric, worth_used, rows.groups)
    if chosen.deep and classical and (bar is None or bar.threshold is None) and settled["worth_it"] != "yes":
        chosen = classical  # the one-way rule: without a bar, a deep model ships only where the sealed rows say it is worth it
    test = opened[chosen.key].test
    outcome = _outcome(chosen, test, bar)
    if outcome == "met" and not chosen.deep and settled["worth_it"] != "yes":
        settled |= {"worth_it": "no", "reason": settled["reason"] or "bar_met_without", "why": settled["why"] if settled["reason"]
                    else "A simpler model meets the bar, so there is nothing left for a deep one to earn."}
    flags, notes = _caveats(test, split, chosen, bar)
    return Verdict(
        outcome, sentence(outcome, chosen, test, metric, bar, settled, len(sealed)), metric, bar, chosen, list(trials), opened,
        _gains(trials, development, metric), settled, worth_used, sealed.openings, flags, notes,
        ADVICE if settled["worth_it"] == "undecided" and settled["gain"] else None,
        rows_to_settle(test, bar.threshold) if outcome == "undecided" and bar and bar.threshold is not None else None)


def _judge(trial: Trial, bundle: Bundle, rows: Dataset, metric: Metric, seed: int, strata: tuple[np.ndarray, np.ndarray] | None) -> Opened:
    answer = bundle.run(rows.tensors)
    evidence = metric.evidence(rows.truth, answer)
    drawn = strata_of(*strata) if strata is not None else None
    return Opened(trial, bundle, answer, evidence, score_of(metric, evidence, rows.groups, seed=seed, strata=drawn))


def _outcome(chosen: Trial, test: Estimate, bar: Bar | None) -> str:
    if bar is None or (bar.threshold is None and fits(chosen, bar) is True):
        return "chosen"
    inside = fits(chosen, bar)
    score = bar.meets(test) if bar.threshold is not None else True
    if inside is False or score is False:
        return "missed"
    return "met" if inside and score else "undecided"


def _gains(trials: Sequence[Trial], development: Dataset, metric: Metric) -> dict[str, tuple[str, Estimate]]:
    """Each trial's gain out of fold over the best of the rungs below it."""
    gains = {}
    for trial in trials:
        below = best([t for t in trials if t.rung < trial.rung], metric)
        if trial.ok and below is not None:
            gains[trial.key] = (below.candidate, gain_between(below, trial, development, metric))
    return gains


def _deep_learning(trials: Sequence[Trial], opened: dict[str, Opened], classical: Trial | None, deep: Trial | None,
                   metric: Metric, worth: float, groups: np.ndarray | None) -> dict[str, Any]:
    document: dict[str, Any] = {
        "worth_it": "undecided", "reason": None, "why": "", "best_deep": deep.candidate if deep else None,
        "best_classical": classical.candidate if classical else None, "gain": None, "times": None, "rows_to_settle": None, "rows_planning": None}
    if deep is None or classical is None:
        return document | {"why": _why_untried(trials)}
    gain = gain_of(metric, opened[classical.key].evidence, opened[deep.key].evidence, groups)
    unit = "points" if metric.bounded else "of the error"
    shown = f"{gain.value:+.3f}" if metric.bounded else f"{gain.value:+.1%}"
    bound = f"{worth:.3g}" if metric.bounded else f"{worth:.1%}"
    document |= {"gain": estimate_document(gain), "times": _times(classical, deep),
                 "rows_to_settle": rows_to_settle(gain, worth), "rows_planning": rows_planning(gain, worth)}
    if gain.low is not None and gain.low > worth and "few" not in gain.flags:
        return document | {"worth_it": "yes", "why": f"The network gains {shown} {unit}, surely more than the {bound} that would be worth it."}
    if gain.high is not None and gain.high < worth:
        return document | {"worth_it": "no", "reason": "gain_below_worth",
                           "why": f"The network's gain over the best simpler model is {shown} {unit}: surely less than the {bound} that would be worth it."}
    return document | {"why": f"The network's gain over the best simpler model is {shown} {unit}; these rows cannot tell whether it is "
                              f"more or less than the {bound} that would be worth it."}


def _why_untried(trials: Sequence[Trial]) -> str:
    untried = next((t for t in trials if t.deep and not t.ok), None)
    if untried is None:
        return "No deep family fits this task."
    return {"unavailable": f"No deep model could be tried: {untried.title.lower()} {untried.reason}.",
            "skipped": f"No deep model was tried: {untried.reason}.",
            "failed": f"No deep model could be judged: {untried.title.lower()} failed ({untried.reason})."}[untried.status]


def _times(classical: Trial, deep: Trial) -> dict[str, float | None]:
    """How many times what the deep one takes of each: training, latency, size, cost of an answer."""
    def ratio(a: float | None, b: float | None) -> float | None:
        return None if not a or not b else round(a / b, 2)

    latency = [t.latency_ms["p50"] if t.latency_ms else None for t in (deep, classical)]
    return {"train": ratio(deep.fit_cpu, classical.fit_cpu), "latency": ratio(*latency),
            "size": ratio(deep.size_bytes, classical.size_bytes), "cost": ratio(deep.per_thousand, classical.per_thousand)}


def _caveats(test: Estimate, split: Split, chosen: Trial, bar: Bar | None) -> tuple[list[str], list[str]]:
    flags, notes = list(test.flags), []
    if split.grouped:
        flags.append("groups")
        notes.append("Rows come in groups, so the range is that of new groups.")
    if split.strategy == "by time":
        flags.append("one_period")
        notes.append("The sealed rows are the latest ones: the range speaks of this period, not of every later one.")
    if chosen.parts and chosen.parts < len(split.parts):
        flags.append("parts: 1")
    if fits(chosen, bar) is None:
        flags.append("latency")
    return flags, notes


def sentence(outcome: str, chosen: Trial, test: Estimate, metric: Metric, bar: Bar | None, deep: dict[str, Any], n_sealed: int) -> str:
    """Return the verdict as one or two sentences for a person."""
    number = "{:,.0f}".format if abs(test.value) >= 1000 else "{:.3g}".format if abs(test.value) >= 1 else "{:.3f}".format
    interval = f" ({number(test.low)} to {number(test.high)})" if test.low is not None and test.high is not None else ""
    asked = f", where {number(bar.threshold)} was asked for" if bar and bar.threshold is not None else ""
    seen = f"{number(test.value)}{interval} on {n_sealed:,} rows nobody had looked at{asked}"
    first = {
        "met": f"{chosen.title}: meets the bar. It scores {seen}.",
        "missed": f"No model meets the bar. The best choice, {chosen.title.lower()}, scores {seen}.",
        "undecided": f"These rows cannot tell whether the bar is met. The best choice, {chosen.title.lower()}, scores {seen}.",
        "chosen": f"{chosen.title}: the choice. It scores {seen}.",
    }[outcome]
    second = {"yes": " Deep learning is worth it here.", "no": " Deep learning is not worth it here.",
              "undecided": " Deep learning is not shown to be worth it." if deep["gain"] else " Deep learning was not put to the test."}
    return first + second[deep["worth_it"]]
