"""Our classical choice beside two public references, on the same sealed rows of real tables.

    DEEPENOUGH_DATA=... python benchmarks/quality.py [--seeds 3] [--only telco]

References, with the same development rows and the same inputs (numbers with their gaps, categories as codes):

- lightgbm: the library's defaults at a learning rate of 0.05, up to 1,000 rounds, stopped early on a fifth held out;
- linear: median and most frequent imputation, StandardScaler, OneHotEncoder, then LogisticRegression or Ridge with their defaults.

Ours: every classical trial of the ladder on the same parts; picks are "best" (out of fold) and "chosen" (the simplest within the worth
of it, what would ship; "both" where they are one). The pick is refitted and exported, and the bundle answers.
The gain is the metric's own paired one, positive where ours is better, with its 95 % interval; "WORSE" where all of it is below zero.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import _record
import numpy as np

from deepenough import shelves
from deepenough.candidates._climb import best, choose, climb, gain_of
from deepenough.candidates._trial import DEEP_FROM, refit
from deepenough.dataset import Answer, Dataset
from deepenough.loading import load, load_like
from deepenough.splits import Part, Split, split
from deepenough.workspace import Workspace

PATIENCE = 50


@dataclass(frozen=True)
class Table:
    """One data set: its file, its target, and how it is split."""

    name: str
    target: str
    file: str = "data.csv"
    test: str | None = None
    roles: dict[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()


TABLES = (
    Table("adult_income", "income", "train.csv", "test.csv"),
    Table("telco_churn", "Churn"),
    Table("german_credit", "risk", roles={"positive": "bad"}),
    Table("house_prices", "SalePrice"),
    Table("bike_sharing", "cnt", roles={"time": "dteday"}),
    Table("sick_thyroid", "diagnosis", roles={"positive": "sick"}),
    Table("wine_quality", "quality", roles={"task": "regression"}),
    Table("satellite_soil", "Class", roles={"task": "classification"}),
    Table("parkinsons_voice", "total_UPDRS", roles={"group": "subject#"}, drop=("motor_UPDRS",)),
)


def read(table: Table, data: Path, seed: int) -> tuple[Dataset, Dataset, Split]:
    """Return development rows, sealed rows, and how the former are cut: exactly as `deepenough run` would."""
    import pandas as pd

    folder = data / table.name
    source: Any = folder / table.file
    if table.drop:
        source = pd.read_csv(source).drop(columns=list(table.drop))
    whole = load(source, table.target, **table.roles)  # type: ignore[arg-type]
    strata = shelves.load("tasks", whole.task.kind).strata(whole.truth)
    cut = split(whole, strata, seed=seed, given=table.test is not None)
    sealed = load_like(whole.task, folder / table.test) if table.test else whole.take(cut.sealed)
    return whole.take(cut.development), sealed, cut


def only_classical() -> None:
    """Take the deep families off the shelf for this process."""
    books = shelves.shelf("candidates")
    for name in [n for n, book in books.items() if book.facts["rung"] >= DEEP_FROM]:
        del books[name]


def ours(development: Dataset, sealed: Dataset, cut: Split, metric: Any, seed: int) -> list[tuple[str, str, Answer]]:
    """Return (pick, trial, what its exported bundle says of the sealed rows) for the best classical trial and the ladder's own choice."""
    workspace = Workspace(threads=1)
    with tempfile.TemporaryDirectory() as work:
        tried = climb(
            development,
            cut,
            metric,
            workspace,
            n_sealed=len(sealed),
            folder=Path(work) / "trials",
            seed=seed,
            full=True,
        )
        winner = best(tried, metric)
        if winner is None:
            raise SystemExit("No classical trial could be fitted: " + "; ".join(str(t.reason) for t in tried))
        chosen = choose(tried, development, metric, bar=None, n_sealed=len(sealed), worth=None)
        picks = [("both", winner)] if winner.key == chosen.key else [("best", winner), ("chosen", chosen)]
        answers = []
        for pick, trial in picks:
            refitted, bundle = refit(trial, development, cut.final, workspace, Path(work) / pick, seed)
            if bundle is None:
                raise SystemExit(f"{trial.key} could not be refitted: {refitted.reason}")
            answers.append((pick, trial.key, bundle.run(sealed.tensors)))
        return answers


def lightgbm_reference(development: Dataset, sealed: Dataset, held_out: Part, seed: int) -> Answer:
    """Library defaults, learning rate 0.05, early stopping."""
    import lightgbm

    labels = development.task.labels
    numbers = development.tensors["numbers"].shape[1]
    x, new = (np.hstack([d.tensors["numbers"], d.tensors["codes"]]).astype(np.float64) for d in (development, sealed))
    settings: dict[str, Any] = {
        "n_estimators": 1000,
        "learning_rate": 0.05,
        "random_state": seed,
        "verbose": -1,
        "n_jobs": 1,
    }
    model = lightgbm.LGBMClassifier(**settings) if labels else lightgbm.LGBMRegressor(**settings)
    learn, tune = held_out.learn, held_out.tune
    model.fit(
        x[learn],
        development.truth[learn],
        eval_X=x[tune],
        eval_y=development.truth[tune],
        categorical_feature=list(range(numbers, x.shape[1])),
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
    return (
        {"probability": np.asarray(model.predict_proba(new))} if labels else {"value": np.asarray(model.predict(new))}
    )


def linear_reference(development: Dataset, sealed: Dataset, _held_out: Part, _seed: int) -> Answer:
    """scikit-learn's usual pipeline, its defaults."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    labels = development.task.labels
    numbers, codes = (development.tensors[k].shape[1] for k in ("numbers", "codes"))
    x, new = (np.hstack([d.tensors["numbers"], d.tensors["codes"]]).astype(np.float64) for d in (development, sealed))
    prepared = ColumnTransformer(
        [
            (
                "numbers",
                make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()),
                list(range(numbers)),
            ),
            (
                "codes",
                make_pipeline(
                    SimpleImputer(missing_values=0, strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
                ),
                list(range(numbers, numbers + codes)),
            ),
        ]
    )
    model = make_pipeline(prepared, LogisticRegression(max_iter=2000) if labels else Ridge())
    model.fit(x, development.truth)
    return {"probability": model.predict_proba(new)} if labels else {"value": model.predict(new)}


REFERENCES = {"lightgbm": lightgbm_reference, "linear": linear_reference}


def compare(table: Table, data: Path, seed: int) -> list[dict[str, Any]]:
    """Return a row a metric and reference: both scores on the sealed rows, and the paired gain."""
    development, sealed, cut = read(table, data, seed)
    kind = shelves.load("tasks", development.task.kind)
    metrics = [shelves.load("metrics", m) for m in (kind.metric, "log_loss" if development.task.labels else "mae")]
    begun = time.process_time()
    answers = ours(development, sealed, cut, metrics[0], seed)
    about = {
        "table": table.name,
        "seed": seed,
        "rows": len(development),
        "sealed": len(sealed),
        "split": cut.strategy,
        "cpu_seconds": round(time.process_time() - begun, 1),
    }
    rows = []
    for name, fit in REFERENCES.items():
        theirs = fit(development, sealed, cut.final, seed)
        rows += [
            about | {"pick": pick, "trial": key, "reference": name, "metric": m.name} | judge(m, sealed, answer, theirs)
            for pick, key, answer in answers
            for m in metrics
        ]
    for row in rows:
        show(row)
    return rows


def judge(metric: Any, sealed: Dataset, answer: Answer, theirs: Answer) -> dict[str, Any]:
    """Return both scores and our paired gain; where rows come in groups, whole groups are what chance draws."""
    mine, other = (metric.evidence(sealed.truth, a) for a in (answer, theirs))
    gain, weights = gain_of(metric, other, mine, sealed.groups), np.ones(len(sealed))
    return {
        "ours": float(metric.value(mine, weights)),
        "theirs": float(metric.value(other, weights)),
        "gain": gain.value,
        "low": gain.low,
        "high": gain.high,
        "worse": gain.high is not None and gain.high < 0.0,
        "better": gain.low is not None and gain.low > 0.0,
    }


def show(row: dict[str, Any]) -> None:
    """Print one line of the table."""
    bounds = (
        f"[{row['low']:+.4f}, {row['high']:+.4f}]"
        if row["low"] is not None and row["high"] is not None
        else "[no interval]"
    )
    flag = "WORSE" if row["worse"] else "better" if row["better"] else ""
    print(
        f"{row['table']:<17}{row['seed']:<5}{row['metric']:<9}{row['reference']:<9}{row['ours']:>11.4f}{row['theirs']:>11.4f}"
        f"{row['gain']:>+9.4f}  {bounds:<20} {flag:<7}{row['pick']:<7}{row['trial']} ({row['cpu_seconds']} CPU s)",
        flush=True,
    )


def summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a row a table, pick, metric and reference over the seeds: mean gain, how often surely worse, how often surely better."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for row in rows:
        for pick in ("best", "chosen") if row["pick"] == "both" else (row["pick"],):
            groups.setdefault((row["table"], pick, row["metric"], row["reference"]), []).append(row)
    return [
        {
            "table": t,
            "pick": p,
            "metric": m,
            "reference": r,
            "seeds": len(found),
            "gain": float(np.mean([f["gain"] for f in found])),
            "worse": sum(f["worse"] for f in found),
            "better": sum(f["better"] for f in found),
        }
        for (t, p, m, r), found in groups.items()
    ]


def main() -> None:
    """Compare on every table and write docs/figures/quality.json."""
    parser = argparse.ArgumentParser(description="Sealed scores beside public references.")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default="", help="tables whose name holds this; nothing is written")
    asked = parser.parse_args()
    data = os.environ.get("DEEPENOUGH_DATA")
    if data is None:
        sys.stderr.write("DEEPENOUGH_DATA is not set: there is nothing to compare on\n")
        return
    only_classical()
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    print(f"{'table':<17}{'seed':<5}{'metric':<9}{'against':<9}{'ours':>11}{'theirs':>11}{'gain':>9}  95 % interval")
    rows = [
        row
        for table in TABLES
        if asked.only in table.name
        for seed in range(asked.seeds)
        for row in compare(table, Path(data), seed)
    ]
    print(f"\n{'mean over the seeds':<17}")
    for line in summary(rows):
        print(
            f"{line['table']:<17}{line['pick']:<8}{line['metric']:<9}{line['reference']:<9}{line['gain']:>+9.4f}  "
            f"worse {line['worse']}, better {line['better']} of {line['seeds']}"
        )
    print(
        f"\n{sum(r['worse'] for r in rows)} of {len(rows)} comparisons are worse by more than the paired interval, "
        f"{sum(r['better'] for r in rows)} better."
    )
    if not asked.only:
        path = _record.write("quality", 0, seeds=asked.seeds, level=0.95, summary=summary(rows), rows=rows)
        print(f"Written: {path.relative_to(_record.ROOT)}")


if __name__ == "__main__":
    main()
