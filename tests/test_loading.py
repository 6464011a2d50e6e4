"""From a file or a frame to a dataset: what is found out about columns and target, however the table is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deepenough import shelves
from deepenough.dataset import Dataset
from deepenough.errors import DataError, DeepEnoughError, SettingError
from deepenough.loading import load, load_like
from deepenough.modalities._kinds import by_value, category_text
from deepenough.task import Column

N = 60
TEXT = "size,town,answer\n" + "".join(
    f"{i / 4},{['Köln', 'Bonn', 'Ulm'][i % 3]},{'yes' if i % 4 else 'no'}\n" for i in range(N)
)


def column(data: Dataset, name: str) -> Column:
    return next(c for c in data.task.columns if c.name == name)


def frame(**columns: Any) -> pd.DataFrame:
    """60 rows: a number, the columns given, and an answer."""
    answer = {"answer": ["no", "yes"] * (N // 2)} if "answer" not in columns else {}
    return pd.DataFrame({"x": np.linspace(0, 1, N), **columns, **answer})


def written(folder: Path, data: bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


# --- files ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("plain", TEXT.encode()),
        ("mark", b"\xef\xbb\xbf" + TEXT.encode()),
        ("windows lines", TEXT.replace("\n", "\r\n").encode()),
        ("utf-16", TEXT.encode("utf-16")),
        ("utf-16 big", b"\xfe\xff" + TEXT.encode("utf-16-be")),
        ("windows-1252", TEXT.encode("cp1252")),
        ("semicolons", TEXT.replace(",", ";").encode()),
        ("bars", TEXT.replace(",", "|").encode()),
        ("quotes", TEXT.replace("Bonn", '"Bonn"').encode()),
        ("blanks", TEXT.replace(",", " , ").encode()),
        ("no last line end", TEXT.rstrip("\n").encode()),
        ("empty lines", TEXT.replace("\n", "\n\n", 3).encode()),
    ],
)
def test_one_table_however_it_is_written(name: str, data: bytes, tmp_path: Path) -> None:
    loaded, plain = (
        load(written(tmp_path, data), "answer"),
        load(written(tmp_path, TEXT.encode(), "plain.csv"), "answer"),
    )
    assert loaded.task == plain.task and loaded.fingerprint == plain.fingerprint
    assert column(loaded, "town").categories == ("Bonn", "Köln", "Ulm")


def test_tabs_parquet_and_frames_are_the_same_table(tmp_path: Path) -> None:
    plain = load(written(tmp_path, TEXT.encode()), "answer")
    table = pd.read_csv(tmp_path / "table.csv")
    table.to_parquet(tmp_path / "table.parquet")
    table.to_parquet(tmp_path / "no_suffix")
    written(tmp_path, TEXT.replace(",", "\t").encode(), "table.tsv")
    for source in (tmp_path / "table.tsv", str(tmp_path / "table.parquet"), tmp_path / "no_suffix", table):
        assert load(source, "answer").fingerprint == plain.fingerprint


def test_a_frame_is_left_as_it_was() -> None:
    table = frame(town=[" a", "b "] * 30, flag=["true", "?"] * 30)
    before = table.copy(deep=True)
    load(table, "answer")
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", r"is empty \(0 bytes\)"),
        (b"\n \n", "holds no text"),
        (b"a,b\n", "has a header but no rows"),
        (b"a,b,a\n1,2,3\n", r"has 2 columns called 'a'"),
        (b"a,,answer\n1,2,3\n", "column 2 has no name"),
        (b"a,answer\n1,no\n2,yes,really\n", r"line 3: 3 cells where the header has 2"),
        (b"a,answer\n1,\x00\n", "is a binary file"),
        (b"a,answer\n1,\x81\n", r"neither UTF-8 nor Windows-1252: byte 11 \(0x81\)"),
        (b"PAR1 and then nothing", "cannot be read as Parquet"),
        (b"answer\nno\nyes\n", "has one column"),
    ],
)
def test_damage_is_a_sentence(data: bytes, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=sentence):
        load(written(tmp_path, data), "answer")


def test_no_file_a_folder_and_a_stranger(tmp_path: Path) -> None:
    written(tmp_path, TEXT.encode(), "churn.csv")
    with pytest.raises(DataError, match=r"Did you mean 'churn\.csv'"):
        load(tmp_path / "chrun.csv", "answer")
    with pytest.raises(DataError, match="is a folder"):
        load(tmp_path, "answer")
    with pytest.raises(DataError, match="A dict is nothing deepenough can read"):
        load({"a": 1}, "answer")


# --- kinds of columns ----------------------------------------------------------------------------------------------


DAYS = pd.date_range("2026-01-01", periods=N)


@pytest.mark.parametrize(
    ("cells", "kind", "role"),
    [
        (np.arange(N) / 8, "number", "input"),
        (["1", "2.5", "NA"] * 20, "number", "input"),
        (np.repeat(np.arange(6), 10), "number", "input"),
        (["a", "b", None] * 20, "category", "input"),
        (pd.Categorical(["a", "b", "c"] * 20), "category", "input"),
        ([f"place {i // 2 * 7 % 51}" + "x" * (i % 2 * (i > 50)) for i in range(N)], "category", "input"),
        ([True, False] * 30, "boolean", "input"),
        (["TRUE", "false", ""] * 20, "boolean", "input"),
        (["TRUE", "True", "true", "maybe"] * 15, "category", "input"),
        (pd.array([True, None, False] * 20, dtype="boolean"), "boolean", "input"),
        (pd.array([1, None, 3] * 20, dtype="Int64"), "number", "input"),
        (pd.array(["a", None, "b"] * 20, dtype="string"), "category", "input"),
        (pd.array(["a", None, "b"] * 20, dtype="string[pyarrow]"), "category", "input"),
        (pd.array([1, None, 3] * 20, dtype="int64[pyarrow]"), "number", "input"),
        (pd.array([True, None, False] * 20, dtype="bool[pyarrow]"), "boolean", "input"),
        (DAYS, "time", "input"),
        (DAYS.strftime("%d.%m.%Y"), "time", "input"),
        (DAYS.strftime("%Y-%m-%dT%H:%M:%S"), "time", "input"),
        (DAYS.tz_localize("Europe/Berlin"), "time", "input"),
        (np.arange(1000, 1000 + N), "identifier", "key"),
        ([f"K-{i * 37 % 1009}" for i in range(N)], "identifier", "key"),
        ([f"row {i} says something new" for i in range(N)], "text", "input"),
        ([f"{i} Mill Lane, Bath" for i in range(N)], "text", "about"),
        ([7] * N, "constant", "about"),
        ([None] * N, "constant", "about"),
    ],
)
def test_kinds_are_found_out(cells: Any, kind: str, role: str) -> None:
    found = column(load(frame(cells=cells), "answer"), "cells")
    assert (found.kind, found.role) == (kind, role)
    assert role == "input" or found.why is not None


def test_many_values_make_a_category_high() -> None:
    cells = [f"v{i % 55}" for i in range(120)]
    table = pd.DataFrame({"x": np.arange(120) / 7, "cells": cells, "answer": ["no", "yes"] * 60})
    assert column(load(table, "answer"), "cells").kind == "high_cardinality"


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (np.repeat(np.arange(6), 10), "category"),
        (["07", "08", "7"] * 20, "category"),
        (np.arange(N), "number"),
        ([f"K{i}" for i in range(N)], "high_cardinality"),
        (DAYS.strftime("%d.%m.%Y"), "time"),
        ([0, 1] * 30, "boolean"),
    ],
)
def test_a_kind_that_is_given_is_taken(cells: Any, kind: str) -> None:
    found = column(load(frame(cells=cells), "answer", types={"cells": kind}), "cells")
    assert found.role == "input"
    assert found.kind == kind or {found.kind, kind} == {"category", "high_cardinality"}


def test_zeros_in_front_mean_the_same_in_every_later_row(tmp_path: Path) -> None:
    lines = [f"0{i % 3},{i / 8},{'ab'[i % 2]}\n" for i in range(N)]
    data = load(written(tmp_path, ("zip,x,answer\n" + "".join(lines)).encode()), "answer", types={"zip": "category"})
    again = load_like(data.task, written(tmp_path, ("zip,x,answer\n" + "".join(lines)).encode(), "again.csv"))
    asked = shelves.load("modalities", "tabular").decode([{"zip": "02", "x": 0.5}], data.task)
    assert np.array_equal(again.features["zip"], data.features["zip"]) and asked.arrays["zip"].tolist() == [3]


def test_a_category_of_digits_is_one_however_it_comes(tmp_path: Path) -> None:
    """In the file as text, in a frame as numbers, in a request as either: one category."""
    path = written(
        tmp_path, b"code,x,answer\n" + b"".join(f"{i % 3}.0,{i / 8},{'ab'[i % 2]}\n".encode() for i in range(N))
    )
    task = load(path, "answer", types={"code": "category"}).task
    decode = shelves.load("modalities", "tabular").decode
    for code in (2, 2.0, "2", "2.0"):
        assert decode([{"code": code, "x": 0.5}], task).arrays["code"].tolist() == [3]
    assert decode(pd.DataFrame({"code": [2.0, 1.0], "x": 0.5}), task).arrays["code"].tolist() == [3, 2]


def test_zeros_in_front_stay_where_a_file_is_told_so(tmp_path: Path) -> None:
    path = written(tmp_path, b"zip,x,answer\n" + b"".join(f"0{i % 3},{i},{'ab'[i % 2]}\n".encode() for i in range(N)))
    assert column(load(path, "answer", types={"zip": "category"}), "zip").categories == ("00", "01", "02")


@pytest.mark.parametrize(
    ("types", "error", "sentence"),
    [
        ({"cellls": "number"}, SettingError, "Did you mean 'cells'"),
        ({"cells": "nummer"}, SettingError, "Did you mean 'number'"),
        ({"cells": "number"}, DataError, "holds text such as 'a'"),
        ({"cells": "time"}, DataError, "read as no one date format"),
    ],
)
def test_a_kind_that_cannot_be_is_refused(types: dict[str, str], error: type[DeepEnoughError], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        load(frame(cells=["a", "b"] * 30), "answer", types=types)


@pytest.mark.parametrize("cells", [[[1], [2]] * 30, [{"a": 1}] * N, [0.5, np.inf] * 30, [1j, 2.0] * 30])
def test_cells_that_no_table_holds_are_refused(cells: Any) -> None:
    with pytest.raises(DataError, match="'cells'"):
        load(frame(cells=cells), "answer")


# --- the target ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("often", "rarely", "labels"),
    [
        (0, 1, ("0", "1")),
        (1, 0, ("0", "1")),
        (1.0, 0.0, ("0", "1")),
        (1, -1, ("-1", "1")),
        ("yes", "no", ("no", "yes")),
        ("Y", "N", ("N", "Y")),
        (True, False, ("False", "True")),
        ("pos", "neg", ("neg", "pos")),  # by convention
        (2, 10, ("2", "10")),
        ("b", "a", ("b", "a")),
        ("a", "b", ("a", "b")),
        (0.5, 1.5, ("0.5", "1.5")),  # the rarer is positive
    ],
)
def test_of_two_classes_the_second_is_positive(often: Any, rarely: Any, labels: tuple[str, ...]) -> None:
    data = load(frame(answer=[often] * 40 + [rarely] * 20), "answer")
    assert data.task.kind == "classification" and data.task.labels == labels
    assert len(set(data.truth[:40])) == len(set(data.truth[40:])) == 1
    assert float(labels[data.truth[0]]) == often if isinstance(often, float) else labels[data.truth[0]] == str(often)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (["low", "mid", "high"], ("high", "low", "mid")),
        ([10, 9, 100], ("9", "10", "100")),
        (["10", "9", "x"], ("10", "9", "x")),
    ],
)
def test_many_classes_are_in_order(values: list[Any], labels: tuple[str, ...]) -> None:
    data = load(frame(answer=values * 20), "answer")
    assert data.task.labels == labels and [labels[c] for c in data.truth] == [str(v) for v in values * 20]


def test_the_positive_class_can_be_chosen() -> None:
    table = frame(answer=["stay"] * 45 + ["leave"] * 15)
    assert load(table, "answer").task.labels == ("stay", "leave")
    assert load(table, "answer", positive="stay").task.labels == ("leave", "stay")
    with pytest.raises(SettingError, match=r"'leaves' is no value of the target. Did you mean 'leave'"):
        load(table, "answer", positive="leaves")


def test_many_numbers_are_a_number_and_few_are_classes() -> None:
    many, few = np.arange(N) * 1.5, np.arange(N) % 4
    assert load(frame(answer=many), "answer").task.kind == "regression"
    assert load(frame(answer=many), "answer").truth.tolist() == many.tolist()
    assert load(frame(answer=few), "answer").task.labels == ("0", "1", "2", "3")
    assert load(frame(answer=few), "answer", task="regression").truth.tolist() == few.tolist()
    with pytest.raises(SettingError, match="holds values such as"):
        load(frame(), "answer", task="regression")
    with pytest.raises(SettingError, match="Did you mean 'regression'"):
        load(frame(), "answer", task="regresion")


def test_rare_classes_are_left_out_and_said() -> None:
    answer = ["a"] * 30 + ["b"] * 24 + ["c"] * 6
    data = load(frame(answer=answer), "answer")
    assert data.task.labels == ("a", "b") and len(data) == 54 and data.about["row"].tolist() == list(range(54))
    (finding,) = data.findings
    assert finding.code == "DE000" and "'c' (6)" in finding.message and finding.where == list(range(54, 60))


def test_two_classes_stay_however_rare() -> None:
    data = load(frame(answer=["a"] * 56 + ["b"] * 4), "answer")
    assert data.task.labels == ("a", "b") and data.findings == []


def test_rows_without_an_answer_are_left_out_and_said() -> None:
    answer = [None if i % 10 == 0 else ["no", "yes"][i % 2] for i in range(N)]
    data = load(frame(answer=answer), "answer")
    assert len(data) == 54 and 10 not in data.about["row"].tolist()
    assert "6 of 60 rows have no value in 'answer'" in data.findings[0].message


@pytest.mark.parametrize(
    ("answer", "target", "sentence"),
    [
        (["no"] * N, "answer", "'answer' is 'no' in every row"),
        ([None] * N, "answer", "is empty in all 60 rows"),
        (None, "anwser", "Did you mean 'answer'"),
        (None, None, "Say what is to be predicted"),
    ],
)
def test_a_question_without_an_answer_is_refused(answer: Any, target: str | None, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        load(frame() if answer is None else frame(answer=answer), target)


def test_nothing_to_predict_from_is_refused() -> None:
    table = pd.DataFrame({"id": np.arange(N), "same": 1, "answer": ["no", "yes"] * 30})
    with pytest.raises(DataError, match=r"No column is left to predict from: 'id' names a row.*'same' has one value"):
        load(table, "answer")


# --- roles and more rows -------------------------------------------------------------------------------------------


def test_keys_groups_and_clocks_are_kept_beside_the_inputs() -> None:
    table = frame(customer=[f"c{i // 3}" for i in range(N)], day=DAYS, order_id=np.arange(N) * 3 + 5)
    data = load(table, "answer", group="customer", time="day")
    assert list(data.about.columns) == ["row", "customer", "day", "order_id"]
    assert data.task.keys == ("order_id",) and [c.name for c in data.task.inputs] == ["x", "day"]
    assert not any(name.endswith((":days", ":year")) for name in data.features), (
        "what only grows is no feature of a clock"
    )
    with pytest.raises(DataError, match="Did you mean 'customer'"):
        load(table, "answer", group="custmer")
    with pytest.raises(DataError, match="'customer' reads as"):
        load(table, "answer", time="customer")


def test_a_column_called_row_does_not_stand_in_for_the_row_numbers() -> None:
    table = frame(row=np.arange(N) * 3 + 5)
    assert load(table, "answer").about["row"].tolist() == list(range(N))
    for role in ("group", "time"):
        with pytest.raises(DataError, match="'row' cannot be"):
            load(table.assign(row=[float(i // 5) for i in range(N)]), "answer", **{role: "row"})


def test_pandas_own_marks_of_nothing_are_empty_cells() -> None:
    task = load(frame(town=["a", "b", None] * 20, day=DAYS), "answer").task
    decode = shelves.load("modalities", "tabular").decode
    for nothing in (None, pd.NA, pd.NaT, np.nan):
        cells = decode([{"x": nothing, "town": nothing, "day": nothing}], task).arrays
        assert np.isnan(cells["x"][0]) and cells["town"][0] == 0 and np.isnan(cells["day"][0])


def test_more_rows_are_read_as_the_first_were(tmp_path: Path) -> None:
    data = load(frame(town=["a", "b", "c"] * 20, zip=["01", "02"] * 30), "answer")
    later = load_like(data.task, frame(town=["c", "new", None] * 20, zip=["1", "02"] * 30))
    assert later.task is data.task and later.features["town"][:3].tolist() == [3, 0, 0]
    blind = load_like(data.task, frame(town=["a"] * N, zip=["01"] * N).drop(columns="answer"))
    assert blind.target is None and len(blind) == N


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"answer": "maybe"}, r"holds the class\(es\) maybe, never seen"),
        ({"answer": None}, "No row of the frame has a value in 'answer'"),
        ({"x": "tall"}, "'x' must hold numbers"),
    ],
)
def test_rows_that_do_not_fit_are_refused(change: dict[str, Any], sentence: str) -> None:
    task = load(frame(), "answer").task
    with pytest.raises(DataError, match=sentence):
        load_like(task, frame().assign(**change))
    with pytest.raises(DataError, match="The column 'x' is missing"):
        load_like(task, frame().drop(columns="x"))


def test_equal_rows_have_equal_ids() -> None:
    table = frame(town=["a", "b"] * 30)
    table.loc[1, ["x", "town"]] = table.loc[0, ["x", "town"]]
    ids = load(table, "answer").ids
    assert ids[0] == ids[1] and len(set(ids.tolist())) == N - 1


def test_every_kind_decodes_the_same_from_a_file_and_from_a_request(tmp_path: Path) -> None:
    """What a CSV says and what a JSON request says are the same row: dates, booleans, categories of digits, gaps."""
    table = frame(
        flag=[True, False] * 30,
        day=DAYS.strftime("%d.%m.%Y"),
        code=[f"{i % 3}" for i in range(N)],
        gap=[1.5, None] * 30,
    )
    table.to_csv(tmp_path / "table.csv", index=False)
    data = load(tmp_path / "table.csv", "answer", types={"code": "category"})
    requests = [
        {k: None if v != v else v for k, v in row.items()} for row in table.drop(columns="answer").to_dict("records")
    ]
    modality = shelves.load("modalities", "tabular")
    asked = modality.features(modality.decode(requests, data.task), data.task)
    assert all(np.array_equal(asked[name], values, equal_nan=True) for name, values in data.features.items())


def test_a_column_changed_once_a_text_is_the_column_changed_cell_by_cell() -> None:
    texts = pd.Series([" a", "1.0", None, "NA", " a", "", np.nan, "1"], index=range(3, 11), name="x")
    mixed = pd.Series([" a", 1, True, 1.0, "1", None], dtype=object)
    for cells in (texts, mixed, texts.iloc[2:3], texts.astype("string"), texts.astype("category").astype(object)):
        slow = [category_text(v) for v in cells]
        assert list(by_value(cells, category_text)) == slow and list(by_value(cells, category_text).index) == list(
            cells.index
        )
