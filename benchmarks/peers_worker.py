"""Fits one peer on a table, and answers the sealed rows: run by peers.py in the peers' own environment.

    python peers_worker.py asked.json

`asked.json` names the system, two Parquet files (the rows to learn from, with the target; the sealed rows, without it), the
task, the metric, and the seconds. Written beside it: `answer.parquet`, a column a class or `value`; and `said.json`, what it
took, or which package is not installed. Nothing of deepenough is imported here.

The seconds that a peer may spend are told to it by its own clock, `time.time`, which stands still while the process does not
compute: so "20 seconds" are 20 CPU seconds, whatever else the machine does.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

FOLDS = 8  # AutoGluon's own number
CALLS, LONGEST = 50, 3.0  # one-row calls, and the CPU seconds after which no more are made
Predict = Callable[[pd.DataFrame], np.ndarray]


@dataclass
class Fitted:
    """What a peer learnt: how it answers, its classes in the order of its columns, its bytes, and what it says of itself."""

    predict: Predict
    classes: list[str]
    size: Callable[[], dict[str, int]]
    about: dict[str, Any] = field(default_factory=dict)


def count_cpu_seconds() -> None:
    """Make `time.time` of this process tick by the CPU time it used."""
    begun, used = time.time(), time.process_time()
    time.time = lambda: begun + time.process_time() - used


def autogluon(asked: dict[str, Any], train: pd.DataFrame, y: pd.Series, groups: pd.Series | None) -> Fitted:
    """TabularPredictor with the preset's own defaults; to the presets that cut folds, which eighth of the groups a row is of.

    Where its trial of stacking leaves no time for the models, or fails (it does with groups), it is fitted without that trial,
    as its own message advises.
    """
    from autogluon.tabular import TabularPredictor

    folder = Path(asked["folder"]) / "model"
    preset, told = asked["system"].partition("-")[2], {}
    frame = train.assign(**{asked["target"]: y.to_numpy()})
    if groups is not None and preset != "medium":
        frame, told = frame.assign(fold=groups.factorize()[0] % FOLDS), {"groups": "fold"}

    def fit(**stacking: bool) -> Any:
        shutil.rmtree(folder, ignore_errors=True)
        metric = "root_mean_squared_error" if asked["metric"] == "rmse" else asked["metric"]
        fixed = {"problem_type": asked["task"], "eval_metric": metric, "path": str(folder), "verbosity": 0}
        made = TabularPredictor(label=asked["target"], **fixed, **told)
        limits = {"time_limit": asked["seconds"], "num_cpus": 1, "num_gpus": 0}
        return made.fit(frame, presets=f"{preset}_quality", **limits, **stacking)

    tried = not told
    try:
        predictor = fit() if tried else fit(dynamic_stacking=False)
    except AssertionError as error:
        if "dynamic_stacking=False" not in str(error):
            raise
        predictor, tried = fit(dynamic_stacking=False), False
    numbers = asked["task"] == "regression"

    def predict(rows: pd.DataFrame) -> np.ndarray:
        return (predictor.predict(rows) if numbers else predictor.predict_proba(rows)).to_numpy()

    def size() -> dict[str, int]:
        copy = predictor.clone_for_deployment(path=str(folder.with_name("deployed")), dirs_exist_ok=True)
        return {"bytes": bytes_in(folder), "bytes_deployed": bytes_in(Path(copy))}

    board = predictor.leaderboard()
    about = {
        "models": len(board),
        "model": str(predictor.model_best),
        "groups_told": bool(told),
        "stacking_tried": tried,
    }
    predictor.persist()
    return Fitted(predict, [] if numbers else [str(c) for c in predictor.class_labels], size, about)


def flaml(asked: dict[str, Any], train: pd.DataFrame, y: pd.Series, groups: pd.Series | None) -> Fitted:
    """AutoML with its own list of learners and its own split; it is told the groups.

    Told that rows are in the order of time it did worse on bike_sharing than left to itself. Columns get plain names: the
    LightGBM in it refuses such as "Jitter(%)".
    """
    from flaml import AutoML

    model, told = AutoML(), {}

    def plain(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.set_axis([f"column_{i}" for i in range(rows.shape[1])], axis=1)

    if groups is not None:
        told = {"split_type": "group", "groups": groups.to_numpy()}
    numbers = asked["task"] == "regression"
    model.fit(
        X_train=plain(train),
        y_train=y,
        task="regression" if numbers else "classification",
        metric=asked["metric"],
        time_budget=asked["seconds"],
        n_jobs=1,
        seed=asked["seed"] + 1,  # 0 is "none" to it
        verbose=0,
        **told,
    )

    def size() -> dict[str, int]:
        return {"bytes": len(pickle.dumps(model, protocol=pickle.HIGHEST_PROTOCOL))}

    about = {"model": str(model.best_estimator), "groups_told": groups is not None}
    classes = [] if numbers else [str(c) for c in model.classes_]
    answer = model.predict if numbers else model.predict_proba
    return Fitted(lambda rows: answer(plain(rows)), classes, size, about)


def stand_in(asked: dict[str, Any], train: pd.DataFrame, y: pd.Series, _groups: pd.Series | None) -> Fitted:
    """scikit-learn's boosted trees on the columns that hold numbers: no peer, but a whole one for the test of the protocol."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    numbers = asked["task"] == "regression"
    made = HistGradientBoostingRegressor if numbers else HistGradientBoostingClassifier
    columns = list(train.select_dtypes("number"))
    model = made(max_iter=20, random_state=asked["seed"]).fit(train[columns], y)

    def predict(rows: pd.DataFrame) -> np.ndarray:
        return model.predict(rows[columns]) if numbers else model.predict_proba(rows[columns])

    classes = [] if numbers else [str(c) for c in model.classes_]
    return Fitted(predict, classes, lambda: {"bytes": len(pickle.dumps(model))}, {"models": 1, "model": "stand-in"})


SYSTEMS: dict[str, tuple[str, Any]] = {
    "autogluon-medium": ("autogluon.tabular", autogluon),
    "autogluon-good": ("autogluon.tabular", autogluon),
    "flaml": ("flaml", flaml),
    "stand-in": ("scikit-learn", stand_in),
}


def bytes_in(folder: Path) -> int:
    """Return the size of all files under a folder."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def one_row(predict: Predict, rows: pd.DataFrame) -> dict[str, float]:
    """Return CPU milliseconds of a call with one row, a frame that is ready: p50 and p95."""
    frames = [rows.iloc[[i % len(rows)]] for i in range(CALLS + 1)]
    predict(frames[-1])
    spent: list[float] = []
    for frame in frames[:CALLS]:
        begun = time.process_time()
        predict(frame)
        spent.append(1e3 * (time.process_time() - begun))
        if sum(spent) > 1e3 * LONGEST:
            break
    return {"p50": round(statistics.median(spent), 4), "p95": round(float(np.quantile(spent, 0.95)), 4)}


def write(path: Path, document: dict[str, Any]) -> None:
    """Write a JSON document so that half of one is never read."""
    half = path.with_suffix(".half")
    half.write_text(json.dumps(document, indent=1), encoding="utf-8")
    half.replace(path)


def work(asked: dict[str, Any]) -> dict[str, Any]:
    """Fit, answer the sealed rows, time one row; return what it took."""
    package, fit = SYSTEMS[asked["system"]]
    folder = Path(asked["folder"])
    rows, sealed = (pd.read_parquet(asked[name]) for name in ("train", "sealed"))
    y = rows.pop(asked["target"])
    group = asked.get("group")
    groups = rows.pop(group) if group else None
    sealed = sealed.drop(columns=[group] if group else [])
    before = time.process_time()
    fitted: Fitted = fit(asked, rows, y, groups)
    after = time.process_time()
    answer = np.asarray(fitted.predict(sealed))
    answered = time.process_time()
    columns = fitted.classes or ["value"]
    frame = pd.DataFrame(answer.reshape(len(sealed), len(columns)).astype(np.float64), columns=columns)
    frame.to_parquet(folder / "answer.parquet")
    return {
        "system": asked["system"],
        "version": version(package),
        "fit_cpu_seconds": round(after - before, 2),
        "cpu_seconds": round(answered, 2),  # of the process: its start and its imports, the fit, and the answers
        "one_row_cpu_ms": one_row(fitted.predict, sealed),
        **fitted.size(),
        **fitted.about,
    }


def main() -> None:
    """Read the question, and leave the answer beside it."""
    asked = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    warnings.filterwarnings("ignore")
    os.chdir(asked["folder"])
    count_cpu_seconds()
    try:
        said = work(asked)
    except ModuleNotFoundError as error:
        said = {"system": asked["system"], "absent": f"the package '{error.name}' is not installed"}
    write(Path(asked["folder"]) / "said.json", said)


if __name__ == "__main__":
    main()
