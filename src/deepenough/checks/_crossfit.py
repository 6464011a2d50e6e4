"""What a quick linear model says of rows it has not seen: softmax regression, cross-fitted, NumPy only.

Each step minimises an upper bound of the loss with one fixed curvature (Böhning 1992), factored once a fold, and is
accelerated by momentum; so fifty steps cost fifty products with the design, and no matrix is solved twice.
"""

from __future__ import annotations

import numpy as np

from deepenough.dataset import Dataset

from ._look import features

FOLDS = 5
STEPS = 60
FAR = 3.0  # standard deviations: what lies farther counts as that far
MOST_LEVELS = 12  # categories of a column with a weight of their own: the most frequent ones
LEAST_LEVEL = 20  # rows a category needs for it
PENALTY = 1.0
LEAST_DIRECTIONS, MOST_DIRECTIONS, ROWS_PER_DIRECTION = 32, 64, 64
SETTLED = 1e-3  # mean step of the log-odds, from which more steps change nothing that is asked here


def weights(dataset: Dataset) -> int:
    """Return how many weights a class will have at most."""
    return 1 + sum(3 if a.dtype.kind == "f" else MOST_LEVELS for a in features(dataset).values())


def design(dataset: Dataset) -> np.ndarray:
    """Return (n, weights) float32: standardised numbers and their squares, a flag for gaps, categories, and ones."""
    parts = [np.ones((len(dataset), 1), np.float32)]
    for array in features(dataset).values():
        parts.append(_of_number(array) if array.dtype.kind == "f" else _of_category(array))
    return np.hstack(parts)


def condensed(dataset: Dataset) -> np.ndarray:
    """Return (n, directions + 1) float32: where each row lies along the directions in which its numbers differ most, and ones.

    For features that are many and say much the same, as those of pictures: each direction in its own spread (whitened).
    """
    numbers = np.stack([a for a in features(dataset).values() if a.dtype.kind == "f"], axis=1).astype(np.float64)
    spread = numbers.std(axis=0)
    told = numbers[:, spread > 1e-9]
    z = np.clip((told - told.mean(axis=0)) / told.std(axis=0), -FAR, FAR)
    most = max(LEAST_DIRECTIONS, min(MOST_DIRECTIONS, len(dataset) // ROWS_PER_DIRECTION))
    along = np.linalg.svd(z - z.mean(axis=0), full_matrices=False)[0][:, :most]
    return np.hstack([np.ones((len(z), 1)), along * np.sqrt(len(z))]).astype(np.float32)


def _of_number(array: np.ndarray) -> np.ndarray:
    gone = np.isnan(array)
    known = array[~gone].astype(np.float64)
    if len(known) == 0 or known.min() == known.max():
        return gone[:, None].astype(np.float32) if gone.any() else np.zeros((len(array), 0), np.float32)
    middle = float(np.median(known))
    spread = float(known.std())
    z = np.clip((np.where(gone, middle, array) - known.mean()) / spread, -FAR, FAR)
    columns = [z, z * z - 1.0] if np.unique(known[:200]).size > 2 else [z]
    return np.stack([*columns, *([gone] if gone.any() else [])], axis=1).astype(np.float32)


def _of_category(codes: np.ndarray) -> np.ndarray:
    counts = np.bincount(codes)
    most = np.argsort(-counts, kind="stable")[:MOST_LEVELS]
    levels = most[counts[most] >= LEAST_LEVEL]
    return np.asarray(codes[:, None] == levels[None, :], dtype=np.float32)


def out_of_fold(x: np.ndarray, truth: np.ndarray, classes: int, fold: np.ndarray) -> np.ndarray:
    """Return (n, classes) probabilities; each row's from a model that has not seen its fold."""
    hot = np.eye(classes, dtype=np.float32)[truth]
    answers = np.empty((len(x), classes))
    grams = [x[fold == k].T @ x[fold == k] for k in range(FOLDS)]
    whole = np.sum(grams, axis=0)
    for k in range(FOLDS):
        learn = fold != k
        weights = _fit(x[learn], hot[learn], whole - grams[k])
        answers[~learn] = softmax(x[~learn] @ weights)
    return answers


def _fit(x: np.ndarray, hot: np.ndarray, gram: np.ndarray) -> np.ndarray:
    bound = 0.5 * gram.astype(np.float64) + PENALTY * np.eye(gram.shape[0])
    solve = np.linalg.inv(bound).astype(np.float32)
    now = np.zeros((x.shape[1], hot.shape[1]), np.float32)
    ahead, momentum = now, 1.0
    for _ in range(STEPS):
        slope = x.T @ (softmax(x @ ahead) - hot) + np.float32(PENALTY) * ahead
        step = solve @ slope
        after = ahead - step
        if float((step * slope).sum()) < 0 or float((slope * (after - now)).sum()) > 0:
            momentum, after = 1.0, ahead - step  # it went past the lowest point: start again from here
        following = (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0
        ahead = after + np.float32((momentum - 1.0) / following) * (after - now)
        if float(np.sqrt(np.mean((step.T @ gram) * step.T) * len(gram) / len(x))) < SETTLED:
            return np.asarray(after)
        now, momentum = after, following
    return now


def softmax(raw: np.ndarray) -> np.ndarray:
    """Return rows of shares that add up to one."""
    e = np.exp(raw - raw.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))
