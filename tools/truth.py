"""The long form of the simulations: into docs/figures/truth.json and docs/truth.md.

    python tools/truth.py [--jobs 2] [--only "score | metric roc_auc"] [--share 0.1]

Every cell's result is written down as it ends: stopped, the same command goes on where it was. A change of the code that
makes the claims, or of the simulations, begins anew.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / folder) for folder in ("tests/truth", "tests", "benchmarks")]

import _record  # noqa: E402
import driver  # noqa: E402
import page  # noqa: E402
from cells import SEED  # noqa: E402

STATE = ROOT / "build" / "truth.jsonl"


def main() -> None:
    """Try every cell, then write the figures and the page."""
    parser = argparse.ArgumentParser(description="What the intervals and verdicts promise, held against known truths.")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="cells whose name holds this; nothing is written but the state")
    parser.add_argument("--state", type=Path, default=STATE)
    parser.add_argument("--share", type=float, default=1.0, help="of the repetitions: 0.1 is a first look")
    parser.add_argument("--page", action="store_true", help="write the page from the figures that are there")
    asked = parser.parse_args()
    if not asked.page:
        rows = tried(asked)
        if asked.only:
            return
        _record.write("truth", SEED, share=asked.share, cells=sorted(rows, key=lambda r: r["key"]))
    (ROOT / "docs/truth.md").write_text(page.written(ROOT / "docs/figures"), encoding="utf-8")
    sys.stdout.write("Written: docs/truth.md\n")


def tried(asked: argparse.Namespace) -> list[dict[str, Any]]:
    """Try the cells that were asked for; without real tables, all but those whose labels are to be shuffled."""
    cells = [c for c in driver.all_cells(long=True, share=asked.share) if asked.only in c.key]
    if "DEEPENOUGH_DATA" not in os.environ:
        sys.stderr.write("DEEPENOUGH_DATA is not set: the tables whose labels are shuffled are left out\n")
        cells = [c for c in cells if c.family != "null"]
    driver.at_length()
    return driver.run(cells, asked.state, driver.fingerprint(), asked.jobs, told)


def told(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
