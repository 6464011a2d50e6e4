"""What the tests of the command line share: a table, a call, and what a refusal must look like."""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd

from deepenough.cli import main

N = 400
BAR = ("--bar", "accuracy >= 0.7")  # a linear model meets it with ease, so that nothing slow is fitted


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    code: int
    out: str
    err: str


def people(n: int = N, seed: int = 0) -> pd.DataFrame:
    """An identifier, two numbers, a category, a date and a boolean, some missing; the answer follows `size`."""
    rng = np.random.default_rng(seed)
    size = rng.normal(size=n).round(4)
    days = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D")
    return pd.DataFrame(
        {
            "id": [f"K-{i * 37 % 1009}" for i in range(n)],
            "size": np.where(rng.random(n) < 0.03, np.nan, size),
            "weight": rng.gamma(2.0, 1.0, n).round(3),
            "town": rng.choice(["Bonn", "Kiel", "Ulm"], n),
            "since": days.strftime("%d.%m.%Y"),
            "member": rng.random(n) < 0.5,
            "answer": np.where(size + rng.normal(0, 0.5, n) > 0.2, "yes", "no"),
        }
    )


def run_words(
    table: str = "churn.csv", *more: str, target: str = "answer", bar: tuple[str, ...] = BAR, out: str = "out"
) -> tuple[str, ...]:
    return ("run", table, "--target", target, *bar, "--no-report", "--cores", "1", "--out", out, *more)


def call(*words: str) -> Said:
    """Run a command in this process, through the very function that the console script calls."""
    out, err = io.StringIO(), io.StringIO()
    with patch.object(sys, "argv", ["deepenough", *words]), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            return Said(int(end.code or 0), out.getvalue(), err.getvalue())
    raise AssertionError("main() returned without an exit code")


def everything(folder: Path) -> dict[str, str]:
    """Every path under a folder, hidden ones too, and the hash of what stands in it."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() if p.is_file() else ""
        for p in folder.rglob("*")
    }


@contextmanager
def untouched(folder: Path) -> Iterator[None]:
    before = everything(folder)
    yield
    assert everything(folder) == before


def must_be_refusal(said: Said, code: int, *words: str) -> None:
    """One sentence on stderr that names the thing, what was seen and the mend; nothing on stdout."""
    assert said.code == code, said
    assert said.out == ""
    assert said.err.startswith("deepenough: ") and said.err.count("\n") == 1, said.err
    assert "Traceback" not in said.err and "should not" not in said.err, said.err
    assert len(said.err) < 600, said.err
    for word in words:
        assert word in said.err, (word, said.err)


def csv(frame: pd.DataFrame) -> str:
    text: str = frame.to_csv(index=False)
    return text


def write(name: str, content: str | bytes) -> None:
    """Write a file, and the folders it stands in."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
