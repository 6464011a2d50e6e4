"""Proofs of DE003: leaks of every kind and strength are found, honest columns and luck are not called leaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from checking import check, clean, dataset, found, mixed, only, severities
from hypothesis import given, settings
from hypothesis import strategies as st

from deepenough.checks._alone import chosen_rows, question, ranks, score, together
from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable

LEAKS: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "number": lambda y, rng: y + 0.05 * rng.normal(size=len(y)),
    "backwards": lambda y, rng: 100.0 - 3.0 * y,
    "category": lambda y, rng: np.char.add("z", (7 * y + 1000 * rng.integers(0, 3, len(y))).astype(str)),
}


@pytest.mark.parametrize("n", [200, 2000, 25_000])
@pytest.mark.parametrize("classes", [2, 3, 8])
@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_blocks(n: int, classes: int, leak: str) -> None:
    if n < 60 * classes:
        pytest.skip("too few rows a class")
    frame, y, rng = mixed(n, classes)
    finding = only("leaking_column", dataset(frame.assign(leak=LEAKS[leak](y, rng)), y, classes))
    assert finding.subject == "leak"
    # Bins of a small table lie across the borders of three classes: there a warning must do.
    assert finding.severity == "blocker" or (n == 200 and classes == 3 and finding.severity == "warning")


@pytest.mark.parametrize(("filled", "severity"), [(1.0, "blocker"), (0.995, "blocker"), (0.95, "warning")])
def test_empty_cells_can_tell_the_answer(filled: float, severity: str) -> None:
    frame, y, rng = mixed(4000, 2)
    leak = np.where((y == 1) & (rng.random(4000) < filled), rng.gamma(2.0, 1.0, 4000), np.nan)
    finding = only("leaking_column", dataset(frame.assign(closed=leak), y, 2))
    assert finding.severity == severity and finding.evidence["by_gaps"]
    assert finding.message.startswith("Whether 'closed' is filled in")


@pytest.mark.parametrize(
    ("noise", "severities_"),
    [(0.001, ["blocker"]), (0.01, ["blocker"]), (0.05, ["warning"]), (0.2, ["warning"]), (0.6, []), (1.0, [])],
)
def test_leaks_into_a_number_at_several_strengths(noise: float, severities_: list[str]) -> None:
    frame, y, rng = mixed(2000, 0)
    data = dataset(frame.assign(leak=y + noise * y.std() * rng.normal(size=2000)), y, 0)
    assert severities("leaking_column", data) == severities_


@pytest.mark.parametrize("of", [np.exp, np.cbrt, lambda y: -3.0 * y, lambda y: np.exp(-2 * y)])
def test_any_rising_or_falling_function_of_the_answer_is_seen(of: Callable[[np.ndarray], np.ndarray]) -> None:
    frame, y, _ = mixed(1000, 0)
    assert severities("leaking_column", dataset(frame.assign(leak=of(y)), y, 0)) == ["blocker"]


def test_two_leaks_do_not_hide_each_other() -> None:
    frame, y, _ = mixed(2000, 2)
    leaks = frame.assign(closed=np.where(y == 1, 5.0, np.nan), reason=np.where(y == 1, "gone", "none at all"))
    findings = found("leaking_column", dataset(leaks, y, 2))
    assert [(f.severity, f.subject) for f in findings] == [("blocker", "closed"), ("blocker", "reason")]


@pytest.mark.parametrize("strength", [0.5, 1.0, 1.5, 2.0])
def test_an_honest_strong_column_is_no_leak(strength: float) -> None:
    """Areas under the curve from 0.64 to 0.92 of one column among five that also know something."""
    frame, y, rng = mixed(3000, 2)
    assert found("leaking_column", dataset(frame.assign(strong=strength * y + rng.normal(size=3000)), y, 2)) == []


def test_an_easy_question_is_a_note() -> None:
    """Several sensors see the answer nearly perfectly: no single one gives it away."""
    _, y, rng = mixed(1000, 2)
    frame = pd.DataFrame({f"s{i}": y * w + rng.normal(size=1000) for i, w in enumerate((8.0, 4.0, 4.0, 4.0))})
    findings = found("leaking_column", dataset(frame, y, 2))
    assert {f.severity for f in findings} == {"note"} and "so does every other column" in findings[0].message


def test_a_leak_without_company_still_blocks() -> None:
    _, y, rng = mixed(1000, 2)
    finding = only("leaking_column", dataset(pd.DataFrame({"x": y + 0.1 * rng.random(1000)}), y, 2))
    assert finding.severity == "blocker" and "no other column" in finding.message


@pytest.mark.parametrize(("n", "rare"), [(60, 10), (200, 10), (2000, 12)])
def test_luck_is_no_leak(n: int, rare: int) -> None:
    """A hundred columns of noise, and a class so rare that some look good by luck."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        noise = {f"x{i}": rng.normal(size=n) for i in range(70)}
        words = {f"c{i}": np.char.add("w", rng.integers(0, n // 3, n).astype(str)) for i in range(30)}
        y = np.zeros(n)
        y[rng.permutation(n)[:rare]] = 1
        assert found("leaking_column", dataset(pd.DataFrame(noise | words), y, 2)) == []


def test_a_name_that_comes_back_does_not_hide_a_leak() -> None:
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(40), 50)
    y = rng.normal(size=40)[person] + 0.2 * rng.normal(size=2000)
    frame = pd.DataFrame({"subject#": person, "part": y + 0.25 * rng.normal(size=2000), "x": rng.normal(size=2000)})
    assert only("leaking_column", dataset(frame, y, 0)).subject == "part"
    grouped = dataset(frame, y, 0, group="subject#")
    assert only("leaking_column", grouped).subject == "part"
    assert found("identifier_as_feature", grouped) == []


def test_leaks_through_a_date_are_told_of_the_date() -> None:
    frame, y, rng = mixed(1500, 2)
    day = np.where(y == 1, rng.integers(400, 700, 1500), rng.integers(0, 300, 1500))
    data = dataset(frame.assign(closed=pd.to_datetime("2024-01-01") + pd.to_timedelta(day, unit="D")), y, 2)
    assert only("leaking_column", data).subject == "closed"


def test_too_little_to_ask_for_leaks() -> None:
    data = clean(n=300)
    with pytest.raises(NotApplicable, match="fewer than 50"):
        check("leaking_column").run(data.take(np.arange(49)))
    few = np.r_[np.flatnonzero(data.truth == 0), np.flatnonzero(data.truth == 1)[:9]]
    with pytest.raises(NotApplicable, match="two classes"):
        check("leaking_column").run(data.take(few))
    same = Dataset(clean("regression").task, data.examples, np.ones(300), data.about, data.ids, data.features)
    with pytest.raises(NotApplicable, match="one value"):
        check("leaking_column").run(same)


def test_an_empty_class_changes_nothing() -> None:
    frame, y, _ = mixed(900, 3)
    data = dataset(frame.assign(leak=y), y, 3)
    part = data.take(np.flatnonzero(data.truth != 1))
    assert severities("leaking_column", part) == ["blocker"]
    assert severities("too_few_rows", part) == ["warning"]


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=50))
@settings(max_examples=60, deadline=None)
def test_ranks_are_those_of_pandas(values: list[int]) -> None:
    array = np.array(values, dtype=np.float32)
    np.testing.assert_allclose(ranks(array) + 1, pd.Series(array).rank().to_numpy())


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_the_score_of_a_number_is_at_least_its_area_under_the_curve(missing: float) -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, 1000)
    x = (y + rng.normal(size=1000)).astype(np.float32)
    got = score(np.where(rng.random(1000) < missing, np.nan, x).astype(np.float32), question(y, 2))
    assert got == pytest.approx(roc_auc_score(y, x), abs=0.02 + 0.35 * missing)
    assert score(-x, question(y, 2)) == pytest.approx(score(x, question(y, 2)), abs=0.01)


def test_many_rare_values_earn_nothing() -> None:
    rng = np.random.default_rng(0)
    codes = np.arange(1, 1001)
    assert abs(score(codes, question(rng.integers(0, 2, 1000), 2)) - 0.5) < 0.05
    assert abs(score(codes, question(rng.normal(size=1000), 0))) < 0.05
    assert score(codes, question(rng.integers(0, 5, 1000), 5)) < 0.05


@pytest.mark.parametrize("classes", [0, 2, 4])
def test_columns_together_know_more_than_one(classes: int) -> None:
    frame, y, _ = mixed(4000, classes)
    asked = question(y, classes)
    arrays = [frame[c].to_numpy(np.float32) for c in frame]
    assert together(arrays, asked) > max(score(a, asked) for a in arrays) + 0.05
    assert together([], asked) == asked.chance


def test_every_class_keeps_rows_in_the_sample() -> None:
    y = np.r_[np.zeros(90_000), np.ones(300)].astype(int)
    rows = chosen_rows(y, 2)
    assert len(rows) < 20_000 and (y[rows] == 1).sum() == 300
    assert len(chosen_rows(np.zeros(50_000), 0)) == 20_000


def test_a_task_without_groups_in_its_rows_is_read_all_the_same() -> None:
    """A group that is named in the task but not carried by the rows is no reason to fail."""
    data = clean()
    task = replace(
        data.task, columns=tuple(replace(c, role="group") if c.name == "shape" else c for c in data.task.columns)
    )
    odd = Dataset(task, data.examples, data.target, data.about, data.ids, data.features)
    assert found("leaking_column", odd) == []
