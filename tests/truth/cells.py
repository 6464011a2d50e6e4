"""A cell: one thing that is promised, tried many times where the truth is known."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SEED = 0
Figures = dict[str, Any]

HELD, SHORT, WIDE, SAID = "held", "short", "wide", "said"  # SAID: short, and the estimate carries a flag that says so


@dataclass(frozen=True)
class Cell:
    """What is tried, and how often.

    Attributes
    ----------
    family : which simulation measures and judges it. facts : what that simulation needs, as JSON takes it.
    """

    family: str
    facts: dict[str, Any] = field(default_factory=dict)
    repeats: int = 1000

    @property
    def key(self) -> str:
        """Name of the cell: the same in every run."""
        return " | ".join([self.family, *(f"{k} {v}" for k, v in self.facts.items()), f"{self.repeats} times"])

    @property
    def rng(self) -> np.random.Generator:
        """Chance of its own: cells can be tried in any order, in any process."""
        return np.random.default_rng([SEED, zlib.crc32(self.key.encode())])

    def rng_of(self, time: int) -> np.random.Generator:
        """Chance of one of its repetitions."""
        return np.random.default_rng([SEED, zlib.crc32(self.key.encode()), time])


def stray(share: float, repeats: float) -> float:
    """Return how far a share may stray by chance alone: two standard errors."""
    return 2 * math.sqrt(share * (1 - share) / max(repeats, 1))


def at_most(found: float, limit: float, repeats: float) -> str:
    """Judge a share that must not be above a limit."""
    return HELD if found <= limit + stray(limit, repeats) else SHORT


def at_least(found: float, limit: float, repeats: float) -> str:
    """Judge a share that must not be below a limit."""
    return HELD if found >= limit - stray(limit, repeats) else SHORT
