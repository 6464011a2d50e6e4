"""Files that are no tables, and odd ones that are: a sentence and nothing left behind, or answers."""

from __future__ import annotations

import errno
import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from calling import BAR, call, csv, must_be_refusal, people, run_words, untouched, write

import deepenough
from deepenough.errors import DataError

GOOD = people()
CSV = csv(GOOD)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


LINES = CSV.splitlines()


def parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()


def with_cell(column: str, value: str, row: int = 3) -> str:
    return csv(GOOD.assign(**{column: GOOD[column].astype(object).where(GOOD.index != row, value)}))


# --- files that are no tables -----------------------------------------------------------------------------------------

WHOLE = parquet(GOOD)
FILES: dict[str, tuple[str, str | bytes, tuple[str, ...]]] = {
    "empty": ("a.csv", "", ("'a.csv'", "empty (0 bytes)", "Export")),
    "blanks only": ("a.csv", " \n \n", ("'a.csv'", "only blanks", "Export")),
    "header only": ("a.csv", LINES[0] + "\n", ("'a.csv'", "no rows", "Export")),
    "one row": ("a.csv", "\n".join(LINES[:2]), ("1 row(s)", "'answer'", "Collect")),
    "four rows": ("a.csv", "\n".join(LINES[:5]), ("4 row(s)", "Collect")),
    "one column": ("a.csv", csv(GOOD[["answer"]]), ("one column ('answer')", "separator")),
    "picture": (
        "a.csv",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)),
        ("'a.csv'", "a picture", "Name the table"),
    ),
    "photograph": ("a.csv", b"\xff\xd8\xff\xe0" + bytes(range(1, 256)), ("'a.csv'", "a picture")),
    "packed twice": ("a.csv", gzip.compress(gzip.compress(CSV.encode())), ("'a.csv'", "another archive", "Unpack")),
    "workbook": ("a.xlsx", b"PK\x03\x04" + bytes(64), ("'a.xlsx'", "Excel", "Save the sheet as CSV")),
    "document": ("a.csv", b"%PDF-1.7\n1 0 obj", ("'a.csv'", "PDF", "Export")),
    "binary": ("a.csv", b"\x7fELF\x02\x01\x01\x00\x00", ("'a.csv'", "binary", "Export")),
    "web page": (
        "a.csv",
        "<!DOCTYPE html><html><body>Please log in</body></html>\n",
        ("'a.csv'", "web page", "Export"),
    ),
    "json": ("a.json", "[1, 2]", ("'a.json'", "record 0", "a number", "Write one record a line")),
    "doubled name": ("a.csv", "size,town,size,answer\n1,Bonn,2,no\n", ("'a.csv'", "2 columns called 'size'", "Rename")),
    "doubled name but for blanks": (
        "a.csv",
        "size, size,answer\n1,2,no\n",
        ("'a.csv'", "2 columns called 'size'", "Rename"),
    ),
    "column without name": ("a.csv", "size,,answer\n1,2,no\n", ("'a.csv'", "column 2 has no name", "header")),
    "long row": (
        "a.csv",
        CSV.replace(LINES[7], LINES[7] + ",more"),
        ("'a.csv'", "line 8", "8 cells", "header has 7", "Quote"),
    ),
    "short row": ("a.csv", CSV.replace(LINES[9], "K-1,2.0"), ("'a.csv'", "line 10", "2 cells", "mend that line")),
    "open quote": (
        "a.csv",
        CSV.replace(LINES[5], LINES[5].replace("K-", '"K-', 1)),
        ("'a.csv'", "line 6", "quote", "never closed", "Close it"),
    ),
    "open quote in the last column": (
        "a.csv",
        CSV.replace(LINES[5], ",".join([*LINES[5].split(",")[:-1], '"yes'])),
        ("'a.csv'", "line 6", "never closed"),
    ),
    "open quote in the header": ("a.csv", '"' + CSV, ("'a.csv'", "line 1", "never closed")),
    "neither UTF-8 nor Windows-1252": (
        "a.csv",
        CSV.encode().replace(b"Bonn", b"B\x81nn", 1),
        ("'a.csv'", "neither UTF-8", "0x81", "Save it as UTF-8"),
    ),
    "zero bytes": ("a.csv", CSV.replace("Bonn", "B\0nn", 1), ("'a.csv'", "NUL bytes", "Export")),
    "zero byte far down": (
        "a.csv",
        CSV + (LINES[1] + "\n") * 2000 + LINES[1].replace("K-", "K\0") + "\n",
        ("'a.csv'", "line 2402", "NUL byte", "again"),
    ),
    "control characters": ("a.csv", CSV.replace("Bonn", "B\x01nn", 1), ("'a.csv'", "control characters", "Export")),
    "cut off Parquet": ("a.parquet", WHOLE[: len(WHOLE) // 2], ("'a.parquet'", "cut off", "Copy or write it again")),
    "Parquet without its last byte": ("a.parquet", WHOLE[:-1], ("'a.parquet'", "cut off")),
    "Parquet with a damaged end": (
        "a.parquet",
        WHOLE[:-60] + b"\xff" * 40 + WHOLE[-20:],
        ("'a.parquet'", "cannot be read", "damaged"),
    ),
    "text called Parquet": ("a.parquet", CSV, ("'a.parquet'", "no Parquet file", "right ending")),
    "infinite cell": ("a.csv", with_cell("size", "inf"), ("'size'", "1 infinite", "row 3", "Replace")),
    "infinite target": (
        "a.csv",
        csv(GOOD.assign(answer=np.where(GOOD.index == 3, np.inf, GOOD["weight"]))),
        ("'answer'", "infinite", "row 3"),
    ),
    "number beyond float32": (
        "a.csv",
        csv(GOOD.assign(weight=GOOD["weight"] * 1e39)),
        ("'weight'", "3.4e38", "Rescale"),
    ),
    "target beyond float32": (
        "a.csv",
        csv(GOOD.assign(answer=GOOD["weight"] * 1e300)),
        ("'answer'", "3.4e38", "Rescale"),
    ),
    "3,000 columns": (
        "a.csv",
        ",".join(f"c{i}" for i in range(3000)) + "\n" + ",".join(["1"] * 3000) + "\n",
        ("'a.csv'", "3,000 columns", "2,000", "Keep"),
    ),
    "target all equal": ("a.csv", csv(GOOD.assign(answer="yes")), ("'answer'", "'yes' in every row", "another column")),
    "target all missing": (
        "a.csv",
        csv(GOOD.assign(answer="")),
        ("'answer'", "empty in all 400 rows", "another column"),
    ),
    "nothing but identifiers": (
        "a.csv",
        csv(GOOD[["id", "answer"]].assign(c=7)),
        ("No column is left", "'id'", "'c'", "one value"),
    ),
    "nothing but addresses": (
        "a.csv",
        csv(GOOD[["answer"]].assign(note=[f"{i} Mill Lane Bath" for i in GOOD.index])),
        ("'note'", "reads like names or addresses", "--types note=text"),
    ),
    "lists in cells": (
        "a.parquet",
        parquet(GOOD.assign(weight=[[1, 2]] * len(GOOD))),
        ("'weight'", "holds a list", "one column of each part"),
    ),
    "dicts in cells": (
        "a.parquet",
        parquet(GOOD.assign(weight=[{"a": 1}] * len(GOOD))),
        ("'weight'", "dict", "one column of each part"),
    ),
}


@pytest.mark.parametrize("case", FILES, ids=str)
def test_a_file_that_is_no_table(case: str, here: Path) -> None:
    name, content, words = FILES[case]
    write(name, content)
    bar = ("--bar", "rmse <= 1") if "infinite target" in case or "target beyond" in case else BAR
    with untouched(here):
        must_be_refusal(call(*run_words(name, bar=bar)), 2, *words)


def test_the_same_refusals_in_an_audit(here: Path) -> None:
    write("a.csv", "size,,answer\n1,2,no\n")
    with untouched(here):
        must_be_refusal(call("audit", "a.csv", "--target", "answer"), 2, "column 2 has no name")
        must_be_refusal(call("audit", "a.csv", "--target", "answer", "--json"), 2, "column 2 has no name")


def test_no_file(here: Path) -> None:
    write("churn.csv", CSV)
    Path("link.csv").symlink_to("gone.csv")
    with untouched(here):
        must_be_refusal(
            call(*run_words("chrun.csv")), 2, "no file 'chrun.csv'", "Did you mean 'churn.csv'?", "Check the path"
        )
        must_be_refusal(call(*run_words("nowhere/churn.csv")), 2, "no file 'nowhere/churn.csv'", "Check the path")
        must_be_refusal(call(*run_words("link.csv")), 2, "'link.csv'", "a link", "Check where it points")
        must_be_refusal(
            call(*run_words("https://example.org/churn.csv")), 2, "an address", "downloads nothing", "Fetch"
        )
        must_be_refusal(call(*run_words("x" * 300)), 2, "cannot be opened", "name too long", "Check the path")
        must_be_refusal(call(*run_words(str(here))), 2, "is a folder", "Name one CSV, TSV or Parquet file")


def test_a_file_that_may_not_be_read(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rights do not stop root, who may run the tests: the file refuses by itself."""

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    write("churn.csv", CSV)
    monkeypatch.setattr(Path, "open", refuse)
    must_be_refusal(call(*run_words()), 2, "'churn.csv'", "permission denied", "your rights")


@pytest.mark.parametrize(
    ("column", "cells", "words"),
    [
        ("size", [np.inf, *[1.0] * 399], "infinite"),
        ("size", [[1.0]] * 400, "holds a list"),
        ("size", [{"a": 1}] * 400, "holds a dict"),
        ("answer", [{"a": 1}] * 400, "'answer' holds a dict"),
        ("answer", ["yes"] * 400, "in every row"),
        ("answer", [None] * 400, "empty in all"),
    ],
)
def test_a_frame_is_refused_as_a_file_is(column: str, cells: list[Any], words: str, here: Path) -> None:
    with untouched(here), pytest.raises(DataError, match=words):
        deepenough.run(GOOD.assign(**{column: cells}), "answer", bar=BAR[1], out="out")


def test_a_frame_with_doubled_or_no_names(here: Path) -> None:
    doubled = pd.concat([GOOD, GOOD[["size"]]], axis=1)
    with untouched(here):
        with pytest.raises(DataError, match="2 columns called 'size'"):
            deepenough.run(doubled, "answer")
        with pytest.raises(DataError, match="column 2 has no name"):
            deepenough.run(GOOD.rename(columns={"size": ""}), "answer")
        with pytest.raises(DataError, match="no rows"):
            deepenough.run(GOOD.head(0), "answer")


# --- files that are odd and yet tables --------------------------------------------------------------------------------

ODD: dict[str, Callable[[], pd.DataFrame]] = {
    "nullable types": lambda: GOOD.assign(
        size=GOOD["size"].astype("Float64"),
        member=pd.array([None, True, False, True] * 100, dtype="boolean"),
        town=GOOD["town"].astype("string"),
        age=pd.array([None, 1, 2, 3, 4] * 80, dtype="Int64"),
        kind=GOOD["town"].astype("category"),
    ),
    "numbers as objects": lambda: GOOD.assign(size=GOOD["size"].astype(str), weight=GOOD["weight"].astype(object)),
    "whole numbers beyond 2^53": lambda: GOOD.assign(code=[2**53 + 1 + 3 * (i % 200) for i in range(400)]),
    "whole numbers beyond 2^63": lambda: GOOD.assign(
        code=np.array([2**64 - 1 - 3 * (i % 200) for i in range(400)], dtype=np.uint64)
    ),
    "the year 1": lambda: GOOD.assign(day=[f"0001-01-{1 + i % 28:02d}" for i in range(400)]),
    "the year 9999": lambda: GOOD.assign(
        day=["9999-12-31" if i % 2 else f"2026-01-{1 + i % 28:02d}" for i in range(400)]
    ),
    "times of day": lambda: GOOD.assign(day=pd.to_timedelta(np.arange(400) % 24, unit="h")),
    "bytes": lambda: GOOD.assign(raw=[b"ab"[i % 2 :] for i in range(400)]),
    "names nobody expects": lambda: GOOD.rename(columns={"size": 's,i"z e', "town": "[red]<b>é\n", "weight": "row"}),
    "an empty column": lambda: GOOD.assign(nothing=np.nan),
}


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("case", ODD, ids=str)
def test_an_odd_table_is_answered(case: str, ending: str, here: Path) -> None:
    write(f"a.{ending}", csv(ODD[case]()) if ending == "csv" else parquet(ODD[case]()))
    said = call(*run_words(f"a.{ending}"))
    assert (said.code, said.err) == (0, ""), said
    assert sorted(p.name for p in here.iterdir()) == [f"a.{ending}", "out"]
    assert call("predict", "out", f"a.{ending}").out.count("\n") == len(GOOD) + 1


def test_dates_beyond_the_calendar_are_no_clock(here: Path) -> None:
    write("a.csv", csv(ODD["the year 9999"]()))
    with untouched(here):
        must_be_refusal(call(*run_words("a.csv", "--time", "day")), 2, "time column 'day'", "1678 to 2261")
