"""What holds for every input, not only for those that somebody thought of."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from deepenough import shelves
from deepenough.bar import parse
from deepenough.candidates._tree_graph import floor32
from deepenough.dataset import Dataset
from deepenough.errors import BarError, DataError
from deepenough.examples import Columns
from deepenough.findings import ORDER, Finding, worst_first
from deepenough.modalities._kinds import category_text
from deepenough.splits import split
from deepenough.task import Column, Task

FEW = settings(deadline=None)
NUMBER = st.one_of(st.floats(-1e30, 1e30), st.integers(-(10**9), 10**9), st.none())
WORD = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs")), max_size=8)


# --- splits --------------------------------------------------------------------------------------------------------


@st.composite
def datasets(draw: st.DrawFn) -> tuple[Dataset, np.ndarray | None]:
    """Rows of one number, some of them equal; maybe groups; maybe classes to keep in proportion."""
    n = draw(st.integers(60, 400))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    x = rng.integers(0, draw(st.sampled_from([10, n, 100 * n])), n).astype(np.float32)
    grouped = draw(st.booleans())
    columns = (Column("x", "number"), *((Column("g", "category", "group"),) if grouped else ()))
    about = pd.DataFrame({"row": np.arange(n), "g": rng.integers(0, draw(st.integers(4, 60)), n)})
    ids = x.astype(np.uint64)
    assume(len(set(about["g"])) >= 4)
    strata = rng.choice(draw(st.integers(2, 4)), n, p=None) if draw(st.booleans()) else None
    return Dataset(
        Task("classification", "tabular", columns), Columns({"x": x}, n), strata, about, ids, {"x": x}
    ), strata


@FEW
@given(datasets(), st.integers(0, 5))
def test_a_split_is_a_partition_and_keeps_units_together(made: tuple[Dataset, np.ndarray | None], seed: int) -> None:
    data, strata = made
    cut = split(data, strata, seed=seed)
    coarse = len(np.unique(data.ids)) < len(data) / 10  # then equal rows are no copies
    units = data.groups if data.groups is not None else np.arange(len(data)) if coarse else data.ids
    assert sorted([*cut.development, *cut.sealed]) == list(range(len(data)))
    assert not set(units[cut.development]) & set(units[cut.sealed])
    judged = np.concatenate([p.score for p in cut.parts])
    assert sorted(judged) == list(range(len(cut.development)))
    assert (
        len(cut.sealed)
        and all(len(p.score) and len(p.learn) and len(p.tune) for p in cut.parts)
        and len(cut.final.tune)
    )
    for part in (*cut.parts, cut.final):
        assert sorted(np.concatenate([part.learn, part.tune, part.score])) == list(range(len(cut.development)))
        learn, tune, score = (set(units[cut.development][i]) for i in (part.learn, part.tune, part.score))
        assert not learn & tune and not (learn | tune) & score


# --- decode --------------------------------------------------------------------------------------------------------


COLUMNS = (
    Column("a", "number"),
    Column("b", "boolean"),
    Column("c", "category", categories=("1", "x", "ä")),
    Column("d", "time"),
)
TASK = Task("regression", "tabular", COLUMNS)
MOMENT = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(lambda d: str(d.replace(microsecond=0)))
CODE = st.one_of(st.sampled_from(["1", 1, 1.0, "1.0", "x", " ä ", None, "?", math.nan]), WORD)
ROW = st.fixed_dictionaries(
    {
        "a": NUMBER,
        "b": st.sampled_from([True, False, None, "true", " FALSE ", 0, 1]),
        "c": CODE,
        "d": st.one_of(st.none(), MOMENT),
    }
)


def arrays(rows: Any) -> dict[str, np.ndarray]:
    examples = shelves.load("modalities", "tabular").decode(rows, TASK)
    return dict(examples.arrays)


def equal(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return all(
        np.array_equal(v, b[name], equal_nan=v.dtype.kind == "f") and v.dtype == b[name].dtype for name, v in a.items()
    )


@FEW
@given(st.lists(ROW, min_size=1, max_size=8))
def test_rows_decode_alike_one_by_one_as_a_frame_by_columns_and_from_json(rows: list[dict[str, Any]]) -> None:
    whole = arrays(rows)
    each = [arrays([row]) for row in rows]
    assert equal(whole, {name: np.concatenate([e[name] for e in each]) for name in whole})
    assert equal(whole, arrays(json.loads(json.dumps(rows))))
    assert equal(whole, arrays({name: [row[name] for row in rows] for name in ("a", "b", "c", "d")}))
    assert equal(whole, arrays(pd.DataFrame(rows, columns=["a", "b", "c", "d"], dtype=object)))


@FEW
@given(ROW)
def test_what_was_decoded_decodes_again(row: dict[str, Any]) -> None:
    """Written as a request from what was understood, the row is understood the same."""
    first = arrays([row])
    code = int(first["c"][0])
    moment = None if np.isnan(first["d"][0]) else str(np.datetime64(int(first["d"][0]), "s"))
    plain = {
        "a": float(first["a"][0]),
        "b": float(first["b"][0]),
        "c": COLUMNS[2].categories[code - 1] if code else None,
        "d": moment,
    }
    assert equal(first, arrays([plain]))


@given(st.one_of(WORD, st.integers(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False), st.none()))
def test_a_category_is_known_by_one_text(value: Any) -> None:
    assert category_text(category_text(value)) == category_text(value)


@given(st.integers(-(10**6), 10**6))
def test_a_whole_number_is_one_category_however_it_comes(value: int) -> None:
    forms = (value, float(value), str(value), f"{value}.0", f" {value} ", np.int64(value), np.float32(value))
    assert {category_text(v) for v in forms} == {str(value)}


@given(st.one_of(st.floats(min_value=3.5e38), st.floats(max_value=-3.5e38)))
def test_what_single_precision_cannot_hold_is_refused(value: float) -> None:
    with pytest.raises(DataError, match="'a' holds"):
        arrays([{"a": value, "b": None, "c": None, "d": None}])


# --- bars ----------------------------------------------------------------------------------------------------------


@given(st.sampled_from(["roc_auc", "accuracy", "f1_macro"]), st.integers(1, 99), st.sampled_from([" ", "", "  "]))
def test_a_bar_says_what_was_written(metric: str, percent: int, blank: str) -> None:
    bar, same, loose = (
        parse(text, "classification")
        for text in (
            f"{metric}{blank}>={blank}{percent / 100}",
            f"{metric} >= {percent}%",
            f"{metric} > {percent / 100}",
        )
    )
    assert bar and same and loose
    assert bar.metric == metric and bar.at_least and bar.threshold == percent / 100
    assert same.threshold == pytest.approx(bar.threshold) and loose.threshold == bar.threshold
    again = parse(bar.text, "classification")
    assert again == bar


@given(st.floats(1e-3, 1e9), st.floats(0.01, 1e4), st.floats(0.01, 1e3))
def test_limits_keep_their_units(threshold: float, latency: float, size: float) -> None:
    bar = parse(f"rmse <= {threshold}", "regression", latency=f"{latency:f}ms", size=f"{size:f} MB")
    other = parse(f"rmse <= {threshold}", "regression", latency=f"{latency / 1000:.9f} s", size=f"{size * 1000:f}kb")
    assert bar and other and bar.threshold == threshold
    assert bar.latency_ms == pytest.approx(latency, abs=1e-6) and other.latency_ms == pytest.approx(latency, abs=1e-5)
    assert bar.size_mb == pytest.approx(size, abs=1e-6) and other.size_mb == pytest.approx(size, abs=1e-6)


@given(st.one_of(st.text(max_size=20), st.text("0123456789.,_+-eE%", max_size=9).map("roc_auc >= ".__add__)))
def test_any_text_is_a_bar_or_a_sentence(text: str) -> None:
    try:
        bar = parse(text, "classification")
    except BarError as error:
        assert "Write" in str(error) or "It has:" in str(error)
    else:
        assert (
            bar is not None
            and bar.metric in shelves.shelf("metrics")
            and bar.threshold is not None
            and bar.threshold < 1
        )


@pytest.mark.parametrize("number", ["0,85", "1.2.3", "1e999", "1,00", "--1", "1e", "_"])
def test_a_number_that_can_be_read_in_two_ways_or_none_is_refused(number: str) -> None:
    with pytest.raises(BarError, match="is no number"):
        parse(f"rmse <= {number}", "regression")


@pytest.mark.parametrize("number", ["30,000", "30_000", "3e4", "30000.0"])
def test_thousands_may_be_parted(number: str) -> None:
    bar = parse(f"rmse <= {number}", "regression")
    assert bar is not None and bar.threshold == 30000


@given(st.one_of(st.text(max_size=12), st.text("0123456789.,ms ", max_size=8)))
def test_any_limit_is_a_number_or_a_sentence(text: str) -> None:
    try:
        bar = parse(None, "classification", latency=text)
    except BarError as error:
        assert "--latency" in str(error)
    else:
        assert bar is not None and bar.latency_ms is not None and 0 < bar.latency_ms < math.inf


# --- small things that everything stands on ------------------------------------------------------------------------


@given(st.floats(-3e38, 3e38), st.floats(-(2.0**127), 2.0**127, width=32))
def test_a_rounded_threshold_parts_singles_as_the_threshold_does(threshold: float, value: float) -> None:
    rounded = floor32(threshold)
    assert float(np.float32(rounded)) == rounded <= threshold
    assert (value <= rounded) == (value <= threshold)


@given(st.floats(-3e38, 3e38))
def test_neighbours_of_a_rounded_threshold_stay_on_their_sides(threshold: float) -> None:
    near = np.float32(floor32(threshold))
    below, above = np.nextafter(near, np.float32(-np.inf)), np.nextafter(near, np.float32(np.inf))
    assert float(below) <= threshold and float(near) <= threshold < float(above)


@given(
    st.lists(st.tuples(st.sampled_from(list(ORDER)), st.sampled_from(["DE001", "DE002"]), WORD), max_size=8),
    st.randoms(),
)
def test_findings_have_one_order(found: list[tuple[Any, str, str]], chance: Any) -> None:
    findings = [Finding(code, severity, subject, "", "") for severity, code, subject in found]
    shuffled = list(findings)
    chance.shuffle(shuffled)
    assert worst_first(findings) == worst_first(shuffled)
    assert [ORDER[f.severity] for f in worst_first(findings)] == sorted(ORDER[f.severity] for f in findings)


@FEW
@given(st.integers(1, 30), st.data())
def test_taking_is_composing(n: int, data: st.DataObject) -> None:
    x = np.arange(n, dtype=np.float32)
    made = Dataset(
        TASK,
        Columns({"x": x}, n),
        x.copy(),
        pd.DataFrame({"row": np.arange(n)}),
        np.arange(n, dtype=np.uint64),
        {"x": x},
    )
    first = np.array(data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=20)))
    second = np.array(data.draw(st.lists(st.integers(0, len(first) - 1), max_size=20)), dtype=int)
    once, twice = made.take(first[second]), made.take(first).take(second)
    assert once.fingerprint == twice.fingerprint and once.about.equals(twice.about)
    assert np.array_equal(once.tensors["numbers"], twice.tensors["numbers"]) and len(once) == len(second)
