"""What the documents of a run's folder hold."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec

from deepenough.bar import Bar
from deepenough.dataset import Dataset
from deepenough.files import to_csv
from deepenough.findings import Finding
from deepenough.metrics import Metric
from deepenough.modalities._readers.sources import noted
from deepenough.request import Request
from deepenough.splits import Sealed, Split
from deepenough.task import Task
from deepenough.verdict import UNTRIED, Verdict

PACKAGES = ("deepenough", "numpy", "pandas", "scipy", "scikit-learn", "lightgbm", "onnx", "onnxruntime", "torch")
SHOWN_CATEGORIES = 50


def of_question(asked: Request, dataset: Dataset, test: Dataset | None) -> dict[str, Any]:
    """Return what makes two runs the same question: what was asked, a hash of the data, and what the answer depends on."""
    return {"request": asked.document(), "data": _of_data(dataset, test), "versions": versions()}


def _of_data(*datasets: Dataset | None) -> str:
    """Return one hash of all that is read of the rows: inputs, target, and what is known of each."""
    from pandas.util import hash_pandas_object

    said = hashlib.sha256()
    for dataset in datasets:
        if dataset is not None:
            said.update(msgspec.json.encode([dataset.fingerprint, dataset.task]))
            said.update(hash_pandas_object(dataset.about.astype(str), index=False).to_numpy().tobytes())
    return said.hexdigest()[:16]


def of_run(
    name: str,
    source: Any,
    dataset: Dataset,
    held: Dataset | None,
    bar: Bar | None,
    metric: Metric,
    asked: Request,
    question: dict[str, Any],
    *,
    command: str | None,
    test: Any = None,
) -> dict[str, Any]:
    """Return run.json: what was asked, of what, with what."""
    return {
        "schema": "deepenough.run/1",
        "name": name,
        "source": noted(source),
        "test": noted(test),
        "command": command,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "fingerprint": dataset.fingerprint,
        "task": _of_task(dataset.task) | {"rows": len(dataset)},
        "bar": bar.document() if bar else None,
        "metric": metric.name,
        "seed": asked.seed,
        "cores": asked.threads,
        "budget_seconds": asked.budget_seconds,
        **question,
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
    }


def _of_task(task: Task) -> dict[str, Any]:
    columns = [msgspec.to_builtins(replace(c, categories=c.categories[:SHOWN_CATEGORIES])) for c in task.columns]
    return {
        "kind": task.kind,
        "modality": task.modality,
        "target": task.target,
        "labels": list(task.labels),
        "columns": columns,
    }


def versions() -> dict[str, str]:
    """Return the versions of what a result depends on, where it is installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def of_split(cut: Split, development: Dataset, sealed: Sealed, shown: dict[str, Any] | None) -> dict[str, Any]:
    """Return split.json; `shown`: what the sealed rows can show at all."""
    return {
        "strategy": cut.strategy,
        "rows": len(development) + len(sealed),
        "development": len(development),
        "sealed": len(sealed),
        "folds": len(cut.parts),
        "parts": [{"learn": len(p.learn), "tune": len(p.tune), "score": len(p.score)} for p in cut.parts],
        "provable": shown,
        "salt": sealed.salt,
        "sealed_hashes": sealed.row_hashes,
    }


def of_verdict(verdict: Verdict, task: Task, rows: int, seed: int) -> dict[str, Any]:
    """Return verdict.json."""
    return verdict.document() | {
        "task": {
            "kind": task.kind,
            "modality": task.modality,
            "target": task.target,
            "rows": rows,
            "classes": len(task.labels) or None,
        },
        "labels": list(task.labels),
        "seed": seed,
        "versions": versions(),
    }


def not_ready(blocker: Finding, metric: Metric, bar: Bar | None) -> Verdict:
    """Return the verdict of a run that a blocker stopped."""
    sentence = f"The data cannot support a verdict yet: {blocker.message} {blocker.remedy}"
    deep = UNTRIED | {"why": "Nothing was tried: a blocker stands."}
    return Verdict("not_ready", sentence, metric, bar, None, [], {}, {}, deep, None, 0)


def leaderboard(trials: list[dict[str, Any]]) -> str:
    """Return leaderboard.csv: a row a trial."""
    rows = [_line(t) for t in trials]
    return to_csv({name: [r[name] for r in rows] for name in (rows[0] if rows else {"trial": None})})


def _line(trial: dict[str, Any]) -> dict[str, Any]:
    latency, cost, gain = trial["latency_ms"] or {}, trial["cost"] or {}, trial["gain"] or {}
    scores = {
        f"{where}{'' if k == 'value' else '_' + k}": (trial[where] or {}).get(k)
        for where in ("validation", "test")
        for k in ("value", "low", "high")
    }
    return {
        "trial": trial["key"],
        "rung": trial["rung"],
        "status": trial["status"],
        **scores,
        "gain": gain.get("value"),
        "gain_over": gain.get("over"),
        "latency_p50_ms": latency.get("p50"),
        "latency_p95_ms": latency.get("p95"),
        "fit_seconds": trial["fit_seconds"],
        "cpu_seconds": trial["cpu_seconds"],
        "size_bytes": trial["size_bytes"],
        "cost_per_1000": cost.get("per_1000"),
        "reason": trial["reason"],
    }
