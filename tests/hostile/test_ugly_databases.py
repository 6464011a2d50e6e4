"""Databases that refuse, break off or are asked to write; and whole runs on rows that come from a query."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from calling import BAR, call, csv, must_be_refusal, people, untouched, write
from servers import PASSWORD, Server, binaries, postgresql

import deepenough as de

pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")
ALL = "SELECT * FROM people ORDER BY number"
SQLITE = "sqlite:///shop.db"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table() -> pd.DataFrame:
    return people(400).rename_axis("number").reset_index()


@pytest.fixture
def shop(here: Path) -> Path:
    with sqlite3.connect("shop.db") as connection:
        table().to_sql("people", connection, index=False)
    connection.close()
    return here / "shop.db"


def run_query(sql: str = ALL, db: str = SQLITE, *more: str) -> Any:
    words = ("--sql", sql, "--db", db, "--target", "answer", *BAR, "--no-report", "--cores", "1", "--out", "out")
    return call("run", *words, *more)


# --- SQLite -----------------------------------------------------------------------------------------------------------


def test_a_run_on_a_query_is_that_on_the_same_rows_in_a_file(shop: Path) -> None:
    write("people.csv", csv(table()))
    by_query, by_file = (de.load(s, "answer") for s in (de.Query(ALL, SQLITE), "people.csv"))
    assert by_query.fingerprint == by_file.fingerprint
    assert by_query.findings == by_file.findings == []
    assert run_query().code == 0
    run = json.loads(Path("out/run.json").read_text())
    assert run["source"] == f"a query of {SQLITE}: {ALL}"
    said = call("predict", "out", "people.csv")
    assert said.out.count("\n") == 401
    assert call("judge", "--export", "out", "rows.csv").code == 0, "the query is asked again, and gives the same rows"
    assert call("predict", "out", "rows.csv", "--out", "theirs.csv").code == 0
    assert call("judge", "theirs.csv", "--against", "out").code == 1, "nothing is gained over the same model"


def test_a_query_that_gives_other_rows_now_is_no_longer_judged_by(shop: Path) -> None:
    assert run_query().code == 0
    with sqlite3.connect("shop.db") as connection:
        connection.execute("DELETE FROM people WHERE number % 3 = 0")
    connection.close()
    must_be_refusal(call("judge", "--export", "out", "rows.csv"), 2, "The query has 266 rows", "Name the table")
    shop.unlink()
    must_be_refusal(call("judge", "--export", "out", "rows.csv"), 2, "no file 'shop.db'")


def test_a_query_without_an_order_is_noted(shop: Path) -> None:
    data = de.load(de.Query("SELECT * FROM people", SQLITE), "answer")
    assert [f.severity for f in data.findings] == ["note"] and "no ORDER BY" in data.findings[0].message
    assert "no ORDER BY" in call("audit", "--sql", "SELECT * FROM people", "--db", SQLITE, "--target", "answer").out


WRITES = {
    "another statement": ("DROP TABLE people", ("begins with 'DROP TABLE people'", "write a SELECT")),
    "two statements": ("SELECT 1; DELETE FROM people", ("several statements", "one SELECT")),
    "a second one behind a comment": ("SELECT 1 /* ; */ ; -- \n DROP TABLE people", ("several statements",)),
    "a setting": ("PRAGMA query_only = OFF", ("begins with 'PRAGMA", "only reads")),
    "a deletion in front": ("WITH a AS (SELECT 1) DELETE FROM people", ("holds DELETE", "only reads")),
    "a copy into a new table": ("SELECT * INTO copy FROM people", ("SELECT ... INTO", "only reads")),
    "nothing": ("  -- nothing\n", ("--sql is empty", "Write a SELECT")),
}


@pytest.mark.parametrize("case", WRITES, ids=str)
def test_what_is_no_query_is_refused(case: str, shop: Path) -> None:
    sql, words = WRITES[case]
    with untouched(shop.parent):
        must_be_refusal(run_query(sql), 2, *words)


ODD = {
    "a word in quotes that looks like two statements": ("SELECT *, 'a; DROP TABLE x' AS note FROM people;", 10),
    "colons and per cents": ("SELECT *, ':a %s %(b)s' AS note FROM people WHERE town LIKE '%o%' ; ", 10),
    "a comment behind the end": ("SELECT * FROM people; -- all of them", 9),
}


@pytest.mark.parametrize("case", ODD, ids=str)
def test_an_odd_query_is_asked_as_it_stands(case: str, shop: Path) -> None:
    sql, columns = ODD[case]
    data = de.load(de.Query(sql, SQLITE), "answer")
    assert len(data) > 100 and len(data.task.columns) + 1 >= columns


def broken(shop: Path) -> str:
    """The second half of the file is not what it was: reading breaks off on the way."""
    raw = bytearray(shop.read_bytes())
    raw[len(raw) * 2 // 3 :] = b"\xff" * (len(raw) - len(raw) * 2 // 3)
    shop.write_bytes(raw)
    return SQLITE


FAILS: dict[str, tuple[Any, str, tuple[str, ...]]] = {
    "no such table": (lambda _: SQLITE, "SELECT * FROM persons", ("no such table: persons", SQLITE, "Check")),
    "no such file": (lambda _: "sqlite:///shp.db", ALL, ("no file 'shp.db'", "Did you mean 'shop.db'")),
    "no file at all": (lambda _: "sqlite://", ALL, ("in memory", "Name its file")),
    "no database": (lambda _: f"sqlite:///{Path(__file__)}", ALL, ("no SQLite database",)),
    "a damaged database": (broken, ALL, ("malformed", "run it again")),
    "no rows": (lambda _: SQLITE, "SELECT * FROM people WHERE 0", ("gives no rows", "Check its conditions")),
    "one name twice": (lambda _: SQLITE, "SELECT size, town AS size FROM people", ("2 columns called 'size'", "Rename")),
    "a column without a name": (lambda _: SQLITE, 'SELECT size AS "", answer FROM people', ("column 1 has no name",)),
    "an unknown kind of database": (lambda _: "postgrs://u:geheim@h/x", ALL, ("'postgrs'", "Did you mean 'postgresql'")),
    "no URL": (lambda _: "geheim", ALL, ("no database URL", "sqlite:///")),
    "two @ before the host": (lambda _: "postgresql://u:ge@heim@h/x", ALL, ("u:***@h/x", "%40")),
    "a port that is none": (lambda _: "postgresql://u:geheim@h:port/x", ALL, ("u:***@h:port", "no database URL")),
    "nobody there": (lambda _: "postgresql://u:geheim@127.0.0.1:9/x?connect_timeout=2", ALL, ("u:***@127.0.0.1:9", "Check the URL")),
    "no such variable": (lambda _: "env:NO_SUCH_URL", ALL, ("no such environment variable", "Set it")),
}  # fmt: skip


@pytest.mark.parametrize("case", FAILS, ids=str)
def test_a_database_that_does_not_answer_is_a_sentence_without_its_password(case: str, shop: Path) -> None:
    make, sql, words = FAILS[case]
    if "postgresql" in make(shop):
        pytest.importorskip("psycopg", reason="psycopg is not installed")
    with untouched(shop.parent):
        said = run_query(sql, make(shop))
        must_be_refusal(said, 2, *words)
        assert "geheim" not in said.err and "heim" not in said.err


def test_options_that_do_not_go_together(shop: Path) -> None:
    write("a.csv", csv(table()))
    with untouched(shop.parent):
        for words in (("a.csv", "--sql", ALL, "--db", SQLITE), ("--sql", ALL), ("--db", SQLITE), ()):
            must_be_refusal(call("run", *words, "--target", "answer"), 2, "Give")
            must_be_refusal(call("audit", *words, "--target", "answer"), 2, "Give")


# --- PostgreSQL, a real one -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
    if binaries() is None:
        pytest.skip("no PostgreSQL server is installed (initdb, pg_ctl)")
    with postgresql() as found:
        frame = table()
        with psycopg.connect(found.url()) as connection:
            connection.execute(
                "CREATE TABLE people (number int, id text, size numeric, weight float8, town text, since text, member bool, "
                "answer text, seen timestamptz, born date)"
            )
            with connection.cursor().copy("COPY people FROM STDIN") as copy:
                for i, row in enumerate(frame.itertuples(index=False)):
                    cells = [None if v != v else v for v in row]
                    copy.write_row([*cells, f"2026-02-{1 + i % 28:02d} 12:00+00", f"19{50 + i % 50}-01-01"])
            connection.execute("CREATE SEQUENCE counter")
        yield found


def test_a_run_on_postgresql_keeps_no_password(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    said = run_query(ALL, server.url())
    assert said.code == 0, said
    for path in (p for p in Path("out").rglob("*") if p.is_file()):
        assert PASSWORD.encode() not in path.read_bytes(), path
    run = json.loads(Path("out/run.json").read_text())
    assert ":***@127.0.0.1" in run["command"] and ":***@127.0.0.1" in run["source"]
    kinds = {c["name"]: c["kind"] for c in run["task"]["columns"]}
    assert (kinds["size"], kinds["member"], kinds["seen"], kinds["born"]) == ("number", "boolean", "time", "time")
    must_be_refusal(call("judge", "--export", "out", "rows.csv"), 2, "neither its password nor its rows", "--data")
    answered = call("predict", "out", "--sql", ALL, "--db", server.url())
    assert answered.code == 0 and answered.out.count("\n") == 401, answered
    rows = de.load(de.Query(ALL, server.url()), "answer")
    assert len(rows) == 400

    monkeypatch.setenv("SHOP_URL", server.url())
    assert run_query(ALL, "env:SHOP_URL", "--overwrite").code == 0
    assert json.loads(Path("out/run.json").read_text())["source"] == f"a query of env:SHOP_URL: {ALL}"
    assert call("judge", "--export", "out", "rows.csv").code == 0


@pytest.mark.parametrize(
    ("sql", "change", "words"),
    [
        (ALL, {"password": "wr%40ng-one"}, ("password authentication failed", "***")),
        (ALL, {"database": "nothing"}, ('database "nothing" does not exist',)),
        ("SELECT nextval('counter')", {}, ("read-only transaction",)),
        ("SELECT 1 / (number - 200), answer FROM people", {}, ("division by zero",)),
        ("SELECT DATE 'infinity' AS day, answer FROM people", {}, ("date too large",)),
        ("SELECT ARRAY[1, 2] AS parts, answer FROM people", {}, ("'parts' holds a list", "one column of each part")),
        ("SELECT '{}'::jsonb AS parts, answer FROM people", {}, ("'parts' holds a dict", "one column of each part")),
    ],
    ids=str,
)
def test_postgresql_refuses_in_a_sentence(
    sql: str, change: dict[str, str], words: tuple[str, ...], server: Server, here: Path
) -> None:
    with untouched(here):
        said = run_query(sql, server.url(**change))
        must_be_refusal(said, 2, *words)
        assert PASSWORD not in said.err and "ng-one" not in said.err


def test_postgresql_that_closes_in_the_middle_of_a_query(server: Server, here: Path) -> None:
    import psycopg

    slowly = "SELECT p.*, pg_sleep(0.002) AS slowly FROM people p, generate_series(1, 100)"
    stop = threading.Event()

    def close() -> None:
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' "
        with psycopg.connect(server.url(), autocommit=True) as connection:
            while not stop.wait(0.02):
                if connection.execute(end + "AND state = 'active' AND pid <> pg_backend_pid()").fetchall():
                    return

    closer = threading.Thread(target=close)
    closer.start()
    try:
        with untouched(here):
            must_be_refusal(run_query(slowly, server.url()), 2, "terminating connection", "run it again")
    finally:
        stop.set()
        closer.join()
