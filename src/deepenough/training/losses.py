"""Losses of classes: weights for the rare, smoothing for the sure, and both truths of a mixed row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class CrossEntropy:
    """Mean cross-entropy of (n, C) raw answers to (n,) classes.

    Attributes
    ----------
    weights : (C,) of the classes, 1 on average over the rows, so that a step in pieces is the step as a whole.
    smoothing : share of each truth that is spread over all classes (Szegedy et al. 2016).
    """

    weights: Tensor | None = None
    smoothing: float = 0.0

    def __call__(self, raw: Tensor, target: Tensor) -> Tensor:
        losses = functional.cross_entropy(raw.float(), target, reduction="none", label_smoothing=self.smoothing)
        return losses.mean() if self.weights is None else (losses * self.weights.to(raw.device)[target]).mean()


def class_weights(target: np.ndarray, classes: int) -> Tensor:
    """Return (C,) weights with which all classes count the same, and rows 1 on average.

    >>> class_weights(np.array([0, 0, 0, 1]), 2).tolist()
    [0.6666666865348816, 2.0]
    """
    counts = np.bincount(target, minlength=classes)
    seen = np.count_nonzero(counts)
    return torch.from_numpy((len(target) / (seen * np.maximum(counts, 1))).astype(np.float32))


def mixed(loss: Loss, share: float) -> Loss:
    """Return the loss of rows that are mixed of two: `share` of the first, the rest of the batch turned round (mixup)."""
    return lambda raw, target: share * loss(raw, target) + (1.0 - share) * loss(raw, target.flip(0))
