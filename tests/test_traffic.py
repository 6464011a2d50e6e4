"""What is asked and answered is kept, joined with the truth by id, and forgotten when it must be; a full disk stops nobody."""

from __future__ import annotations

import json
import resource
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asking import BEARER, GOLDEN, TOKEN, Server, eventually, refused, serving

from deepenough.errors import SettingError, StorageError
from deepenough.traffic import Entry, Label, Log, Writer, _writer, fingerprint, open_log
from deepenough.traffic._entry import record

MODEL = GOLDEN / "linear-classification" / "bundle"
ROW = json.loads((MODEL / "examples.json").read_text())["rows"][0]


def entry(i: int, key: str | None = None, when: float | None = None) -> Entry:
    rows, answer = [{"age": i, "town": "Kiel"}], {"prediction": ["yes"], "probability_yes": [0.75]}
    return Entry(f"r-{i}", when or 1000.0 + i, key, "churn", "1", "champion", "predict", 1.5, True, rows, answer)


@pytest.fixture(params=["sqlite", "postgresql"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    address = request.getfixturevalue("server_of_logs") if request.param == "postgresql" else tmp_path / "a" / "log.db"
    found = open_log(address)
    found.forget(1e18)  # of the test before
    yield found
    found.close()


# --- the log -----------------------------------------------------------------------------------------------------------


def test_what_is_written_is_read(log: Log) -> None:
    log.write([record(entry(i), "full") for i in range(5)])
    lines = log.requests(since=1001.0, until=1004.0)
    assert [line["id"] for line in lines] == ["r-1", "r-2", "r-3"]
    assert json.loads(lines[0]["inputs"]) == [{"age": 1, "town": "Kiel"}]
    assert json.loads(lines[0]["answer"])["prediction"] == ["yes"] and lines[0]["n"] == 1


def test_truth_is_joined_by_id_and_row(log: Log) -> None:
    log.write([record(entry(i), "none") for i in range(3)])
    kept, unknown = log.label(
        [
            Label("r-1", 0, "no", 5.0),
            Label("r-9", 0, "no", 5.0),
            Label("r-2", 1, "no", 5.0),
            Label("r-2", -1, "no", 5.0),
        ]
    )
    assert kept == 1 and unknown == ["r-9", "r-2", "r-2"]
    assert log.label([Label("r-1", 0, "yes", 6.0), Label("r-1", 0, "yes", 6.0)]) == (2, [])
    assert [(line["id"], line["truth"], line["variant"]) for line in log.joined()] == [("r-1", "yes", "champion")]


def test_a_key_is_erased_with_its_truths(log: Log) -> None:
    log.write([record(entry(i, key="anna" if i % 2 else "bert"), "hash") for i in range(6)])
    log.label([Label("r-1", 0, "no", 5.0), Label("r-2", 0, "no", 5.0)])
    assert log.erase("anna") == 3 and log.erase("anna") == 0
    assert {line["key"] for line in log.requests()} == {"bert"}
    assert [line["id"] for line in log.joined()] == ["r-2"]


def test_what_is_old_is_forgotten(log: Log) -> None:
    log.write([record(entry(i), "none") for i in range(6)])
    log.label([Label("r-0", 0, "no", 5.0)])
    assert log.forget(1003.0) == 3
    assert [line["id"] for line in log.requests()] == ["r-3", "r-4", "r-5"] and log.joined() == []


def test_a_group_is_kept_whole_or_not_at_all(log: Log) -> None:
    good, bad = record(entry(1), "none"), record(entry(2)._replace(model=None), "none")  # type: ignore[arg-type]
    with pytest.raises(StorageError):
        log.write([good, bad])
    assert log.requests() == []
    log.write([good])
    assert len(log.requests()) == 1


def test_erased_is_erased_from_the_files(tmp_path: Path) -> None:
    found = open_log(tmp_path / "log.db")
    found.write([record(entry(1, key="anna-4711"), "none"), record(entry(2, key="bert"), "none")])
    found.erase("anna-4711")
    assert all(b"anna-4711" not in p.read_bytes() for p in tmp_path.iterdir())
    found.close()


def test_another_ones_file_is_not_written_into(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as other:
        other.execute("CREATE TABLE t (a)")
    other.close()
    (tmp_path / "text.db").write_text("no database at all, but long enough to be looked at as one" * 40)
    for name in ("shop.db", "text.db"):
        with pytest.raises(StorageError, match=name):
            open_log(tmp_path / name)
    with pytest.raises(SettingError, match="postgresql"):
        open_log("mysql://x/y")
    with pytest.raises(StorageError) as caught:
        open_log("postgresql://anna:secret@127.0.0.1:1/x")
    assert "secret" not in str(caught.value)


def test_inputs_are_kept_as_asked() -> None:
    full, hashed, none = (record(entry(1), inputs, ["town"])[10] for inputs in ("full", "hash", "none"))
    assert json.loads(str(full)) == [{"age": 1, "town": "[redacted]"}]
    assert hashed == fingerprint([{"town": "Kiel", "age": 1}]) and none is None


# --- the writer --------------------------------------------------------------------------------------------------------


def counted(open_it: Callable[[], Log]) -> tuple[Writer, dict[str, int]]:
    counts = {"logged": 0, "lost": 0}

    def add(name: str) -> Callable[[int], None]:
        return lambda n: counts.update({name: counts[name] + n})

    return Writer(open_it, logged=add("logged"), lost=add("lost")), counts


def test_a_full_disk_holds_what_it_can_and_counts_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite itself says that the disk is full, until there is room again."""
    for name, value in (("MOST", 40), ("EVERY_S", 0.01), ("AGAIN_S", 0.05)):
        monkeypatch.setattr(_writer, name, value)
    large = "k" * 9000  # more than one page
    log: Any = open_log(tmp_path / "log.db")
    log.ask("PRAGMA max_page_count = 1")
    writer, counts = counted(lambda: log)
    writer.put(entry(0, key=large))
    assert eventually(lambda: writer.degraded)
    for i in range(1, 100):
        writer.put(entry(i, key=large))
    assert counts == {"logged": 0, "lost": 60}
    log.ask("PRAGMA max_page_count = 10000")
    assert eventually(lambda: counts["logged"] == 40) and not writer.degraded
    writer.put(entry(100))
    writer.close()
    assert counts == {"logged": 41, "lost": 60}
    assert len(open_log(tmp_path / "log.db").requests()) == 41


def test_what_cannot_be_written_at_the_end_is_counted(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    writer, counts = counted(lambda: open_log(tmp_path / "file" / "log.db"))
    for i in range(7):
        writer.put(entry(i))
    writer.close()
    assert counts == {"logged": 0, "lost": 7}


def test_the_old_goes_by_itself(tmp_path: Path) -> None:
    log = open_log(tmp_path / "log.db")
    log.write([record(entry(1, when=time.time() - 10 * 86400), "none"), record(entry(2, when=time.time()), "none")])
    Writer(lambda: open_log(tmp_path / "log.db"), keep_days=5).close()
    assert [line["id"] for line in log.requests()] == ["r-2"]
    log.close()


# --- served ------------------------------------------------------------------------------------------------------------


def logged(server: Server, path: Path, n: int) -> list[dict[str, Any]]:
    log = open_log(path)
    try:
        eventually(lambda: len(log.requests()) >= n)
        return log.requests()
    finally:
        log.close()


def test_requests_are_logged_and_truth_is_joined(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    words = ("--log", str(path), "--log-inputs", "full", "--redact", "town", "--workers", "2")
    with serving(MODEL, *words, env={"DEEPENOUGH_TOKEN": TOKEN}) as server:
        ids = [server.predict(ROW, ROW, key=f"customer-{i % 2}").json["id"] for i in range(10)]
        server.predict(ROW | {"size": "x"})
        lines = logged(server, path, 10)
        assert sorted(line["id"] for line in lines) == sorted(ids)
        assert path.stat().st_mode & 0o077 == 0
        line = lines[0]
        assert json.loads(line["inputs"])[0] == ROW | {"town": "[redacted]"} and line["n"] == 2
        assert len(json.loads(line["answer"])["prediction"]) == 2 and 0 < line["latency_ms"] < 5000
        truths = [{"id": i, "row": 1, "truth": "yes"} for i in ids[:4]] + [{"id": "nobody", "truth": "no"}]
        said = server.ask("POST", "/labels", {"labels": truths}, BEARER)
        assert said.json == {"kept": 4, "unknown": ["nobody"]}
        assert server.ask("POST", "/labels", {"labels": truths}).status == 401
        fresh = server.predict(ROW).json["id"]  # maybe not written yet
        assert server.ask("POST", "/labels", {"labels": [{"id": fresh, "truth": True}]}, BEARER).json["kept"] == 1
        assert server.ask("POST", "/erase", {"key": "customer-1"}, BEARER).json == {"erased": 5}
        log = open_log(path)
        assert {line["key"] for line in log.requests()} == {"customer-0", None} and len(log.joined()) == 3
        log.close()
        assert server.counter("logged_total") == 11
    assert "is a database of something else" not in refused(tmp_path / "nothing")


def test_a_full_disk_does_not_stop_the_answers(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with serving(MODEL, "--log", str(path), "--log-inputs", "full") as server:
        (worker,) = server.workers
        assert server.predict(ROW).status == 200
        logged(server, path, 1)
        held = resource.prlimit(worker, resource.RLIMIT_FSIZE)
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (path.stat().st_size, held[1]))  # no file grows any more
        for _ in range(200):
            assert server.predict(*[ROW] * 20).status == 200
        ready = eventually(lambda: (r := server.get("/v2/health/ready")).json["log"] == "degraded" and r)
        assert ready.status == 200 and ready.json["ready"] is True
        assert server.counter("log_degraded") == 1
        resource.prlimit(worker, resource.RLIMIT_FSIZE, held)
        assert eventually(lambda: server.get("/v2/health/ready").json["log"] == "ok")
        assert len(logged(server, path, 201)) == 201 and server.get("/v2/health/ready").json["unlogged"] == 0


def test_a_server_logs_into_postgresql(server_of_logs: str) -> None:
    with serving(MODEL, "--log", server_of_logs, env={"DEEPENOUGH_TOKEN": TOKEN}) as server:
        said = server.predict(ROW).json
        truth = {"labels": [{"id": said["id"], "truth": said["predictions"][0]["prediction"]}]}
        assert server.ask("POST", "/labels", truth, BEARER).json == {"kept": 1, "unknown": []}
    log = open_log(server_of_logs)
    assert [line["id"] for line in log.joined()] == [said["id"]]
    log.close()
