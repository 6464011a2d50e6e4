"""Whether deep learning is worth it: the best network over the best simpler model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deepenough import wording
from deepenough.bar import Bar
from deepenough.candidates._climb import fits, gain_of
from deepenough.candidates._trial import Trial
from deepenough.metrics import Metric
from deepenough.stats import Estimate, pooled, rows_between, rows_planning, rows_to_settle
from deepenough.verdict._document import Opened, estimate_document
from deepenough.verdict._planning import Planned
from deepenough.verdict._pooling import Evidence

NOTHING = Evidence()
NO_YES = {"few", "heavy_tail"}  # a gain that says so is never surely more than the worth
UNTRIED: dict[str, Any] = {  # what is said of deep learning before anything is known
    "worth_it": "undecided",
    "reason": None,
    "why": "",
    "best_deep": None,
    "best_classical": None,
    "gain": None,
    "sealed_gain": None,
    "nested_gain": None,
    "times": None,
    "rows_to_settle": None,
    "rows_between": None,
    "rows_planning": None,
}


def deep_learning(
    trials: Sequence[Trial],
    opened: dict[str, Opened],
    planned: Planned,
    metric: Metric,
    bar: Bar | None = None,
    groups: np.ndarray | None = None,
    level: float = 0.95,
    besides: Evidence = NOTHING,
) -> dict[str, Any]:
    """Return whether the best deep model is worth it over the best simpler one, why, and what it costs more.

    Where the sealed rows were foreseen to be too few, the gain on the development rows is pooled with theirs; theirs stands
    beside it.
    """
    simple, complex = (opened[k] if k else None for k in (planned.classical, planned.deep))
    document: dict[str, Any] = UNTRIED | {
        "best_deep": complex.trial.candidate if complex else None,
        "best_classical": simple.trial.candidate if simple else None,
    }
    if complex is None or simple is None:
        return document | {"why": wording.of_untried(trials, complex is not None)}
    sealed = gain_of(metric, simple.evidence, complex.evidence, groups, level)
    gain = pooled(besides.gain, sealed) if besides.gain else sealed
    document |= {
        "sealed_gain": estimate_document(sealed),
        "nested_gain": besides.document(),
        "gain": estimate_document(gain),
        "times": _times(simple.trial, complex.trial),
        "rows_planning": rows_planning(gain, planned.worth),
    }
    worth_it, reason = claim(gain, planned.worth)
    why = wording.of_gain(worth_it, gain, planned.worth, metric, document["rows_planning"], besides.gain is not None)
    if fits(complex.trial, bar) is False:
        why += " The network is outside the limits that were set."
    return document | {
        "worth_it": worth_it,
        "reason": reason,
        "why": why,
        "rows_to_settle": rows_to_settle(gain, planned.worth) if worth_it == "undecided" else None,
        "rows_between": rows_between(gain, planned.worth) if worth_it == "undecided" else None,
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
