"""One row takes a short road: the same answer to the last bit as among many, or the same refusal."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepenough import shelves
from deepenough.bundle import Bundle
from deepenough.candidates._trial import Trial, ship
from deepenough.errors import DataError
from deepenough.examples import tensors
from deepenough.loading import load
from deepenough.task import Column, Task
from deepenough.workspace import Workspace

DAY = 86400.0
COLUMNS = (
    Column("size", "number", low=-3.0, high=3.0),
    Column("price", "number", format="1.234,5"),
    Column("member", "boolean"),
    Column("town", "category", categories=("1", "Kiel", "Ulm", "Zoë")),
    Column("zip", "high_cardinality", categories=("007", "7", "True")),
    Column("since", "time", low=0.0, high=DAY * 365, format="%d.%m.%Y"),
    Column("at", "time", low=-1.5, high=DAY * 9000 + 3600.0),
    Column("clock", "time", role="time", low=0.0, high=DAY),
)
TASK = Task("classification", "tabular", COLUMNS, ("no", "yes"))
MODALITY = shelves.load("modalities", "tabular")
READ = MODALITY.reader(TASK)

odd = st.sampled_from(
    [None, "", " ", "NA", "nan", "true", "False", "1,5", "1.234,5", "x", b"x", [], {}, (), 2**70, -1, 0, 1, True]
)
odd |= st.sampled_from(
    [np.float32(1.5), np.int64(3), np.float64("nan"), np.bool_(True), pd.NA, pd.NaT, float("inf"), 1e39]
)
number = st.floats(width=64) | st.integers() | st.booleans() | odd
text = st.sampled_from(["1", "1.0", " Kiel ", "Ulm", "Zoë", "007", "7", "7.0", "True"]) | st.text(max_size=4) | number
stamp = (
    st.datetimes().map(lambda d: d.isoformat())
    | st.dates().map(lambda d: d.strftime("%d.%m.%Y"))
    | st.datetimes()
    | odd
)
rows = st.fixed_dictionaries(
    {"size": number, "price": number, "member": st.booleans() | number, "town": text, "zip": text},
    optional={"since": stamp, "at": stamp, "clock": stamp},
).map(lambda row: {"since": None, "at": None, "clock": None, **row})


def at_once(row: dict[str, Any]) -> dict[str, np.ndarray] | str:
    """What the road for many rows makes of it; or the sentence of its refusal."""
    try:
        examples = MODALITY.decode([row], TASK)
    except DataError as error:
        return str(error)
    return tensors(MODALITY.features(examples, TASK), 1)


@settings(max_examples=600)
@given(rows)
def test_the_short_road_leads_to_the_same_tensors(row: dict[str, Any]) -> None:
    whole, short = at_once(row), READ(row)
    if isinstance(whole, str):
        assert short is None, "what is refused among many must not be answered alone"
    elif short is not None:
        for name, values in whole.items():
            assert short[name].dtype == values.dtype and np.array_equal(short[name], values, equal_nan=True), (
                name,
                row,
            )


@pytest.mark.parametrize(
    "row",
    [
        {
            "size": 1.5,
            "price": 3,
            "member": True,
            "town": "Ulm",
            "zip": "007",
            "since": "03.03.2026",
            "at": None,
            "clock": None,
        },
        {
            "size": None,
            "price": float("nan"),
            "member": None,
            "town": None,
            "zip": 7,
            "since": "",
            "at": "1969-12-31T23:59:58.500",
            "clock": "2026-01-01",
        },
        {
            "size": 2**60,
            "price": 0,
            "member": 0,
            "town": "Rome",
            "zip": "",
            "since": "31.12.2199",
            "at": "2026-02-28 13:45",
            "clock": None,
        },
    ],
)
def test_what_usually_comes_takes_it(row: dict[str, Any]) -> None:
    whole, short = at_once(row), READ(row)
    assert short is not None and not isinstance(whole, str)
    assert all(np.array_equal(short[name], whole[name], equal_nan=True) for name in whole)


@pytest.mark.parametrize(
    "change", [{"size": "x"}, {"size": float("inf")}, {"size": 1e39}, {"member": "maybe"}, {"at": "soon"}]
)
def test_what_is_wrong_is_left_to_the_road_that_says_so(change: dict[str, Any]) -> None:
    row = {c.name: None for c in COLUMNS} | change
    assert READ(row) is None and isinstance(at_once(row), str)


def test_a_missing_column_is_left_to_the_road_that_names_it() -> None:
    assert READ({"size": 1.0}) is None and "'price' is missing" in str(at_once({"size": 1.0}))


def test_tables_of_one_kind_of_column() -> None:
    for kind, shape in (("number", ((1, 1), (1, 0))), ("category", ((1, 0), (1, 1)))):
        task = replace(
            TASK, columns=tuple(c for c in COLUMNS if c.name == {"number": "size", "category": "town"}[kind])
        )
        read = MODALITY.reader(task)({"size": 1.0, "town": "Ulm"})
        assert (read["numbers"].shape, read["codes"].shape) == shape


def test_text_and_large_numbers_take_the_long_road() -> None:
    for column in (Column("note", "text"), Column("at", "number")):
        settings = {"steps": [["shift_large", 1, {"offsets": {"at": 1.7e12}}]]} if column.name == "at" else {}
        task = replace(TASK, columns=(column,), settings=settings)
        assert MODALITY.reader(task)({column.name: 1.7e12}) is None


@pytest.mark.parametrize("family", ["linear", "gradient_boosting"])
def test_a_bundle_answers_one_row_as_among_many(family: str, table: Any, tmp_path: Path) -> None:
    frame = table(kind="three")
    data = load(frame, "answer")
    model = shelves.load("candidates", family).build(data.task, {}, 0)
    model.fit(data.take(np.arange(300)), data.take(np.arange(300, 400)), Workspace())
    bundle: Bundle = ship(Trial(family, family, 1), model, data, tmp_path / "bundle", 0)
    sent = json.loads(frame.drop(columns="answer").to_json(orient="records"))
    many = bundle.predict(sent)
    for i in range(0, len(sent), 9):
        one, longer = bundle.predict([sent[i]]), bundle.predict((sent[i],))
        assert list(one) == list(many)
        for name, values in many.items():
            assert one[name][0] == longer[name][0] and (
                one[name][0] == values[i] or abs(one[name][0] - values[i]) < 1e-6
            )
