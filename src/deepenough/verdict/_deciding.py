"""Decide, once, on the sealed rows: is the bar met, and is deep learning worth it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from deepenough import wording
from deepenough.bar import Bar
from deepenough.bundle import Bundle
from deepenough.candidates._climb import best, fits, gain_between
from deepenough.candidates._shipping import Judged
from deepenough.candidates._trial import Trial, refit, score_of
from deepenough.dataset import Dataset
from deepenough.metrics import Metric
from deepenough.splits import Sealed, Split
from deepenough.stats import Estimate, rows_between, rows_to_settle, strata_of
from deepenough.value import Value
from deepenough.verdict._beside import beside
from deepenough.verdict._deep import deep_learning
from deepenough.verdict._document import Opened, Verdict
from deepenough.verdict._line import line_of
from deepenough.verdict._planning import Planned, plan
from deepenough.verdict._pooling import Evidence, gather
from deepenough.workspace import Workspace

ADVICE = "Not shown to be worth it: ship the simple one."
ON_TAILS = "Look at the rows that are farthest off, or set the bar on the mean absolute error, which a handful of rows cannot carry."


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
    explainable: bool = False,
    value: Value | None = None,
) -> Verdict:
    """Choose, refit, fix the plan, open the seal once, and say what it shows.

    Parameters
    ----------
    strata : codes of the sealed rows and of all rows, where the split kept their shares.
    explainable : only what a person can follow may be chosen.
    value : what right and wrong decisions are worth; it draws the line between yes and no.

    Which model is chosen, what a gain must be to count, and which models the seal opens for are written down first.
    A refit that fails is a failed row, and the choice is made anew without it. Raises `DataError` where none is left.
    """
    trials = list(trials)
    bundles: dict[str, Bundle] = {}
    judged = Judged(metric, bar.threshold if bar else None)
    while True:
        planned = plan(trials, development, metric, bar=bar, n_sealed=len(sealed), worth=worth, explainable=explainable)
        key = next((k for k in planned.subjects if k not in bundles), None)
        if key is None:
            break
        place = next(i for i, t in enumerate(trials) if t.key == key)
        drawn = replace(trials[place], threshold=line_of(trials[place], development, metric, value))
        trials[place], bundle = refit(drawn, development, split.final, workspace, folder / key / "bundle", seed, judged)
        if bundle is not None:
            bundles[key] = bundle
    where: dict[str, Any] = {"bar": bar, "n_sealed": len(sealed), "folder": folder.parent / "nested", "seed": seed}
    besides = gather(trials, development, split, planned, metric, workspace, **where)
    workspace.begin("the sealed rows")
    sealed.plan(
        chosen=planned.chosen,
        otherwise=planned.otherwise,
        subjects=planned.subjects,
        metric=metric.name,
        bar=bar.document() if bar else None,
        worth=planned.worth,
        evidence=besides.kind,
        nested=besides.document(),
    )
    rows = sealed.open("the verdict of this run", [bundles[k].digest for k in planned.subjects])
    ladder = {t.key: t for t in trials}
    look = {"level": 1.0 - sealed.level, "seed": seed}
    opened = {k: _judge(ladder[k], bundles[k], rows, metric, strata, **look) for k in planned.subjects}
    gains = _gains(trials, development, metric)
    verdict = _settle(trials, opened, planned, gains, split, sealed, metric, bar, rows.groups, besides)
    return beside(verdict, planned, rows.groups, 1.0 - sealed.level, explainable)


def _judge(
    trial: Trial,
    bundle: Bundle,
    rows: Dataset,
    metric: Metric,
    strata: tuple[np.ndarray, np.ndarray] | None,
    **look: Any,
) -> Opened:
    answer = bundle.answer_known(rows.examples, rows.features)
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
    besides: Evidence,
) -> Verdict:
    deep = deep_learning(trials, opened, planned, metric, bar, groups, 1.0 - sealed.level, besides)
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
    needed = between = None
    if outcome == "undecided" and not heavy and bar and bar.threshold is not None and bar.meets(test) is None:
        needed, between = rows_to_settle(test, bar.threshold), rows_between(test, bar.threshold)
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
        between,
        evidence=besides.kind,
        prices=chosen.prices,
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
