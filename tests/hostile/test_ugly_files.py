"""Ugly files, each of another kind: a sentence that names the thing and the mend, or the rows as they should be read."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import sqlite3
import tarfile
import threading
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from calling import call, csv, must_be_refusal, people, run_words, untouched, write
from pyarrow import ipc, parquet

import deepenough as de
from deepenough.dataset import Dataset
from deepenough.task import Column

N = 60
GOOD = people(N)
CSV = csv(GOOD)
LINES = CSV.splitlines()
RECORDS = GOOD.astype(object).where(GOOD.notna(), None).to_dict("records")
JSONL = "".join(json.dumps(r) + "\n" for r in RECORDS)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(name: str, content: str | bytes | Callable[[], str | bytes]) -> Callable[[], str]:
    """Return what writes a file and names it; content that takes time to make is made then."""

    def make() -> str:
        write(name, content() if callable(content) else content)
        return name

    return make


def zipped(**members: str | bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return file.getvalue()


def tarred() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        info = tarfile.TarInfo("a.csv")
        info.size = len(CSV.encode())
        archive.addfile(info, io.BytesIO(CSV.encode()))
    return file.getvalue()


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as packed:
        packed.write(content)
    return bytes(sink.getvalue())


def arrow(table: pa.Table, stream: bool = False) -> bytes:
    sink = pa.BufferOutputStream()
    with (ipc.new_stream if stream else ipc.new_file)(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def parquet_of(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink)
    return bytes(sink.getvalue())


def wrong_dictionary() -> bytes:
    """A column whose cells point at categories that are not there."""
    indices = pa.array([0, 1] * 30, pa.int32())
    table = pa.table({"town": pa.DictionaryArray.from_arrays(indices, ["Bonn", "Kiel"]), "answer": ["no", "yes"] * 30})
    raw = arrow(table)
    right, wrong = np.array([0, 1] * 30, "<i4").tobytes(), np.array([0, 2**30] * 30, "<i4").tobytes()
    assert raw.count(right) == 1
    return raw.replace(right, wrong)


def book(*sheets: list[list[Any]]) -> bytes:
    """A workbook of sheets One, Two ...; a sheet is a list of lines."""
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is not installed")
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, lines in zip(("One", "Two", "Three"), sheets, strict=False):
        sheet = made.create_sheet(name)
        for line in lines:
            sheet.append(line)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


HEAD = list(GOOD.columns)
ROWS = [[r[c] for c in HEAD] for r in RECORDS]
TABLE = pa.Table.from_pandas(GOOD)


def excel(*sheets: list[list[Any]], name: str = "a.xlsx") -> Callable[[], str]:
    def make() -> str:
        write(name, book(*sheets))
        return name

    return make


def spoilt(row: int, column: int, value: Any) -> list[list[Any]]:
    lines = [list(line) for line in (HEAD, *ROWS)]
    lines[row][column] = value
    return lines


def merged() -> str:
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is not installed")
    made = openpyxl.Workbook()
    for line in [["Customers of the year 2026"], HEAD, *ROWS]:
        made.active.append(line)
    made.active.merge_cells("A1:G1")
    made.save("a.xlsx")
    return "a.xlsx"


def entities() -> str:
    """A sheet whose XML defines entities of entities: the billion laughs."""
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    head = f'<?xml version="1.0"?><!DOCTYPE worksheet [<!ENTITY l0 "ha">{laughs}]>'
    with zipfile.ZipFile(io.BytesIO(book([HEAD, *ROWS]))) as good, zipfile.ZipFile("a.xlsx", "w") as bad:
        for name in good.namelist():
            content = good.read(name).decode()
            if name.endswith("sheet1.xml"):
                content = head + content.replace("<v>0</v>", "<v>&l9;</v>").replace("<sheetData>", "<sheetData>&l9;", 1)
            bad.writestr(name, content)
    return "a.xlsx"


def folder() -> str:
    Path("a.csv").mkdir()
    return "a.csv"


def pipe() -> str:
    os.mkfifo("a.csv")
    return "a.csv"


def loop() -> str:
    Path("a.csv").symlink_to("b.csv")
    Path("b.csv").symlink_to("a.csv")
    return "a.csv"


def endless() -> str:
    if not Path("/dev/zero").is_char_device():
        pytest.skip("this system has no endless file")
    return "/dev/zero"


def database() -> str:
    with sqlite3.connect("a.csv") as connection:
        connection.execute("create table t (a)")
    connection.close()
    return "a.csv"


DEEP = '{"size": ' * 100_000 + "1" + "}" * 100_000
BLOCK = bytes(2**24)
NULLS = pa.table({"size": pa.nulls(2 * 10**9), "answer": pa.nulls(2 * 10**9)})
GLUED = CSV.encode() + b"\xef\xbb\xbf" + CSV.encode()
MIXED = (
    "\n".join(LINES[:20]).replace("Bonn", "Köln").encode()
    + b"\n"
    + "\n".join(LINES[20:]).replace("Bonn", "Köln").encode("cp1252")
)
OLD_BOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)

REFUSED: dict[str, tuple[Callable[[], str], tuple[str, ...]]] = {
    # sizes and shapes
    "10,000 columns": (
        put("a.csv", ",".join(f"c{i}" for i in range(10_000)) + "\n" + ",".join("1" * 10_000) + "\n"),
        ("'a.csv'", "10,000 columns", "2,000", "Keep"),
    ),
    "10,000 columns of Parquet": (
        put("a.parquet", lambda: parquet_of(pa.table({f"c{i}": [1] for i in range(10_000)}))),
        ("'a.parquet'", "10,000 columns", "Keep"),
    ),
    "two thousand million rows of nothing in 1 KB": (
        put("a.arrow", arrow(NULLS, stream=True)),
        ("'a.arrow'", "2,000,000,000 rows", "1,000,000,000 cells", "sample"),
    ),
    "a title above the header": (
        put("a.csv", "Customers 2026\n" + CSV),
        ("'a.csv'", "line 2", "7 cells", "header has 1"),
    ),
    # encodings
    "two encodings": (
        put("a.csv", MIXED),
        ("'a.csv'", "mixes encodings", "line 2 ", "Windows-1252", "Save each part"),
    ),
    "two files glued, the mark of the second in the middle": (
        put("a.csv", GLUED),
        ("'a.csv'", "line 62", "glued", "Take the mark out"),
    ),
    "UTF-16 without its mark": (
        put("a.csv", CSV.encode("utf-16-le")),
        ("'a.csv'", "NUL", "looks like UTF-16", "save it as UTF-8"),
    ),
    "UTF-16 cut in the middle of a letter": (
        put("a.csv", CSV.encode("utf-16")[:-1]),
        ("'a.csv'", "UTF-16", "damaged", "Save it"),
    ),
    # packed
    "a bomb in gzip": (
        put("a.csv.gz", lambda: gzip.compress(BLOCK) * 20),
        ("'a.csv.gz'", "unpacks to more than 67,108,864", "Unpack it yourself"),
    ),
    "a bomb in bzip2": (
        put("a.csv.bz2", lambda: bz2.compress(BLOCK) * 5),
        ("'a.csv.bz2'", "unpacks to more than", "Unpack it yourself"),
    ),
    "a bomb in xz": (
        put("a.csv.xz", lambda: lzma.compress(BLOCK, preset=0) * 5),
        ("'a.csv.xz'", "unpacks to more than", "Unpack it yourself"),
    ),
    "a bomb in zstd": (
        put("a.csv.zst", lambda: zstd(BLOCK) * 5),
        ("'a.csv.zst'", "unpacks to more than", "Unpack it yourself"),
    ),
    "a bomb in zip": (
        put("a.zip", lambda: zipped(a_csv=BLOCK * 5)),
        ("'a.zip'", "unpacks to more than", "Unpack it yourself"),
    ),
    "gzip cut off": (
        put("a.csv.gz", gzip.compress(CSV.encode())[:-9]),
        ("'a.csv.gz'", "gzip", "ended before", "pack it again"),
    ),
    "zstd cut off": (put("a.csv.zst", zstd(CSV.encode())[:-9]), ("'a.csv.zst'", "zstd", "pack it again")),
    "xz with a turned byte": (
        put("a.csv.xz", b"\x55".join([(packed := lzma.compress(CSV.encode()))[:200], packed[201:]])),
        ("'a.csv.xz'", "xz", "damaged", "pack it again"),
    ),
    "gzip of nothing": (put("a.csv.gz", gzip.compress(b"")), ("'a.csv.gz'", "nothing in it", "Export")),
    "an archive of two tables": (
        put("a.zip", zipped(a_csv=CSV, b_csv=CSV)),
        ("'a.zip'", "2 files: 'a.csv', 'b.csv'", "Name one of them: 'a.zip#a.csv'"),
    ),
    "a member that is not there": (
        lambda: put("a.zip", zipped(a_csv=CSV, b_csv=CSV))() + "#c.csv",
        ("no 'c.csv' in 'a.zip'", "Did you mean", "It holds: 'a.csv', 'b.csv'"),
    ),
    "an archive with nothing in it": (put("a.zip", zipped()), ("'a.zip'", "nothing in it", "Pack it again")),
    "a tar archive": (put("a.tar.gz", tarred()), ("'a.tar.gz'", "another archive", "Unpack it first")),
    # JSON
    "an object in a value": (
        put("a.jsonl", JSONL.replace('"size": ', '"size": {"cm": 3}, "x": ', 1)),
        ("'a.jsonl'", "'size'", "dict", "one column of each part"),
    ),
    "a list in a value": (
        put("a.jsonl", JSONL.replace('"Bonn"', '["Bonn", "Ulm"]')),
        ("'a.jsonl'", "'town'", "list", "one column of each part"),
    ),
    "a line that is no JSON": (
        put("a.jsonl", JSONL.replace('{"id"', '{"id', 1)),
        ("'a.jsonl', line 1", "no whole JSON", "Write one record a line"),
    ),
    "a file of lines cut off": (
        put("a.jsonl", JSONL[:-20]),
        ("'a.jsonl', line 60", "no whole JSON", "Write one record a line"),
    ),
    "one document over many lines": (
        put("a.json", json.dumps({"rows": RECORDS}, indent=1)),
        ("'a.json', line 1", "one document over several lines", "array of such records"),
    ),
    "a name twice in a record": (
        put("a.jsonl", JSONL.replace('"size"', '"town"', 1)),
        ("'a.jsonl', line 1", "two values called 'town'", "Rename"),
    ),
    "another name in every record": (
        put("a.jsonl", lambda: "".join(f'{{"x{i}": 1}}\n' for i in range(3000))),
        ("'a.jsonl'", "3,000 columns", "2,000", "Keep"),
    ),
    "a bare number among the records": (
        put("a.jsonl", JSONL + "17\n"),
        ("'a.jsonl', line 61", "a number", "record should"),
    ),
    "an array with null in it": (
        put("a.json", json.dumps([*RECORDS, None])),
        ("'a.json', record 60", "null", "record should"),
    ),
    "an array of nothing": (put("a.json", "[]"), ("'a.json'", "no records", "Export it again")),
    "objects a hundred thousand deep": (put("a.jsonl", DEEP), ("'a.jsonl', line 1", "cannot be read", "recursion")),
    "a whole number of 5,000 digits": (
        put("a.jsonl", '{"size": ' + "9" * 5000 + "}\n"),
        ("'a.jsonl', line 1", "cannot be read", "digits"),
    ),
    "an infinite value in JSON": (
        put("a.jsonl", JSONL.replace('"weight": ', '"weight": -Infinity, "x": ', 1)),
        ("'weight'", "1 infinite", "row 0"),
    ),
    # Parquet and Arrow
    "Arrow cut off": (put("a.arrow", arrow(TABLE)[:-30]), ("'a.arrow'", "cut off", "Copy or write it again")),
    "a stream of Arrow cut off": (
        put("a.arrows", arrow(TABLE, stream=True)[:-900]),
        ("'a.arrows'", "cannot be read as Arrow", "again"),
    ),
    "text called Feather": (put("a.feather", CSV), ("'a.feather'", "no Feather file", "right ending")),
    "categories that are not there": (
        put("a.arrow", wrong_dictionary),
        ("'a.arrow'", "cannot be read as Arrow", "bounds", "again"),
    ),
    "maps in a Parquet file": (
        put(
            "a.parquet",
            parquet_of(TABLE.append_column("m", pa.array([[("a", 1)]] * N, pa.map_(pa.string(), pa.int64())))),
        ),
        ("'a.parquet'", "'m'", "dict", "one column of each part"),
    ),
    "one name twice in Parquet": (
        put("a.parquet", parquet_of(TABLE.append_column("size", TABLE["weight"]))),
        ("'a.parquet'", "2 columns called 'size'", "Rename"),
    ),
    # Excel
    "several sheets": (excel([HEAD, *ROWS], [HEAD, *ROWS]), ("'a.xlsx'", "2 sheets: 'One', 'Two'", "'a.xlsx#One'")),
    "a sheet that is not there": (
        lambda: excel([HEAD, *ROWS], [HEAD, *ROWS])() + "#Tow",
        ("no sheet 'Tow' in 'a.xlsx'", "Did you mean 'Two'", "'One', 'Two'"),
    ),
    "a title in merged cells": (
        merged,
        ("'a.xlsx#Sheet'", "line 1", "'Customers of the year 2026'", "Delete the lines above"),
    ),
    "an empty cell in the header of a sheet": (
        excel(spoilt(0, 2, None)),
        ("'a.xlsx#One'", "line 1", "column 3 has no name"),
    ),
    "an error in a cell": (
        excel(spoilt(7, 1, "#DIV/0!")),
        ("'a.xlsx#One'", "cell B8", "'size'", "#DIV/0!", "Mend its formula"),
    ),
    "a formula nobody computed": (
        excel(spoilt(7, 1, "=1+1")),
        ("'a.xlsx#One'", "cell B8", "never computed", "=1+1", "save it"),
    ),
    "a cell beside the table": (
        excel([HEAD, *ROWS[:4], [*ROWS[4], "see below"], *ROWS[5:]]),
        ("'a.xlsx#One'", "cell H6", "column has no name", "Name it"),
    ),
    "dates and serial numbers in one column": (
        excel([[*HEAD, "day"], *[[*r, datetime(2026, 1, 1) if i % 2 else 46000 + i] for i, r in enumerate(ROWS)]]),
        ("'a.xlsx#One'", "'day' holds dates", "row 0", "Write that cell as a date"),
    ),
    "an empty workbook": (excel([[]]), ("'a.xlsx#One'", "no filled cell", "again")),
    "an old workbook": (put("a.xls", OLD_BOOK), ("'a.xls'", "old or a protected Excel workbook", "Save the sheet")),
    "a binary workbook": (
        put("a.xlsb", zipped(xl__workbook_bin=b"x")),
        ("'a.xlsb'", "binary Excel workbook", "Save the sheet"),
    ),
    "an OpenDocument table": (put("a.ods", zipped(content_xml="<x/>")), ("'a.ods'", "OpenDocument", "Save the sheet")),
    "a bomb called workbook": (
        put("a.xlsx", lambda: zipped(xl__workbook_xml=BLOCK * 5)),
        ("'a.xlsx'", "unpacks to", "no workbook that people made"),
    ),
    "a workbook without sheets": (
        put("a.xlsx", zipped(xl__workbook_xml="<x/>")),
        ("'a.xlsx'", "cannot be read as an Excel workbook", "again"),
    ),
    "a billion laughs in a sheet": (entities, ("'a.xlsx'", "cannot be read as an Excel workbook")),
    # what is no file, or no table
    "a folder called so": (folder, ("'a.csv'", "is a folder", "Name one")),
    "a pipe": (pipe, ("'a.csv'", "is a pipe", "Save its rows")),
    "links in a circle": (loop, ("'a.csv'", "a link", "back to itself", "Check where")),
    "an endless file": (endless, ("'/dev/zero'", "never ends", "Name one")),
    "a database called so": (database, ("'a.csv'", "SQLite database", "--sql", "--db")),
    "a pickle": (put("a.csv", b"\x80\x04\x95" + bytes(50)), ("'a.csv'", "pickle", "never opened", "Export")),
}


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_an_ugly_file_is_refused_in_a_sentence(case: str, here: Path) -> None:
    make, words = REFUSED[case]
    name = make()
    with untouched(here):
        must_be_refusal(call(*run_words(name)), 2, *words)
        with pytest.raises(de.DeepEnoughError):
            de.load(name, "answer")


def test_a_path_with_a_nul() -> None:
    with pytest.raises(de.DeepEnoughError, match=r"holds a NUL character.*Check the path"):
        de.load("a\0.csv", "answer")


def test_a_file_larger_than_any_table(here: Path) -> None:
    with Path("a.csv").open("wb") as file:
        file.write(CSV.encode())
        file.truncate(2**35)  # with a hole: it takes no room
    must_be_refusal(call(*run_words("a.csv")), 2, "'a.csv'", "32 GB", "up to 16 GB", "sample")
    assert [p.name for p in here.iterdir()] == ["a.csv"]


def test_a_file_that_grows_while_it_is_read(here: Path) -> None:
    write(
        "a.csv", CSV + ("\n".join(LINES[1:]) + "\n") * 20_000
    )  # long enough to read for the writer to come in between
    stop = threading.Event()

    def append() -> None:
        while not stop.is_set():
            with Path("a.csv").open("a") as file:
                file.write(LINES[1] + "\n")

    writer = threading.Thread(target=append)
    writer.start()
    try:
        with pytest.raises(
            de.DeepEnoughError, match=r"'a.csv' was changed while it was read. Wait until it is written"
        ):
            de.load("a.csv", "answer")
    finally:
        stop.set()
        writer.join()


def test_a_bomb_is_refused_in_little_memory(here: Path) -> None:
    write("a.csv.gz", gzip.compress(BLOCK) * 20)
    tracemalloc.start()
    try:
        with pytest.raises(de.DeepEnoughError, match="unpacks to more than"):
            de.load("a.csv.gz", "answer")
        assert tracemalloc.get_traced_memory()[1] < 100 * 2**20
    finally:
        tracemalloc.stop()


# --- ugly, and yet a table --------------------------------------------------------------------------------------------


def column(data: Dataset, name: str) -> Column:
    return next(c for c in data.task.columns if c.name == name)


def same(data: Dataset) -> bool:
    """Whether it is GOOD that was read."""
    known = de.load(GOOD, "answer")
    return data.fingerprint == known.fingerprint


def kind(name: str, wanted: str, **facts: Any) -> Callable[[Dataset], bool]:
    def check(data: Dataset) -> bool:
        found = column(data, name)
        return found.kind == wanted and all(getattr(found, fact) == value for fact, value in facts.items())

    return check


def values(name: str, *wanted: float) -> Callable[[Dataset], bool]:
    """Whether a column of numbers begins so."""

    def check(data: Dataset) -> bool:
        return bool(np.allclose(data.features[name][: len(wanted)], wanted, equal_nan=True))

    return check


def with_column(name: str, cells: list[Any], separator: str = ",") -> Callable[[], str]:
    return put("a.csv", lambda: GOOD.assign(**{name: (cells * N)[:N]}).to_csv(index=False, sep=separator))


SPELLINGS = ["yes", "no", "Y", "N", "true", "false", "1", "0", "on", "off"]
FAR = [str(2**53 + 1 + i) for i in range(N)]
TYPED = pa.table(
    {
        "price": pa.array(["1.50", "2.25", None] * 20).cast(pa.decimal128(10, 2)),
        "span": pa.array([90, 5400, None] * 20, pa.duration("s")),
        "town": pa.array(["Bonn", "Kiel", None] * 20).dictionary_encode(),
        "when": pa.array([datetime(2026, 1, 1 + i % 28, 12) for i in range(N)], pa.timestamp("us", "Europe/Berlin")),
        "day": pa.array([date(2026, 1, 1 + i % 28) for i in range(N)], pa.date32()),
        "tiny": pa.array([i / 8 for i in range(N)], pa.float16()),
        "answer": ["no", "yes"] * 30,
    }
)


def ragged_records() -> str:
    """Records that lack different names, the first of them one that later ones have, and NaN as Python writes it."""
    lines = [json.dumps({k: v for k, v in r.items() if i % 7 or k != "weight"}) for i, r in enumerate(RECORDS)]
    lines[3] = lines[3].replace(f'"size": {RECORDS[3]["size"]}', '"size": NaN')
    write("a.ndjson", "\n\n".join(lines))
    return "a.ndjson"


def linked() -> str:
    write("deep/a.csv", CSV)
    Path("b.csv").symlink_to("deep/a.csv")
    return "b.csv"


READ: dict[str, tuple[Callable[[], str], Callable[[Dataset], bool]]] = {
    # encodings and lines
    "Windows-1252": (
        put("a.csv", CSV.replace("Bonn", "Köln").encode("cp1252")),
        kind("town", "category", categories=("Kiel", "Köln", "Ulm")),
    ),
    "UTF-16": (put("a.csv", CSV.encode("utf-16")), same),
    "UTF-32": (put("a.csv", CSV.encode("utf-32")), same),
    "carriage returns only": (put("a.csv", CSV.replace("\n", "\r")), same),
    "line ends of three kinds": (put("a.csv", CSV.replace("\n", "\r\n", 20).replace("\nK-", "\rK-", 10)), same),
    "blank lines around and between": (
        put("a.csv", "\n\n" + CSV.replace("\n", "\n\n") + "\n \n".replace(" ", "")),
        same,
    ),
    "a first line that names the separator": (put("a.csv", "sep=;\n" + GOOD.to_csv(index=False, sep=";")), same),
    "a mark in the middle of a cell": (
        with_column("note", ["a\ufeffb", "c"]),
        kind("note", "category", categories=("a\ufeffb", "c")),
    ),
    "line ends inside quotes": (with_column("note", ["a\nb", "c"]), kind("note", "category", categories=("a\nb", "c"))),
    "a cell of 10 MB": (with_column("note", ["x" * 10_000_000, *["short", "long"] * 30]), kind("note", "category")),
    "a line of a million letters": (
        put(
            "a.csv",
            lambda: "\n".join(
                line + "".join(f",{f'c{i}' if row == 0 else 'y' * 1000}" for i in range(900))
                for row, line in enumerate(LINES[:13])
            ),
        ),
        lambda data: len(data) == 12,
    ),
    # numbers
    "decimal commas": (with_column("price", ["3,14", "2,5", "-0,5"], ";"), values("price", 3.14, 2.5, -0.5)),
    "decimal commas with points between thousands": (
        with_column("price", ["1.234,56", "7", ""], ";"),
        values("price", 1234.56, 7, np.nan),
    ),
    "thousands of a file with decimal commas": (
        put(
            "a.csv",
            GOOD.assign(a="3,5", b=["1.500", "2.000"] * 30)
            .assign(a=["3,5", "4,25"] * 30)
            .to_csv(index=False, sep=";", decimal=","),
        ),
        values("b", 1500, 2000),
    ),
    "thousands with commas": (with_column("price", ["1,234,567", "12"]), values("price", 1234567, 12)),
    "commas that the points of other columns explain": (
        with_column("price", ["1,234", "2,500"]),
        values("price", 1234, 2500),
    ),
    "commas that nothing explains": (
        put("a.csv", GOOD[["town", "answer"]].assign(price=["1,234", "2,500"] * 30).to_csv(index=False)),
        kind("price", "category"),
    ),
    "thousands with blanks": (with_column("price", ["1\u00a0234,5", "12"], ";"), values("price", 1234.5, 12)),
    "per cent": (with_column("rate", ["12%", "7.5 %", "-3%"]), values("rate", 12, 7.5, -3)),
    "currencies": (with_column("price", ["$1,200.50", "-$3.00"]), values("price", 1200.5, -3)),
    "words for nothing": (
        with_column("price", ["nan", "NaN", "None", "N/A", "1.5"]),
        values("price", *[np.nan] * 4, 1.5),
    ),
    "negative zero": (with_column("price", ["-0.0", "0", "1"]), values("price", 0, 0, 1)),
    "whole numbers that a float rounds, beside empty cells": (
        with_column("account", [*FAR[:-1], ""]),
        kind("account", "identifier"),
    ),
    "whole numbers of 30 digits": (
        with_column("account", [f"{10**29 + i}" for i in range(N)]),
        kind("account", "identifier"),
    ),
    # what cells say
    "true and false in five spellings": (
        with_column("flag", SPELLINGS),
        kind("flag", "category", categories=tuple(sorted(SPELLINGS))),
    ),
    "dates of several formats in one column": (
        with_column("day", ["2026-01-05", "05.01.2026", "01/25/2026"]),
        kind("day", "category"),
    ),
    "dates with the day first": (
        with_column("day", ["13/01/2026", "01/02/2026"]),
        kind("day", "time", format="%d/%m/%Y"),
    ),
    "dates beyond the calendar": (with_column("day", ["9999-12-31", "2026-01-01"]), kind("day", "category")),
    "dates beyond the calendar in Parquet": (
        put(
            "a.parquet",
            lambda: parquet_of(
                TABLE.append_column(
                    "day", pa.array([datetime(9999, 12, 31), datetime(2026, 1, 1)] * 30, pa.timestamp("s"))
                )
            ),
        ),
        kind("day", "category", categories=("2026-01-01", "9999-12-31")),
    ),
    "days as Excel counts them": (with_column("day", ["45000", "45001", "45002"]), kind("day", "number", low=45000.0)),
    "a column of nothing": (with_column("nothing", [""]), kind("nothing", "constant")),
    "all rows the same but the answer": (
        put(
            "a.csv",
            csv(
                GOOD.assign(size=1.5, weight=np.where(GOOD.index < 30, 1.0, 2.0), town="Bonn")[
                    ["size", "weight", "town", "answer"]
                ]
            ),
        ),
        lambda data: len(set(data.ids.tolist())) == 2,
    ),
    "more categories than rows of any other": (
        put(
            "a.csv",
            "code,size,answer\n"
            + "".join(f"c{i % 19_997},{i % 7},{'no' if i % 3 else 'yes'}\n" for i in range(20_000)),
        ),
        lambda data: len(column(data, "code").categories) == 1000,
    ),
    # names
    "emoji and right-to-left names": (
        put("a.csv", CSV.replace("size", "📏 size").replace("town", "مدينة")),
        kind("مدينة", "category"),
    ),
    "names that differ by case alone": (put("a.csv", CSV.replace("weight", "SIZE")), kind("SIZE", "number")),
    "a name of 5,000 letters": (put("a.csv", CSV.replace("weight", "w" * 5000)), kind("w" * 5000, "number")),
    # other forms
    "Parquet with decimals, spans, dictionaries and zones": (
        put("a.parquet", parquet_of(TYPED)),
        lambda data: (
            [column(data, c).kind for c in TYPED.column_names]
            == ["number", "number", "category", "time", "time", "number", "category"]
            and values("price", 1.5, 2.25, np.nan)(data)
            and values("span", 90, 5400, np.nan)(data)
            and column(data, "when").low == datetime.fromisoformat("2026-01-01T12:00:00+00:00").timestamp()
        ),
    ),
    "a stream of Arrow": (put("a.arrows", arrow(TABLE, stream=True)), same),
    "a file of Arrow, called CSV": (put("a.csv", arrow(TABLE)), same),
    "JSON lines": (put("a.jsonl", JSONL), same),
    "JSON lines after a mark, in a file called text": (put("a.txt", b"\xef\xbb\xbf" + JSONL.encode()), same),
    "JSON in UTF-16": (put("a.json", json.dumps(RECORDS).encode("utf-16")), same),
    "an array of records": (put("a.json", json.dumps(RECORDS, indent=2)), same),
    "records that lack names": (ragged_records, lambda data: len(data) == N and column(data, "weight").missing),
    "an Excel sheet of two": (lambda: excel([["notes"]], [HEAD, *ROWS])() + "#Two", same),
    "an Excel sheet with blank lines": (excel([[], [], HEAD, *ROWS[:9], [], *ROWS[9:], [], []]), same),
    "an Excel workbook with dates": (
        excel([[*HEAD, "day"], *[[*r, datetime(2026, 1, 1 + i % 28)] for i, r in enumerate(ROWS)]]),
        kind("day", "time", low=1767225600.0),
    ),
    "gzip": (put("a.csv.gz", gzip.compress(CSV.encode())), same),
    "two members of gzip": (
        put("a.csv.gz", gzip.compress(CSV[:900].encode()) + gzip.compress(CSV[900:].encode())),
        same,
    ),
    "bzip2": (put("a.csv.bz2", bz2.compress(CSV.encode())), same),
    "two streams of xz": (put("a.csv.xz", lzma.compress(CSV[:900].encode()) + lzma.compress(CSV[900:].encode())), same),
    "zstd, called CSV": (put("a.csv", zstd(CSV.encode())), same),
    "zip, called CSV": (put("a.csv", zipped(b_csv=CSV)), same),
    "one file of a zip": (lambda: put("a.zip", zipped(a_csv="no,table\n", b_jsonl=JSONL))() + "#b.jsonl", same),
    "Parquet inside gzip": (put("a.parquet.gz", gzip.compress(parquet_of(TABLE))), same),
    "a link": (linked, same),
    "a number sign in the name": (put("a#1.csv", CSV), same),
}


@pytest.mark.parametrize("case", READ, ids=str)
def test_an_ugly_table_is_read_as_it_should_be(case: str, here: Path) -> None:
    make, right = READ[case]
    name = make()
    data = de.load(name, "answer")
    assert right(data), (data.task.columns, {k: v[:3] for k, v in data.features.items()})


def test_there_are_many_kinds_of_ugliness() -> None:
    assert len(REFUSED) + len(READ) >= 100


# --- whole runs -------------------------------------------------------------------------------------------------------


def test_columns_called_as_our_own_answers_are(here: Path) -> None:
    """`row` and `prediction` are names of what we write; a table that has them is answered, and no row loses its name."""
    table = people(400).rename(columns={"size": "row", "weight": "probability_yes", "town": "prediction"})
    write("a.csv", csv(table))
    assert call(*run_words("a.csv")).code == 0
    answers = pd.read_csv(io.StringIO(call("predict", "out", "a.csv").out))
    assert list(answers.columns)[:4] == ["id", "prediction", "probability_no", "probability_yes"]
    assert answers["id"].tolist() == table["id"].tolist() and set(answers["prediction"]) == {"no", "yes"}


def test_identifiers_beyond_what_floats_hold_come_back_as_they_were(here: Path) -> None:
    table = people(400)
    ids = [str(2**53 + 1 + i) for i in range(400)]
    write("a.csv", csv(table.assign(id=["", *ids[1:]])))
    assert call(*run_words("a.csv")).code == 0
    answers = pd.read_csv(io.StringIO(call("predict", "out", "a.csv").out), dtype=str, keep_default_na=False)
    assert answers["id"].tolist() == ["", *ids[1:]]


def test_decimal_commas_are_read_alike_when_a_model_answers(here: Path) -> None:
    """The signature keeps how a column was written: new rows, and single requests, are read the same way, or refused."""
    table = people(400)
    table["weight"] = table["weight"] * 1000
    with_commas = table.to_csv(index=False, sep=";", decimal=",")
    write("a.csv", with_commas)
    assert call(*run_words("a.csv")).code == 0
    plain = pd.read_csv(io.StringIO(call("predict", "out", "a.csv").out))
    bundle = de.Bundle.load("out/bundle")
    formats = {c.name: c.format for c in bundle.task.inputs if c.kind == "number"}
    assert formats == {"size": "1.234,5", "weight": "1.234,5"}
    row = {"size": "0,5", "weight": "1.234,5", "town": "Bonn", "since": "03.04.2026", "member": True}
    asked = [bundle.predict([row | change])["probability_yes"][0] for change in ({}, {"size": 0.5, "weight": 1234.5})]
    assert asked[0] == asked[1]
    write("points.csv", csv(table))
    must_be_refusal(call("predict", "out", "points.csv"), 2, "'size'", "numbers such as 1.234,5", "something else")
    write("numbers.jsonl", table.to_json(orient="records", lines=True))
    again = pd.read_csv(io.StringIO(call("predict", "out", "numbers.jsonl").out))
    assert np.allclose(again["probability_yes"], plain["probability_yes"])
