"""The command line: help, lists, documents on stdout, exit codes, files, silence, and what Ctrl-C leaves."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from calling import N, Said, call, everything, people, run_words
from typer.main import get_command

from deepenough import shelves
from deepenough.cli import app
from deepenough.demo import COMMANDS

GROUP: Any = get_command(app)
QUICK = ("--budget", "1s")  # by the table of costs: enough for the linear model, and for nothing that is slow


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    """A run of 400 people that meets its bar, with its report, and what was said of it."""
    folder = tmp_path_factory.mktemp("cli")
    people().to_csv(folder / "churn.csv", index=False)
    words = [w for w in run_words(str(folder / "churn.csv"), "--json", out=str(folder / "out")) if w != "--no-report"]
    return folder, call(*words)


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    people().to_csv("churn.csv", index=False)
    return "churn.csv"


# --- help and lists ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["--help", "-h"])
def test_help_names_every_command(asked: str) -> None:
    said = call(asked)
    assert (said.code, said.err) == (0, "")
    assert all(f"\n  {name} " in said.out for name in ("run", "audit", "report", "predict", "list", "demo"))


@pytest.mark.parametrize("name", sorted(GROUP.commands))
def test_help_explains_every_word(name: str) -> None:
    said = call(name, "--help")
    assert said.code == 0 and said.err == ""
    assert said.out.startswith(f"Usage: deepenough {name}")
    for parameter in GROUP.commands[name].params:
        assert parameter.help or parameter.name == "help", f"{name}: {parameter.name} has no help"


def test_no_command_is_help_and_a_wrong_call() -> None:
    said = call()
    assert said.code == 2 and said.out == "" and "Commands:" in said.err


@pytest.mark.parametrize("shelf", shelves.SHELVES)
def test_every_shelf_is_listed(shelf: str) -> None:
    said, document = call("list", shelf), json.loads(call("list", shelf, "--json").out)
    assert (said.code, said.err) == (0, "") and list(document) == [shelf]
    assert [book["name"] for book in document[shelf]] == list(shelves.shelf(shelf))
    assert all(
        book["name"] in said.out and book["summary"] and isinstance(book["missing"], list) for book in document[shelf]
    )


def test_all_shelves_are_listed() -> None:
    assert list(json.loads(call("list", "--json").out)) == list(shelves.SHELVES)
    assert all(f"\n{shelf}\n" in "\n" + call("list").out for shelf in shelves.SHELVES)


# --- run --------------------------------------------------------------------------------------------------------------

RANGE = {"value": float, "low": (float, type(None)), "high": (float, type(None))}
TRIAL = {
    "candidate": str,
    "rung": int,
    "deep": bool,
    "status": str,
    "reason": (str, type(None)),
    "validation": (dict, type(None)),
    "test": (dict, type(None)),
    "gain": (dict, type(None)),
    "latency_ms": (dict, type(None)),
    "fit_seconds": (float, type(None)),
    "cpu_seconds": (float, type(None)),
    "size_bytes": (int, type(None)),
    "cost": (dict, type(None)),
}
VERDICT = {
    "schema": str,
    "outcome": str,
    "sentence": str,
    "chosen": str,
    "metric": str,
    "worth_used": float,
    "evidence": str,
    "flags": list,
    "advice": (str, type(None)),
    "segments": list,
    "openings": int,
    "seed": int,
    "versions": dict,
    "task": {"kind": str, "modality": str, "target": str, "rows": int, "classes": int},
    "bar": {
        "text": str,
        "metric": str,
        "at_least": bool,
        "threshold": float,
        "latency_ms": (float, type(None)),
        "size_mb": (float, type(None)),
        "cost": (float, type(None)),
    },
    "deep_learning": {
        "worth_it": str,
        "reason": (str, type(None)),
        "why": str,
        "best_deep": (str, type(None)),
        "best_classical": str,
        "gain": (dict, type(None)),
        "times": (dict, type(None)),
        "rows_to_settle": (int, type(None)),
        "rows_planning": (int, type(None)),
    },
}


def must_have(document: dict[str, Any], fields: dict[str, Any]) -> None:
    for name, kind in fields.items():
        if isinstance(kind, dict):
            must_have(document[name], kind)
        else:
            assert isinstance(document[name], kind), (name, document[name])


def test_a_run_prints_one_document(done: tuple[Path, Said]) -> None:
    folder, said = done
    document = json.loads(said.out)
    assert said.code == 0 and document == json.loads((folder / "out" / "verdict.json").read_text())
    must_have(document, VERDICT)
    assert (document["schema"], document["outcome"], document["chosen"]) == ("deepenough.verdict/1", "met", "linear")
    assert (document["task"]["rows"], document["openings"], document["deep_learning"]["worth_it"]) == (N, 1, "no")
    for trial in document["trials"]:
        must_have(trial, TRIAL)
        assert trial["status"] in ("ok", "failed", "skipped", "unavailable") and (trial["status"] == "ok") == (
            trial["reason"] is None
        )
        for score in ("validation", "test", "gain"):
            must_have(trial[score], RANGE) if trial[score] else None
    assert document["sentence"].split(":")[0] in said.err and "What to do next" in said.err


def test_a_run_keeps_its_documents(done: tuple[Path, Said]) -> None:
    names = {p.name for p in (done[0] / "out").iterdir()}
    assert names == {
        "run.json",
        "audit.json",
        "split.json",
        "sealed.jsonl",
        "trials",
        "figures",
        "verdict.json",
        "leaderboard.csv",
        "report.html",
        "bundle",
    }
    assert not [p for p in done[0].iterdir() if p.name.startswith(".")]
    command = json.loads((done[0] / "out" / "run.json").read_text())["command"]
    assert command.startswith("deepenough run ") and ">= 0.7" in command


@pytest.mark.parametrize(
    ("rows", "bar", "code", "outcome"),
    [
        (N, (), 0, "chosen"),
        (N, ("--bar", "accuracy >= 0.999"), 1, "missed"),
        (N, ("--bar", "accuracy >= 0.83"), 1, "undecided"),
        (14, ("--bar", "accuracy >= 0.7"), 1, "not_ready"),
    ],
)
def test_exit_codes_tell_the_outcome(rows: int, bar: tuple[str, ...], code: int, outcome: str, table: str) -> None:
    people(rows).to_csv(table, index=False)
    said = call(*run_words(table, "--json", *QUICK, bar=bar))
    document = json.loads(said.out)
    assert (said.code, document["outcome"]) == (code, outcome)
    assert document["chosen"] is None or Path("out/bundle/model.onnx").is_file()


def test_words_for_people_go_to_stdout_and_nothing_to_stderr(table: str) -> None:
    """Not on a terminal: no progress, no colours."""
    said = call(*run_words(table))
    assert (said.code, said.err) == (0, "")
    assert "Bar met" in said.out and "Everything is in out" in said.out and "\x1b" not in said.out
    assert sorted(p.name for p in Path().iterdir()) == [table, "out"]


def test_a_run_without_a_place_is_numbered(table: str) -> None:
    words = [w for w in run_words(table) if w not in ("--out", "out")]
    assert [call(*words).code for _ in range(2)] == [0, 0]
    assert sorted(p.name for p in Path("runs").iterdir()) == ["churn", "churn-2"]


def test_types_may_be_parted_by_commas_or_repeated(table: str) -> None:
    said = call(*run_words(table, "--types", "town=high_cardinality,member=category", "--types", "id=text"))
    kinds = {c["name"]: c["kind"] for c in json.loads(Path("out/run.json").read_text())["task"]["columns"]}
    assert said.code == 0 and (kinds["member"], kinds["id"]) == ("category", "text")


# --- audit, report, predict -------------------------------------------------------------------------------------------


def test_an_audit_says_what_it_found(table: str) -> None:
    said, document = call("audit", table, "--target", "answer"), call("audit", table, "--target", "answer", "--json")
    found = json.loads(document.out)
    assert (said.code, said.err, document.code) == (0, "", 0) and said.out.strip() == document.err.strip()
    assert set(found) == {"schema", "findings", "not_applicable"} and found["schema"] == "deepenough.audit/1"
    for finding in found["findings"]:
        assert set(finding) == {"code", "severity", "subject", "message", "remedy", "evidence", "rows"}
        assert finding["code"] in said.out
    assert all(set(skipped) == {"code", "reason"} for skipped in found["not_applicable"])
    assert sorted(p.name for p in Path().iterdir()) == [table]


def test_an_audit_with_a_blocker_ends_in_one(table: str) -> None:
    people(14).to_csv(table, index=False)
    said = call("audit", table, "--target", "answer", "--json")
    findings = json.loads(said.out)["findings"]
    assert said.code == 1 and findings[0]["severity"] == "blocker"
    order = [["blocker", "warning", "note"].index(f["severity"]) for f in findings]
    assert order == sorted(order)


def test_a_report_is_written_again(done: tuple[Path, Said]) -> None:
    page = done[0] / "out" / "report.html"
    before = page.read_bytes()
    page.unlink()
    said = call("report", str(done[0] / "out"))
    assert (said.code, said.out, said.err) == (0, f"Written: {page}\n", "") and page.read_bytes() == before
    assert json.loads(call("report", str(done[0] / "out"), "--json").out) == {"report": str(page)}


def test_predictions_go_where_they_are_asked_for(done: tuple[Path, Said], tmp_path: Path) -> None:
    run, table = str(done[0] / "out"), str(done[0] / "churn.csv")
    before = everything(done[0])
    plain = call("predict", run, table)
    assert (plain.code, plain.err) == (0, "") and plain.out.splitlines()[
        0
    ] == "id,prediction,probability_no,probability_yes,in_range"
    said = call("predict", run, table, "--out", str(tmp_path / "new" / "a.csv"))
    assert (said.code, said.out, said.err) == (0, f"{N} rows answered: {tmp_path / 'new' / 'a.csv'}\n", "")
    assert (tmp_path / "new" / "a.csv").read_text() == plain.out
    both = call("predict", run, table, "--out", str(tmp_path / "a.parquet"), "--json")
    assert json.loads(both.out) == {"rows": N, "out": str(tmp_path / "a.parquet")} and "rows answered" in both.err
    columns = json.loads(call("predict", run, table, "--json").out)
    frame = pd.read_parquet(tmp_path / "a.parquet")
    assert list(frame) == list(columns) and frame["id"].tolist() == columns["id"]
    assert frame["probability_yes"].tolist() == pytest.approx(columns["probability_yes"])
    assert call("predict", run + "/bundle", table).out == plain.out
    assert everything(done[0]) == before


# --- processes --------------------------------------------------------------------------------------------------------


def start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "deepenough", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_ctrl_c_leaves_nothing_half_done(table: str) -> None:
    """The run that --overwrite was to replace stays as it was; what was begun stands beside it."""
    assert call(*run_words(table)).code == 0
    people(20_000).to_csv("large.csv", index=False)
    before = everything(Path())
    process = start(*run_words("large.csv", "--overwrite", "--full", bar=()))
    deadline = time.monotonic() + 60
    while not Path(".out.next/run.json").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, ""), err
    assert err.startswith("deepenough: Stopped.") and err.count("\n") == 1 and "same command" in err
    left = {path: found for path, found in everything(Path()).items() if not path.startswith(".out.next")}
    assert left == before and Path(".out.next/run.json").exists(), "what the same command goes on with"


def test_ctrl_c_that_a_library_lets_fall_comes_again() -> None:
    lost = """
import os, signal, time
from deepenough import ending
ending.insist(0.2)
try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)
except KeyboardInterrupt:
    pass
try:
    time.sleep(20)
except KeyboardInterrupt:
    print("stopped")
    os._exit(0)
"""
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", lost], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("stopped\n", 0) and time.monotonic() - begun < 15, done.stderr


def test_a_reader_that_leaves_early_is_no_error(done: tuple[Path, Said], tmp_path: Path) -> None:
    people(20_000).to_csv(tmp_path / "large.csv", index=False)
    process = start("predict", str(done[0] / "out"), str(tmp_path / "large.csv"))
    assert process.stdout and process.stderr
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(60) in (1, 141)


def test_the_console_script_is_the_same_command() -> None:
    script = shutil.which("deepenough", path=str(Path(sys.executable).parent))
    if script is None:
        pytest.skip("the package is not installed beside this Python")
    found = subprocess.run([script, "list", "tasks", "--json"], capture_output=True, text=True, check=True)
    assert found.stdout == call("list", "tasks", "--json").out


def test_the_commands_of_the_demo_parse() -> None:
    for _, words in COMMANDS:
        GROUP.commands[words[0]].make_context(words[0], [word.format(folder="demo") for word in words[1:]])
