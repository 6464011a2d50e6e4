"""Workspace: what a fit may use, and whom to tell."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from deepenough.costs import USUAL, Prices


def _quiet(_message: str) -> None:
    return None


def _go(_what: str) -> str | None:
    return None


@dataclass
class Workspace:
    """Given to whatever fits or computes.

    Attributes
    ----------
    threads : how many a fit may use; single rows are always answered with one.
    budget_seconds : CPU seconds for the whole climb.
    ahead_seconds : CPU seconds that what is planned will take, by the table of costs; for the person who waits.
    stamp : of the question asked. What an earlier try left in a trial's folder is used where it bears the same, and what is
        done is left there; None keeps nothing.
    prices : what CPU seconds cost, in money and in energy.
    begin : told what is fitted next; answers why not, where that ended the whole process too often before.
    """

    threads: int = 1
    budget_seconds: float = 600.0
    ahead_seconds: float = 0.0
    tell: Callable[[str], None] = _quiet
    stamp: str | None = None
    prices: Prices = USUAL
    begin: Callable[[str], str | None] = _go

    def say(self, doing: str) -> None:
        """Tell what runs now, and how long it may take from here."""
        left = self.ahead_seconds
        to_go = (
            f", up to {max(1, round(left / 60))} min to go"
            if left >= 90
            else f", up to {left:.0f} s to go"
            if left >= 1
            else ""
        )
        self.tell(doing + to_go)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
