"""The rows it learnt from that are most like one row (Gower 1971)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from deepenough.dataset import Dataset
from deepenough.examples import Columns
from deepenough.steps._terms import words
from deepenough.task import Task

NEAREST = 5
TRIED = 200  # rows whose own nearest row says what is near
WITHIN = 5_000
MOST_LETTERS = 1_000  # of a text whose words are compared
FAR = 0.99  # share of the rows learnt from that lie nearer to their nearest
INNER = (0.01, 0.99)  # of a number, so that one odd cell does not stretch its range


@dataclass(frozen=True)
class Space:
    """The rows learnt from as columns: numbers in units of their range, categories as codes, texts by the words they share."""

    task: Task
    learnt: Dataset

    def arrays(self, rows: Dataset) -> dict[str, np.ndarray]:
        assert isinstance(rows.examples, Columns)
        return rows.examples.arrays

    @cached_property
    def ranges(self) -> dict[str, float]:
        """Return what a number differs by at most, but for odd cells, by column."""
        found = {}
        for name, values in self.arrays(self.learnt).items():
            known = values[~np.isnan(values)] if values.dtype.kind == "f" else values[:0]
            low, high = np.quantile(known.astype(np.float64), INNER) if len(known) else (0.0, 0.0)
            found[name] = float(high - low) or (float(np.ptp(known)) if len(known) else 0.0) or 1.0
        return found

    def distances(self, row: Dataset, to: Dataset) -> np.ndarray:
        """Return (n,) the mean over columns of how far the first row differs from each: 0 the same, 1 in everything."""
        ranges, here, there = self.ranges, self.arrays(row), self.arrays(to)
        total = np.zeros(len(to))
        for name, values in there.items():
            total += _apart(here[name][0], values, ranges[name])
        return total / max(1, len(there))

    def nearest(self, row: Dataset, but: int | None = None) -> list[tuple[int, float]]:
        """Return (position among the rows learnt from, distance) of the nearest, never the row number `but` itself."""
        away = self.distances(row, self.learnt)
        if but is not None:
            away[self.learnt.about["row"].to_numpy() == but] = np.inf
        order = np.argsort(away, kind="stable")[:NEAREST]
        return [(int(i), float(away[i])) for i in order if np.isfinite(away[i])]

    def far(self) -> float:
        """Return the distance to the nearest row that 99 of 100 rows learnt from stay under."""
        rng = np.random.default_rng(0)
        among = self.learnt.take(rng.permutation(len(self.learnt))[:WITHIN])
        found = []
        for i in range(min(TRIED, len(among))):
            away = self.distances(among.take(np.array([i])), among)
            away[i] = np.inf
            found.append(away.min())
        return float(np.quantile(found, FAR)) if len(found) > 1 else np.inf


def _unlike(text: str, other: str) -> float:
    """Return the share of the words of two texts that only one of them has (Jaccard 1901)."""
    mine, theirs = _words(text), _words(other)
    return 1.0 - len(mine & theirs) / len(mine | theirs) if mine or theirs else 0.0


@lru_cache(maxsize=2 * WITHIN)
def _words(text: str) -> frozenset[str]:
    return frozenset(words(text[:MOST_LETTERS]))


def _apart(value: Any, values: np.ndarray, span: float) -> np.ndarray:
    """(n,) how far one cell differs from others; an empty one only from those that are filled."""
    if isinstance(value, str):
        return np.array([_unlike(value, text) for text in values])
    if values.dtype.kind != "f":
        return np.asarray(values != value, np.float64)
    gone, empty = np.isnan(values), bool(np.isnan(value))
    if empty:
        return np.asarray(~gone, np.float64)
    away = np.minimum(np.abs(values.astype(np.float64) - float(value)) / span, 1.0)
    return np.where(gone, 1.0, away)
