"""What an interval says of itself: each flag appears in the world it is for, and not in the world beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from trials import rows
from worlds import GROUPED, ROWS, World, households, metric, patients

from deepenough.candidates._climb import gain_of
from deepenough.candidates._trial import Trial, score_of
from deepenough.splits import split
from deepenough.stats import Estimate
from deepenough.verdict import claim
from deepenough.wording import caveats

DRAWS = 60


def flagged(flag: str, what: str, name: str, world: World, n: int) -> float:
    """Return how often the score, or the gain, carries a flag."""
    judge, rng, found = metric(name), np.random.default_rng(1), 0
    for _ in range(DRAWS):
        rows = world.draw(rng, n)
        a, b = (judge.evidence(rows.target, x) for x in (rows.simple, rows.complex))
        if what == "gain":
            one = gain_of(judge, a, b, rows.groups)
        else:
            one = score_of(judge, b, rows.groups) if rows.groups is not None else judge.interval(b, quick=True)
        found += flag in one.flags
    return found / DRAWS


def binary(share: float) -> World:
    return ROWS["balanced"] if share == 0.5 else ROWS["5 % positive"]


@pytest.mark.parametrize(
    ("flag", "what", "name", "there", "n", "absent", "m"),
    [
        ("widened", "score", "roc_auc", binary(0.05), 1000, binary(0.5), 1000),  # 50 of a class, and 500
        ("few", "score", "roc_auc", binary(0.05), 100, binary(0.05), 1000),  # 5 of a class, and 50
        ("few", "score", "average_precision", binary(0.05), 100, binary(0.5), 100),
        ("few", "score", "f1_macro", binary(0.05), 100, binary(0.05), 1000),
        ("few", "score", "balanced_accuracy", binary(0.05), 100, binary(0.05), 1000),
        ("few", "gain", "roc_auc", binary(0.05), 200, binary(0.05), 1000),  # 10 of a class, and 50
        ("few", "gain", "f1_macro", binary(0.05), 100, binary(0.05), 1000),
        ("few", "score", "mae", GROUPED["8 groups, numbers"], 1000, GROUPED["50 groups, numbers"], 1000),
        ("few", "gain", "mae", GROUPED["8 groups, numbers"], 1000, GROUPED["50 groups, numbers"], 1000),
        ("few", "score", "accuracy", patients("a", 60), 1000, patients("b", 20), 1000),  # 17 groups, and 50
        ("heavy_tail", "score", "rmse", ROWS["lognormal, as sales"], 1000, ROWS["normal errors"], 1000),
        ("heavy_tail", "score", "r2", ROWS["lognormal, as sales"], 1000, ROWS["normal errors"], 1000),
        ("heavy_tail", "gain", "r2", ROWS["lognormal, as sales"], 1000, ROWS["normal errors"], 1000),
    ],
)
def test_a_flag_is_there_where_it_must_be_and_nowhere_else(
    flag: str, what: str, name: str, there: World, n: int, absent: World, m: int
) -> None:
    assert flagged(flag, what, name, there, n) >= 0.95
    assert flagged(flag, what, name, absent, m) <= 0.05


@pytest.mark.parametrize("name", ["rmse", "r2"])
def test_most_rows_without_a_variance_are_found_out_and_the_mean_absolute_error_needs_no_flag(name: str) -> None:
    assert flagged("heavy_tail", "score", name, ROWS["no variance, t(3)"], 1000) > 0.5
    assert flagged("heavy_tail", "score", "mae", ROWS["no variance, t(3)"], 1000) == 0.0


def test_a_heavy_tail_is_seen_in_rows_of_groups_too() -> None:
    judge, rows = metric("rmse"), households("a", 20).draw(np.random.default_rng(2), 1000)
    wild = rows.complex["value"] + np.where(np.arange(1000) % 200 == 0, 30.0, 0.0)
    quiet, loud = (judge.evidence(rows.target, {"value": v}) for v in (rows.complex["value"], wild))
    assert "heavy_tail" in score_of(judge, loud, rows.groups).flags
    assert "heavy_tail" not in score_of(judge, quiet, rows.groups).flags


def test_groups_of_very_unequal_size_count_for_fewer() -> None:
    judge, rng = metric("mae"), np.random.default_rng(3)
    target, answer = rng.normal(size=1000), {"value": np.zeros(1000)}
    even, uneven = np.arange(1000) % 25, np.where(np.arange(1000) < 500, 0, 1 + np.arange(1000) % 24)
    found = [score_of(judge, judge.evidence(target, answer), groups) for groups in (even, uneven)]
    assert [f.flags for f in found] == [(), ("few",)]


@pytest.mark.parametrize(
    ("flags", "said"), [((), "yes"), (("widened",), "yes"), (("few",), "undecided"), (("heavy_tail",), "undecided")]
)
def test_no_yes_is_said_by_a_gain_that_few_rows_carry(flags: tuple[str, ...], said: str) -> None:
    assert claim(Estimate(0.1, 0.05, 0.15, n=500, se=0.025, flags=flags), 0.02)[0] == said


def test_one_part_of_the_cross_validation_is_said_and_all_of_them_are_not() -> None:
    truth = np.tile([0, 1], 500)
    cut = split(rows(truth), truth)
    assert len(cut.parts) == 5
    one, all_ = (Trial("a", "A", 1, status="ok", parts=parts) for parts in (1, 5))
    found: list[Any] = [caveats(Estimate(0.8, 0.7, 0.9), cut, t, None) for t in (one, all_)]
    assert "parts: 1" in found[0][0] and "parts: 1" not in found[1][0]
    assert any("one part" in note for note in found[0][1]) and found[1][1] == []
