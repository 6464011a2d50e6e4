"""Calibration of probabilities: learnt from answers out of fold, kept only if it helps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepenough import shelves
from deepenough.bundle import NotExportable, Plan
from deepenough.candidates._base import Estimator
from deepenough.dataset import Answer, Dataset
from deepenough.export.calibrate import LOWEST, NEAREST_ONE, calibrated
from deepenough.metrics import gain_by_group
from deepenough.workspace import Workspace

FEWEST = 200  # rows, below which two more parameters are noise
SLOPES = (0.5, 3.0)  # beyond, the last digits of a float32 probability would decide
FOLDS = 5
Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]
LEVEL = 0.90  # two-sided: the gain's lower end is a one-sided 95 % bound


@dataclass(frozen=True)
class Calibration:
    """Probabilities made true: softmax(slope x log p + offsets).

    Two classes: Platt's (1999) sigmoid on the log-odds. More: temperature scaling with a bias a class (Guo et al. 2017;
    Alexandari et al. 2020). One slope for all classes, above zero, keeps the order of the rows of two classes.

    Attributes
    ----------
    offsets : (C,), the first being 0.
    """

    slope: float
    offsets: tuple[float, ...]

    def document(self) -> dict[str, Any]:
        return {"slope": self.slope, "offsets": list(self.offsets)}

    def apply(self, probability: np.ndarray) -> np.ndarray:
        """Return the calibrated probabilities, (n, C) float32."""
        scores = self.slope * logs(probability) + np.array(self.offsets)
        scores -= scores.max(axis=1, keepdims=True)
        raised = np.exp(scores)
        return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)


def logs(probability: np.ndarray) -> np.ndarray:
    """Return log-probabilities (n, C), of what a float32 can tell apart: next to 1 it cannot."""
    p = np.asarray(probability, np.float64)
    if p.shape[1] == 2:
        positive = np.clip(p[:, 1], LOWEST, NEAREST_ONE)
        p = np.stack([1.0 - positive, positive], axis=1)
    return np.asarray(np.log(np.maximum(p, LOWEST)))


def learn(probability: np.ndarray, truth: np.ndarray) -> Calibration:
    """Return the calibration of least log-loss: a convex problem of C numbers, pulled lightly towards changing nothing."""
    from scipy.optimize import minimize

    n, classes = len(truth), probability.shape[1]
    of_rows = (_of_two if classes == 2 else _of_many)(logs(probability), truth)

    def loss(at: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = of_rows(at)
        pull = np.append(at[0] - 1.0, at[1:])
        return (value + 0.5 * float(pull @ pull)) / n, (slope + pull) / n

    start = np.append(1.0, np.zeros(classes - 1))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[SLOPES] + [(-5.0, 5.0)] * (classes - 1))
    return Calibration(float(found.x[0]), (0.0, *(float(v) for v in found.x[1:])))


def _of_two(x: np.ndarray, truth: np.ndarray) -> Loss:
    """Return the log-loss and its gradient by slope and offset: on the log-odds, a quarter of the work of the softmax."""
    side = np.where(truth == 1, 1.0, -1.0)
    odds = side * (x[:, 1] - x[:, 0])

    def loss(at: np.ndarray) -> tuple[float, np.ndarray]:
        margin = at[0] * odds + at[1] * side
        tail = np.exp(-np.abs(margin))
        wrong = np.where(margin < 0.0, 1.0, tail) / (1.0 + tail)
        value = np.log1p(tail).sum() - np.minimum(margin, 0.0).sum()
        return float(value), np.array([-(wrong @ odds), -(wrong @ side)])

    return loss


def _of_many(x: np.ndarray, truth: np.ndarray) -> Loss:
    """Return the log-loss and its gradient by the slope and the offsets of all classes but the first."""
    rows = np.arange(len(truth))
    hit = np.zeros_like(x)
    hit[rows, truth] = 1.0

    def loss(at: np.ndarray) -> tuple[float, np.ndarray]:
        scores = at[0] * x
        scores[:, 1:] += at[1:]
        scores -= scores.max(axis=1, keepdims=True)
        raised = np.exp(scores)
        total = raised.sum(axis=1, keepdims=True)
        away = raised / total - hit
        value = (np.log(total[:, 0]) - scores[rows, truth]).sum()
        return float(value), np.append((away * x).sum(), away[:, 1:].sum(axis=0))

    return loss


def calibrate(
    answer: Answer, truth: np.ndarray, folds: np.ndarray, groups: np.ndarray | None
) -> tuple[Calibration, Answer] | None:
    """Learn a calibration from answers out of fold, and judge it crosswise; None where it does not help.

    Each fold's answers are calibrated by what the other folds teach. It is kept only if the log-loss of these is lower,
    beyond chance (paired, one-sided 5 %).

    Parameters
    ----------
    answer : what models that had not seen the rows said. folds : (n,) which of them each row belongs to.

    Returns
    -------
    The calibration learnt from all rows, and the answers calibrated crosswise.
    """
    raw = answer["probability"]
    parted = _parted(folds, groups)
    if len(truth) < FEWEST or len(np.unique(truth)) < raw.shape[1]:
        return None
    crosswise = raw.copy()
    for fold in np.unique(parted):
        here = parted == fold
        if len(np.unique(truth[~here])) < raw.shape[1]:
            return None
        crosswise[here] = learn(raw[~here], truth[~here]).apply(raw[here])
    judge = shelves.load("metrics", "log_loss")
    before, after = (judge.evidence(truth, {"probability": p}) for p in (raw, crosswise))
    gain = judge.gain(before, after, LEVEL) if groups is None else gain_by_group(judge, before, after, groups, LEVEL)
    if gain.low is None or gain.low <= 0.0:
        return None
    return learn(raw, truth), {**answer, "probability": crosswise}


def _parted(folds: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """Return the folds; where there was one part only, its rows are parted anew, whole groups together."""
    if len(np.unique(folds)) > 1:
        return folds
    units = np.arange(len(folds)) if groups is None else np.unique(groups, return_inverse=True)[1]
    return np.asarray(units % FOLDS)


class Calibrated:
    """A model whose probabilities are calibrated after it."""

    def __init__(self, model: Estimator, calibration: Calibration) -> None:
        self.model, self.calibration = model, calibration

    def fit(self, learn: Dataset, tune: Dataset, workspace: Workspace) -> Calibrated:
        self.model = self.model.fit(learn, tune, workspace)
        return self

    def predict(self, dataset: Dataset) -> Answer:
        answer = self.model.predict(dataset)
        return {**answer, "probability": self.calibration.apply(answer["probability"])}

    def export(self) -> Plan | NotExportable:
        plan = self.model.export()
        if isinstance(plan, NotExportable):
            return plan
        return calibrated(plan, self.calibration.slope, self.calibration.offsets)


def folds_of(sizes: Sequence[int]) -> np.ndarray:
    """Return the number of the part that each row of joined answers came from.

    >>> folds_of([2, 3])
    array([0, 0, 1, 1, 1])
    """
    return np.repeat(np.arange(len(sizes)), sizes)
