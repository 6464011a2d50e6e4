"""What the statistics of a verdict cost: beside a whole run, and beside scikit-learn's roc_auc_score.

    python benchmarks/verdict_statistics.py

CPU seconds. The share of a run is taken by the profiler, whose own cost falls on small functions: it errs upwards.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import sys
import tempfile
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _record
from threadpoolctl import threadpool_limits

SEED, ROWS = 0, 100_000
MOST_OF_A_RUN, MOST_CALLS, MOST_RESAMPLED = 5.0, 10.0, 3.0
ROOMS = tuple(f"{os.sep}deepenough{os.sep}{room}{os.sep}" for room in ("stats", "metrics"))


def cpu(work: Callable[[], object], repeats: int) -> float:
    """Return the least CPU seconds of some tries."""
    return min(timeit.repeat(work, timer=time.process_time, number=1, repeat=repeats))


def share_of_a_run(folder: Path) -> dict[str, Any]:
    """Return how much of a run's CPU the statistics take, on adult_income where it is, else on made rows."""
    import deepenough

    words, name = table(folder)
    profile, started = cProfile.Profile(time.process_time), time.process_time()
    profile.runcall(deepenough.run, *words[:2], **words[2], out=folder / "run")
    spent = time.process_time() - started
    seconds = entered(pstats.Stats(profile))
    return {
        "table": name,
        "run_cpu_seconds": round(spent, 3),
        "statistics_cpu_seconds": round(seconds, 3),
        "percent": round(100 * seconds / spent, 2),
    }


def table(folder: Path) -> tuple[tuple[Any, str, dict[str, Any]], str]:
    """Return what to call `run` with, and the name of the table."""
    asked = {"cores": 1, "seed": SEED, "bar": "roc_auc >= 0.92", "report": False}
    data = os.environ.get("DEEPENOUGH_DATA")
    if data is not None:
        adult = Path(data) / "adult_income"
        return (adult / "train.csv", "income", asked | {"test": adult / "test.csv"}), "adult_income, 32,561 x 14"
    from corridor import linear_signal

    sys.stderr.write("DEEPENOUGH_DATA is not set: made rows stand in for adult_income\n")
    linear_signal(folder / "made.csv")
    return (folder / "made.csv", "y", asked), "made, 10,000 x 50"


def entered(stats: pstats.Stats) -> float:
    """Return the seconds spent in the rooms of the statistics: of each call that came from outside them."""
    total = 0.0
    for (file, _, _), (_, _, _, _, callers) in stats.stats.items():  # type: ignore[attr-defined]
        if inside(file):
            total += sum(times[3] for (caller, _, _), times in callers.items() if not inside(caller))
    return total


def inside(file: str) -> bool:
    """Whether a file stands in the rooms of the statistics."""
    return any(room in file for room in ROOMS)


def rankings() -> dict[str, Any]:
    """Return what a paired interval and a resample of roc_auc cost, in calls of scikit-learn's."""
    import numpy as np
    from sklearn.metrics import roc_auc_score

    from deepenough.metrics import named

    rng = np.random.default_rng(SEED)
    target = rng.integers(0, 2, size=ROWS)
    scores = target + rng.normal(size=(2, ROWS))
    answers = [{"probability": np.column_stack([-s, s])} for s in scores]
    judge = named("roc_auc")

    def paired() -> None:
        judge.gain(*(judge.evidence(target, a) for a in answers))

    evidence, weights = (
        judge.evidence(target, answers[0]),
        [rng.multinomial(ROWS, np.full(ROWS, 1 / ROWS)).astype(float) for _ in range(20)],
    )
    one_call = cpu(lambda: roc_auc_score(target, scores[0]), 7)
    resampled = cpu(lambda: [judge.value(evidence, w) for w in weights], 5) * 2000 / len(weights)
    return {
        "roc_auc_score_cpu_seconds": round(one_call, 5),
        "paired_interval_calls": round(cpu(paired, 7) / one_call, 2),
        "resamples_2000_times_200_calls": round(resampled / (200 * one_call), 2),
    }


def main() -> None:
    """Measure, print, and write docs/figures/statistics.json."""
    parser = argparse.ArgumentParser(description="What the statistics of a verdict cost.")
    parser.add_argument("--no-run", action="store_true", help="leave the whole run out; nothing is written")
    asked = parser.parse_args()
    with threadpool_limits(1):  # two threads on a busy machine spin, and are counted
        found = rankings()
    lines = [
        (
            "a paired roc_auc interval over 100,000 rows, in calls of roc_auc_score",
            found["paired_interval_calls"],
            MOST_CALLS,
        ),
        (
            "2,000 weighted resamples of roc_auc, in 200 such calls",
            found["resamples_2000_times_200_calls"],
            MOST_RESAMPLED,
        ),
    ]
    if not asked.no_run:
        with tempfile.TemporaryDirectory() as folder:
            found |= share_of_a_run(Path(folder))
        lines.append(
            (f"all statistics of a run on {found['table']}, percent of its CPU", found["percent"], MOST_OF_A_RUN)
        )
    rows = [{"name": n, "value": v, "height": h, "held": v <= h} for n, v, h in lines]
    for row in rows:
        print(f"{row['name']:<78}{row['value']:>8.2f}{row['height']:>8.2f}  {'held' if row['held'] else 'MISSED'}")
    if not asked.no_run:
        print(f"Written: {_record.write('statistics', SEED, **found, rows=rows).relative_to(_record.ROOT)}")


if __name__ == "__main__":
    main()
