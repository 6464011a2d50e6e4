"""Does a learning curve foresee what more rows bring? From a quarter of the rows of real tables to all of them.

    DEEPENOUGH_DATA=... python benchmarks/learning_curves.py [--seeds 10 11 12] [--only telco_churn]

A fifth of each table or more is held out, never used before the end. Of the rest a quarter is drawn (where rows come in groups:
whole groups); on it the curve is measured and fitted as a run does, and says what a model of all the rest will score on the rows
held out, with a range that should hold it in 80 of 100. Then such a model is fitted and judged. Tables are read without a clock.

The constants in `deepenough.stats.learning` were chosen on `TUNED_ON` with seeds 0 to 4; the figures are of other seeds.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import _record
import numpy as np
from threadpoolctl import threadpool_limits

from deepenough import shelves
from deepenough.candidates._calibration import Calibrated
from deepenough.candidates._trial import Trial, expand, families, learn_part, score_of, try_out
from deepenough.dataset import Dataset
from deepenough.learning_curves._curves import see
from deepenough.learning_curves._points import log_se, loss, points, some
from deepenough.loading import load
from deepenough.metrics import Metric, named
from deepenough.splits import split
from deepenough.stats.learning import loss_at
from deepenough.workspace import Workspace

SEEDS = (10, 11, 12, 13, 14)
FAMILIES = ("linear", "gradient_boosting")
TUNED_ON = ("telco_churn", "german_credit", "wine_quality", "bike_sharing", "chicago_ridership")
SHARE, PROMISED = 0.25, 0.75
MOST_ROWS = 16_000


@dataclass(frozen=True)
class Table:
    """One data set: its file, its target, and how it is read. Of more rows than 16,000 so many are drawn.

    `distinct` leaves doubled rows out: three in ten of mammography are one and the same row, which no split can spread.
    """

    name: str
    target: str
    file: str = "data.csv"
    roles: dict[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    distinct: bool = False


TABLES = (
    Table("adult_income", "income", "train.csv"),
    Table("telco_churn", "Churn"),
    Table("german_credit", "risk", roles={"positive": "bad"}),
    Table("house_prices", "SalePrice"),
    Table("parkinsons_voice", "total_UPDRS", roles={"group": "subject#"}, drop=("motor_UPDRS",)),
    Table("satellite_soil", "Class", roles={"task": "classification"}),
    Table("sick_thyroid", "diagnosis", roles={"positive": "sick"}),
    Table("wine_quality", "quality", roles={"task": "regression"}),
    Table("bike_sharing", "cnt"),
    Table("mammography", "label", roles={"positive": "anomaly"}, distinct=True),
    Table("chicago_ridership", "ridership"),
)


def read(table: Table, data: Path, seed: int) -> Dataset:
    """Return the table, without what gives its answer away."""
    import pandas as pd

    frame = pd.read_csv(data / table.name / table.file).drop(columns=list(table.drop))
    frame = frame.drop_duplicates() if table.distinct else frame
    frame = frame.sample(min(len(frame), MOST_ROWS), random_state=seed)
    return load(frame, table.target, **table.roles)  # type: ignore[arg-type]


def strata_of(dataset: Dataset) -> Any:
    """Return what a split keeps in proportion."""
    return shelves.load("tasks", dataset.task.kind).strata(dataset.truth)


def foresee(family: Trial, whole: Dataset, seed: int) -> dict[str, Any]:
    """Return what a quarter of the rows foresaw of one family, and what came true."""
    metric: Metric = named(shelves.load("tasks", whole.task.kind).metric)
    cut, workspace = split(whole, strata_of(whole), seed=seed), Workspace()
    rest, held = whole.take(cut.development), whole.take(cut.sealed)
    units = strata_of(rest) if rest.groups is None else rest.groups
    few = rest.take(some(np.arange(len(rest)), SHARE, units, rest, np.random.default_rng([seed, 99])))
    parts = split(few, strata_of(few), seed=seed, given=True).parts
    with TemporaryDirectory() as folder:
        trial = try_out(expand(family, rest)[0], few, parts, metric, workspace, Path(folder) / "bundle", seed)
        if not trial.ok:
            return {"answer": "none", "why": trial.reason}
        found, why = points(trial, few, parts, metric, workspace, Path(folder), seed)
    curve = see(found, why, few, metric).curve
    if curve is None:
        return {"answer": "none", "why": "too few points", "rows": [p.rows for p in found]}
    model = learn_part(replace(trial, status="planned"), rest, cut.final, workspace, "all", seed)
    answer = (Calibrated(model, trial.calibration) if trial.calibration else model).predict(held)
    true = score_of(metric, metric.evidence(held.truth, answer), held.groups, quick=True)
    foreseen, came = loss_at(curve, len(rest), judged=log_se(true, metric)), loss(true.value, metric)
    return {
        "answer": "foreseen",
        "metric": metric.name,
        "rows": [p.rows for p in found],
        "losses": [loss(p.trial.validation.value, metric) for p in found if p.trial.validation],
        "all_rows": len(rest),
        "foreseen": [foreseen.low, foreseen.value, foreseen.high],
        "came_true": came,
        "inside": foreseen.low <= came <= foreseen.high,
    }


def shares(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return in how many pairs what came true lay inside the range, and how wide the ranges were."""
    told = [p for p in pairs if p["answer"] == "foreseen"]
    inside = sum(p["inside"] for p in told)
    widths = [p["foreseen"][2] / p["foreseen"][0] for p in told]
    return {
        "pairs": len(told),
        "inside": inside,
        "share": round(inside / max(1, len(told)), 3),
        "no_answer": len(pairs) - len(told),
        "median_width": round(float(np.median(widths)), 3) if widths else None,  # upper end over lower end, of the loss
    }


def main() -> None:
    """Measure, print, and write docs/figures/learning_curves.json."""
    parser = argparse.ArgumentParser(description="Does a learning curve foresee what more rows bring?")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--only", nargs="+", default=None, help="tables; then nothing is written")
    asked = parser.parse_args()
    data = os.environ.get("DEEPENOUGH_DATA")
    if data is None:
        sys.exit("DEEPENOUGH_DATA is not set: it names the folder of the tables.")
    warnings.simplefilter("ignore")
    started, pairs = time.process_time(), []
    with threadpool_limits(1):
        for table in (t for t in TABLES if asked.only is None or t.name in asked.only):
            for seed in asked.seeds:
                whole = read(table, Path(data), seed)
                for family in (f for f in families(whole) if f.candidate in FAMILIES):
                    pair = {"table": table.name, "seed": seed, "family": family.candidate}
                    pairs.append(pair | foresee(family, whole, seed))
            print(f"{table.name:<20}{shares([p for p in pairs if p['table'] == table.name])}", flush=True)
    others = [p for p in pairs if p["table"] not in TUNED_ON]
    found = {"all": shares(pairs), "not_tuned_on": shares(others)}
    by_table = {t.name: shares([p for p in pairs if p["table"] == t.name]) for t in TABLES}
    seconds = round(time.process_time() - started, 1)
    for name, figure in found.items():
        held = "held" if figure["share"] >= PROMISED else "MISSED"
        print(f"{name:<20}{figure['share']:.3f} of {figure['pairs']} (promised {PROMISED})  {held}")
    print(f"{seconds} CPU seconds")
    if asked.only is None:
        figures = {"promised": PROMISED, "tuned_on": TUNED_ON, "seeds": asked.seeds, "cpu_seconds": seconds}
        path = _record.write("learning_curves", asked.seeds[0], **figures, **found, tables=by_table, pairs=pairs)
        print(f"Written: {path.relative_to(_record.ROOT)}")


if __name__ == "__main__":
    main()
