"""Evidence from the development rows: network against simpler model, with everything that chooses or tunes inside each fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deepenough import shelves
from deepenough.bar import Bar
from deepenough.candidates._calibration import learn as learn_calibration
from deepenough.candidates._climb import fits, gain_of
from deepenough.candidates._kept import Fitted, Kept
from deepenough.candidates._trial import Trial, fit_part, learn_part, predicted_cpu
from deepenough.dataset import Answer, Dataset
from deepenough.metrics import Metric
from deepenough.splits import Part, Split, split
from deepenough.stats import Estimate, out_of_fold
from deepenough.workspace import Workspace

CHEAP, MOST = 0.05, 0.5  # shares of the budget: three repeats where they are cheap, one where it is no more than half
REPEATS = 3
SIDES = ("simple", "complex")


@dataclass(frozen=True)
class Nested:
    """What one repeat of the outer folds needs.

    Attributes
    ----------
    trials : all that were fitted: the best simpler one and the best network are chosen among them anew in each fold.
    """

    trials: Sequence[Trial]
    development: Dataset
    metric: Metric
    workspace: Workspace
    bar: Bar | None
    folder: Path
    seed: int

    def able(self, deep: bool) -> list[Trial]:
        """Trials of one side inside the limits; where none is, all of that side."""
        side = [t for t in self.trials if t.ok and t.deep is deep]
        return [t for t in side if fits(t, self.bar) is not False] or side

    @property
    def cost(self) -> float:
        """CPU seconds of one repeat, by the table of costs: each trial once inside a fold, and both winners again."""
        once = [[predicted_cpu(t, self.development) for t in self.able(deep)] for deep in (False, True)]
        return sum(sum(side) * (len(side) > 1) + max(side, default=0.0) for side in once) * len(self._outer(0).parts)

    def gain(self, repeats: int) -> Estimate | None:
        """Return the gain of the best network over the best simpler model on rows that neither had seen.

        The standard error pays for models that share their training rows (`stats.out_of_fold`). None where a fit fails.
        """
        gains = []
        for r in range(repeats):
            outer = self._outer(r)
            self.workspace.say(f"Both best ones once more, on each part in turn (repeat {r + 1} of {repeats})")
            answers = [self._fold(r, k, part) for k, part in enumerate(outer.parts)]
            if any(a is None for a in answers):
                return None
            rows = np.concatenate([p.score for p in outer.parts])
            simple, complex = (_joined([a[side] for a in answers if a is not None]) for side in SIDES)
            truth, groups = self.development.truth[rows], self.development.groups
            before, after = (self.metric.evidence(truth, a) for a in (simple, complex))
            gains.append(gain_of(self.metric, before, after, None if groups is None else groups[rows]))
        return out_of_fold(gains, len(self._outer(0).parts))

    def _outer(self, repeat: int) -> Split:
        return _split(self.development, self.seed * REPEATS + repeat + 1)

    def _fold(self, repeat: int, k: int, part: Part) -> dict[str, Answer] | None:
        """Choose, fit and answer one outer fold; None where a side has no model."""
        kept = Kept(self.folder / f"repeat-{repeat}", self.workspace.stamp)
        before = kept.part(k)
        if before is None:
            answers = self._fresh(f"nested/{repeat}-{k}", part)
            if answers is None:
                return None
            packed = {f"{side}.{name}": values for side, answer in answers.items() for name, values in answer.items()}
            before = Fitted(packed, 0.0, 0.0)
            kept.keep_part(k, before)
        return {
            side: {name.partition(".")[2]: v for name, v in before.answer.items() if name.startswith(side)}
            for side in SIDES
        }

    def _fresh(self, what: str, part: Part) -> dict[str, Answer] | None:
        inside = self.development.take(np.concatenate([part.learn, part.tune]))
        judged, cut = self.development.take(part.score), _split(inside, self.seed)
        answers = {}
        for side, deep in zip(SIDES, (False, True), strict=True):
            winner, inner = self._winner(self.able(deep), inside, cut.parts[0], what)
            if winner is None:
                return None
            model = learn_part(winner, inside, cut.final, self.workspace, f"{what}/{winner.key}", self.seed)
            answers[side] = _calibrated(winner, inner, inside.truth[cut.parts[0].score], model.predict(judged))
        return answers

    def _winner(self, able: list[Trial], inside: Dataset, part: Part, what: str) -> tuple[Trial | None, Answer | None]:
        """Return the trial that does best on a part of the fold's own rows, and what it said of them."""
        if len(able) == 1 and able[0].calibration is None:
            return able[0], None
        found: tuple[Trial | None, Answer | None] = (None, None)
        top = -np.inf if self.metric.high_is_good else np.inf
        truth = inside.truth[part.score]
        for trial in able:
            _, fitted = fit_part(trial, inside, part, self.workspace, f"{what}/{trial.key}", self.seed)
            score = self.metric.value(self.metric.evidence(truth, fitted.answer), np.ones(len(truth)))
            if score > top if self.metric.high_is_good else score < top:
                top, found = score, (trial, fitted.answer)
        return found


def _calibrated(winner: Trial, inner: Answer | None, truth: np.ndarray, answer: Answer) -> Answer:
    """Calibrate, where the run does, by what the model said of the fold's own rows."""
    if winner.calibration is None or inner is None:
        return answer
    return {**answer, "probability": learn_calibration(inner["probability"], truth).apply(answer["probability"])}


def _joined(answers: list[Answer]) -> Answer:
    return {name: np.concatenate([a[name] for a in answers]) for name in answers[0]}


def _split(dataset: Dataset, seed: int) -> Split:
    strata: Any = shelves.load("tasks", dataset.task.kind).strata(dataset.truth)
    return split(dataset, strata, seed=seed, given=True)


def foreseen(gain: Estimate, n_sealed: int) -> float | None:
    """Return the half-width that the gain's interval will have on so many sealed rows; None where it cannot be foreseen."""
    return None if gain.se is None or not gain.n else 1.96 * gain.se * float(np.sqrt(gain.n / n_sealed))


def repeats_within(cost: float, budget: float, spent: float) -> int:
    """Return how many repeats the budget carries: three where they are cheap, else one, or none.

    >>> repeats_within(5.0, 600.0, 50.0), repeats_within(200.0, 600.0, 50.0), repeats_within(400.0, 600.0, 50.0)
    (3, 1, 0)
    """
    if spent + REPEATS * cost <= budget and REPEATS * cost <= CHEAP * budget:
        return REPEATS
    return int(cost <= MOST * budget and spent + cost <= budget)
