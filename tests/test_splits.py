"""The sealed rows are set aside fairly, nothing is on two sides, and the seal opens once."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deepenough.dataset import Dataset
from deepenough.errors import DataError, SealError
from deepenough.loading import load
from deepenough.splits import Part, Sealed, Split, folds, split


def rows(n: int, *, rare: float = 0.5, seed: int = 0, **columns: Any) -> Dataset:
    """n different rows of two classes, `rare` of them of the second."""
    rng = np.random.default_rng(seed)
    roles = {name: name for name in ("group", "time") if name in columns}
    answer = np.where(np.arange(n) < round(rare * n), "yes", "no")
    frame = pd.DataFrame(
        {"x": rng.normal(size=n), "y": rng.normal(size=n), **columns, "answer": rng.permutation(answer)}
    )
    return load(frame, "answer", **roles)


def sides(cut: Split) -> list[np.ndarray]:
    """The sealed rows, then what each part judges on, then what it learns from, all as rows of the dataset."""
    parts = [part for p in cut.parts for part in (p.score, np.concatenate([p.learn, p.tune]))]
    return [cut.sealed, *(cut.development[p] for p in parts)]


def is_partition(pieces: list[np.ndarray], n: int) -> bool:
    return sorted(np.concatenate(pieces).tolist()) == list(range(n))


# --- sizes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "sealed"), [(100, 30), (1000, 300), (1667, 500), (2000, 500), (2500, 500), (4000, 800), (30000, 6000)]
)
def test_a_fifth_is_sealed_and_more_where_that_is_under_500(n: int, sealed: int) -> None:
    cut = split(rows(n), None)
    assert abs(len(cut.sealed) - sealed) <= 1
    assert is_partition([cut.development, cut.sealed], n)


@pytest.mark.parametrize(("n", "k"), [(100, 5), (4999, 5), (5000, 3), (19999, 3), (20000, 1), (10**7, 1)])
def test_five_three_or_one_part(n: int, k: int) -> None:
    assert folds(n) == k


@pytest.mark.parametrize(("n", "k"), [(400, 5), (7000, 3), (26000, 1)])
def test_each_development_row_is_judged_once(n: int, k: int) -> None:
    data = rows(n)
    cut = split(data, data.target)
    assert len(cut.parts) == k
    for part in cut.parts:
        assert is_partition([part.learn, part.tune, part.score], len(cut.development))
        assert len(part.tune) / (len(part.tune) + len(part.learn)) == pytest.approx(0.2, abs=0.02)
    judged = np.concatenate([p.score for p in cut.parts])
    assert len(set(judged.tolist())) == len(judged)
    assert (
        len(judged) == len(cut.development)
        if k > 1
        else len(judged) / len(cut.development) == pytest.approx(0.2, abs=0.01)
    )
    assert is_partition([cut.final.learn, cut.final.tune], len(cut.development)) and len(cut.final.score) == 0


# --- strata --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rare", [0.5, 0.1, 0.02])
def test_classes_keep_their_shares(rare: float) -> None:
    data = rows(3000, rare=rare)
    cut = split(data, data.target)
    assert cut.strategy == "stratified"
    for side in sides(cut):
        assert abs(data.truth[side].sum() - rare * len(side)) <= 1.5, "at most a row from its share"


def test_a_number_is_split_at_random() -> None:
    data = rows(300)
    assert split(data, None).strategy == "random"


# --- what must stay together ---------------------------------------------------------------------------------------


def test_equal_rows_are_never_on_two_sides() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.integers(0, 120, 600), "y": "a", "answer": rng.choice(["no", "yes"], 600)})
    frame.loc[::2, "y"] = "b"
    data = load(frame, "answer")
    apart(split(data, data.target), data.ids)


def test_a_group_is_never_on_two_sides() -> None:
    rng = np.random.default_rng(1)
    data = rows(900, group=[f"customer {i}" for i in rng.integers(0, 150, 900)])
    cut = split(data, data.target)
    assert cut.strategy == "by group" and cut.grouped
    apart(cut, data.about["group"].to_numpy())
    assert 0.2 <= len(cut.sealed) / 900 <= 0.4


def apart(cut: Split, units: np.ndarray) -> None:
    """What shares a unit is on one side: of the seal, of each part, and of learn and tune."""
    assert is_partition([cut.development, cut.sealed], len(units))
    assert not set(units[cut.development]) & set(units[cut.sealed])
    inside = units[cut.development]
    for part in (*cut.parts, cut.final):
        learn, tune, score = (set(inside[i]) for i in (part.learn, part.tune, part.score))
        assert not learn & tune and not learn & score and not tune & score


def test_coarse_rows_are_equal_by_chance_and_not_kept_together() -> None:
    """Twelve combinations of inputs in 600 rows are no copies: all of them must be learnt from."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "a": rng.choice(list("xyz"), 600),
            "b": rng.choice(list("pqrs"), 600),
            "answer": rng.choice(["no", "yes"], 600),
        }
    )
    data = load(frame, "answer")
    cut = split(data, data.target)
    assert set(data.ids[cut.development]) == set(data.ids) and abs(len(cut.sealed) - 180) <= 1


def test_three_groups_cannot_be_split_and_four_can() -> None:
    with pytest.raises(DataError, match=r"'group' has 3 value.*at least 4"):
        split(rows(120, group=["a", "b", "c"] * 40), None)
    cut = split(rows(120, group=["a", "b", "c", "d"] * 30), None)
    assert len(cut.sealed) == 30 and len(cut.parts) == 3
    assert all(len(p.learn) == len(p.tune) == len(p.score) == 30 for p in cut.parts)


def test_one_group_that_is_nearly_everything() -> None:
    """No cut is good then, but nothing is empty and nothing is on two sides."""
    data = rows(300, group=["big"] * 270 + [f"small {i // 5}" for i in range(30)])
    cut = split(data, data.target)
    apart(cut, data.about["group"].to_numpy())
    assert len(cut.sealed) and all(len(p.learn) and len(p.tune) and len(p.score) for p in cut.parts)


# --- by time -------------------------------------------------------------------------------------------------------


def test_the_latest_are_sealed_and_parts_roll_forward() -> None:
    rng = np.random.default_rng(2)
    time = rng.permutation(pd.date_range("2026-01-01", periods=1000, freq="h"))
    data = rows(1000, time=time)
    cut = split(data, data.target)
    assert cut.strategy == "by time" and is_partition([cut.development, cut.sealed], 1000)
    assert time[cut.development].max() < time[cut.sealed].min()
    when = time[cut.development]
    for part in cut.parts:
        assert when[part.learn].max() < when[part.tune].min() and when[part.tune].max() < when[part.score].min()
    assert in_order(cut.parts) and when[cut.final.learn].max() < when[cut.final.tune].min()


def in_order(parts: tuple[Part, ...]) -> bool:
    return all(a.score.max() < b.score.min() for a, b in pairwise(parts))


@pytest.mark.parametrize("moments", [100, 33])
def test_one_moment_is_never_on_two_sides(moments: int) -> None:
    """Rows of one day are known together: neither the seal nor a part cuts through a day."""
    day = np.sort(np.random.default_rng(0).integers(0, moments, 3000)).astype(float)
    data = rows(3000, time=day)
    cut = split(data, data.target)
    assert day[cut.development].max() < day[cut.sealed].min()
    when = day[cut.development]
    for part in cut.parts:
        assert when[part.learn].max() < when[part.tune].min() and when[part.tune].max() < when[part.score].min()


def test_few_moments_move_the_seal_to_where_the_time_changes() -> None:
    year = np.repeat([2023.0, 2024.0, 2025.0], [300, 400, 300])
    cut = split(rows(1000, time=year), None)
    assert set(year[cut.sealed]) == {2025.0} and len(cut.sealed) == 300


@pytest.mark.parametrize(
    ("time", "sentence"),
    [
        (np.repeat([1.0, 2.0], [5, 295]), "Nearly all rows carry the same time"),
        (np.where(np.arange(300) == 7, np.nan, np.arange(300) / 2), r"'time' is empty in 1 row"),
    ],
)
def test_a_clock_that_does_not_run_is_refused(time: np.ndarray, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        split(rows(300, time=time), None)


# --- seeds and given files -----------------------------------------------------------------------------------------


def test_one_seed_one_split() -> None:
    data = rows(500)
    first, again, other = (split(data, data.target, seed=s) for s in (3, 3, 4))
    assert all(np.array_equal(a, b) for a, b in zip(sides(first), sides(again), strict=True))
    assert set(first.sealed.tolist()) != set(other.sealed.tolist())


@pytest.mark.parametrize("columns", [{}, {"time": np.arange(200) / 2}, {"group": [f"g{i // 4}" for i in range(200)]}])
def test_where_the_sealed_rows_are_given_all_others_are_learnt_from(columns: dict[str, Any]) -> None:
    cut = split(rows(200, **columns), None, given=True)
    assert len(cut.sealed) == 0 and sorted(cut.development.tolist()) == list(range(200))
    assert cut.strategy == "given file" and len(cut.parts) == 5


# --- the seal ------------------------------------------------------------------------------------------------------


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "sealed.jsonl"


def lines(ledger: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()]


def test_the_plan_comes_first_and_is_written_once(ledger: Path) -> None:
    sealed = Sealed(rows(50), ledger)
    assert sealed.openings == 0 and not ledger.exists()
    sealed.plan(worth=0.02)
    sealed.plan(worth=0.02)  # as an interrupted run does when it goes on
    with pytest.raises(SealError, match="'worth' differs"):
        sealed.plan(worth=0.5)
    sealed.open("verdict", ["abc"])
    assert [line["event"] for line in lines(ledger)] == ["plan", "opening"]
    assert lines(ledger)[0]["worth"] == 0.02 and all("when" in line for line in lines(ledger))


def test_the_same_call_again_is_the_same_opening(ledger: Path) -> None:
    data = rows(50)
    first = Sealed(data, ledger).open("verdict", ["abc", "def"])
    again = Sealed(data, ledger).open("resumed", ["abc", "def"])
    assert first is again is data and Sealed(data, ledger).openings == 1


@pytest.mark.parametrize("subjects", [["abc"], ["abc", "xyz"], [], ["abc", "def", "ghi"]])
def test_a_second_look_is_refused_and_leaves_no_trace(subjects: list[str], ledger: Path) -> None:
    sealed = Sealed(rows(50), ledger)
    sealed.open("verdict", ["abc", "def"])
    with pytest.raises(SealError, match=r"opened on .*\(verdict\)"):
        sealed.open("curious", subjects)
    assert sealed.openings == 1


def test_hashes_prove_which_rows_were_sealed_and_say_nothing_of_them() -> None:
    data = rows(40)
    one, again, salted = (Sealed(data, Path("nowhere")).hashes(salt) for salt in ("a", "a", "b"))
    assert one == again and not set(one) & set(salted) and len(set(one)) == 40
    assert not {str(i) for i in data.ids} & set(one)


def test_a_row_that_a_good_part_of_the_table_repeats_is_no_copy() -> None:
    """As one unit, of many labels, it would tear the folds out of proportion."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"a": np.r_[np.zeros(300), rng.normal(size=700)], "y": rng.permutation(np.repeat(["no", "yes"], [900, 100]))}
    )
    data = load(frame, "y")
    cut = split(data, data.truth)
    common = np.arange(300)
    assert np.isin(common, cut.sealed).any() and np.isin(common, cut.development).any()
    for part in cut.parts:
        learnt = data.truth[cut.development][part.learn]
        assert 0.08 < learnt.mean() < 0.12
