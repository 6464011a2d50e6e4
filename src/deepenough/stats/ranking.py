"""Rows ranked once by a score, ties kept together; what every ranking metric is computed from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

Floats = np.ndarray


@dataclass(frozen=True)
class Ranks:
    """Rows of one class against the rest, by one score.

    `positive` (n,) bool; `tie` (n,) the number of each row's score among the distinct ones, lowest first;
    `ties` how many distinct scores there are.
    """

    positive: np.ndarray
    tie: np.ndarray
    ties: int

    def weights_by_tie(self, weights: np.ndarray | None = None) -> tuple[Floats, Floats]:
        """Return the weight of the positive and of the negative rows at each distinct score."""
        cells = np.bincount(self._place, weights=weights, minlength=2 * self.ties).reshape(-1, 2)
        down, up = cells.astype(float, copy=False).T
        return up, down

    @cached_property
    def _place(self) -> np.ndarray:
        """Where each row counts (n,): twice its tie, and one more for a positive row; found once for all resamples."""
        return np.asarray(2 * self.tie + self.positive)


def rank(score: np.ndarray, positive: np.ndarray) -> Ranks:
    """Rank rows by score in O(n log n); equal scores share one number."""
    score = np.asarray(score)
    order = np.argsort(score, kind="stable")
    ordered = score[order]
    number = np.cumsum(np.concatenate(([0], ordered[1:] != ordered[:-1]))) if len(score) else order
    tie = np.empty(len(score), dtype=np.intp)
    tie[order] = number
    return Ranks(np.asarray(positive, dtype=bool), tie, int(number[-1]) + 1 if len(score) else 0)


@dataclass(frozen=True)
class Rankings:
    """One ranking a class (two classes: class 1 only), and the class of each row."""

    target: np.ndarray
    each: tuple[Ranks, ...]

    @property
    def n(self) -> int:
        """Rows judged."""
        return len(self.target)

    @property
    def sizes(self) -> np.ndarray:
        """Rows of each class that is there."""
        sizes = np.bincount(self.target)
        return sizes[sizes > 0]

    @property
    def smallest(self) -> int:
        """Rows of the smallest class that is there; 0 where fewer than two classes are."""
        sizes = self.sizes
        return int(sizes.min()) if len(sizes) > 1 else 0

    def same_as(self, other: Rankings) -> bool:
        """Say whether two answers rank every row alike: then they have every ranking metric in common."""
        return all(np.array_equal(a.tie, b.tie) for a, b in zip(self.each, other.each, strict=True))


def one_vs_rest(target: np.ndarray, probability: np.ndarray) -> Rankings:
    """Rank rows for each class that is there; for two classes once, class 1 being the positive one."""
    target = np.asarray(target)
    if probability.shape[1] == 2:
        return Rankings(target, (rank(probability[:, 1], target == 1),))
    present = np.unique(target)
    return Rankings(target, tuple(rank(probability[:, c], target == c) for c in present))
