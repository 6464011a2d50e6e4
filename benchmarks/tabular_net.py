"""The tabular net beside networks anybody would write, on the same rows of real tables.

    DEEPENOUGH_DATA=... python benchmarks/tabular_net.py [--seed 0] [--only telco] [--out figures.json]

All learn from the same rows and the same inputs, at one thread, stopped early on the same held-out rows where they can
be told which:

- torch_mlp: a plain loop (two layers of 256, dropout 0.1, AdamW at 1e-3), on standardised numbers and one column a
  category;
- sklearn_mlp: MLPClassifier or MLPRegressor on the same matrix, `early_stopping=True`, learning and held-out rows
  together;
- lightgbm (learning rate 0.05, stopped early) and linear (logistic regression or ridge), for orientation.

The settings of the net were chosen on telco_churn, house_prices, wine_quality and satellite_soil, marked "tuned"; the
other tables report. The gain is the metric's own paired one, positive where the net is better, with its 95 % interval;
"WORSE" where all of it is below zero.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from deepenough import shelves
from deepenough.dataset import Answer, Dataset
from deepenough.loading import load, load_like
from deepenough.workspace import Workspace

EPOCHS, PATIENCE, BATCH = 60, 12, 256
HELD_OUT = 0.2
Fit = Callable[[Dataset, Dataset, int], Callable[[Dataset], Answer]]


@dataclass(frozen=True)
class Table:
    """One data set, and whether the net's settings were chosen on it."""

    name: str
    target: str
    tuned: bool = False
    file: str = "data.csv"
    test: str | None = None
    roles: dict[str, str] = field(default_factory=dict)


TABLES = (
    Table("adult_income", "income", file="train.csv", test="test.csv"),
    Table("german_credit", "risk", roles={"positive": "bad"}),
    Table("bike_sharing", "cnt", roles={"time": "dteday"}),
    Table("sick_thyroid", "diagnosis", roles={"positive": "sick"}),
    Table("telco_churn", "Churn", tuned=True),
    Table("house_prices", "SalePrice", tuned=True),
    Table("wine_quality", "quality", tuned=True, roles={"task": "regression"}),
    Table("satellite_soil", "Class", tuned=True, roles={"task": "classification"}),
)


def read(table: Table, data: Path, seed: int) -> tuple[Dataset, Dataset, Dataset]:
    """Return learning, held-out and test rows; where the table has a clock, the test rows are the latest fifth."""
    whole = load(data / table.name / table.file, table.target, **table.roles)  # type: ignore[arg-type]
    order = np.arange(len(whole)) if "time" in table.roles else np.random.default_rng(seed).permutation(len(whole))
    kept = len(whole) if table.test else round(0.8 * len(whole))
    given = data / table.name / table.test if table.test else None
    test = load_like(whole.task, given) if given else whole.take(order[kept:])
    development = np.random.default_rng(seed + 1).permutation(order[:kept])
    learning = round((1.0 - HELD_OUT) * kept)
    return whole.take(development[:learning]), whole.take(development[learning:]), test


def the_net(learn: Dataset, tune: Dataset, seed: int) -> Callable[[Dataset], Answer]:
    """Ours, as it stands on the shelf."""
    candidate = shelves.load("candidates", "tabular_net")
    settings = candidate.portfolio(learn.task, len(learn))[0]
    return candidate.build(learn.task, settings, seed).fit(learn, tune, Workspace(threads=1)).predict


def matrix(learn: Dataset) -> Callable[[Dataset], np.ndarray]:
    """Return what makes the references' inputs: standardised numbers, flags of the missing, one column a category."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    def joined(rows: Dataset) -> np.ndarray:
        return np.hstack([rows.tensors["numbers"], rows.tensors["codes"]]).astype(np.float64)

    numbers, codes = (learn.tensors[k].shape[1] for k in ("numbers", "codes"))
    prepared = ColumnTransformer(
        [
            (
                "numbers",
                make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()),
                list(range(numbers)),
            ),
            (
                "codes",
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                list(range(numbers, numbers + codes)),
            ),
        ]
    )
    prepared.fit(joined(learn))
    return lambda rows: np.asarray(prepared.transform(joined(rows)), np.float32)


def torch_mlp(learn: Dataset, tune: Dataset, seed: int) -> Callable[[Dataset], Answer]:
    """A plain network, the target of a regression standardised."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    read_rows, labels = matrix(learn), learn.task.labels
    mean, scale = (0.0, 1.0) if labels else (learn.truth.mean(), learn.truth.std())

    def tensors(rows: Dataset) -> tuple[Any, Any]:
        target = rows.truth.astype(np.int64) if labels else ((rows.truth - mean) / scale).astype(np.float32)
        return torch.from_numpy(read_rows(rows)), torch.from_numpy(target)

    def predict(rows: Dataset) -> Answer:
        with torch.no_grad():
            raw = net(tensors(rows)[0])
        return {"probability": raw.softmax(1).numpy()} if labels else {"value": raw.squeeze(1).numpy() * scale + mean}

    data = tensors(learn)
    net = nn.Sequential(
        nn.Linear(data[0].shape[1], 256),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Linear(256, 256),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Linear(256, max(1, len(labels))),
    )
    loop(
        net,
        (lambda raw, y: nn.functional.cross_entropy(raw, y))
        if labels
        else (lambda raw, y: nn.functional.mse_loss(raw.squeeze(1), y)),
        data,
        tensors(tune),
    )
    return predict


def loop(net: Any, loss: Callable[[Any, Any], Any], data: tuple[Any, Any], held: tuple[Any, Any]) -> None:
    """A plain training loop; the weights of the best epoch stay."""
    import torch

    (x, y), n = data, len(data[0])
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    best, kept, since = math.inf, net.state_dict(), 0
    for _ in range(EPOCHS):
        net.train()
        for rows in torch.randperm(n).split(min(BATCH, max(32, n // 20))):
            optimizer.zero_grad()
            loss(net(x[rows]), y[rows]).backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            judged = float(loss(net(held[0]), held[1]))
        since += 1
        if judged < best:
            best, kept, since = judged, {k: v.clone() for k, v in net.state_dict().items()}, 0
        if since >= PATIENCE:
            break
    net.load_state_dict(kept)


def sklearn_mlp(learn: Dataset, tune: Dataset, seed: int) -> Callable[[Dataset], Answer]:
    """scikit-learn's network, its defaults with early stopping; a regression's target is standardised."""
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.preprocessing import StandardScaler

    settings: dict[str, Any] = {
        "early_stopping": True,
        "validation_fraction": HELD_OUT,
        "n_iter_no_change": PATIENCE,
        "max_iter": 500,
        "random_state": seed,
    }
    if learn.task.labels:
        return classical(MLPClassifier(**settings), learn, tune)
    return classical(TransformedTargetRegressor(MLPRegressor(**settings), transformer=StandardScaler()), learn, tune)


def linear(learn: Dataset, tune: Dataset, _seed: int) -> Callable[[Dataset], Answer]:
    """Logistic regression or ridge."""
    from sklearn.linear_model import LogisticRegression, Ridge

    return classical(LogisticRegression(max_iter=2000) if learn.task.labels else Ridge(), learn, tune)


def classical(model: Any, learn: Dataset, tune: Dataset) -> Callable[[Dataset], Answer]:
    """Fit a scikit-learn model on learning and held-out rows together."""
    read_rows = matrix(learn)
    model.fit(np.concatenate([read_rows(learn), read_rows(tune)]), np.concatenate([learn.truth, tune.truth]))
    if learn.task.labels:
        return lambda rows: {"probability": model.predict_proba(read_rows(rows))}
    return lambda rows: {"value": model.predict(read_rows(rows))}


def lightgbm(learn: Dataset, tune: Dataset, seed: int) -> Callable[[Dataset], Answer]:
    """Library defaults, learning rate 0.05, early stopping."""
    import lightgbm as library

    def joined(rows: Dataset) -> np.ndarray:
        return np.hstack([rows.tensors["numbers"], rows.tensors["codes"]]).astype(np.float64)

    settings: dict[str, Any] = {
        "n_estimators": 1000,
        "learning_rate": 0.05,
        "random_state": seed,
        "verbose": -1,
        "n_jobs": 1,
    }
    model = library.LGBMClassifier(**settings) if learn.task.labels else library.LGBMRegressor(**settings)
    numbers = learn.tensors["numbers"].shape[1]
    model.fit(
        joined(learn),
        learn.truth,
        eval_X=joined(tune),
        eval_y=tune.truth,
        categorical_feature=list(range(numbers, numbers + learn.tensors["codes"].shape[1])),
        callbacks=[library.early_stopping(50, verbose=False)],
    )
    if learn.task.labels:
        return lambda rows: {"probability": np.asarray(model.predict_proba(joined(rows)))}
    return lambda rows: {"value": np.asarray(model.predict(joined(rows)))}


REFERENCES: dict[str, Fit] = {
    "torch_mlp": torch_mlp,
    "sklearn_mlp": sklearn_mlp,
    "lightgbm": lightgbm,
    "linear": linear,
}


def timed(fit: Fit, learn: Dataset, tune: Dataset, test: Dataset, seed: int) -> tuple[Answer, float]:
    """Return the answer on the test rows and the CPU seconds of the fit."""
    begun = time.process_time()
    predict = fit(learn, tune, seed)
    return predict(test), time.process_time() - begun


def compare(table: Table, data: Path, seed: int) -> list[dict[str, Any]]:
    """Return a row a metric and reference: both scores on the test rows, and the paired gain."""
    learn, tune, test = read(table, data, seed)
    mine, seconds = timed(the_net, learn, tune, test, seed)
    names = ("rmse",) if not learn.task.labels else ("log_loss", "roc_auc")
    rows = []
    for name, fit in REFERENCES.items():
        theirs, theirs_seconds = timed(fit, learn, tune, test, seed)
        for metric in (shelves.load("metrics", n) for n in names):
            ours, other = (metric.evidence(test.truth, a) for a in (mine, theirs))
            gain, weights = metric.gain(other, ours), np.ones(len(test))
            rows.append(
                {
                    "table": table.name,
                    "tuned": table.tuned,
                    "metric": metric.name,
                    "rows": len(learn) + len(tune),
                    "test": len(test),
                    "reference": name,
                    "ours": float(metric.value(ours, weights)),
                    "ours_cpu_seconds": round(seconds, 2),
                    "theirs": float(metric.value(other, weights)),
                    "theirs_cpu_seconds": round(theirs_seconds, 2),
                    "gain": gain.value,
                    "low": gain.low,
                    "high": gain.high,
                    "worse": gain.high is not None and gain.high < 0.0,
                    "better": gain.low is not None and gain.low > 0.0,
                }
            )
            show(rows[-1])
    return rows


def show(row: dict[str, Any]) -> None:
    """Print one line of the table."""
    known = row["low"] is not None and row["high"] is not None
    bounds = f"[{row['low']:+.4f}, {row['high']:+.4f}]" if known else "[no interval]"
    flag = "WORSE" if row["worse"] else "better" if row["better"] else ""
    print(
        f"{row['table']:<15}{'tuned' if row['tuned'] else '':<6}{row['metric']:<9}{row['reference']:<12}"
        f"{row['ours']:>11.4f}{row['theirs']:>11.4f}{row['gain']:>+9.4f}  {bounds:<20} {flag:<7}"
        f"{row['ours_cpu_seconds']:>6.1f}{row['theirs_cpu_seconds']:>7.1f}",
        flush=True,
    )


def main() -> None:
    """Compare on every table, print, and write the rows where asked."""
    parser = argparse.ArgumentParser(description="The tabular net beside plain networks, trees and a linear model.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="tables whose name holds this")
    parser.add_argument("--out", type=Path, help="where to write the rows as JSON")
    asked = parser.parse_args()
    data = os.environ.get("DEEPENOUGH_DATA")
    if data is None:
        sys.stderr.write("DEEPENOUGH_DATA is not set: there is nothing to compare on\n")
        return
    import torch

    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    print(
        f"{'table':<21}{'metric':<9}{'against':<12}{'ours':>11}{'theirs':>11}{'gain':>9}  {'95 % interval':<28}"
        "CPU s: ours, theirs"
    )
    rows = [row for table in TABLES if asked.only in table.name for row in compare(table, Path(data), asked.seed)]
    print(
        f"\n{sum(r['worse'] for r in rows)} of {len(rows)} comparisons are worse by more than the paired interval, "
        f"{sum(r['better'] for r in rows)} better."
    )
    if asked.out is not None:
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_text(json.dumps({"seed": asked.seed, "rows": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
