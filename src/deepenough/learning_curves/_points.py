"""What is seen of a learning curve: a trial fitted again on shares of the development rows, judged on the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from deepenough import shelves
from deepenough.candidates._calibration import calibrate, folds_of
from deepenough.candidates._climb import gain_between
from deepenough.candidates._kept import Kept
from deepenough.candidates._trial import Trial, fit_part, score_of
from deepenough.dataset import Answer, Dataset
from deepenough.errors import StorageError
from deepenough.metrics import Metric
from deepenough.splits import TUNE_SHARE, Part
from deepenough.stats import Estimate, from_scale, to_scale
from deepenough.workspace import Workspace

SHARES = (0.125, 0.25, 0.5)  # of what each part learns and tunes on; all of it was fitted in the climb
FEWEST, FEWEST_OF_A_CLASS, FEWEST_GROUPS = 30, 2, 3  # to learn and tune on, under which a share says nothing
UNKNOWN_PAIR = 0.5  # correlation of two scores on the same rows, where no paired interval can be given


@dataclass(frozen=True)
class Point:
    """A trial as it does with `rows` rows to learn and tune on."""

    rows: int
    trial: Trial


def thin(part: Part, share: float, development: Dataset, rng: np.random.Generator) -> Part | None:
    """Return the part with a share of what it learns and tunes on; None where that is too little to learn from.

    Classes keep their proportion, groups stay whole, and with a clock the latest rows are kept, in order.
    """
    strata = shelves.load("tasks", development.task.kind).strata(development.truth)
    if development.task.with_role("time") is not None:
        rows = np.concatenate([part.learn, part.tune])
        rows = rows[len(rows) - round(share * len(rows)) :]
        cut = round((1 - TUNE_SHARE) * len(rows))
        kept = Part(rows[:cut], rows[cut:], part.score)
    else:
        units = strata if development.groups is None else development.groups
        learn, tune = (some(side, share, units, development, rng) for side in (part.learn, part.tune))
        kept = Part(learn, tune, part.score)
    return kept if _enough(kept, part, development, strata) else None


def some(
    rows: np.ndarray, share: float, units: np.ndarray | None, development: Dataset, rng: np.random.Generator
) -> np.ndarray:
    """Return a share of some rows: of each class, or whole groups; in the order they stood."""
    mixed = rng.permutation(rows)
    if development.groups is not None:
        names = rng.permutation(np.unique(development.groups[rows]))
        kept = names[: max(1, round(share * len(names)))]
        return np.asarray(rows[np.isin(development.groups[rows], kept)])
    codes = np.zeros(len(mixed), int) if units is None else units[mixed]
    chosen = [where[: max(1, round(share * len(where)))] for c in np.unique(codes) if len(where := mixed[codes == c])]
    return np.sort(np.concatenate(chosen))


def _enough(kept: Part, whole: Part, development: Dataset, strata: np.ndarray | None) -> bool:
    """Whether a model can learn from it: rows, groups, and some of each class there is."""
    if len(kept.learn) + len(kept.tune) < FEWEST or not len(kept.tune):
        return False
    if development.groups is not None:
        seen = np.unique(development.groups[np.concatenate([kept.learn, kept.tune])])
        if len(seen) < FEWEST_GROUPS:
            return False
    if strata is None:
        return True
    there, left = (np.bincount(strata[p.learn], minlength=int(strata.max()) + 1) for p in (whole, kept))
    return bool((left[there >= FEWEST_OF_A_CLASS] >= FEWEST_OF_A_CLASS).all())


def points(
    trial: Trial,
    development: Dataset,
    parts: Sequence[Part],
    metric: Metric,
    workspace: Workspace,
    folder: Path,
    seed: int,
) -> tuple[list[Point], list[str]]:
    """Fit a trial on each share that is enough to learn from; the last point is its own score, out of fold.

    Returns
    -------
    The points, fewest rows first, and why shares were left out.
    """
    parts, found, why = parts[: trial.parts], [], []
    for i, share in enumerate(SHARES):
        thinned = [thin(p, share, development, np.random.default_rng([seed, 8, i, k])) for k, p in enumerate(parts)]
        able = [p for p in thinned if p is not None]
        if len(able) < len(parts):
            why.append(f"{share:.3g} of the rows: too few to learn from")
            continue
        try:
            answers = _answers(trial, development, able, share, workspace, folder / f"{trial.key}-{i}", seed)
            found.append(Point(_rows_of(able), _judged(trial, answers, development, parts, metric)))
        except StorageError:  # a full disk is no fault of the family
            raise
        except Exception as error:  # whatever a library raises where rows are few
            why.append(f"{share:.3g} of the rows: {type(error).__name__}: {error}")
    return [*found, Point(_rows_of(parts), trial)], why


def _answers(
    trial: Trial,
    development: Dataset,
    parts: Sequence[Part],
    share: float,
    workspace: Workspace,
    folder: Path,
    seed: int,
) -> list[Answer]:
    """Fit on each part, or take what an earlier try of the same run left."""
    kept, answers = Kept(folder, workspace.stamp), []
    for k, part in enumerate(parts):
        workspace.say(f"{trial.title}: with {share:.3g} of the rows, part {k + 1} of {len(parts)}")
        fitted = kept.part(k)
        if fitted is None:
            _, fitted = fit_part(trial, development, part, workspace, f"curves/{folder.name}/{k}", seed)
            kept.keep_part(k, fitted)
        answers.append(fitted.answer)
    return answers


def _rows_of(parts: Sequence[Part]) -> int:
    return round(sum(len(p.learn) + len(p.tune) for p in parts) / len(parts))


def _judged(trial: Trial, answers: list[Answer], development: Dataset, parts: Sequence[Part], metric: Metric) -> Trial:
    """Return the trial with what it says after fewer rows, calibrated as the climb does where that helps."""
    rows = np.concatenate([p.score for p in parts])
    answer = {name: np.concatenate([a[name] for a in answers]) for name in answers[0]}
    groups = None if development.groups is None else development.groups[rows]
    if "probability" in answer:
        helped = calibrate(answer, development.truth[rows], folds_of([len(p.score) for p in parts]), groups)
        answer = helped[1] if helped else answer
    evidence = metric.evidence(development.truth[rows], answer)
    validation = score_of(metric, evidence, groups, quick=True)
    return replace(trial, rows=rows, answer=answer, evidence=evidence, validation=validation)


def loss(score: float, metric: Metric) -> float:
    """Return how far a score is from the best there is: 1 - score, or the error itself."""
    return 1.0 - score if metric.bounded else score


def log_se(score: Estimate, metric: Metric) -> float | None:
    """Return the standard error of the logarithm of a score's loss."""
    if score.se is None or not loss(score.value, metric) > 0:
        return None
    x = to_scale(score.scale, score.value)
    ends = [loss(from_scale(score.scale, x + side * score.se), metric) for side in (-1, 1)]
    return abs(float(np.log(ends[1] / ends[0]))) / 2 if min(ends) > 0 else score.se / loss(score.value, metric)


def covariance(found: Sequence[Point], development: Dataset, metric: Metric) -> np.ndarray | None:
    """Return (m, m) how the logarithms of the losses vary together: they are judged on the same rows.

    Of each pair by its paired gain, which is far sharper than both scores. None where a score has no standard error.
    """
    losses, errors = [], []
    for p in found:
        assert p.trial.validation is not None
        se = log_se(p.trial.validation, metric)
        if se is None:
            return None
        losses.append(loss(p.trial.validation.value, metric))
        errors.append(se)
    joint = np.diag(np.square(errors))
    for i in range(len(found)):
        for j in range(i):
            gain = gain_between(found[j].trial, found[i].trial, development, metric)
            joint[i, j] = joint[j, i] = _shared(gain, (losses[j], losses[i]), (errors[j], errors[i]), metric)
    spreads, axes = np.linalg.eigh(joint)
    return np.asarray(axes * np.maximum(spreads, 0.0) @ axes.T)  # pairs estimated one by one may contradict each other


def _shared(gain: Estimate, losses: tuple[float, float], errors: tuple[float, float], metric: Metric) -> float:
    """Return the covariance of two log losses, from the standard error of their paired gain."""
    if gain.se is None:
        return UNKNOWN_PAIR * errors[0] * errors[1]
    if metric.bounded:  # a difference of losses
        raw = [e * x for e, x in zip(errors, losses, strict=True)]
        found = (raw[0] ** 2 + raw[1] ** 2 - gain.se**2) / 2 / (losses[0] * losses[1])
    else:  # one minus their ratio
        found = (errors[0] ** 2 + errors[1] ** 2 - (gain.se * losses[0] / losses[1]) ** 2) / 2
    most = 0.999 * errors[0] * errors[1]
    return float(np.clip(found, -most, most))
