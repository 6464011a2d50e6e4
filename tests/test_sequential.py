"""The evidence that stops a canary: rarely against an equal version, soon against a worse one, however often one looks."""

from __future__ import annotations

import numpy as np
import pytest

from deepenough.stats.sequential import share_evidence

ALPHA = 0.025
LINE = float(np.log(1 / ALPHA))


def stopped_after(canary: float, champion: float, share: float, requests: int, seed: int) -> int | None:
    """Return the number of requests after which a rollout is stopped, looking at every error; None where it never is."""
    rng = np.random.default_rng(seed)
    mine = rng.random(requests) < share
    erred = np.flatnonzero(rng.random(requests) < np.where(mine, canary, champion))
    hits = np.cumsum(mine[erred])
    for i, at in enumerate(erred):
        if share_evidence(int(hits[i]), i + 1, share) > LINE:
            return int(at) + 1
    return None


@pytest.mark.parametrize(("rate", "share", "requests"), [(0.02, 0.1, 3000), (0.2, 0.5, 600), (0.9, 0.05, 100)])
def test_an_equal_version_is_rarely_stopped(rate: float, share: float, requests: int) -> None:
    stops = [stopped_after(rate, rate, share, requests, seed) is not None for seed in range(200)]
    assert np.mean(stops) <= ALPHA


@pytest.mark.parametrize(
    ("canary", "champion"), [(0.03, 0.01), (0.95, 0.4)], ids=["two points more errors", "slow twice as often"]
)
def test_a_worse_version_is_stopped_in_time(canary: float, champion: float) -> None:
    """Within 20,000 requests of which five in a hundred went to it."""
    stops = [stopped_after(canary, champion, 0.05, 20_000, seed) for seed in range(60)]
    assert np.mean([s is not None for s in stops]) >= 0.95


def test_rates_that_change_with_time_are_no_evidence() -> None:
    """All errors of an hour in which both err a lot: the share stays."""
    assert share_evidence(50, 1000, 0.05) < 0 < share_evidence(110, 1000, 0.05)
