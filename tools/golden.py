"""Make the golden bundles of this version, which every later one must read and answer alike.

    python tools/golden.py                  # makes what is not there yet; never touches what is
    python tools/golden.py --again REASON   # makes this version's anew, and writes the reason into tests/golden/README.md

Small tables with every kind of column; linear and boosted, classes and numbers. Beside the bundles stand the rows that were asked and
what was answered.
"""
# ruff: noqa: T201

from __future__ import annotations

import argparse
import json
import shutil
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deepenough import shelves
from deepenough.candidates._trial import Trial, ship
from deepenough.export.evidence import add_evidence
from deepenough.loading import load
from deepenough.workspace import Workspace

GOLDEN = Path(__file__).parents[1] / "tests" / "golden"
FAMILIES = {"linear": {}, "gradient_boosting": {"num_leaves": 4, "learning_rate": 0.2}}
KINDS = ("classification", "regression")
ROWS = 40


def table(kind: str, rows: int = 400) -> pd.DataFrame:
    """Numbers (one large, one with commas), a category, a date, a moment, a boolean, some empty; the answer follows the first two."""
    rng = np.random.default_rng(0)
    size, town = rng.normal(size=rows).round(3), rng.choice(["Bonn", "Kiel", "Ulm", "Zoë"], rows)
    days = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 300, rows), unit="D")
    at = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 10**7, rows), unit="s")
    signal = size + (town == "Kiel") + rng.normal(0, 0.4, rows)
    return pd.DataFrame(
        {
            "size": np.where(rng.random(rows) < 0.05, np.nan, size),
            "order": 1_760_000_000_000 + rng.integers(0, 10**7, rows),
            "town": np.where(rng.random(rows) < 0.03, None, town),
            "since": days.strftime("%d.%m.%Y"),
            "at": at.strftime("%Y-%m-%dT%H:%M:%S"),
            "member": rng.random(rows) < 0.5,
            "answer": signal.round(4) if kind == "regression" else np.where(signal > 0.3, "yes", "no"),
        }
    )


def make(folder: Path, family: str, kind: str) -> None:
    """Write one bundle with evidence, and what it answers."""
    frame = table(kind)
    data = load(frame, "answer")
    model = shelves.load("candidates", family).build(data.task, FAMILIES[family], 0)
    model.fit(data.take(np.arange(320)), data.take(np.arange(320, 400)), Workspace())
    trial = Trial(family, family, 1, answer=model.predict(data), settings=FAMILIES[family])
    bundle = ship(trial, model, data, folder / "bundle", 0)
    add_evidence(folder / "bundle", {"verdict": {"sentence": "A golden bundle.", "metric": "none", "trials": []}})
    rows: list[dict[str, Any]] = json.loads(frame.drop(columns="answer").head(ROWS).to_json(orient="records"))
    rows += [
        dict.fromkeys(rows[0]),
        {**rows[0], "town": "Rome", "size": -1e30},
        {**rows[1], "town": "", "at": "2031-12-31T23:59:59"},
    ]
    answers = {name: values.tolist() for name, values in bundle.predict(rows).items()}
    about = {"digest": bundle.digest, "rows": rows, "answers": answers}
    (folder / "answers.json").write_text(json.dumps(about, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


def main() -> None:
    """Make what is missing."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--again", metavar="REASON", help="why the golden bundles of this version are made anew")
    asked = parser.parse_args()
    place = GOLDEN / version("deepenough")
    if place.exists() and not asked.again:
        print(f"{place.relative_to(GOLDEN.parents[1])} is there. It stays: later versions must read it as it is.")
        return
    shutil.rmtree(place, ignore_errors=True)
    for family in FAMILIES:
        for kind in KINDS:
            make(place / f"{family}-{kind}", family, kind)
    with (GOLDEN / "README.md").open("a", encoding="utf-8") as file:
        file.write(f"- {version('deepenough')}, {datetime.now(UTC).date()}: {asked.again or 'made'}\n")
    print(f"Made: {place.relative_to(GOLDEN.parents[1])}")


if __name__ == "__main__":
    main()
