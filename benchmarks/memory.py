"""Peak memory of a whole run on a large table, beside the size of the table itself as a frame.

    python benchmarks/memory.py [--rows 1000000] [--keep FOLDER]

A made table of 30 columns (numbers, categories, a boolean, a date) is written as CSV; `deepenough run` reads it, and climbs the
rungs 0 to 2: its bar lies above what the linear rung reaches and below what boosted trees do, so no network is trained. The
figure is the largest resident memory of that process, libraries included, over the deep size of the frame that pandas reads.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import _record

SEED = 0
ROWS, HEIGHT = 1_000_000, 6.0
BAR = "roc_auc >= 0.8"
COMMAND = str(Path(sys.executable).parent / "deepenough")


def make(path: Path, rows: int) -> None:
    """Write the table, and print the deep size in bytes of the frame that is read from it."""
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(SEED)
    numbers = rng.normal(size=(rows, 18))
    counts = rng.poisson(20, (rows, 3))
    towns = np.array([f"town number {i}" for i in range(40)])
    words = {f"category_{i}": towns[rng.integers(0, 5 * (i + 1), rows)] for i in range(6)}
    signal = 2.0 * numbers[:, 0] * numbers[:, 1] + np.abs(numbers[:, 2]) + 0.3 * numbers[:, 3] + rng.logistic(size=rows)
    frame = pd.DataFrame(numbers.round(5), columns=[f"number_{i}" for i in range(18)])
    frame = frame.assign(**{f"count_{i}": counts[:, i] for i in range(3)}, **words)
    frame["member"] = rng.random(rows) < 0.3
    frame["since"] = (np.datetime64("2020-01-01") + rng.integers(0, 2000, rows)).astype(str)
    frame["answer"] = np.where(signal > np.median(signal), "yes", "no")
    frame.loc[rng.random(rows) < 0.05, "number_5"] = np.nan
    frame.to_csv(path, index=False)
    del frame, numbers, signal, words
    sys.stdout.write(f"{int(pd.read_csv(path).memory_usage(deep=True).sum())}\n")


def peak(command: list[str]) -> tuple[int, float]:
    """Return the largest resident memory in bytes, and the CPU seconds, of a command that must end with 0 or 1."""
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in (0, 1):
            said.seek(0)
            raise SystemExit(f"{' '.join(command)} ended with {child.returncode}:\n{said.read().decode()[-2000:]}")
    return usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime


def measure(work: Path, rows: int) -> dict[str, Any]:
    """Make the table, run on it, and say what was found. Nothing is loaded into this process, whose memory a child begins with."""
    table, folder = work / "table.csv", work / "run"
    made = subprocess.run(
        [sys.executable, __file__, "--make", str(table), "--rows", str(rows)],
        capture_output=True,
        text=True,
        check=True,
    )
    size = int(made.stdout)
    words = ["--target", "answer", "--bar", BAR, "--cores", "1", "--seed", str(SEED), "--no-report", "--overwrite"]
    memory, seconds = peak([COMMAND, "run", str(table), *words, "--out", str(folder)])
    verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    trials = {t["key"]: t["status"] for t in verdict["trials"]}
    return {
        "rows": rows,
        "columns": 30,
        "file_bytes": table.stat().st_size,
        "frame_bytes": size,
        "peak_bytes": memory,
        "ratio": round(memory / size, 2),
        "height": HEIGHT,
        "held": memory <= HEIGHT * size,
        "cpu_seconds": round(seconds, 1),
        "outcome": verdict["outcome"],
        "chosen": verdict["chosen"],
        "trials": trials,
    }


def main() -> None:
    """Measure once and write docs/figures/memory.json."""
    parser = argparse.ArgumentParser(description="Peak memory of a run, in sizes of its table.")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument(
        "--keep", type=Path, help="folder for the table and the run, which then stay; nothing is recorded"
    )
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.make:
        make(asked.make, asked.rows)
        return
    with tempfile.TemporaryDirectory() as temporary:
        work = asked.keep or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        found = measure(work, asked.rows)
    print(json.dumps(found, indent=1))
    print(f"peak {found['peak_bytes'] / 2**20:,.0f} MB = {found['ratio']} x {found['frame_bytes'] / 2**20:,.0f} MB")
    if asked.rows == ROWS and not asked.keep:
        print(f"Written: {_record.write('memory', SEED, row=found).relative_to(_record.ROOT)}")


if __name__ == "__main__":
    main()
