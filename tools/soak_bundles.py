"""Kill -9 a process that saves bundles, again and again, and open thousands of damaged ones.

    python tools/soak_bundles.py --kills 500 --mutations 10000 --record

A process replaces one bundle by another in the same folder, and adds evidence to it; it is killed at a random moment. Then the folder
must hold one of the two bundles, whole. The damaged ones are those of tests/hostile/mutating.py: each must be refused in a sentence, or
answer as before, within 2 seconds and 200 MB. Exit 1 where that does not hold.
"""
# ruff: noqa: T201

from __future__ import annotations

import argparse
import json
import os
import random
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepenough import shelves
from deepenough.bundle import Bundle
from deepenough.candidates._trial import Trial, ship
from deepenough.export import write
from deepenough.export.evidence import add_evidence
from deepenough.loading import load
from deepenough.workspace import Workspace

ROOT = Path(__file__).parents[1]
MUTATING = ROOT / "tests" / "hostile" / "mutating.py"
FAMILIES = ("linear", "gradient_boosting")
MOST_SECONDS, MOST_MEGABYTES = 2.0, 200.0
LONGEST_LIFE = 0.25  # seconds a process saves before it is killed: some ten bundles


def table() -> pd.DataFrame:
    """Return 400 rows that a small model learns."""
    rng = np.random.default_rng(0)
    size, town = rng.normal(size=400), rng.choice(["Bonn", "Kiel", "Ulm"], 400)
    answer = np.where(size + (town == "Kiel") + rng.normal(0, 0.5, 400) > 0.3, "yes", "no")
    return pd.DataFrame({"size": np.where(rng.random(400) < 0.05, np.nan, size), "town": town, "answer": answer})


def made(family: str) -> tuple[Any, Any]:
    """Return the rows and a fitted model."""
    data = load(table(), "answer")
    model = shelves.load("candidates", family).build(data.task, {}, 0)
    return data, model.fit(data.take(np.arange(300)), data.take(np.arange(300, 400)), Workspace())


def work(folder: Path, models: Sequence[tuple[Any, Any]]) -> None:
    """Save for ever: the one bundle, evidence to it, the other bundle, evidence to it."""
    while True:
        for data, model in models:
            write.write(folder, data.task, model.export(), data, {"candidate": "soak"})
            add_evidence(folder, {"verdict": {"sentence": "So it is.", "metric": "roc_auc", "trials": []}})


def kills(count: int, place: Path) -> dict[str, Any]:
    """Kill a saving process so many times; after each, the folder must hold one whole bundle."""
    rng, known, seen = random.Random(0), set(), Counter[str]()
    folder, models = place / "saved" / "bundle", [made(family) for family in FAMILIES]
    for data, model in models:
        known.add(write.write(folder, data.task, model.export(), data, {"candidate": "soak"}).digest)
    for _ in range(count):
        process = os.fork()  # quicker than a new Python, which would take a second of every life
        if not process:
            work(folder, models)
        time.sleep(rng.random() * LONGEST_LIFE)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        found = Bundle.load(folder)
        assert found.digest in known, "a bundle that nobody saved"
        seen["with evidence" if "card.md" in found.files else "without evidence"] += 1
        for left in folder.parent.glob(".bundle.*"):  # what the killed process was writing
            shutil.rmtree(left)
    return {"kills": count, "whole": count, **seen}


def mutations(count: int, place: Path) -> dict[str, Any]:
    """Open so many damaged bundles, half of them with a manifest that fits the damage."""
    outcomes, seconds, megabytes = Counter[str](), [0.0], [0.0]
    for i, family in enumerate(FAMILIES):
        data, model = made(family)
        bundle = ship(Trial(family, family, 1), model, data, place / family, 0)
        for fit in (0, 1):
            each = count // (2 * len(FAMILIES))
            words = [
                str(bundle.folder),
                str(place / f"mutated-{family}-{fit}"),
                str(10**6 * (i + 1)),
                str(each),
                str(fit),
            ]
            done = subprocess.run([sys.executable, str(MUTATING), *words], capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{family}: {done.stderr[-2000:]}"
            lines = [json.loads(line) for line in done.stdout.splitlines()]
            outcomes.update(line["outcome"] for line in lines)
            assert fit or not any(line["outcome"] == "other" for line in lines), "answers otherwise, and no hash told"
            seconds += [line["seconds"] for line in lines]
            megabytes += [line["megabytes"] for line in lines]
    assert max(seconds) < MOST_SECONDS and max(megabytes) < MOST_MEGABYTES, (max(seconds), max(megabytes))
    return {**outcomes, "most_seconds": round(max(seconds), 3), "most_megabytes": round(max(megabytes), 1)}


def main() -> None:
    """Soak, print what was seen, and record it if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--mutations", type=int, default=1000)
    parser.add_argument("--record", action="store_true", help="write docs/figures/soak_bundles.json")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        figures = {"killed": kills(asked.kills, Path(name)), "mutated": mutations(asked.mutations, Path(name))}
    print(json.dumps(figures, indent=1))
    if asked.record:
        runpy.run_path(str(ROOT / "benchmarks" / "_record.py"))["write"]("soak_bundles", 0, **figures)


if __name__ == "__main__":
    main()
