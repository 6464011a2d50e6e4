"""The readers one by one: numbers as people write them, queries without their passwords, and one table in every form."""

from __future__ import annotations

import bz2
import gzip
import importlib.util
import io
import json
import lzma
import math
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, ipc

import deepenough as de
from deepenough import predictions, shelves
from deepenough.bundle import Bundle
from deepenough.errors import DataError, SettingError, Unavailable
from deepenough.export import write
from deepenough.loading import load, load_like
from deepenough.modalities._files import read_table
from deepenough.modalities._numbers import formats, read_number, read_numbers
from deepenough.modalities._readers.places import Place, find
from deepenough.modalities._readers.query import Query, again, without_password
from deepenough.modalities._readers.sources import title
from deepenough.workspace import Workspace

# --- numbers as people write them ---------------------------------------------------------------------------------------

WRITTEN: list[tuple[dict[str, list[Any]], dict[str, str]]] = [
    ({"a": ["3,14", "2"]}, {"a": "1.234,5"}),
    ({"a": ["0,123", "0,5"]}, {"a": "1.234,5"}),
    ({"a": ["1.234,56", None, "NA"]}, {"a": "1.234,5"}),
    ({"a": ["1.234.567", "1.000"]}, {"a": "1.234,5"}),
    ({"a": ["1,234,567", "3"]}, {"a": "1,234.5"}),
    ({"a": ["1,234.5", "2"]}, {"a": "1,234.5"}),
    ({"a": ["1'234.50", "2"]}, {"a": "1'234.5"}),
    ({"a": ["1\u202f234,5", "2"]}, {"a": "1 234,5"}),
    ({"a": ["3,1E+05", "2,5"]}, {"a": "1.234,5"}),
    ({"a": ["-3,5", "\u22122,5", "+1,5"]}, {"a": "1.234,5"}),
    ({"a": ["12%", "5 %"]}, {"a": "1234.5%"}),
    ({"a": ["€ 3,50", "-€2,00"]}, {"a": "€1.234,5"}),
    ({"a": ["1.200,50 EUR", "2,00 EUR"]}, {"a": "1.234,5EUR"}),
    ({"a": ["$1,200.50", "$-3.00"]}, {"a": "$1,234.5"}),
    # one column explains another
    ({"a": ["1,234", "2,500"], "b": ["3,14", "2"]}, {"a": "1.234,5", "b": "1.234,5"}),
    ({"a": ["1,234", "2,500"], "b": ["3.14", "2"]}, {"a": "1,234.5"}),
    ({"a": ["1.234", "2.500"], "b": ["3,14", "2"]}, {"a": "1.234,5", "b": "1.234,5"}),
    # never guessed
    ({"a": ["1,234", "2,500"]}, {}),
    ({"a": ["1,234", "2,500"], "b": ["3,14", "2"], "c": ["3.14", "2"]}, {"b": "1.234,5"}),
    ({"a": ["3,14", "3.14"]}, {}),
    ({"a": ["12%", "5"]}, {}),
    ({"a": ["1,2,3", "4"]}, {}),
    ({"a": ["552 100 554", "123 456 789"]}, {}),
    ({"a": ["110 001", "560 034"]}, {}),
    ({"a": ["123.456.789", "987.654.321"]}, {}),
    ({"a": ["2026-01-05", "12:30"]}, {}),
    ({"a": ["A12", "B12"]}, {}),
    ({"a": ["12 kg", "13 kg"]}, {}),
    # nothing to do
    ({"a": ["1.5", "2"]}, {}),
    ({"a": ["1.234", "2.500"]}, {}),
    ({"a": [1.5, None]}, {}),
    ({"a": [None, "NA"]}, {}),
    ({"a": [["3,14"], "3,14"]}, {}),
]


@pytest.mark.parametrize(("columns", "found"), WRITTEN, ids=str)
def test_how_numbers_are_written_is_found_out_or_left_open(
    columns: dict[str, list[Any]], found: dict[str, str]
) -> None:
    assert formats({name: pd.Series(cells, dtype=object) for name, cells in columns.items()}) == found


@pytest.mark.parametrize(
    ("text", "written", "number"),
    [
        ("1.234,56", "1.234,5", 1234.56),
        ("-1.234", "1.234,5", -1234.0),
        ("1 234,5", "1 234,5", 1234.5),
        ("1,234.5", "1,234.5", 1234.5),
        ("-$1,200.50", "$1,234.5", -1200.5),
        ("12 %", "1234.5%", 12.0),
        ("12", "1234.5%", 12.0),
        ("3,1e-02", "1.234,5", 0.031),
        ("", "1.234,5", math.nan),
        ("N/A", "1.234,5", math.nan),
    ],
)
def test_a_number_is_read_as_its_column_writes_it(text: str, written: str, number: float) -> None:
    assert read_number(text, written) == pytest.approx(number, nan_ok=True)
    assert read_numbers(pd.Series([text, None]), written)[0] == pytest.approx(number, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("3.14", "1.234,5"),
        ("1.23,4", "1.234,5"),
        ("12,5", "1,234.5"),
        ("12 EUR", "1.234,5"),
        ("x", "1.234,5"),
        ("--5", "1.234,5"),
    ],
)
def test_a_number_that_is_written_otherwise_is_refused(text: str, written: str) -> None:
    with pytest.raises(ValueError, match="no number as this column writes them"):
        read_number(text, written)


# --- places and queries -------------------------------------------------------------------------------------------------


def test_a_part_of_a_file_is_named_behind_a_number_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("book.xlsx", "a#1.csv", "a#1.csv#2.csv"):
        Path(name).write_text("a\n1\n")
    assert find("book.xlsx#Sheet 2 #1") == Place(Path("book.xlsx"), "Sheet 2 #1")
    assert find("a#1.csv") == Place(Path("a#1.csv")) and find("a#1.csv#2.csv") == Place(Path("a#1.csv#2.csv"))
    assert find("a#1.csv#rest") == Place(Path("a#1.csv"), "rest")
    assert find("gone.xlsx#One") == Place(Path("gone.xlsx#One"))
    assert title("book.xlsx#Sheet 2 #1") == "book" and title("old/churn.csv.gz") == "churn"


@pytest.mark.parametrize(
    ("db", "shown"),
    [
        ("sqlite:///shop.db", "sqlite:///shop.db"),
        ("env:SHOP", "env:SHOP"),
        ("postgresql://ann@db/shop", "postgresql://ann@db/shop"),
        ("postgresql://ann:secret@db/shop", "postgresql://ann:***@db/shop"),
        ("postgresql://ann:se?cr/e#t@db/shop", "postgresql://ann:***@db/shop"),
        ("postgresql://ann:se@cr:et@db/shop", "postgresql://ann:***@db/shop"),
        ("postgresql://:secret@db/shop", "postgresql://:***@db/shop"),
        ("postgresql://db/shop?user=ann&password=secret", "postgresql://db/shop?user=ann&password=***"),
        ("mssql+pyodbc:///?odbc_connect=DRIVER%3DX%3BPWD%3Dsecret", "mssql+pyodbc:///?odbc_connect=***"),
    ],
)
def test_a_url_is_shown_without_what_is_secret(db: str, shown: str) -> None:
    query = Query("SELECT 1", db)
    assert without_password(db) == query.shown == shown
    assert "secret" not in f"{query} {query!r}"


def test_a_query_is_found_again_in_what_a_run_noted() -> None:
    query = Query("SELECT 'a:  b' -- a comment\n  FROM t ORDER BY a", "sqlite:///old shop.db")
    assert again(str(query)) == query
    assert again("churn.csv") is None and again("a DataFrame") is None
    with pytest.raises(DataError, match=r"neither its password nor its rows.*--data"):
        again(str(Query("SELECT 1", "postgresql://ann:secret@db/shop")))
    assert query.ordered and not Query("SELECT 'order by' FROM t -- ORDER BY", "sqlite:///a.db").ordered


@pytest.mark.parametrize("absent", ["sqlalchemy", "openpyxl"])
def test_what_is_not_installed_is_an_answer(absent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = tmp_path / "a.xlsx"
    with zipfile.ZipFile(book, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == absent else real(name, *rest))
    source = book if absent == "openpyxl" else Query("SELECT 1", "sqlite:///a.db")
    extra = {"openpyxl": "excel", "sqlalchemy": "sql"}[absent]
    with pytest.raises(Unavailable, match=rf"pip install 'deepenough\[{extra}\]'"):
        load(source, "answer")


def test_an_empty_query_names_the_mend() -> None:
    pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")
    with pytest.raises(SettingError, match="Write a SELECT"):
        load(Query(" ", "sqlite:///a.db"), "answer")


# --- one table in every form ---------------------------------------------------------------------------------------------


def members(frame: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("table.csv", frame.to_csv(index=False))
    return file.getvalue()


def to_stream(frame: pd.DataFrame, path: str) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    with ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)


def to_excel(frame: pd.DataFrame, path: str) -> None:
    pytest.importorskip("openpyxl", reason="openpyxl is not installed")
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"a": ["notes"]}).to_excel(book, sheet_name="Notes", index=False)
        frame.to_excel(book, sheet_name="Rows", index=False)


def to_database(frame: pd.DataFrame) -> Query:
    pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")
    with sqlite3.connect("table.db") as connection:
        frame.to_sql("rows", connection, index=False)
    connection.close()
    return Query("SELECT * FROM rows", "sqlite:///table.db")


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain: list[dict[str, Any]] = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return plain


def text(frame: pd.DataFrame, **how: Any) -> bytes:
    return str(frame.to_csv(index=False, **how)).encode()


def at(path: str, content: bytes) -> str:
    Path(path).write_bytes(content)
    return path


FORMS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "csv": lambda f: at("a.csv", text(f)),
    "tsv": lambda f: at("a.tsv", text(f, sep="\t")),
    "gzip": lambda f: at("a.csv.gz", gzip.compress(text(f))),
    "bzip2": lambda f: at("a.csv.bz2", bz2.compress(text(f))),
    "xz": lambda f: at("a.csv.xz", lzma.compress(text(f))),
    "zip": lambda f: at("a.zip", members(f)),
    "json lines": lambda f: at("a.jsonl", "\n".join(map(json.dumps, records(f))).encode()),
    "json": lambda f: at("a.json", json.dumps(records(f)).encode()),
    "parquet": lambda f: (f.to_parquet("a.parquet", index=False), "a.parquet")[1],
    "feather": lambda f: (feather.write_feather(f, "a.feather"), "a.feather")[1],
    "arrow stream": lambda f: (to_stream(f, "a.arrows"), "a.arrows")[1],
    "excel": lambda f: (to_excel(f, "a.xlsx"), "a.xlsx#Rows")[1],
    "database": to_database,
    "frame": lambda f: f,
}


@pytest.fixture(scope="module")
def bundle(churn: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("model") / "bundle"
    data = load(churn, "answer")
    model = shelves.load("candidates", "linear").build(data.task, {}, 0)
    learn, tune = data.take(np.arange(300)), data.take(np.arange(300, 400))
    write.write(folder, data.task, model.fit(learn, tune, Workspace()).export(), data, {})
    return Bundle.load(folder)


@pytest.mark.parametrize("form", FORMS)
def test_one_table_is_the_same_in_every_form(
    form: str, churn: pd.DataFrame, bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Learnt from, read as more rows of a known task, and answered by a bundle: the same numbers whatever the file."""
    monkeypatch.chdir(tmp_path)
    source = FORMS[form](churn)
    known = load(churn, "answer")
    assert load(source, "answer").fingerprint == known.fingerprint
    assert np.array_equal(load_like(known.task, source).ids, known.ids)
    answers, right = predictions.predict(bundle, source), predictions.predict(bundle, churn)
    assert list(answers) == list(right)
    assert all(np.array_equal(answers[name], right[name]) for name in right)


def test_the_public_query_is_a_source(churn: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    query = to_database(churn)
    assert de.Query is Query and len(de.load(query, "answer")) == len(churn)


def test_text_columns_keep_their_zeros_in_every_packing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"zip,x\n007,1\n010,2\n"))
    assert read_table(path, ["zip"])["zip"].tolist() == ["007", "010"]
    assert read_table(path)["zip"].tolist() == [7, 10]
