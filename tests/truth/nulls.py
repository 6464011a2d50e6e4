"""The whole corridor where there is nothing to find: the labels of a table are shuffled."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from cells import Cell, Figures, at_most

import deepenough

FALSE, METRIC, BAR = 0.05, "roc_auc", "roc_auc >= 0.6"
BUDGET = 4  # seconds a core, by the table of costs: enough for rungs 0 to 2
TABLES = {"german_credit": "risk", "sick_thyroid": "diagnosis", "telco_churn": "Churn"}
MADE = "made of noise"
HOW: dict[str, Any] = {"metric": METRIC, "budget": BUDGET, "cores": 1, "report": False}


def cells(long: bool) -> list[Cell]:
    """Three real tables where there are any; in the quick suite one that is made of noise. With a bar, and without one."""
    if not long:
        return [Cell("null", {"table": MADE, "bar": BAR}, 2)]
    return [Cell("null", {"table": name, "bar": bar}, 40) for name in TABLES for bar in (BAR, None)]


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
                frame, target, bar=cell.facts["bar"], seed=seed, out=Path(folder) / "run", **HOW
            ).verdict
        outcomes[verdict["outcome"]] += 1
        chosen[verdict["chosen"]] += 1
        deep += verdict["deep_learning"]["worth_it"] == "yes"
    shares = {k: outcomes[k] / cell.repeats for k in ("met", "missed", "undecided", "not_ready")}
    shares |= {"yes": deep / cell.repeats, "learnt": 1.0 - chosen["dummy"] / cell.repeats}
    return shares | {"chosen": dict(chosen), "rows": len(frame)}


def judge(cell: Cell, found: Figures) -> str:
    """Never "met", nor "yes", in more than 5 of 100; and without a bar no more often anything but the trivial model."""
    learnt = found["learnt"] if cell.facts["bar"] is None else 0.0
    return at_most(max(found["met"], found["yes"], learnt), FALSE, cell.repeats)
