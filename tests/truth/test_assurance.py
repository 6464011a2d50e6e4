"""The chance that the seal will show the bar to be met comes true, and stopping on it makes no claim more often false."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cells import stray
from worlds import area, metric

from deepenough.stats import assurance


def evidence(judge: Any, rng: np.random.Generator, apart: float, n: int) -> Any:
    codes = rng.integers(0, 2, size=n)
    score = apart * codes + rng.normal(size=n)
    return judge.evidence(codes, {"probability": np.column_stack([-score, score])})


def test_assurance_comes_true_as_often_as_it_says_and_eight_in_ten_where_the_climb_stops() -> None:
    judge, rng, bar = metric("roc_auc"), np.random.default_rng(7), 0.80
    said, met, true = [], [], []
    for _ in range(1200):
        apart = rng.uniform(0.9, 1.7)  # true area .74 to .89: the bar is well inside
        development, sealed = (evidence(judge, rng, apart, n) for n in (2000, 500))
        said.append(assurance(judge.interval(development), bar, 500))
        low = judge.interval(sealed).low
        met.append(low is not None and low > bar)
        true.append(area(apart))
    chances, shown = np.array(said), np.array(met)
    for low, high in ((0.0, 0.2), (0.2, 0.8), (0.8, 1.0001)):
        here = (chances >= low) & (chances < high)
        assert shown[here].mean() == pytest.approx(chances[here].mean(), abs=0.02 + stray(0.5, int(here.sum())))
    wrongly = shown & (chances >= 0.8) & (np.array(true) <= bar)
    assert wrongly.sum() <= 0.05 * (np.array(true) <= bar).sum()


def test_stopping_on_assurance_at_exactly_the_bar_does_not_make_the_seal_say_met_more_often() -> None:
    judge, rng, apart = metric("roc_auc"), np.random.default_rng(8), 1.19
    bar, met = area(apart), 0
    for _ in range(800):
        trials = [judge.interval(evidence(judge, rng, apart, 800), quick=True) for _ in range(3)]
        stopped = any(assurance(t, bar, 400) >= 0.8 for t in trials)
        low = judge.interval(evidence(judge, rng, apart, 400)).low
        met += stopped and low is not None and low > bar
    assert met / 800 <= 0.05
