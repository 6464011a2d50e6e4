"""Fit the best ones again on fewer rows, where the budget allows, and say what more rows would bring: figures/learning.json."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from deepenough.bar import Bar
from deepenough.candidates._climb import best, fits
from deepenough.candidates._trial import Trial, predicted_cpu
from deepenough.dataset import Dataset
from deepenough.learning_curves import _wording as wording
from deepenough.learning_curves._curves import Asked, drawn_to, of_curve, of_overtaking, see
from deepenough.learning_curves._points import SHARES, points
from deepenough.metrics import Metric
from deepenough.splits import Part
from deepenough.stats.learning import FARTHEST, LEVEL
from deepenough.workspace import Workspace

MOST = 0.15  # share of the budget that the fits may take, unless they are asked for


def learn(
    trials: Sequence[Trial],
    development: Dataset,
    parts: Sequence[Part],
    metric: Metric,
    workspace: Workspace,
    *,
    bar: Bar | None,
    outcome: str,
    worth: float,
    folder: Path,
    seed: int,
    forced: bool = False,
) -> dict[str, dict[str, Any]]:
    """Return what the report draws, and what it says, by name; nothing where a bar is met, unless `forced`.

    Parameters
    ----------
    worth : what a gain must be to count; the network overtakes where it is ahead by that.
    folder : what an interrupted run goes on with is kept there.
    """
    if outcome == "met" and not forced:
        return {}
    sides = [t for t in (_best(trials, bar, metric, deep) for deep in (False, True)) if t is not None]
    spent = sum(predicted_cpu(t, development) * t.parts for t in trials if t.ok)
    taken = sum(cost(t, development) for t in sides)
    budget = workspace.budget_seconds
    if not forced and (taken > MOST * budget or spent + taken > budget):
        return {"learning": {"curves": [], "overtake": None, "more_data": wording.too_dear(taken)}}
    threshold = bar.threshold if bar else None
    asked = Asked(metric, threshold, worth, len(development))
    fitted = [points(t, development, parts, metric, workspace, folder, seed) for t in sides]
    seen = [see(found, why, development, metric) for found, why in fitted]
    end = drawn_to(seen, asked)
    curves = [of_curve(s, asked, end) for s in seen]
    overtake = of_overtaking(seen[0], seen[1], development, asked) if len(seen) == 2 else None
    document = {
        "metric": metric.name,
        "higher_is_better": metric.high_is_good,
        "rows_now": asked.now,
        "farthest": FARTHEST,
        "level": LEVEL,
        "bar": threshold,
        "worth": worth,
        "curves": curves,
        "overtake": overtake,
        "more_data": wording.headline(curves, overtake) if curves else wording.NOTHING,
    }
    return {"learning": document}


def cost(trial: Trial, development: Dataset) -> float:
    """Return the CPU seconds of all fits on fewer rows, by the table of costs."""
    whole, least = (predicted_cpu(trial, d) for d in (development, development.take(np.arange(1))))
    return sum(least + share * (whole - least) for share in SHARES) * trial.parts


def _best(trials: Sequence[Trial], bar: Bar | None, metric: Metric, deep: bool) -> Trial | None:
    """Return the best of one side that learns from rows; of those inside the limits, where any is."""
    side = [t for t in trials if t.ok and t.rung > 0 and not t.stated and t.deep is deep]
    return best([t for t in side if fits(t, bar) is not False] or side, metric)
