"""Workspace: what a fit may use: folder, threads, device, budget, and whom to tell."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


def _quiet(_message: str) -> None:
    return None


@dataclass
class Workspace:
    """Given to whatever fits or computes.

    Attributes
    ----------
    threads : how many a fit may use; single rows are always answered with one.
    device : ``cpu``, ``cuda`` or ``mps``.
    budget_seconds : CPU seconds for the whole climb.
    say : called with one short line on what runs now.
    """

    folder: Path | None = None
    threads: int = 1
    device: str = "cpu"
    budget_seconds: float = 600.0
    say: Callable[[str], None] = _quiet
    started: float = field(default_factory=time.process_time)

    def seconds_left(self) -> float:
        """CPU seconds of the budget that are not spent yet."""
        return self.budget_seconds - (time.process_time() - self.started)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
