"""What a run costs beyond its candidates' own fitting and predicting.

    python benchmarks/overhead.py [--repeats 3] [--only adult] [--parts]

CPU seconds of the whole process (user and system, from the start of Python, imports and all), over the CPU seconds that its
candidates spent in fit and predict, on the parts and in the refits, as trial.json and refit.json say. CPU seconds on a busy
machine err upwards only, so the repeat with the smallest ratio is held against the height; the median stands beside it.
`--parts` prints what the rest was spent on.
"""

from __future__ import annotations

import argparse
import atexit
import importlib
import json
import os
import runpy
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HEIGHT = 1.3
SEED = 0
STAGES = {  # where a stage is called from, so that it can be timed there
    "reading": ("deepenough.runs", "_read"),
    "audit of inputs": ("deepenough.corridor", "audit_inputs"),
    "audit of labels": ("deepenough.corridor", "audit_labels"),
    "audit of two files": ("deepenough.corridor", "audit_pair"),
    "split": ("deepenough.corridor", "split"),
    "climb": ("deepenough.corridor", "climb"),
    "bundles": ("deepenough.candidates._trial", "ship"),
    "latency": ("deepenough.candidates._trial", "time_rows"),
    "decide": ("deepenough.corridor", "decide"),
    "segments": ("deepenough.corridor", "by_segment"),
    "what drives it": ("deepenough.corridor", "drives"),
}
AUDITS = [name for name in STAGES if name.startswith("audit")]


def timed(call: Callable[..., Any], spent: dict[str, float], name: str) -> Callable[..., Any]:
    """Add the CPU seconds of each call to `spent`."""

    def wrapped(*given: Any, **named: Any) -> Any:
        started = time.process_time()
        try:
            return call(*given, **named)
        finally:
            spent[name] = spent.get(name, 0.0) + time.process_time() - started

    return wrapped


def stages(words: list[str]) -> None:
    """Run the command in this process, and write down what its stages took; the last word is the file to write."""
    *words, out = words
    spent: dict[str, float] = {}
    for name, (module, function) in STAGES.items():
        home = importlib.import_module(module)
        setattr(home, function, timed(getattr(home, function), spent, name))
    sys.argv = ["deepenough", *words]
    atexit.register(
        lambda: Path(out).write_text(json.dumps(spent | {"process": time.process_time()}), encoding="utf-8")
    )
    runpy.run_module("deepenough", run_name="__main__")


def own(folder: Path) -> float:
    """Return the CPU seconds that the candidates of a run spent themselves."""
    found = [json.loads(p.read_text()) for name in ("trial", "refit") for p in folder.glob(f"trials/*/{name}.json")]
    return sum(document["cpu_seconds"] or 0.0 for document in found)


def measure(words: list[str], work: Path) -> dict[str, Any]:
    """Return the CPU seconds of one run: all of it, what its candidates took, and each stage."""
    folder, times = work / "run", work / "stages.json"
    asked = ["run", *words, "--cores", "1", "--no-report", "--seed", str(SEED), "--out", str(folder), "--overwrite"]
    child = subprocess.Popen(
        [sys.executable, __file__, "--inside", *asked, str(times)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(asked)} ended with {child.returncode}")
    spent, total = json.loads(times.read_text()), usage.ru_utime + usage.ru_stime
    audit = sum(spent.get(name, 0.0) for name in AUDITS)
    return {"total": total, "own": own(folder), "audit": audit, "stages": spent}


def cases() -> list[tuple[str, list[str], bool]]:
    """Return (name, words of the command, whether it is held against the height)."""
    data = os.environ.get("DEEPENOUGH_DATA")
    if data is None:
        sys.stderr.write("DEEPENOUGH_DATA names no folder of real data sets: there is nothing to measure\n")
        return []
    adult = Path(data) / "adult_income"
    words = [str(adult / "train.csv"), "--target", "income", "--test", str(adult / "test.csv")]
    telco = [f"{data}/telco_churn/data.csv", "--target", "Churn"]
    return [
        ("adult_income, rungs 0 to 2", [*words, "--bar", "roc_auc >= 0.92"], True),
        ("telco_churn, rungs 0 to 1", [*telco, "--bar", "roc_auc >= 0.8"], False),
    ]


def take(name: str, words: list[str], held: bool, repeats: int, work: Path) -> dict[str, Any]:
    """Measure one case and print its line."""
    measure(words, work)  # writes the bytecode, and warms the disk
    runs = sorted((measure(words, work) for _ in range(repeats)), key=lambda r: r["total"] / r["own"])
    best = runs[0]
    ratios = [r["total"] / r["own"] for r in runs]
    row = {
        "name": name,
        "ratio": round(ratios[0], 3),
        "ratio_median": round(statistics.median(ratios), 3),
        "ratio_without_audit": round((best["total"] - best["audit"]) / best["own"], 3),
        "cpu_seconds": round(best["total"], 2),
        "own_cpu_seconds": round(best["own"], 2),
        "audit_cpu_seconds": round(best["audit"], 2),
        "height": HEIGHT if held else None,
        "held": ratios[0] <= HEIGHT if held else None,
        "stages": {stage: round(seconds, 2) for stage, seconds in best["stages"].items()},
    }
    verdict = {True: "held", False: "MISSED", None: ""}[row["held"]]
    print(
        f"{name:<32}{row['cpu_seconds']:>8.2f}{row['own_cpu_seconds']:>8.2f}{row['ratio']:>8.2f}"
        f"{row['ratio_without_audit']:>8.2f}  {verdict}",
        flush=True,
    )
    return row


def main() -> None:
    """Measure every case and write docs/figures/overhead.json."""
    if sys.argv[1:2] == ["--inside"]:
        stages(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description="CPU seconds of a run over those of its candidates.")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="", help="cases whose name holds this; nothing is written")
    parser.add_argument("--parts", action="store_true", help="print what each stage took")
    asked = parser.parse_args()
    print(f"{'CPU seconds':<32}{'whole':>8}{'own':>8}{'ratio':>8}{'no audit':>9}")
    with tempfile.TemporaryDirectory() as work:
        rows = [take(*case, asked.repeats, Path(work)) for case in cases() if asked.only in case[0]]
    for row in rows if asked.parts else []:
        print(json.dumps(row, indent=1))
    if rows and not asked.only:
        record = runpy.run_path(str(Path(__file__).parent / "_record.py"))
        path = record["write"]("overhead", SEED, unit="CPU seconds, user and system", rows=rows)
        print(f"Written: {path.relative_to(record['ROOT'])}")


if __name__ == "__main__":
    main()
