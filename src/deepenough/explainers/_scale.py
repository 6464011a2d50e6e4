"""The scale on which reasons add up: log-odds for classes, the value itself for numbers."""

from __future__ import annotations

import numpy as np

from deepenough.dataset import Answer
from deepenough.errors import ParityError

SMALLEST = 1e-7  # what a float32 can tell from 0, and from 1
TOLERANCE = 1e-4  # between probabilities; of numbers, as a share of the largest


def scores(answer: Answer) -> np.ndarray:
    """Return (n, outputs) float64: the value; of two classes the log-odds of the second; of more, a centred log each.

    >>> scores({"probability": np.array([[0.5, 0.5], [0.2, 0.8]])}).round(3).tolist()
    [[0.0], [1.386]]
    """
    if "value" in answer:
        return np.asarray(answer["value"], np.float64)[:, None]
    logs = np.log(np.clip(np.asarray(answer["probability"], np.float64), SMALLEST, 1.0 - SMALLEST))
    if logs.shape[1] == 2:
        return np.asarray(logs[:, 1:] - logs[:, :1])
    return np.asarray(logs - logs.mean(axis=1, keepdims=True))


def answered(score: np.ndarray, classes: int) -> np.ndarray:
    """Return what a score (n, outputs) says: probabilities (n, classes), or values (n,) where there are no classes.

    >>> answered(np.array([[0.0]]), 2).tolist()
    [[0.5, 0.5]]
    """
    if not classes:
        return np.asarray(score[:, 0])
    both = np.concatenate([np.zeros_like(score), score], axis=1) if score.shape[1] == 1 else score
    raised = np.exp(both - both.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def off(said: np.ndarray, answer: Answer, classes: int) -> float:
    """Return how far scores (n, outputs) are at most from an answer, in its own terms; of numbers, as a share of the largest."""
    if not classes:
        truth = np.asarray(answer["value"], np.float64)
        return float(np.abs(said[:, 0] - truth).max(initial=0.0) / (np.abs(truth).max(initial=0.0) or 1.0))
    return float(np.abs(answered(said, classes) - answer["probability"]).max(initial=0.0))


def must_add_up(totals: np.ndarray, answer: Answer, classes: int) -> None:
    """Raise `ParityError` where contributions do not add up to what the model answered."""
    gap = off(totals, answer, classes)
    if not gap <= TOLERANCE:
        raise ParityError(
            f"The reasons do not add up to the answer (they are {gap:.2g} apart), so none are given. Please report this."
        )
