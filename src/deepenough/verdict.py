"""Decide, once, on the sealed rows: is the bar met, and is deep learning worth it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from deepenough import costs, wording
from deepenough.bar import Bar
from deepenough.bundle import Bundle
from deepenough.candidates._climb import best, choose, fits, gain_between, gain_of, worth_of
from deepenough.candidates._trial import Trial, refit, score_of
from deepenough.dataset import Answer, Dataset
from deepenough.errors import DataError
from deepenough.metrics import Metric
from deepenough.splits import Sealed, Split
from deepenough.stats import Estimate, rows_planning, rows_to_settle, strata_of
from deepenough.workspace import Workspace

SCHEMA = "deepenough.verdict/1"
ADVICE = "Not shown to be worth it: ship the simple one."
ON_TAILS = "Look at the rows that are farthest off, or set the bar on the mean absolute error, which a handful of rows cannot carry."
NO_YES = {"few", "heavy_tail"}  # a gain that says so is never surely more than the worth
UNTRIED: dict[str, Any] = {  # what is said of deep learning before anything is known
    "worth_it": "undecided",
    "reason": None,
    "why": "",
    "best_deep": None,
    "best_classical": None,
    "gain": None,
    "times": None,
    "rows_to_settle": None,
    "rows_planning": None,
}


@dataclass(frozen=True)
class Opened:
    """One model the seal was opened for: refitted on all development rows, exported, judged as it ships."""

    trial: Trial
    bundle: Bundle
    answer: Answer
    evidence: Any
    test: Estimate


@dataclass(frozen=True)
class Planned:
    """What is fixed before the seal opens: trials by their keys, and what a gain must be to count.

    Attributes
    ----------
    otherwise : what ships where no bar was set, a deep model was chosen, and it is not shown to be worth it.
    """

    chosen: str
    otherwise: str | None
    classical: str | None
    deep: str | None
    trivial: str | None
    worth: float

    @property
    def subjects(self) -> list[str]:
        """What the seal opens for, each once."""
        return list(
            dict.fromkeys(
                k for k in (self.chosen, self.otherwise, self.classical, self.deep, self.trivial) if k is not None
            )
        )


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
            "schema": SCHEMA,
            "outcome": self.outcome,
            "sentence": self.sentence,
            "bar": self.bar.document() if self.bar else None,
            "chosen": self.chosen.candidate if self.chosen else None,
            "chosen_trial": self.chosen.key if self.chosen else None,
            "metric": self.metric.name,
            "metric_title": self.metric.title,
            "higher_is_better": self.metric.high_is_good,
            "trials": [self._row(t) for t in self.trials],
            "worth_used": self.worth_used,
            "evidence": "sealed",
            "flags": self.flags,
            "interval_note": " ".join(self.notes) or None,
            "advice": self.advice,
            "deep_learning": self.deep_learning,
            "currency": costs.CURRENCY,
            "segments": [],
            "openings": self.openings,
            "rows_to_settle": self.rows_to_settle,
        }

    def _row(self, trial: Trial) -> dict[str, Any]:
        opened, gain = self.opened.get(trial.key), self.gains.get(trial.key)
        return {
            "candidate": trial.candidate,
            "key": trial.key,
            "title": trial.title,
            "rung": trial.rung,
            "deep": trial.deep,
            "settings": dict(trial.settings),
            "settings_text": ", ".join(f"{k} {v}" for k, v in trial.settings.items()),
            "status": trial.status,
            "reason": trial.reason,
            "parts": trial.parts,
            "shown": opened is not None,
            "validation": estimate_document(trial.validation),
            "test": estimate_document(opened.test if opened else None),
            "gain": {"over": gain[0], **(estimate_document(gain[1]) or {})} if gain else None,
            "latency_ms": trial.latency_ms,
            "fit_seconds": _rounded(trial.fit_seconds),
            "cpu_seconds": _rounded(trial.cpu_seconds),
            "size_bytes": trial.size_bytes,
            "cost": {"train": costs.of_cpu(trial.fit_cpu), "per_1000": trial.per_thousand}
            if trial.fit_cpu is not None
            else None,
        }


def estimate_document(estimate: Estimate | None) -> dict[str, Any] | None:
    """Return an estimate as JSON takes it; a number that is none becomes null."""
    if estimate is None:
        return None
    numbers = {k: getattr(estimate, k) for k in ("value", "low", "high")}
    return {k: None if v is None or not np.isfinite(v) else float(v) for k, v in numbers.items()} | {
        "flags": list(estimate.flags)
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def decide(
    trials: Sequence[Trial],
    development: Dataset,
    split: Split,
    sealed: Sealed,
    metric: Metric,
    workspace: Workspace,
    *,
    bar: Bar | None,
    worth: float | None,
    folder: Path,
    seed: int,
    strata: tuple[np.ndarray, np.ndarray] | None = None,
) -> Verdict:
    """Choose, refit, fix the plan, open the seal once, and say what it shows.

    Parameters
    ----------
    strata : codes of the sealed rows and of all rows, where the split kept their shares.

    Which model is chosen, what a gain must be to count, and which models the seal opens for are written down first.
    A refit that fails is a failed row, and the choice is made anew without it. Raises `DataError` where none is left.
    """
    trials = list(trials)
    bundles: dict[str, Bundle] = {}
    while True:
        planned = plan(trials, development, metric, bar=bar, n_sealed=len(sealed), worth=worth)
        key = next((k for k in planned.subjects if k not in bundles), None)
        if key is None:
            break
        place = next(i for i, t in enumerate(trials) if t.key == key)
        trials[place], bundle = refit(trials[place], development, split.final, workspace, folder / key / "bundle", seed)
        if bundle is not None:
            bundles[key] = bundle
    sealed.plan(
        chosen=planned.chosen,
        otherwise=planned.otherwise,
        subjects=planned.subjects,
        metric=metric.name,
        bar=bar.document() if bar else None,
        worth=planned.worth,
        evidence="sealed",
    )
    rows = sealed.open("the verdict of this run", [bundles[k].digest for k in planned.subjects])
    ladder = {t.key: t for t in trials}
    look = {"level": 1.0 - sealed.level, "seed": seed}
    opened = {k: _judge(ladder[k], bundles[k], rows, metric, strata, **look) for k in planned.subjects}
    return _settle(
        trials, opened, planned, _gains(trials, development, metric), split, sealed, metric, bar, rows.groups
    )


def plan(
    trials: Sequence[Trial],
    development: Dataset,
    metric: Metric,
    *,
    bar: Bar | None,
    n_sealed: int,
    worth: float | None,
) -> Planned:
    """Fix, by the out-of-fold scores alone, what is chosen, what it is held against, and what a gain must be to count."""
    if not any(t.ok for t in trials):
        raise DataError("No model could be fitted: " + "; ".join(f"{t.title}: {t.reason}" for t in trials) + ".")
    simple = [t for t in trials if not t.deep]
    chosen = choose(trials, development, metric, bar=bar, n_sealed=n_sealed, worth=worth)
    classical, deep = _best_inside(simple, bar, metric), _best_inside([t for t in trials if t.deep], bar, metric)
    bound = chosen.deep and classical is not None and (bar is None or bar.threshold is None)
    otherwise = choose(simple, development, metric, bar=bar, n_sealed=n_sealed, worth=worth) if bound else None
    base = (classical or chosen).validation
    assert base is not None
    first = next((t for t in trials if t.rung == 0 and t.ok), None)
    return Planned(
        chosen.key, _key(otherwise), _key(classical), _key(deep), _key(first), worth_of(metric, base.value, worth)
    )


def _key(trial: Trial | None) -> str | None:
    return trial.key if trial else None


def _best_inside(trials: Sequence[Trial], bar: Bar | None, metric: Metric) -> Trial | None:
    return best([t for t in trials if fits(t, bar) is not False], metric) or best(trials, metric)


def _judge(
    trial: Trial,
    bundle: Bundle,
    rows: Dataset,
    metric: Metric,
    strata: tuple[np.ndarray, np.ndarray] | None,
    **look: Any,
) -> Opened:
    answer = bundle.run(rows.tensors)
    evidence = metric.evidence(rows.truth, answer)
    drawn = strata_of(*strata) if strata is not None else None
    return Opened(trial, bundle, answer, evidence, score_of(metric, evidence, rows.groups, strata=drawn, **look))


def _settle(
    trials: list[Trial],
    opened: dict[str, Opened],
    planned: Planned,
    gains: dict[str, tuple[str, Estimate]],
    split: Split,
    sealed: Sealed,
    metric: Metric,
    bar: Bar | None,
    groups: np.ndarray | None,
) -> Verdict:
    deep = deep_learning(trials, opened, planned, metric, bar, groups, 1.0 - sealed.level)
    # the one-way rule: without a bar, a deep model ships only where the sealed rows say it is worth it
    key = planned.otherwise if planned.otherwise and deep["worth_it"] != "yes" else planned.chosen
    chosen, test = opened[key].trial, opened[key].test
    outcome = outcome_of(chosen, test, bar)
    if outcome == "met" and not chosen.deep and deep["worth_it"] == "undecided":
        deep |= {
            "worth_it": "no",
            "reason": "bar_met_without",
            "why": "A simpler model meets the bar, so nothing is left for a deep one to earn.",
        }
    flags, notes = wording.caveats(test, split, chosen, bar)
    notes += wording.looks(sealed.openings, sealed.level)
    heavy = outcome == "undecided" and "heavy_tail" in test.flags
    advice = (
        ON_TAILS if heavy else ADVICE if deep["worth_it"] == "undecided" and deep["gain"] and not chosen.deep else None
    )
    needed = None
    if outcome == "undecided" and not heavy and bar and bar.threshold is not None and bar.meets(test) is None:
        needed = rows_to_settle(test, bar.threshold)
    said = wording.sentence(outcome, chosen, test, metric, bar, deep, len(sealed), needed)
    return Verdict(
        outcome,
        said,
        metric,
        bar,
        chosen,
        trials,
        opened,
        gains,
        deep,
        planned.worth,
        sealed.openings,
        flags,
        notes,
        advice,
        needed,
    )


def outcome_of(chosen: Trial, test: Estimate, bar: Bar | None) -> str:
    """Return met, missed, undecided, or chosen where no score was asked for, of what ships."""
    inside = fits(chosen, bar)
    if bar is None or (bar.threshold is None and inside is True):
        return "chosen"
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


def deep_learning(
    trials: Sequence[Trial],
    opened: dict[str, Opened],
    planned: Planned,
    metric: Metric,
    bar: Bar | None = None,
    groups: np.ndarray | None = None,
    level: float = 0.95,
) -> dict[str, Any]:
    """Return whether the best deep model is worth it over the best simpler one, why, and what it costs more."""
    simple, complex = (opened[k] if k else None for k in (planned.classical, planned.deep))
    document: dict[str, Any] = UNTRIED | {
        "best_deep": complex.trial.candidate if complex else None,
        "best_classical": simple.trial.candidate if simple else None,
    }
    if complex is None or simple is None:
        return document | {"why": wording.of_untried(trials, complex is not None)}
    gain = gain_of(metric, simple.evidence, complex.evidence, groups, level)
    document |= {
        "gain": estimate_document(gain),
        "times": _times(simple.trial, complex.trial),
        "rows_planning": rows_planning(gain, planned.worth),
    }
    worth_it, reason = claim(gain, planned.worth)
    why = wording.of_gain(worth_it, gain, planned.worth, metric, document["rows_planning"])
    if fits(complex.trial, bar) is False:
        why += " The network is outside the limits that were set."
    return document | {
        "worth_it": worth_it,
        "reason": reason,
        "why": why,
        "rows_to_settle": rows_to_settle(gain, planned.worth) if worth_it == "undecided" else None,
    }


def claim(gain: Estimate, worth: float) -> tuple[str, str | None]:
    """Return whether a gain is worth it (yes, no or undecided), and the reason of a no."""
    if gain.low is not None and gain.low > worth and not NO_YES & set(gain.flags):
        return "yes", None
    if gain.high is not None and gain.high < worth:
        return "no", "gain_below_worth"
    return "undecided", None


def _times(classical: Trial, deep: Trial) -> dict[str, float | None]:
    """How many times what the deep one takes of each: training, latency, size, cost of an answer."""

    def ratio(a: float | None, b: float | None) -> float | None:
        return None if not a or not b else round(a / b, 2)

    latency = [t.latency_ms["p50"] if t.latency_ms else None for t in (deep, classical)]
    return {
        "train": ratio(deep.fit_cpu, classical.fit_cpu),
        "latency": ratio(*latency),
        "size": ratio(deep.size_bytes, classical.size_bytes),
        "cost": ratio(deep.per_thousand, classical.per_thousand),
    }
