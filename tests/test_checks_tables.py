"""Proofs of the checks of a table's cells: what is found in hand-made tables, and what is left in peace."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from checking import check, clean, dataset, found, mixed, only, severities
from hypothesis import given, settings
from hypothesis import strategies as st

from deepenough import shelves
from deepenough.checks import audit_inputs, audit_pair
from deepenough.checks._noise import noise
from deepenough.checks._sentinels import sentinels
from deepenough.checks._spelling import alike, folded, slips
from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.loading import load, load_like
from deepenough.modalities._patterns import is_account, is_card, patterns

NEW = [name for name, book in shelves.shelf("checks").items() if "DE008" < book.facts["code"] < "DE022"]


def table(n: int = 600, classes: int = 2, **columns: object) -> Dataset:
    """Five honest columns, an honest answer, and the columns given."""
    frame, answer, _ = mixed(n, classes)
    return dataset(frame.assign(**columns), answer, classes)


def words(n: int, *shares: tuple[str, int]) -> np.ndarray:
    """The words as often as said, shuffled; the first fills up."""
    cells = [word for word, count in shares[1:] for _ in range(count)]
    return np.random.default_rng(0).permutation([*cells, *[shares[0][0]] * (n - len(cells))])


# DE009


def test_spellings_of_one_word_are_brought_together() -> None:
    cells = words(600, ("NY", 0), ("ny", 8), ("N.Y.", 6), ("LA", 200), ("Rio", 100))
    finding = only("inconsistent_categories", table(town=cells))
    assert (finding.severity, finding.subject) == ("warning", "town")
    assert finding.evidence["groups"] == [["NY", "ny", "N.Y."]]
    assert finding.evidence["rows"] == 14 == len(finding.where)


def test_spaces_around_a_cell_are_no_other_spelling() -> None:
    assert found("inconsistent_categories", table(town=words(600, ("NY", 0), (" NY ", 50), ("LA", 90)))) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("A+", "A-"), ("<=50K", ">50K"), ("1.5", "15"), ("C", "C++"), ("10-12", "1012"), ("Niger", "Nigeria")],
)
def test_signs_that_mean_something_are_kept_apart(one: str, other: str) -> None:
    assert folded(one) != folded(other) and alike({one: 5, other: 5}) == []


@given(st.text(min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert folded(folded(text)) == folded(text) or not folded(text).isascii()


def test_a_slip_is_a_note_and_a_sign_is_none() -> None:
    finding = only("inconsistent_categories", table(sex=words(600, ("female", 0), ("male", 250), ("femlae", 5))))
    assert finding.severity == "note" and finding.evidence["by_slip"]
    assert slips({"FuseA": 900, "FuseF": 3}) == [] and slips({"INLAND": 900, "coast": 3}) == []


def test_labels_in_two_spellings_are_said() -> None:
    frame, _, _ = mixed(600, 2)
    answer = words(600, ("yes", 0), ("Yes", 40), ("no", 280))
    finding = only("inconsistent_categories", load(frame.assign(answer=answer), "answer"))
    assert (finding.severity, finding.subject) == ("warning", "answer")


def test_rare_values_are_one_note() -> None:
    finding = only(
        "inconsistent_categories", table(place=words(600, ("here", 0), ("there", 250), ("zoo", 2), ("x", 1)))
    )
    assert finding.severity == "note" and finding.evidence["rare"] == {"place": 2}


# DE010 and DE016


@pytest.mark.parametrize("mark", [-999, 9999, -1, 88888, -99])
@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
def test_marks_for_not_known_are_found(mark: float, share: float) -> None:
    age = np.random.default_rng(0).integers(18, 90, 600).astype(float)
    age[: int(600 * share)] = mark
    finding = only("suspicious_values", table(age=age))
    assert finding.evidence["values"] == {f"{mark}": int(600 * share)} and finding.severity == "warning"


@pytest.mark.parametrize(
    "values",
    [
        np.arange(600) % 1000,
        np.where(np.arange(600) < 5, 999.0, np.arange(600) * 2.0),
        np.where(np.arange(600) < 5, -1.0, np.arange(600) % 3),
        np.random.default_rng(0).normal(size=600).round(2) * 999,
        np.random.default_rng(0).integers(-2, 40, 600),
    ],
)
def test_numbers_that_only_look_like_marks_are_left(values: np.ndarray) -> None:
    assert sentinels(values.astype(np.float32)) == []


def test_two_marks_are_both_found_and_far_values_are_left_to_them() -> None:
    age = np.random.default_rng(0).integers(18, 90, 600).astype(float)
    age[:10], age[10:15] = -999, 99999
    data = table(age=age)
    assert only("suspicious_values", data).evidence["values"] == {"-999": 10, "99999": 5}
    assert found("outliers", data) == []


@pytest.mark.parametrize("day", ["1970-01-01", "1900-01-01", "2099-12-31"])
def test_days_that_computers_fill_in_are_found(day: str) -> None:
    made = pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(600) % 300, unit="D"))
    made[:6] = pd.Timestamp(day)
    assert only("suspicious_values", table(made=made)).evidence["values"] == {day: 6}
    old = pd.Series(pd.Timestamp("1969-06-01") + pd.to_timedelta(np.arange(600), unit="D"))
    assert found("suspicious_values", table(made=old)) == []


def test_a_zero_among_numbers_far_from_it_is_a_note() -> None:
    pressure = np.random.default_rng(0).integers(60, 100, 600).astype(float)
    pressure[:20] = 0
    assert severities("suspicious_values", table(pressure=pressure)) == ["note"]
    assert severities("suspicious_values", table(amount=np.arange(600) % 40)) == []


@pytest.mark.parametrize("share", [0.002, 0.01, 0.05, 0.2])
def test_wrong_units_are_found(share: float) -> None:
    weight = np.random.default_rng(0).gamma(9.0, 8.0, 600)
    weight[: max(1, int(600 * share))] *= 1e6
    finding = only("outliers", table(weight=weight))
    assert finding.evidence["far"] == max(1, int(600 * share)) and finding.evidence["high"] < 300


@pytest.mark.parametrize("tail", ["lognormal", "t3", "pareto", "zeros", "two worlds"])
@pytest.mark.parametrize("seed", range(4))
def test_long_tails_are_no_fault(tail: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = {
        "lognormal": np.exp(2.5 * rng.normal(size=3000)),
        "t3": rng.standard_t(3, 3000),
        "pareto": rng.pareto(1.1, 3000),
        "zeros": np.where(rng.random(3000) < 0.9, 0.0, np.exp(2.0 * rng.normal(size=3000))),
        "two worlds": np.where(rng.random(3000) < 0.9, rng.normal(size=3000), 40 + rng.normal(size=3000)),
    }[tail]
    assert found("outliers", table(3000, x=values)) == []


# DE011


def test_repeated_columns_are_named_with_how() -> None:
    frame, answer, rng = mixed(600, 2)
    code = rng.integers(0, 8, 600)
    frame = frame.assign(
        metres=frame.a * 3.7 + 2,
        again=frame.b,
        turned=-np.exp(frame.c),
        code=code,
        named=np.array(list("pqrstuvw"))[code],
    )
    hows = {
        f.subject: (f.evidence["same_as"], f.evidence["how"])
        for f in found("duplicate_columns", dataset(frame, answer, 2))
    }
    assert hows.pop("metres")[0] == "a"
    assert hows == {"again": ("b", "equal"), "turned": ("c", "order"), "named": ("code", "one-to-one")}


def test_columns_that_agree_nearly_or_hardly_vary_are_left() -> None:
    frame, answer, rng = mixed(600, 2)
    rare = np.zeros(600)
    rare[:6] = 1
    frame = frame.assign(
        near=frame.a + 0.01 * rng.normal(size=600), rare=rare, rarer=rare, id=rng.permutation(600) * 3.5
    )
    assert found("duplicate_columns", dataset(frame, answer, 2)) == []


# DE012


def test_personal_data_are_counted_and_never_repeated() -> None:
    secret = ["kim.lee@example.com", "+49 30 901820-11", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00"]
    notes = [
        f"customer said {secret[i % 4]} on day {i}" if i < 80 else f"nothing to say about row {i}" for i in range(600)
    ]
    data = table(notes=notes)
    finding = only("personal_data", data)
    assert finding.severity == "warning" and finding.evidence["found"] == dict.fromkeys(
        ("e-mail", "phone", "card", "account"), 20
    )
    said = json.dumps(audit_inputs(data).document()) + repr(data.task)
    assert not any(s in said or s.replace(" ", "") in said for s in secret)


@pytest.mark.parametrize(
    "cells",
    [
        [f"2024-01-{i % 28 + 1:02d} 10:{i % 60:02d} by clerk" for i in range(600)],
        [f"192.168.{i % 255}.{i % 99} asked for page {i}" for i in range(600)],
        [f"{4000000000000000 + 7 * i}" for i in range(600)],
        [f"part {i:04d}-{i:06d}-{i % 7} of the lot" for i in range(600)],
        [f"7590-VHV{i:04d}" for i in range(600)],
        [f"{i * 1234567 % 10**9:09d}" for i in range(600)],
    ],
)
def test_other_long_numbers_are_no_personal_data(cells: list[str]) -> None:
    assert [f for f in patterns(pd.Series(cells)) if f[0] not in ("cells", "numbers")] == []


def test_card_numbers_among_whole_numbers_are_found() -> None:
    cards = [4111111111111111, 5555555555554444, 4012888888881881, 5105105105105100] * 10
    assert dict(patterns(pd.Series(cards)))["card"] == 40
    assert patterns(pd.Series(np.arange(40) + 4 * 10**15)) == ()


def test_one_wrong_digit_is_noticed() -> None:
    assert is_card("5555 5555 5555 4444") and not is_card("5555 5555 5555 4445")
    assert is_account("GB82 WEST 1234 5698 7654 32") and not is_account("GB82 WEST 1234 5698 7654 33")


def test_patterns_travel_with_the_task_and_old_signatures_load() -> None:
    import msgspec

    from deepenough.task import Column, Task

    task = table(note=[f"write to a{i}@b.org please today" for i in range(600)]).task
    assert msgspec.convert(msgspec.to_builtins(task), Task) == task
    old = {"name": "x", "kind": "number", "role": "input"}
    assert msgspec.convert(old, Column).patterns == ()


# DE013


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_gaps_that_tell_are_found_and_gaps_by_chance_are_not(kind: str) -> None:
    frame, answer, rng = mixed(2000, 2 if kind == "classes" else 0)
    high = answer > np.quantile(answer, 0.9) if kind == "numbers" else answer == 1
    frame.loc[high & (rng.random(2000) < 0.3), "a"] = np.nan
    frame.loc[rng.random(2000) < 0.3, "b"] = np.nan
    frame.loc[frame.a.isna(), "c"] = np.nan
    finding = only("telling_gaps", dataset(frame, answer, 2 if kind == "classes" else 0))
    assert (finding.severity, finding.evidence["columns"]) == ("warning", ["a", "c"])


# DE014


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.05, 0.2])
def test_estimated_precision_and_noise_are_near_the_truth(classes: int, share: float) -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(6000, 8))
    raw = np.stack([x @ rng.normal(size=8) for _ in range(classes)], axis=1) * 1.5
    truth = (raw + rng.gumbel(size=raw.shape)).argmax(axis=1)
    wrong = rng.random(6000) < share
    told = np.where(wrong, (truth + 1 + rng.integers(0, classes - 1, 6000)) % classes, truth)
    data = dataset(pd.DataFrame(x, columns=list("abcdefgh")), told, classes)
    findings = found("label_errors", data)
    if share == 0.0:
        assert findings == []
        return
    assert findings and findings[0].severity != "blocker"
    evidence = findings[0].evidence
    assert abs(evidence["estimated_noise"] - share) <= max(0.5 * share, 0.01)
    named = np.array(findings[0].where)
    assert abs(wrong[named].mean() - evidence["estimated_precision"]) <= 0.25


@pytest.mark.parametrize("seed", range(10))
def test_hard_questions_are_not_taken_for_mistakes(seed: int) -> None:
    frame, answer, _ = mixed(2000, 3, seed)
    assert found("label_errors", dataset(frame, answer, 3)) == []


def test_a_perfect_model_has_no_noise() -> None:
    probability = np.tile([0.01, 0.99], (500, 1))
    found_noise = noise(probability, np.ones(500, dtype=int))
    assert found_noise.floor == 0.0 and found_noise.mistaken.max() == 0.0


def test_too_many_or_too_few_rows_are_said() -> None:
    for data in (clean(n=200), clean("regression")):
        with pytest.raises(NotApplicable):
            check("label_errors").run(data)


# DE015


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2])
def test_near_copies_are_found_and_paired(share: float) -> None:
    frame, answer, rng = mixed(1000, 2)
    n = int(1000 * share)
    copies = frame.iloc[:n] * (1 + 1e-6 * rng.normal(size=(n, 5)))
    data = dataset(pd.concat([frame, copies], ignore_index=True), np.r_[answer, answer[:n]], 2)
    finding = only("near_duplicates", data)
    assert finding.severity == "warning" and finding.evidence["near_copies"] == n
    assert sorted(map(tuple, finding.clusters))[:3] == [(0, 1000), (1, 1001), (2, 1002)]


@pytest.mark.parametrize("columns", [1, 2, 5])
@pytest.mark.parametrize("seed", range(4))
def test_rows_that_lie_close_by_accident_are_left(columns: int, seed: int) -> None:
    frame, answer, _ = mixed(4000, 2, seed)
    data = dataset(frame.iloc[:, :columns].round(3).assign(side=np.arange(4000) % 2), answer, 2)
    assert [s for s in severities("near_duplicates", data) if s != "note"] == []


# DE017 and DE018


@pytest.mark.parametrize("classes", [0, 2])
def test_a_drifting_answer_needs_a_clock(classes: int) -> None:
    frame, answer, rng = mixed(1000, classes)
    order = np.argsort(answer + 1.0 * rng.normal(size=1000))
    day = np.empty(1000)
    day[order] = np.arange(1000) // 3
    frame["day"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(day, unit="D")
    finding = only("time_leak", dataset(frame, answer, classes))
    assert (finding.severity, finding.subject) == ("warning", "day") and "--time day" in finding.remedy
    assert found("time_leak", dataset(frame, answer, classes, time="day")) == []
    frame["day"] = rng.permutation(frame["day"])
    assert found("time_leak", dataset(frame, answer, classes)) == []


def test_a_date_after_the_clock_is_asked_about() -> None:
    frame, answer, rng = mixed(1000, 2)
    frame["asked"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 300, 1000), unit="D")
    frame["paid"] = frame["asked"] + pd.to_timedelta(rng.integers(5, 20, 1000), unit="D")
    frame["born"] = frame["asked"] - pd.to_timedelta(rng.integers(500, 900, 1000), unit="D")
    finding = only("time_leak", dataset(frame, answer, 2, time="asked"))
    assert (finding.subject, finding.evidence["later"]) == ("paid", 1000)


def test_words_among_numbers_are_found_and_codes_are_not() -> None:
    numbers = [f"{v:.2f}" for v in np.random.default_rng(0).normal(size=600)]
    numbers[:30] = ["not measured"] * 30
    finding = only("mixed_types", table(level=numbers))
    assert (finding.subject, finding.evidence["others"]) == ("level", 30)
    assert found("mixed_types", table(grade=words(600, ("1", 0), ("2", 200), ("3", 100), ("4+", 50)))) == []


# groups that repeat (DE004)


def test_rows_that_share_much_look_like_a_group() -> None:
    frame, answer, rng = mixed(1000, 2)
    who = rng.integers(0, 120, 1000)
    frame = frame.assign(
        place=np.char.add("p", who.astype(str)),
        height=rng.integers(160, 190, 120)[who],
        age=rng.integers(20, 80, 120)[who],
    )
    data = dataset(frame, answer, 2)
    finding = only("identifier_as_feature", data)
    assert (finding.severity, finding.subject, finding.evidence["shared"]) == ("note", "place", ["height", "age"])
    assert found("identifier_as_feature", dataset(frame, answer, 2, group="place")) == []


# two files (DE019, DE020)


def test_rows_in_both_files_and_columns_that_moved_are_found() -> None:
    frame, answer, rng = mixed(1200, 2)
    frame = frame.assign(town=rng.choice(["Rome", "Oslo", "Bern"], 1200))
    train = dataset(frame[:800], answer[:800], 2)
    other = pd.concat([frame[800:], frame[:40]], ignore_index=True).assign(answer=np.r_[answer[800:], answer[:40]])
    other["answer"] = np.char.add("class ", other["answer"].astype(int).to_numpy().astype(str))
    same = load_like(train.task, other)
    (overlap,) = audit_pair(train, same).findings
    assert (overlap.code, overlap.severity, overlap.where) == ("DE019", "warning", list(range(400, 440)))
    moved = load_like(train.task, other[:400].assign(a=other.a[:400] + 1, town="Rome", b=np.nan))
    assert [(f.code, f.subject) for f in audit_pair(train, moved).findings] == [
        ("DE020", "a"),
        ("DE020", "b"),
        ("DE020", "town"),
    ]


@pytest.mark.parametrize("seed", range(8))
def test_two_halves_of_one_table_are_alike(seed: int) -> None:
    frame, answer, rng = mixed(600, 2, seed)
    frame = frame.assign(code=rng.integers(0, 90, 600).astype(str), flag=rng.random(600) < 0.3, x=rng.pareto(1.0, 600))
    data = dataset(frame, answer, 2)
    assert audit_pair(data.take(np.arange(400)), data.take(np.arange(400, 600))).findings == []


# columns that nobody expects


ODD = {
    "huge": lambda rng, n: np.where(rng.random(n) < 0.5, 3.3e38, -3.3e38) * rng.random(n),
    "tiny": lambda rng, n: 1e-38 * rng.random(n),
    "one huge": lambda rng, n: np.r_[3.3e38, rng.random(n - 1)],
    "mostly empty": lambda rng, n: np.where(rng.random(n) < 0.98, np.nan, rng.random(n)),
    "mostly zero": lambda rng, n: np.where(rng.random(n) < 0.99, 0.0, rng.random(n)),
    "two values": lambda rng, n: np.where(rng.random(n) < 0.5, 0.1, 0.2),
    "one long word": lambda rng, n: np.where(rng.random(n) < 0.5, "a" * 5000, "b@" * 2000),
    "signs": lambda rng, n: rng.choice([".", "...", "-", "--", " . ", "🦉", "ß", "SS"], n),
    "all words": lambda rng, n: np.char.add("é" * 3, rng.permutation(n).astype(str)),
    "a lone mark": lambda rng, n: np.r_[-999.0, np.zeros(n - 1)],
}


@pytest.mark.parametrize("classes", [0, 2])
@pytest.mark.parametrize("n", [20, 60, 700])
@pytest.mark.parametrize("odd", ODD)
def test_odd_columns_are_no_accident(odd: str, n: int, classes: int) -> None:
    frame, answer, rng = mixed(n, classes)
    data = dataset(frame.assign(odd=ODD[odd](rng, n)), answer, classes)
    for name in NEW:
        for finding in found(name, data):
            assert finding.severity != "blocker"


def test_new_checks_never_stand_in_the_way() -> None:
    for name in NEW:
        for kind in ("classification", "regression"):
            try:
                planted = check(name).plant(clean(kind), 1)
            except NotApplicable:
                continue
            assert all(f.severity != "blocker" for f in found(name, planted))
