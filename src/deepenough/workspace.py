"""Workspace: what a fit may use, and whom to tell."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass


def _quiet(_message: str) -> None:
    return None


@dataclass
class Workspace:
    """Given to whatever fits or computes.

    Attributes
    ----------
    threads : how many a fit may use; single rows are always answered with one.
    budget_seconds : CPU seconds for the whole climb.
    ahead_seconds : CPU seconds that what is planned will take, by the table of costs; for the person who waits.
    """

    threads: int = 1
    budget_seconds: float = 600.0
    ahead_seconds: float = 0.0
    tell: Callable[[str], None] = _quiet

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
