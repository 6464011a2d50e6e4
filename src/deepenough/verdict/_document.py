"""Verdict: what was decided, on what evidence; and verdict.json."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from deepenough.bar import Bar
from deepenough.bundle import Bundle
from deepenough.candidates._trial import Trial
from deepenough.costs import USUAL, Prices
from deepenough.dataset import Answer
from deepenough.metrics import Metric
from deepenough.stats import Estimate

SCHEMA = "deepenough.verdict/1"


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
    rows_between: tuple[int, int | None] | None = None
    segments: list[dict[str, Any]] = field(default_factory=list)
    rules: dict[str, Any] | None = None
    readable_only: dict[str, Any] | None = None
    evidence: str = "sealed"
    savings: dict[str, Any] | None = None
    prices: Prices = USUAL

    @property
    def answer(self) -> Answer:
        """What the chosen model said of the sealed rows."""
        assert self.chosen is not None
        return self.opened[self.chosen.key].answer

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
            "evidence": self.evidence,
            "flags": self.flags,
            "interval_note": " ".join(self.notes) or None,
            "advice": self.advice,
            "deep_learning": self.deep_learning,
            "rules": self.rules,
            "readable_only": self.readable_only,
            "savings": self.savings,
            "currency": self.prices.currency,
            "prices": self.prices.document(),
            "segments": self.segments,
            "openings": self.openings,
            "rows_to_settle": self.rows_to_settle,
            "rows_between": self.rows_between,
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
            "calibrated": trial.calibration is not None,
            "threshold": trial.threshold,
            **self._spent(trial),
        }

    def _spent(self, trial: Trial) -> dict[str, Any]:
        """What a training and a thousand answers take, in money and in energy."""
        if trial.fit_cpu is None:
            return {"cost": None}
        answers = None if trial.latency_ms is None else self.prices.watt_hours(trial.latency_ms["p50"])
        train = {"train": self.prices.of_cpu(trial.fit_cpu), "train_wh": self.prices.watt_hours(trial.fit_cpu)}
        return {"cost": {**train, "per_1000": trial.per_thousand, "per_1000_wh": answers}}


def estimate_document(estimate: Estimate | None) -> dict[str, Any] | None:
    """Return an estimate as JSON takes it; a number that is none becomes null."""
    return None if estimate is None else estimate.document()


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
