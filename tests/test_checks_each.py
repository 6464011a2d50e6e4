"""Proofs of single checks: strengths, figures of hand-made tables, and where there is nothing to ask."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from checking import check, clean, dataset, found, mixed, only, severities
from hypothesis import given, settings
from hypothesis import strategies as st

from deepenough.checks._look import repeats
from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.loading import load
from deepenough.modalities.tabular import Tabular

KINDS = ("classification", "regression")


# DE001 and DE002


def test_repeats_brings_equal_rows_together() -> None:
    got = repeats(np.array([9, 4, 9, 1, 4, 9], dtype=np.uint64))
    assert [sorted(got.rows[got.group == g].tolist()) for g in (0, 1)] == [[1, 4], [0, 2, 5]]
    assert len(repeats(np.arange(5, dtype=np.uint64)).rows) == 0


@given(st.lists(st.integers(0, 6), min_size=2, max_size=60))
@settings(max_examples=60, deadline=None)
def test_repeats_counts_like_pandas(values: list[int]) -> None:
    got = repeats(np.array(values, dtype=np.uint64))
    counts = pd.Series(values).value_counts()
    assert len(got.rows) == int(counts[counts > 1].sum())
    assert sorted(got.sizes.tolist()) == sorted(counts[counts > 1].tolist())


def hand_made() -> Dataset:
    """Twelve rows of which 0, 3, 7 and 1, 5 are equal; the answers of the first three differ."""
    x = np.array([1.5, 2.5, 3.25, 1.5, 4.5, 2.5, 6.5, 1.5, 7.5, 8.5, 9.5, 10.5])
    frame = pd.DataFrame({"x": x, "y": x**2, "answer": ["a", "b", "a", "b", "a", "b", "a", "a", "b", "a", "b", "b"]})
    return load(frame, "answer")


def test_duplicates_of_a_hand_made_table() -> None:
    finding = only("duplicates", hand_made())
    assert finding.evidence == {"rows": 12, "copies": 3, "share": 0.25, "groups": 2, "largest_group": 3}
    assert finding.where == [3, 5, 7]
    assert sorted(finding.clusters) == [[0, 3, 7], [1, 5]]
    assert finding.severity == "note", "three copies are few, whatever their share"


def test_row_numbers_are_those_of_the_data_as_read() -> None:
    part = hand_made().take(np.array([7, 3, 1, 2]))
    assert only("duplicates", part).clusters == [[7, 3]]


@pytest.mark.parametrize(("copies", "severity"), [(4, "note"), (9, "note"), (10, "warning"), (400, "warning")])
def test_duplicates_at_several_strengths(copies: int, severity: str) -> None:
    _, frame = Tabular().sample("classification", 1000 - copies, 3)
    data = load(pd.concat([frame, frame.iloc[:copies]], ignore_index=True), "answer")
    finding = only("duplicates", data)
    assert (finding.severity, finding.evidence["copies"]) == (severity, copies)
    assert finding.clusters and sorted(finding.clusters)[0] == [0, 1000 - copies]


def test_coarse_columns_are_no_duplicates() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({c: rng.choice(["low", "mid", "high"], 2000) for c in "abcd"})
    data = load(frame.assign(answer=rng.choice(["x", "y"], 2000)), "answer")
    finding = only("duplicates", data)
    assert finding.severity == "note" and "by chance" in finding.message and finding.clusters == []


def test_one_row_cannot_repeat() -> None:
    with pytest.raises(NotApplicable, match="one row"):
        check("duplicates").run(clean().take(np.array([0])))


def test_conflicts_of_a_hand_made_table() -> None:
    finding = only("conflicting_labels", hand_made())
    assert finding.evidence == {
        "rows": 12,
        "conflicting_rows": 3,
        "groups": 1,
        "share": 1 / 12,
        "unavoidable_errors": 1,
        "best_accuracy": 11 / 12,
    }
    assert sorted(finding.where) == [0, 3, 7]


def test_conflicting_numbers_are_what_no_model_explains() -> None:
    x = np.array([1.0, 1.0, 2.0, 3.0, 4.0, 4.0])
    answer = np.array([1.5, 3.5, 9.25, 4.0, 5.0, 5.0])
    finding = only("conflicting_labels", dataset(pd.DataFrame({"x": x, "z": x + 1}), answer, 0))
    total = float(np.sum((answer - answer.mean()) ** 2))
    assert finding.evidence["conflicting_rows"] == 2
    assert finding.evidence["best_r2"] == pytest.approx(1 - 2.0 / total)
    assert finding.evidence["spread_within"] == pytest.approx(1.0)


def test_equal_rows_that_agree_are_no_conflict() -> None:
    _, frame = Tabular().sample("regression", 300, 0)
    data = load(pd.concat([frame, frame], ignore_index=True), "answer")
    assert found("conflicting_labels", data) == []


@pytest.mark.parametrize(("wrong", "severity"), [(3, "note"), (30, "warning"), (300, "warning")])
def test_conflicts_at_several_strengths(wrong: int, severity: str) -> None:
    _, frame = Tabular().sample("classification", 1000, 3)
    copies = frame.iloc[:wrong].assign(answer=np.where(frame["answer"].iloc[:wrong] == "yes", "no", "yes"))
    finding = only("conflicting_labels", load(pd.concat([frame, copies], ignore_index=True), "answer"))
    assert (finding.severity, finding.evidence["unavoidable_errors"]) == (severity, wrong)


# DE004


def test_a_key_is_a_note() -> None:
    frame, y, _ = mixed(200, 2)
    data = dataset(frame.assign(customerID=[f"C-{i:05d}" for i in range(200)]), y, 2)
    finding = only("identifier_as_feature", data)
    assert (finding.severity, finding.subject) == ("note", "customerID")


def columns_of_names(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        "counter with gaps": np.sort(rng.permutation(1500)[:1000]),
        "ticket_id": rng.choice(10**6, 1000, replace=True),
        "customer_id": rng.integers(0, 150, 1000),
        "name": np.char.add("n", rng.integers(0, 900, 1000).astype(str)),
    }


@pytest.mark.parametrize("which", ["counter with gaps", "ticket_id", "customer_id", "name"])
def test_names_among_the_inputs(which: str) -> None:
    frame, y, rng = mixed(1000, 2)
    values = columns_of_names(rng)[which]
    finding = only(
        "identifier_as_feature",
        dataset(frame.assign(**{which: values}), y, 2, types={which: "category" if which == "name" else "number"}),
    )
    assert (finding.severity, finding.subject) == ("warning", which)
    assert finding.evidence["values"] == len(np.unique(values)) and finding.evidence["rows"] == 1000


def test_very_many_rare_names_are_counted_beyond_the_known_thousand() -> None:
    frame, y, _ = mixed(3000, 2)
    names = np.array([f"part {i // 2} of {i % 2 * 7}" for i in range(3000)])
    data = dataset(frame.assign(part=names), y, 2, types={"part": "category"})
    assert only("identifier_as_feature", data).evidence["values"] == 3000


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("income", lambda rng: rng.integers(0, 10**6, 1000)),
        ("year", lambda rng: rng.integers(1990, 2020, 1000)),
        ("age", lambda rng: rng.integers(18, 90, 1000)),
        ("city", lambda rng: np.char.add("c", rng.integers(0, 200, 1000).astype(str))),
        ("paid", lambda rng: rng.normal(size=1000)),
        ("rainID", lambda rng: rng.integers(0, 10, 1000)),
        ("humid", lambda rng: rng.integers(0, 100, 1000)),
        ("type_id", lambda rng: rng.integers(0, 8, 1000)),
    ],
)
def test_ordinary_columns_are_no_names(name: str, values: Callable[[np.random.Generator], np.ndarray]) -> None:
    frame, y, rng = mixed(1000, 2)
    assert found("identifier_as_feature", dataset(frame.assign(**{name: values(rng)}), y, 2)) == []


def test_few_rows_say_nothing_about_names() -> None:
    with pytest.raises(NotApplicable, match="fewer than 50"):
        check("identifier_as_feature").run(clean().take(np.arange(20)))


# DE005 and DE008


@pytest.mark.parametrize(("share", "severity"), [(0.1, "note"), (0.5, "note"), (0.51, "warning"), (0.95, "warning")])
@pytest.mark.parametrize("kind", ["number", "category", "time"])
def test_missing_values_at_several_strengths(share: float, severity: str, kind: str) -> None:
    frame, y, _ = mixed(1000, 2)
    values = pd.Series(
        {
            "number": np.arange(1000) % 7 + 0.5,
            "category": np.tile(["a", "b"], 500),
            "time": pd.date_range("2024-01-01", periods=1000),
        }[kind]
    )
    values[: int(share * 1000)] = None
    finding = only("missing_values", dataset(frame.assign(gappy=values), y, 2))
    assert finding.severity == severity
    told = finding.evidence["share"] if severity == "warning" else finding.evidence["shares"]["gappy"]
    assert told == pytest.approx(share)


def test_no_gaps_no_finding() -> None:
    frame, y, _ = mixed(100, 2)
    assert found("missing_values", dataset(frame, y, 2)) == []


def test_rare_categories_are_no_gaps() -> None:
    frame, y, _ = mixed(3000, 2)
    names = [f"n{i}" for i in range(3000)]
    data = dataset(frame.assign(name=names[1500:] + names[1500:]), y, 2, types={"name": "category"})
    assert found("missing_values", data) == []


@pytest.mark.parametrize(("others", "severities_"), [(0, ["warning"]), (1, ["note"]), (5, ["note"]), (6, [])])
@pytest.mark.parametrize("kind", ["number", "category"])
def test_constants_at_several_strengths(others: int, severities_: list[str], kind: str) -> None:
    frame, y, _ = mixed(1000, 2)
    flag = np.where(np.arange(1000) < max(others, 1), 1.0, 0.0)
    values = flag if kind == "number" else np.where(flag == 1, "on", "off")
    data = dataset(frame.assign(flag=values), y, 2)
    data = data if others else data.take(np.arange(1, 1000))
    assert severities("constant_columns", data) == severities_
    if others == 5:
        finding = only("constant_columns", data)
        assert finding.evidence["others"] == {"flag": 5} and finding.where == [0, 1, 2, 3, 4]


def test_left_out_constants_are_one_note() -> None:
    frame, y, _ = mixed(200, 2)
    finding = only("constant_columns", dataset(frame.assign(unit="kg", nothing=np.nan), y, 2))
    assert (finding.severity, finding.evidence["columns"]) == ("note", ["unit", "nothing"])


def test_a_mostly_empty_column_is_not_called_constant() -> None:
    frame, y, _ = mixed(1000, 2)
    rare = np.where(np.arange(1000) < 4, 1.5, np.nan)
    rare[0] = 2.5
    data = dataset(frame.assign(rare=rare), y, 2)
    assert found("constant_columns", data) == [] and severities("missing_values", data) == ["warning"]


def test_a_handful_of_rows_may_be_equal() -> None:
    with pytest.raises(NotApplicable, match="luck"):
        check("constant_columns").run(clean().take(np.arange(5)))


# DE006 and DE007


def with_shares(*counts: int) -> Dataset:
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(len(counts)), counts)
    return dataset(pd.DataFrame({"a": rng.normal(size=len(y)), "b": rng.normal(size=len(y))}), y, len(counts))


@pytest.mark.parametrize(
    ("counts", "severities_"),
    [
        ((500, 500), []),
        ((900, 100), []),
        ((901, 99), ["note"]),
        ((990, 10), ["note"]),
        ((4000, 30), ["warning"]),
        ((800, 800, 120), []),
        ((800, 800, 100), ["note"]),
        ((8000, 8000, 100), ["warning"]),
        ((130,) * 77, []),
    ],
)
def test_imbalance_at_several_strengths(counts: tuple[int, ...], severities_: list[str]) -> None:
    assert severities("class_imbalance", with_shares(*counts)) == severities_


def test_imbalance_counts_right() -> None:
    evidence = only("class_imbalance", with_shares(950, 50)).evidence
    assert evidence == {
        "rows": 1000,
        "smallest_class": 50,
        "smallest_share": 0.05,
        "accuracy_of_always": 0.95,
        "counts": {"class 0": 950, "class 1": 50},
        "misleading": ["accuracy"],
    }


@pytest.mark.parametrize("name", ["conflicting_labels", "leaking_column", "class_imbalance", "too_few_rows"])
def test_without_truth_labels_cannot_be_asked_of(name: str) -> None:
    data = clean()
    blind = Dataset(data.task, data.examples, None, data.about, data.ids, data.features)
    with pytest.raises(NotApplicable, match="No target"):
        check(name).run(blind)


def test_a_number_has_no_classes() -> None:
    with pytest.raises(NotApplicable, match="number"):
        check("class_imbalance").run(clean("regression"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("n", "severities_"), [(49, ["blocker", "note"]), (50, ["warning", "note"]), (499, ["warning"]), (500, [])]
)
def test_too_few_rows_at_several_strengths(kind: str, n: int, severities_: list[str]) -> None:
    assert severities("too_few_rows", clean(kind).take(np.arange(n))) == severities_


@pytest.mark.parametrize(
    ("counts", "severities_"), [((600, 100), []), ((600, 49), ["warning"]), ((600, 300, 49), ["warning"])]
)
def test_too_few_of_a_class(counts: tuple[int, ...], severities_: list[str]) -> None:
    assert severities("too_few_rows", with_shares(*counts)) == severities_


def test_a_class_under_ten_rows_blocks_where_no_two_remain() -> None:
    two = with_shares(600, 60)
    part = two.take(np.r_[np.arange(600), np.arange(600, 609)])
    assert only("too_few_rows", part).severity == "blocker"
    assert only("too_few_rows", part).evidence["smallest_class"] == 9
    three = with_shares(600, 300, 60)
    assert severities("too_few_rows", three.take(np.arange(909))) == ["warning"]


def test_half_width_of_too_few_rows() -> None:
    evidence = found("too_few_rows", with_shares(200, 200))[0].evidence
    assert evidence["half_width"] == pytest.approx(1.96 * 0.4 / 20) and evidence["rows"] == 400
