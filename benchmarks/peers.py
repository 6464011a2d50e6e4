"""deepenough beside AutoGluon and FLAML on the same sealed rows, at equal CPU seconds.

    python benchmarks/peers.py --install                     # once: the peers, in an environment of their own (build/peers)
    DEEPENOUGH_DATA=... python benchmarks/peers.py [--seeds 1] [--budget 20s] [--only credit] [--systems flaml]
                                                   [--peers-python PATH] [--work build/peers-work]
    python benchmarks/peers.py --page                        # the tables of docs/peers.md, from docs/figures/peers.json

One outer split a table and seed, made as `deepenough run` makes it: all learn from the same development rows and answer the
same sealed ones. deepenough goes first, one core, no bar (so `--full` changes nothing), and the CPU seconds of its whole
process are counted: start, audit, climb, proofs, latencies, verdict. Each peer may then spend as many on its fit, but at
least 15; its start and its imports come on top. A peer's clock stands still while it does not compute (peers_worker.py), so
that neighbours take nothing from it. All run on one core, one after the other. What was spent stands beside what was allowed.

- deepenough: what it ships, the simplest model within the worth of the best;
- deepenough-best: of the same run, the best out of fold among the models that it opened; the same CPU seconds;
- autogluon-medium, autogluon-good: TabularPredictor with this preset, without torch and ray;
- flaml: AutoML with its own list of learners.

All are asked for the metric they are then judged by: roc_auc for two classes, log_loss for more, rmse for numbers; log_loss of
two classes is judged, too. The gain is the paired one of `deepenough.compare`, deepenough minus peer, positive where
deepenough is better (points of roc_auc, share of an error), with its 95 % interval; "WORSE" where all of it is below zero.

`known` names the benchmarks whose tables our default settings were chosen or mended on (trees.py, tabular_net.py): on these
tables ours are not blind. german_credit, parkinsons_voice and mammography are in none of them.

What was answered is kept in `--work`, and is not made again: a pass that was broken off goes on. `--afresh` forgets it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import Any

import _record
import numpy as np
import pandas as pd
import quality
from _peers import OURS, PEERS, TABLES, Problem, Table, judged, page_lines, show, summary

import deepenough as de

ENVIRONMENT = _record.ROOT / "build" / "peers"
PACKAGES = ("autogluon.tabular[lightgbm,catboost]", "xgboost-cpu", "flaml", "pyarrow")
WORKER = Path(__file__).with_name("peers_worker.py")
FLOOR = 15.0  # CPU seconds: with less the peers end before their first ensemble
CALLS = 200
CAVEAT = (
    "known: the benchmarks in which default settings of deepenough were chosen or mended on this table; there it is not blind. "
    "Peers were allowed at least floor_cpu_seconds, so mostly more than deepenough took. One core; AutoGluon without torch and ray."
)


def cut(table: Table, data: Path, seed: int, work: Path) -> Problem:
    """Write development.csv and sealed.csv, every cell as it was."""
    problem = Problem(table, seed, work / f"{table.name}-{seed}")
    if (problem.folder / "sealed.csv").exists():
        return problem
    problem.folder.mkdir(parents=True, exist_ok=True)
    rows = as_written(data / table.name / table.file, table)
    if table.test:
        development, sealed = rows, as_written(data / table.name / table.test, table)
    else:
        whole = problem.folder / "whole.csv"
        rows.to_csv(whole, index=False)
        kept, _, parts = quality.read(
            quality.Table("", table.target, whole.name, roles=table.roles), problem.folder, seed
        )
        if len(kept) != len(parts.development) or len(parts.development) + len(parts.sealed) != len(rows):
            raise SystemExit(f"{table.name}: rows were left out while loading, so their positions say nothing")
        development, sealed = rows.iloc[parts.development], rows.iloc[parts.sealed]
    development.to_csv(problem.folder / "development.csv", index=False)
    sealed.to_csv(problem.folder / "sealed.csv", index=False)
    return problem


def as_written(path: Path, table: Table) -> pd.DataFrame:
    """Read a file without reading anything into its cells."""
    rows = pd.read_csv(path, dtype=str, keep_default_na=False).drop(columns=list(table.drop))
    return rows.drop_duplicates() if table.distinct else rows


def spend(command: list[str], log: Path) -> tuple[int, float]:
    """Run a command; return its exit status and the CPU seconds of it and of all that it started."""
    with log.open("wb") as said:
        child = subprocess.Popen(
            command, stdout=said, stderr=subprocess.STDOUT, env=os.environ | {"OMP_NUM_THREADS": "1"}
        )
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, round(usage.ru_utime + usage.ru_stime, 2)


def ours(problem: Problem, budget: str) -> None:
    """Run deepenough, and leave an answer for each of the two picks."""
    table, folder = problem.table, problem.folder
    flags = [word for role, value in table.roles.items() for word in (f"--{role}", value)]
    command = [sys.executable, "-m", "deepenough", "run", str(folder / "development.csv"), "--target", table.target]
    command += ["--test", str(folder / "sealed.csv"), "--metric", table.metric, *flags, "--full", "--budget", budget]
    command += ["--cores", "1", "--seed", str(problem.seed), "--no-report", "--out", str(folder / "run"), "--overwrite"]
    status, seconds = spend(command, folder / "run.log")
    if status not in (0, 1):
        raise SystemExit(f"{' '.join(command)} ended with {status}: {(folder / 'run.log').read_text()[-2000:]}")
    verdict = de.Run.load(folder / "run").verdict
    opened = [t for t in verdict["trials"] if t["test"]]
    sign = 1 if verdict["higher_is_better"] else -1
    best = max(
        opened, key=lambda t: (t["parts"], sign * t["validation"]["value"])
    )  # the same rows, judged on all parts
    chosen = next(t for t in opened if t["key"] == verdict["chosen_trial"])
    about = {
        "budget": budget,
        "labels": verdict["labels"],
        "cpu_seconds": seconds,
        "version": verdict["versions"].get("deepenough"),
    }
    about["trials"] = [
        {
            "trial": t["key"],
            "status": t["status"],
            "reason": t["reason"],
            "validation": (t["validation"] or {}).get("value"),
        }
        for t in verdict["trials"]
    ]
    for system, trial in zip(OURS, (chosen, best), strict=True):
        bundle = folder / "run" / "trials" / trial["key"] / "bundle"
        keep(folder / system, {"system": system, "model": trial["key"], **about}, bundle, problem)


def keep(folder: Path, said: dict[str, Any], path: Path, problem: Problem) -> None:
    """Answer the sealed rows with a bundle, time one row, and write both down."""
    folder.mkdir(exist_ok=True)
    bundle, sealed = de.Bundle.load(path), problem.frame("sealed")
    columns = bundle.predict(sealed)
    labels = said["labels"]
    answer = {c: columns[f"probability_{c}"] for c in labels} if labels else {"value": columns["prediction"]}
    pd.DataFrame(answer).to_parquet(folder / "answer.parquet")
    rows = sealed.iloc[:CALLS].astype(object).where(sealed.iloc[:CALLS].notna(), None).to_dict("records")
    bundle.predict(rows[:1])
    spent = []
    for row in rows:
        begun = time.process_time()
        bundle.predict([row])
        spent.append(1e3 * (time.process_time() - begun))
    said["one_row_cpu_ms"] = {
        "p50": round(float(np.median(spent)), 4),
        "p95": round(float(np.quantile(spent, 0.95)), 4),
    }
    said["bytes"] = sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
    (folder / "said.json").write_text(json.dumps(said, indent=1), encoding="utf-8")


def theirs(problem: Problem, system: str, python: Path, seconds: float) -> dict[str, Any]:
    """Have a peer answer in its own environment; return what it took, or why there is no answer."""
    folder, table = (problem.folder / system).resolve(), problem.table
    if not python.exists():
        return {"system": system, "absent": f"there is no {python.name} at --peers-python: make it with --install"}
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    sealed = problem.frame("sealed").drop(columns=[table.target])
    problem.frame("development").to_parquet(folder / "train.parquet", index=False)
    sealed.to_parquet(folder / "sealed.parquet", index=False)
    asked = {
        "system": system,
        "folder": str(folder),
        "train": str(folder / "train.parquet"),
        "sealed": str(folder / "sealed.parquet"),
        "target": table.target,
        "task": table.task,
        "metric": table.metric,
        "group": table.roles.get("group"),
        "seconds": seconds,
        "seed": problem.seed,
    }
    (folder / "asked.json").write_text(json.dumps(asked, indent=1), encoding="utf-8")
    status, spent = spend([str(python), str(WORKER), str(folder / "asked.json")], folder / "log.txt")
    if not (folder / "said.json").exists():
        last = (folder / "log.txt").read_text(errors="replace").strip().splitlines()[-1:]
        return {"system": system, "failed": f"ended with {status}: {' '.join(last)[:300]}", "cpu_seconds": spent}
    said: dict[str, Any] = json.loads((folder / "said.json").read_text(encoding="utf-8"))
    said |= {"allowed_cpu_seconds": seconds, "whole_cpu_seconds": spent}
    (folder / "said.json").write_text(json.dumps(said, indent=1), encoding="utf-8")
    for name in ("model", "deployed"):
        shutil.rmtree(folder / name, ignore_errors=True)
    return said


def known_answer(problem: Problem, system: str, wanted: dict[str, Any]) -> dict[str, Any] | None:
    """Return what a system said earlier, where its answer is still there and the terms were the same, seconds to a tenth."""
    path = problem.folder / system / "said.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def alike(a: Any, b: Any) -> bool:
        return a == b or (isinstance(a, float) and abs(a - b) <= 0.1 * b)

    same = all(alike(found.get(name), value) for name, value in wanted.items())
    return found if same and (problem.folder / system / "answer.parquet").exists() else None


def answers(problem: Problem, systems: list[str], python: Path, budget: str) -> dict[str, dict[str, Any]]:
    """Return what each system said of one problem: ours first, for its seconds are what the peers may spend."""
    if any(known_answer(problem, s, {"budget": budget}) is None for s in OURS):
        ours(problem, budget)
    found = {s: known_answer(problem, s, {"budget": budget}) or {} for s in OURS}
    allowed = max(FLOOR, found["deepenough"]["cpu_seconds"])
    for system in systems:
        wanted = {"allowed_cpu_seconds": allowed}
        found[system] = known_answer(problem, system, wanted) or theirs(problem, system, python, allowed)
    return found


def install(folder: Path) -> None:
    """Make the peers' environment. No constraints of ours: they come as their users get them, for the CPU."""
    venv.create(folder, with_pip=True)
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *PACKAGES], check=True)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="deepenough beside AutoGluon and FLAML at equal CPU seconds.")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--budget", default="10m", help="what deepenough may spend; the peers may spend what it spent")
    parser.add_argument("--only", default="", help="tables whose name holds this; nothing is written")
    parser.add_argument("--systems", default=",".join(PEERS), help="peers, parted by commas")
    parser.add_argument("--peers-python", type=Path, default=ENVIRONMENT / "bin" / "python")
    parser.add_argument("--work", type=Path, default=_record.ROOT / "build" / "peers-work")
    parser.add_argument("--install", action="store_true", help="make the peers' environment first")
    parser.add_argument("--afresh", action="store_true", help="forget what --work keeps")
    parser.add_argument("--page", action="store_true", help="only print the tables of docs/peers.md from the figures")
    return parser.parse_args()


def main() -> None:
    """Compare on every table and write docs/figures/peers.json."""
    asked = arguments()
    if asked.page:
        figures = (_record.ROOT / "docs" / "figures" / "peers.json").read_text(encoding="utf-8")
        print("\n".join(page_lines(json.loads(figures))))
        return
    if asked.install:
        install(ENVIRONMENT)
    data = os.environ.get("DEEPENOUGH_DATA")
    if data is None:
        sys.stderr.write("DEEPENOUGH_DATA is not set: there is nothing to compare on\n")
        return
    if asked.afresh:
        shutil.rmtree(asked.work, ignore_errors=True)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    systems, rows, pairs = [s for s in asked.systems.split(",") if s], [], []
    print(f"{'':<38}{'CPU s':>8}{'1 row ms':>10}{'MB':>9}")
    for seed in range(asked.seeds):
        for table in [t for t in TABLES if asked.only in t.name]:
            problem = cut(table, Path(data), seed, asked.work)
            found = judged(problem, answers(problem, systems, asked.peers_python, asked.budget))
            show(*found)
            rows, pairs = rows + found[0], pairs + found[1]
    if not asked.only:
        figures = {
            "caveat": CAVEAT,
            "seeds": asked.seeds,
            "level": 0.95,
            "budget": asked.budget,
            "floor_cpu_seconds": FLOOR,
        }
        path = _record.write("peers", 0, **figures, summary=summary(rows, pairs), pairs=pairs, rows=rows)
        print(f"Written: {path.relative_to(_record.ROOT)}")


if __name__ == "__main__":
    main()
