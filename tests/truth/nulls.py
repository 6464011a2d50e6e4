"""The whole corridor where there is nothing to find: the labels of a table are shuffled."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from cells import Cell, Figures, at_most

import deepenough

FALSE, BAR = 0.05, "roc_auc >= 0.6"
BUDGET = 4  # seconds a core, by the table of costs: enough for rungs 0 to 2
TABLES = {"german_credit": "risk", "sick_thyroid": "diagnosis", "telco_churn": "Churn"}
MADE = "made of noise"


def cells(long: bool) -> list[Cell]:
    """Three real tables where there are any; in the quick suite one that is made of noise."""
    if not long:
        return [Cell("null", {"table": MADE}, 2)]
    return [Cell("null", {"table": name}, 40) for name in TABLES]


def shuffled(name: str, seed: int) -> tuple[pd.DataFrame, str]:
    """Return a table and its target, whose labels stand in an order drawn by lot."""
    rng = np.random.default_rng([seed, 1])
    if name == MADE:
        frame = pd.DataFrame({f"x{i}": rng.normal(size=300) for i in range(4)})
        return frame.assign(y=rng.permutation(np.repeat(["no", "yes"], 150))), "y"
    frame = pd.read_csv(Path(os.environ["DEEPENOUGH_DATA"]) / name / "data.csv")
    target = TABLES[name]
    return frame.assign(**{target: rng.permutation(frame[target].to_numpy())}), target


def measure(cell: Cell) -> Figures:
    """Run the whole corridor, each time with another order of the labels."""
    outcomes, chosen, deep = Counter[str](), Counter[str](), 0
    for seed in range(cell.repeats):
        frame, target = shuffled(cell.facts["table"], seed)
        with tempfile.TemporaryDirectory() as folder:
            verdict = deepenough.run(
                frame, target, bar=BAR, budget=BUDGET, cores=1, seed=seed, report=False, out=Path(folder) / "run"
            ).verdict
        outcomes[verdict["outcome"]] += 1
        chosen[verdict["chosen"]] += 1
        deep += verdict["deep_learning"]["worth_it"] == "yes"
    shares = {k: outcomes[k] / cell.repeats for k in ("met", "missed", "undecided", "not_ready")}
    return shares | {"yes": deep / cell.repeats, "chosen": dict(chosen), "rows": len(frame)}


def judge(cell: Cell, found: Figures) -> str:
    """Never "met" in more than 5 of 100."""
    return at_most(max(found["met"], found["yes"]), FALSE, cell.repeats)
