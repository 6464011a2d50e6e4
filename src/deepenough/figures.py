"""What the report draws, as numbers: computed once, on the sealed rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from deepenough.dataset import Answer, Dataset
from deepenough.stats import wilson

POINTS = 200  # enough for a curve a hand's breadth wide
BINS = 10
MOST_RESIDUALS = 1000


def draw(sealed: Dataset, answers: Mapping[str, Answer], chosen: str) -> dict[str, dict[str, Any]]:
    """Return the figures by name: ROC and precision-recall (two classes), calibration, confusion; or residuals."""
    truth, labels = sealed.truth, sealed.task.labels
    if not labels:
        return {"residuals": _residuals(answers[chosen]["value"], truth)}
    figures = {"confusion": {"labels": list(labels), "counts": _confusion(answers[chosen]["probability"], truth)}}
    figures["calibration"] = {key: _calibration(a["probability"], truth) for key, a in answers.items()}
    if len(labels) == 2 and 0 < truth.sum() < len(truth):
        curves = {key: _curves(a["probability"][:, 1], truth) for key, a in answers.items()}
        figures["roc"] = {key: roc for key, (roc, _) in curves.items()}
        figures["precision_recall"] = {key: pr for key, (_, pr) in curves.items()}
    return figures


def _curves(score: np.ndarray, truth: np.ndarray) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    order = np.argsort(-score, kind="stable")
    hits, score = truth[order], score[order]
    last = np.flatnonzero(np.append(np.diff(score) != 0, True))  # equal scores are one step
    true, false = np.cumsum(hits)[last], np.cumsum(1 - hits)[last]
    keep = np.unique(np.linspace(0, len(last) - 1, POINTS).astype(int))
    recall, precision = true / truth.sum(), true / (true + false)
    roc = {"fpr": [0.0, *_plain((false / (len(truth) - truth.sum()))[keep])], "tpr": [0.0, *_plain(recall[keep])]}
    return roc, {"recall": _plain(recall[keep]), "precision": _plain(precision[keep])}


def _calibration(probability: np.ndarray, truth: np.ndarray) -> dict[str, list[float]]:
    """Predicted against observed share in ten equal groups: of the positive class, or of the likeliest of many."""
    if probability.shape[1] == 2:
        predicted, happened = probability[:, 1], truth == 1
    else:
        predicted, happened = probability.max(axis=1), probability.argmax(axis=1) == truth
    groups = [g for g in np.array_split(np.argsort(predicted, kind="stable"), BINS) if len(g)]
    bounds = [wilson(int(happened[g].sum()), len(g)) for g in groups]
    return {
        "predicted": _plain([predicted[g].mean() for g in groups]),
        "observed": _plain([happened[g].mean() for g in groups]),
        "low": _plain([b[0] for b in bounds]),
        "high": _plain([b[1] for b in bounds]),
        "rows": [len(g) for g in groups],
    }


def _confusion(probability: np.ndarray, truth: np.ndarray) -> list[list[int]]:
    k = probability.shape[1]
    return [
        [int(v) for v in row]
        for row in np.bincount(truth * k + probability.argmax(axis=1), minlength=k * k).reshape(k, k)
    ]


def _residuals(value: np.ndarray, truth: np.ndarray) -> dict[str, list[float]]:
    keep = np.unique(np.linspace(0, len(truth) - 1, MOST_RESIDUALS).astype(int))
    return {"predicted": _plain(value[keep]), "truth": _plain(truth[keep])}


def _plain(values: Any) -> list[float]:
    return [round(float(v), 6) for v in values]
