"""Kill -9 runs at random moments, again and again: each must go on, and come to the verdict of a run nothing happened to.

    python tools/soak_runs.py --kills 50 --record

Every run is killed until it gets through, at moments drawn from the time that an undisturbed one takes; then its verdict (but
for what is measured), its ledger and its folder are compared with the undisturbed one's. Exit 1 where one differs.
"""
# ruff: noqa: T201

from __future__ import annotations

import argparse
import json
import random
import re
import runpy
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from deepenough.ledger import Ledger
from deepenough.seal import verify

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))  # where the process that forks and the small table are kept

from calling import people  # noqa: E402
from killing import Killer  # noqa: E402

SEED = 0
MEASURED = re.compile(r"(_seconds|_ms|cost|times)$")
CASES: dict[str, dict[str, Any]] = {
    "two classes": {},
    "a number": {"target": "weight"},
    "a bar that is met": {"bar": "accuracy >= 0.7"},
    "with its report": {"bar": "accuracy >= 0.7", "report": True},
    "in place of another": {"bar": "accuracy >= 0.7", "overwrite": True},
    "a further look": {"bar": "accuracy >= 0.75", "open_again": "asked once more"},
}


def steady(document: Any) -> Any:
    """Return a document without what is measured."""
    if isinstance(document, dict):
        return {k: steady(v) for k, v in document.items() if not MEASURED.search(k)}
    return [steady(v) for v in document] if isinstance(document, list) else document


def found(folder: Path) -> dict[str, Any]:
    """Return what must be the same, however often the run was killed."""
    left = [str(p.relative_to(folder.parent)) for p in folder.rglob(".*")] + [p.name for p in folder.parent.glob(".*")]
    return {
        "verdict": steady(json.loads((folder / "verdict.json").read_text(encoding="utf-8"))),
        "events": [line["event"] for line in Ledger(folder / "sealed.jsonl").lines()],
        "faults": [str(f) for f in verify(folder).faults],
        "files": sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()),
        "left": left,
    }


def prepare(killer: Killer, table: Path, out: Path, case: dict[str, Any]) -> None:
    """Make the run that is to be replaced or looked at again, where the case asks for one."""
    if "overwrite" in case or "open_again" in case:
        made = killer.run(table, out=str(out), bar="accuracy >= 0.7", seed=0 if "open_again" in case else 7)
        assert made["status"] == 0, made


def undisturbed(killer: Killer, table: Path, out: Path, case: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """Return what a run comes to that nothing happens to, and the seconds it takes."""
    prepare(killer, table, out, case)
    begun = time.perf_counter()
    said = killer.run(table, out=str(out), **case)
    assert said["status"] == 0 and said["sentence"] is None, said
    return found(out), time.perf_counter() - begun


def disturbed(
    killer: Killer, table: Path, out: Path, case: dict[str, Any], seconds: float, rng: random.Random
) -> tuple[dict[str, Any], int]:
    """Kill a run at random moments until it gets through; return what it comes to, and how often it was killed."""
    prepare(killer, table, out, case)
    kills = 0
    while True:
        said = killer.run(table, after=rng.uniform(0.0, seconds), out=str(out), **case)
        if said["status"] == 0:
            assert said["sentence"] is None, said
            return found(out), kills
        kills += 1
        if (
            "open_again" in case and ends(out) == 2
        ):  # killed when all was done: asked for anew, it would be one look more
            return found(out), kills


def ends(out: Path) -> int:
    """Return how many verdicts are on record, where nothing is left to be done."""
    done = not list(out.parent.glob(".*"))
    return sum(line["event"] == "verdict" for line in Ledger(out / "sealed.jsonl").lines()) if done else 0


def soak(kills: int, seed: int) -> dict[str, Any]:
    """Go through the cases until there were so many kills; return the counts."""
    rng, done, runs, wrong = random.Random(seed), 0, 0, []
    with tempfile.TemporaryDirectory() as work, Killer() as killer:
        table = Path(work) / "people.csv"
        people(300).to_csv(table, index=False)
        killer.run(
            table, out=str(Path(work) / "warm")
        )  # the process that forks has everything imported after its first
        expected = {
            name: undisturbed(killer, table, Path(work) / "whole" / name.replace(" ", "-") / "out", case)
            for name, case in CASES.items()
        }
        while done < kills:
            name = list(CASES)[runs % len(CASES)]
            whole, seconds = expected[name]
            came, killed = disturbed(killer, table, Path(work) / f"{runs}" / "out", CASES[name], seconds, rng)
            differs = [k for k in whole if whole[k] != came[k]]
            runs, done, wrong = runs + 1, done + killed, wrong + [f"{name}: {d}" for d in differs]
            print(f"{done:>5} kills, {runs} runs, {name}: {', '.join(differs) or 'the same'}", flush=True)
    return {"kills": done, "runs": runs, "wrong": wrong}


def main() -> None:
    """Soak, print, and write docs/figures/soak_runs.json where asked to."""
    parser = argparse.ArgumentParser(description="Kill -9 runs at random moments.")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--record", action="store_true", help="write docs/figures/soak_runs.json")
    asked = parser.parse_args()
    counts = soak(asked.kills, asked.seed)
    print(f"{counts['kills']} kills over {counts['runs']} runs; {len(counts['wrong'])} differ from an undisturbed one.")
    if asked.record:
        sys.path.insert(0, str(ROOT / "benchmarks"))
        runpy.run_path(str(ROOT / "benchmarks" / "_record.py"))["write"]("soak_runs", asked.seed, **counts)
    raise SystemExit(1 if counts["wrong"] else 0)


if __name__ == "__main__":
    main()
