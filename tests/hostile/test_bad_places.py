"""Places that cannot be written, disks that are full, runs that are damaged: the sentence, and what was there stays."""

from __future__ import annotations

import errno
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from calling import call, csv, everything, must_be_refusal, people, run_words, untouched, write
from test_corridor import steady

from deepenough.errors import DeepEnoughError
from deepenough.seal import verify

GOOD = people()
CSV = csv(GOOD)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- places that cannot be written ------------------------------------------------------------------------------------


def test_a_place_that_cannot_be_written(here: Path) -> None:
    write("churn.csv", CSV)
    with untouched(here):
        must_be_refusal(
            call(*run_words(out="churn.csv/out")), 3, "'churn.csv/out'", "'churn.csv' is a file, not a folder", "--out"
        )
        must_be_refusal(call(*run_words(out="/proc/out")), 3, "'/proc/out' could not be written", "--out")


def test_a_place_that_is_taken(here: Path) -> None:
    write("churn.csv", CSV)
    write("photos/sea.jpg", b"sea")
    assert call(*run_words()).code == 0
    with untouched(here):
        must_be_refusal(call(*run_words(out="churn.csv")), 2, "'churn.csv' exists and is no run", "another --out")
        must_be_refusal(call(*run_words(out="photos")), 2, "'photos' exists and is no run", "another --out")
        must_be_refusal(call(*run_words("churn.csv", "--overwrite", out="photos")), 2, "'photos' exists and is no run")
        must_be_refusal(call(*run_words(out=".")), 2, "is no run")
        must_be_refusal(call(*run_words()), 2, "'out' holds a run already", "--overwrite")
    assert call(*run_words("churn.csv", "--overwrite", "--seed", "5")).code == 0
    assert '"seed": 5' in Path("out/run.json").read_text()


@pytest.mark.parametrize("nth", [1, 3, 8, 21])
def test_a_disk_that_is_full_at_any_file(nth: int, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever cannot be written ends the run, the run before survives it; with space again the same command goes on."""
    write("churn.csv", CSV)
    assert call(*run_words()).code == 0
    before, verdict = everything(here), steady(json.loads(Path("out/verdict.json").read_text()))
    asked = {"out": run_words("churn.csv", "--overwrite"), "new": run_words(out="new")}
    for out, words in asked.items():
        with monkeypatch.context() as patch:
            count, real = [0], os.fsync

            def full(handle: int, count: list[int] = count, real: Callable[[int], None] = real) -> None:
                count[0] += 1
                if count[0] >= nth:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                real(handle)

            patch.setattr(os, "fsync", full)
            kept = ("the same command goes on",) if nth > 1 else ()
            must_be_refusal(call(*words), 3, f"'{out}", "no space left on device", "Free some space", *kept)
        left = everything(here)
        assert {k: v for k, v in left.items() if not k.startswith((".out.next", "new"))} == before
        assert nth > 1 or left == before, "nothing was begun, and nothing is left"
    for out, words in asked.items():
        assert call(*words).code == 0
        assert steady(json.loads(Path(out, "verdict.json").read_text())) == verdict
        assert not list(here.rglob(".*"))


def limited(size: int, *words: str) -> subprocess.CompletedProcess[str]:
    def no_more() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return subprocess.run(
        [sys.executable, "-m", "deepenough", *words], capture_output=True, text=True, check=False, preexec_fn=no_more
    )


def test_files_that_may_not_grow(here: Path) -> None:
    """A real limit of the system: the report, and then the answers, are too large for it."""
    write("churn.csv", CSV)
    assert call(*run_words()).code == 0
    before = everything(here)
    with_report = [word for word in run_words("churn.csv", "--overwrite") if word != "--no-report"]
    for words in (with_report, ["report", "out"], ["predict", "out", "churn.csv", "--out", "answers.csv"]):
        done = limited(12_000, *words)
        assert done.returncode == 3 and done.stdout == "", (words, done)
        assert (
            done.stderr.startswith("deepenough: ")
            and done.stderr.count("\n") == 1
            and "file too large" in done.stderr.lower()
        ), done.stderr
        assert {k: v for k, v in everything(here).items() if not k.startswith(".out.next")} == before


ON_A_SMALL_DISK = """
mount -t tmpfs -o size=100k tmpfs disk || exit 9
"$@" && exit 8
test $? = 3 || exit 7
mount -o remount,size=40m disk || exit 9
"$@" || exit 6
cp -r disk/out out
"""


def test_a_disk_that_is_too_small_and_then_larger(here: Path) -> None:
    """A real file system that fills while trials are written; grown, the same command comes to the verdict."""
    write("churn.csv", CSV)
    Path("disk").mkdir()
    words = [sys.executable, "-m", "deepenough", *run_words(out="disk/out")]
    try:
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-c", ON_A_SMALL_DISK, "sh", *words], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("unshare is not installed")
    if done.returncode in (1, 9) and "deepenough" not in done.stderr:
        pytest.skip("file systems of one's own are not allowed here")
    assert done.returncode == 0, done.stderr
    assert "no space left on device" in done.stderr and "the same command goes on from here" in done.stderr
    assert verify("out").faults == [] and not list(Path("out").rglob(".*"))
    events = [json.loads(line)["event"] for line in Path("out/sealed.jsonl").read_text().splitlines()]
    assert events == ["plan", "opening", "verdict"]


# --- what predict refuses ---------------------------------------------------------------------------------------------


def test_answers_that_cannot_be_written(here: Path) -> None:
    write("churn.csv", CSV)
    assert call(*run_words()).code == 0
    with untouched(here):
        must_be_refusal(call("predict", "out", "churn.csv", "--out", "a.xlsx"), 2, "'.xlsx'", ".csv or .parquet")
        must_be_refusal(
            call("predict", "out", "churn.csv", "--out", "out"), 3, "'out' could not be written", "is a directory"
        )
        must_be_refusal(
            call("predict", "out", "churn.csv", "--out", "churn.csv/a.csv"), 3, "'churn.csv' is a file, not a folder"
        )
        must_be_refusal(call("predict", "out", "chrun.csv"), 2, "no file 'chrun.csv'", "Did you mean 'churn.csv'?")


def test_a_run_that_is_damaged(here: Path) -> None:
    write("churn.csv", CSV)
    assert call(*run_words()).code == 0
    write("out/verdict.json", "{")
    must_be_refusal(call("report", "out"), 2, "out/verdict.json", "cannot be read")
    must_be_refusal(call("predict", "out", "churn.csv"), 2, "out/verdict.json", "cannot be read")


def test_a_run_that_ships_nothing(here: Path) -> None:
    """Its data were not ready: there is a verdict, and no model."""
    write("churn.csv", csv(GOOD.head(12)))
    assert call(*run_words()).code == 1
    must_be_refusal(call("predict", "out", "churn.csv"), 2, "'out'", "no model")


def test_what_should_not_happen_is_a_sentence_too(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("two\nlines")

    write("churn.csv", CSV)
    monkeypatch.delenv("DEEPENOUGH_DEBUG", raising=False)
    monkeypatch.setattr("deepenough.runs.load", fail)
    said = call(*run_words())
    assert said.code == 3 and said.out == ""
    assert (
        said.err.startswith("deepenough: Something failed that should not: RuntimeError: two lines.")
        and said.err.count("\n") == 1
    )
    assert "DEEPENOUGH_DEBUG=1" in said.err and not issubclass(RuntimeError, DeepEnoughError)
    monkeypatch.setenv("DEEPENOUGH_DEBUG", "1")
    with pytest.raises(RuntimeError):
        call(*run_words())
