"""CPU seconds of whole processes: from the start of Python to a verdict.

    python benchmarks/corridor.py [--repeats 5] [--only telco]

User and system seconds of the child and all that it started, one warm-up run before (it writes the bytecode). CPU seconds on a
busy machine err upwards only, so the smallest of the repeats is held against the height; the median stands beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import _record

SEED = 0
COMMAND = str(Path(sys.executable).parent / "deepenough")


@dataclass(frozen=True)
class Case:
    """One command, and the CPU seconds it may take."""

    name: str
    command: list[str]
    height: float
    repeats: int
    folder: Path | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def measure(command: list[str]) -> float:
    """Return the CPU seconds of a command that must end with 0 or 1."""
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in (0, 1):
            said.seek(0)
            raise SystemExit(f"{' '.join(command)} ended with {child.returncode}:\n{said.read().decode()[-2000:]}")
    return usage.ru_utime + usage.ru_stime


def start_cases(repeats: int) -> list[Case]:
    """The import and the help page."""
    return [
        Case("import deepenough", [sys.executable, "-c", "import deepenough"], 0.15, 2 * repeats),
        Case("deepenough --help", [COMMAND, "--help"], 0.25, 2 * repeats),
    ]


def run_cases(work: Path, repeats: int) -> list[Case]:
    """`deepenough run` on each table, without and with its report."""
    cases = []
    for name, words, plain, full in tables(work):
        for report, height in ((False, plain), (True, full)):
            folder = work / "runs" / f"{name}-{'report' if report else 'plain'}"
            command = [COMMAND, "run", *words, "--cores", "1", "--seed", str(SEED), "--out", str(folder), "--overwrite"]
            cases.append(
                Case(
                    f"{name}, {'with report' if report else 'no report'}",
                    command if report else [*command, "--no-report"],
                    height,
                    repeats,
                    folder,
                )
            )
    return cases


def tables(work: Path) -> list[tuple[str, list[str], float, float]]:
    """Write the made tables; return (name, words of the command, height without report, height with report)."""
    from deepenough.demo import write_tables

    write_tables(work)
    linear_signal(work / "made.csv")
    found = [
        (
            "breast_cancer 569 x 30",
            [str(work / "breast_cancer.csv"), "--target", "benign", "--bar", "accuracy >= 0.9"],
            4.0,
            7.0,
        ),
        ("made 10,000 x 50", [str(work / "made.csv"), "--target", "y", "--bar", "roc_auc >= 0.85"], 4.0, 7.0),
    ]
    data = os.environ.get("DEEPENOUGH_DATA")
    if data is None:
        sys.stderr.write("DEEPENOUGH_DATA is not set: telco_churn and adult_income are left out\n")
        return found
    adult = Path(data) / "adult_income"
    return [
        *found,
        (
            "telco_churn 7,043 x 20",
            [f"{data}/telco_churn/data.csv", "--target", "Churn", "--bar", "roc_auc >= 0.8"],
            4.0,
            7.0,
        ),
        (
            "adult_income 32,561 x 14",
            [
                str(adult / "train.csv"),
                "--target",
                "income",
                "--test",
                str(adult / "test.csv"),
                "--bar",
                "roc_auc >= 0.92",
            ],
            15.0,
            18.0,
        ),
    ]


def linear_signal(path: Path) -> None:
    """Write 10,000 rows of 44 numbers and 6 categories, which a linear model reads well."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(SEED)
    numbers = pd.DataFrame(rng.normal(size=(10_000, 44)).round(4), columns=[f"x{i}" for i in range(44)])
    codes = pd.DataFrame({f"c{i}": rng.integers(0, 6, 10_000) for i in range(6)})
    signal = (
        numbers.to_numpy() @ rng.normal(size=44) / 2.5
        + codes.to_numpy() @ rng.normal(size=6) / 4
        + rng.logistic(size=10_000)
    )
    frame = numbers.join(codes.map(lambda c: "abcdef"[c]))
    frame["y"] = np.where(signal > np.median(signal), "yes", "no")
    frame.to_csv(path, index=False)


def outcome(folder: Path | None) -> dict[str, Any]:
    """Return what the verdict said, so that a fast failure cannot pass for a fast answer."""
    if folder is None:
        return {}
    verdict = json.loads((folder / "verdict.json").read_text())
    return {"outcome": verdict["outcome"], "chosen": verdict["chosen"], "bar": (verdict["bar"] or {}).get("text")}


def take(case: Case) -> dict[str, Any]:
    """Measure one case and print its line."""
    measure(case.command)
    seconds = [measure(case.command) for _ in range(case.repeats)]
    least, middle = min(seconds), statistics.median(seconds)
    row = {
        "name": case.name,
        "cpu_seconds_min": round(least, 3),
        "cpu_seconds_median": round(middle, 3),
        "height": case.height,
        "held": least <= case.height,
        "repeats": case.repeats,
        **outcome(case.folder),
    }
    print(
        f"{case.name:<40}{least:>8.2f}{middle:>8.2f}{case.height:>8.2f}  {'held' if row['held'] else 'MISSED':<8}"
        f"{row.get('outcome', '')} {row.get('chosen', '')}",
        flush=True,
    )
    return row


def main() -> None:
    """Measure every case and write docs/figures/corridor.json."""
    parser = argparse.ArgumentParser(description="CPU seconds from the start of Python to a verdict.")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="", help="cases whose name holds this; nothing is written")
    asked = parser.parse_args()
    print(f"{'CPU seconds of a whole process':<40}{'min':>8}{'median':>8}{'height':>8}")
    with tempfile.TemporaryDirectory() as work:
        cases = [*start_cases(asked.repeats), *run_cases(Path(work), asked.repeats)]
        rows = [take(case) for case in cases if asked.only in case.name]
    if not asked.only:
        print(
            f"Written: {_record.write('corridor', SEED, unit='CPU seconds, user and system', rows=rows).relative_to(_record.ROOT)}"
        )


if __name__ == "__main__":
    main()
