"""Workspace: what a fit may use, and whom to tell."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

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
    threads : how many a fit may use; single rows are always answered with one. cores : how many a network may, whose every
        step is work enough for all of them.
    budget_seconds : CPU seconds for the whole climb.
    ahead_seconds : CPU seconds that what is planned will take, by the table of costs; for the person who waits.
    stamp : of the question asked. What an earlier try left in a trial's folder is used where it bears the same, and what is
        done is left there; None keeps nothing.
    prices : what CPU seconds cost, in money and in energy.
    begin : told what is fitted next; answers why not, where that ended the whole process too often before.
    trials : folder of the trials; None keeps nothing. doing : what is fitted now.
    weights : of pretrained networks: a folder, or a name; None asks DEEPENOUGH_WEIGHTS. may_download : whether a name may be
        fetched from elsewhere.
    keep : what a changed picture must keep: ``orientation``, ``colour``, ``scale``.
    cache : folder for what is worth computing once for all runs (embeddings); None keeps nothing.
    """

    threads: int = 1
    cores: int = 1
    budget_seconds: float = 600.0
    ahead_seconds: float = 0.0
    tell: Callable[[str], None] = _quiet
    stamp: str | None = None
    prices: Prices = USUAL
    begin: Callable[[str], str | None] = _go
    trials: Path | None = None
    doing: str = ""
    weights: str | None = None
    may_download: bool = False
    keep: Collection[str] = ()
    cache: Path | None = None

    def start(self, what: str) -> str | None:
        """Note what is fitted now; return why it must not be, where that ended the whole process too often before."""
        self.doing = what
        return self.begin(what)

    @property
    def folder(self) -> Path | None:
        """Where the fit that runs now may leave its state and its curve: of a trial's part or refit, and of nothing else."""
        return self.trials / self.doing if self.trials is not None and self.doing.count("/") == 1 else None

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


def usual_cache() -> Path:
    """Return the folder for what all runs of a person share: DEEPENOUGH_CACHE, or where the system keeps such things."""
    told = os.environ.get("DEEPENOUGH_CACHE")
    return Path(told) if told else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "deepenough"


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
