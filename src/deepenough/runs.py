"""The whole corridor: from a table to a verdict, a bundle and the documents of a run."""

from __future__ import annotations

import csv
import io
import json
import platform
import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from deepenough import shelves
from deepenough.bar import Bar, check_metric, parse
from deepenough.bundle import Bundle
from deepenough.candidates._climb import climb
from deepenough.candidates._trial import Trial
from deepenough.checks import audit_inputs, audit_labels
from deepenough.dataset import Dataset
from deepenough.errors import DataError, SettingError, StorageError
from deepenough.figures import draw
from deepenough.files import new_folder, write_json, write_text
from deepenough.loading import load, load_like
from deepenough.metrics import Metric
from deepenough.splits import Sealed, Split, split
from deepenough.stats import provable
from deepenough.verdict import Opened, Verdict, decide, estimate_document
from deepenough.workspace import Workspace, cores as cores_found

if TYPE_CHECKING:
    import pandas as pd

PACKAGES = ("deepenough", "numpy", "pandas", "scipy", "scikit-learn", "lightgbm", "onnx", "onnxruntime", "torch")
MANY_CELLS = 5_000_000  # under so many a second thread costs more than it brings, and changes the last digits
NOT_READY = "The data cannot support a verdict yet: {message} {remedy}"


@dataclass(frozen=True)
class Run:
    """A folder of documents, and what they say.

    Attributes
    ----------
    verdict : the document of verdict.json.
    """

    folder: Path
    verdict: dict[str, Any]

    @classmethod
    def load(cls, folder: str | Path) -> Run:
        """Open the folder of a finished run; `DataError` where it is none."""
        path = Path(folder) / "verdict.json"
        if not path.is_file():
            raise DataError(f"'{folder}' holds no finished run (no verdict.json). Name a folder that `deepenough run` made.")
        return cls(Path(folder), json.loads(path.read_text(encoding="utf-8")))

    @property
    def bundle(self) -> Bundle:
        """What ships."""
        return Bundle.load(self.folder / "bundle")

    def predict(self, source: Any) -> dict[str, np.ndarray]:
        """Answer the rows of a file, a frame, or dicts: key columns (or ``row``), prediction, probabilities."""
        return predict(self.bundle, source)

    @property
    def report(self) -> Path:
        return self.folder / "report.html"

    def leaderboard(self) -> pd.DataFrame:
        """Return one row a trial, in the order of the climb."""
        import pandas as pd

        return pd.read_csv(self.folder / "leaderboard.csv")


def run(source: Any, target: str | None = None, *, bar: str | None = None, metric: str | None = None, test: Any = None,
        latency: str | None = None, size: str | None = None, cost: float | None = None, types: Mapping[str, str] | None = None,
        group: str | None = None, time: str | None = None, task: str | None = None, positive: str | None = None,
        worth: float | None = None, budget: str | float = "10m", cores: int | None = None, seed: int = 0, full: bool = False,
        despite: Collection[str] = (), out: str | Path | None = None, overwrite: bool = False, report: bool = True,
        command: str | None = None, say: Callable[[str], None] | None = None) -> Run:
    """Audit, split, seal, climb, decide, and write it all down.

    Parameters
    ----------
    source : path of a CSV, TSV or Parquet file, or a DataFrame.
    target : the column to predict.
    bar : how good is good enough: ``roc_auc >= 0.85``. Without one the best that earns its place is chosen.
    metric : what to judge by, where there is no bar.
    test : rows with their target that become the sealed set.
    latency, size, cost : limits of one answer (``20ms``), of the model (``5MB``), and of 1,000 answers.
    worth : the gain below which a more complex model is not worth it: points of a score, share of an error.
    budget : seconds a core (``10m``, ``600``), spent by a table of costs, never by a stopwatch.
    cores : threads to fit with; the default is the cores found.
    full : climb on past the bar. despite : codes of blockers to go on despite.
    out : folder of the run; the default is ``runs/<name>``, numbered where that is taken.

    Raises
    ------
    DeepEnoughError : the thing, what was seen, the mend; nothing half-written stays.

    Examples
    --------
    >>> run("churn.csv", target="churned", bar="roc_auc >= 0.85")   # doctest: +SKIP
    """
    threads = cores or cores_found()
    workspace = Workspace(budget_seconds=_seconds(budget) * threads)
    workspace.tell = say or workspace.tell
    workspace.say("Reading")
    dataset = load(source, target, types=types, group=group, time=time, task=task, positive=positive)
    workspace.threads = threads if len(dataset) * len(dataset.features) >= MANY_CELLS else 1
    sealed_file = None if test is None else load_like(dataset.task, test)
    wanted = parse(bar, dataset.task.kind, latency=latency, size=size, cost=cost)
    judge = _metric(wanted, metric, dataset)
    wanted = replace(wanted, metric=judge.name) if wanted else None
    folder = _folder(out, source, overwrite)
    with new_folder(folder) as temporary, _pinned():
        corridor = Corridor(temporary, dataset, sealed_file, wanted, judge, workspace, seed)
        corridor.write_run(folder.name, source, command, threads)
        verdict = corridor.walk(worth, full, despite)
        if report:
            from deepenough.report.html import render

            workspace.say("Writing the report")
            render(temporary)
    return Run(folder, verdict)


def predict(bundle: Bundle, source: Any) -> dict[str, np.ndarray]:
    """Answer every row of a table through the bundle.

    Returns
    -------
    Columns: the table's identifiers (``row``, counted from 0, where it has none), then those of `Bundle.predict`.
    """
    _, rows = shelves.load("modalities", bundle.task.modality).read(source, {"task": bundle.task})
    keys = {name: rows[name].to_numpy() for name in bundle.task.keys if name in rows}
    return (keys or {"row": np.arange(len(rows))}) | bundle.predict(rows)


def open_bundle(path: str | Path) -> Bundle:
    """Load the bundle of a run's folder, or the bundle that the folder is."""
    folder = Path(path)
    if not folder.is_dir():
        raise DataError(f"There is no folder '{folder}'. Name a run or a bundle.")
    return Run.load(folder).bundle if (folder / "run.json").exists() else Bundle.load(folder)


def _pinned() -> Any:
    """One thread for linear algebra: more would change the last digits, and cost 20 times the CPU on a busy machine."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1, user_api="blas")


def _metric(bar: Bar | None, name: str | None, dataset: Dataset) -> Metric:
    if bar is not None and bar.metric is not None:
        if name is not None and name != bar.metric:
            raise SettingError(f"--metric {name} and the bar's {bar.metric} differ. Leave --metric out: the bar decides.")
        name = bar.metric
    kind = dataset.task.kind
    name = name or shelves.load("tasks", kind).metric
    check_metric(name, kind)
    metric: Metric = shelves.load("metrics", name)
    return metric


def _seconds(budget: str | float) -> float:
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    text = str(budget).strip().lower()
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "s")
    try:
        seconds = float(number) * units[unit]
    except ValueError:
        seconds = -1.0
    if not seconds > 0:
        raise SettingError(f"--budget '{budget}' cannot be read. Write seconds, or a number and its unit (s, m, h): 10m.")
    return seconds


def _folder(out: str | Path | None, source: Any, overwrite: bool) -> Path:
    if out is not None:
        folder = Path(out)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            if not folder.is_dir() or not (folder / "run.json").exists():
                raise StorageError(f"'{folder}' exists and is no run. Choose another --out.")
            if not overwrite:
                raise StorageError(f"'{folder}' holds a run already. Choose another --out, or replace it with --overwrite.")
        return folder
    name = Path(source).stem if isinstance(source, str | Path) else "frame"
    if name in ("data", "train") and isinstance(source, str | Path):
        name = Path(source).resolve().parent.name or name  # churn/data.csv is a run of churn
    numbered = (Path("runs") / (name if i == 1 else f"{name}-{i}") for i in range(1, 10000))
    return next(f for f in numbered if not f.exists())


class Corridor:
    """One run on its way: each stage writes its document into `folder`."""

    def __init__(self, folder: Path, dataset: Dataset, test: Dataset | None, bar: Bar | None, metric: Metric,
                 workspace: Workspace, seed: int) -> None:
        self.folder, self.dataset, self.test, self.bar = folder, dataset, test, bar
        self.metric, self.workspace, self.seed = metric, workspace, seed

    def walk(self, worth: float | None, full: bool, despite: Collection[str]) -> dict[str, Any]:
        """Go through all stages; return the verdict as it was written."""
        self.workspace.say("Auditing")
        audit = audit_inputs(self.dataset)
        strata = shelves.load("tasks", self.dataset.task.kind).strata(self.dataset.truth)
        cut = split(self.dataset, strata, seed=self.seed, given=self.test is not None)
        development = self.dataset.take(cut.development)
        held = self.test if self.test is not None else self.dataset.take(cut.sealed)
        sealed = Sealed(held, self.folder / "sealed.jsonl")
        self._write_split(cut, len(development), sealed, None)
        audit = audit.joined(audit_labels(development))
        write_json(self.folder / "audit.json", audit.document())
        blockers = audit.blockers(despite)
        if blockers:
            return self._write_verdict(self._not_ready(blockers[0]))
        trials = climb(development, cut, self.metric, self.workspace, bar=self.bar, n_sealed=len(sealed),
                       folder=self.folder / "trials", seed=self.seed, full=full)
        if not any(t.ok for t in trials):
            raise DataError("No model could be fitted: " + "; ".join(f"{t.title}: {t.reason}" for t in trials) + ".")
        self._write_split(cut, len(development), sealed, self._provable(trials, len(sealed)))
        drawn = None if strata is None or cut.strategy != "stratified" else (held.truth, self.dataset.truth)
        verdict = decide(trials, development, cut, sealed, self.metric, self.workspace, bar=self.bar, worth=worth,
                         folder=self.folder / "trials", seed=self.seed, strata=drawn)
        self._keep(verdict, held)
        return self._write_verdict(verdict.document())

    def _provable(self, trials: list[Trial], n_sealed: int) -> dict[str, Any] | None:
        """What the sealed rows can show at all: from the spread of the first model that looks at the data."""
        first = next((t for t in trials if t.ok and t.rung > 0 and t.validation), None)
        if first is None or self.bar is None or self.bar.threshold is None or first.validation is None:
            return None
        value = provable(first.validation, self.bar.threshold, n_sealed, self.bar.at_least)
        if value is None:
            return None
        side, good = ("or more", "above") if self.bar.at_least else ("or less", "below")
        return {"value": value, "text": f"With {n_sealed:,} sealed rows only a {self.metric.name} of {value:.4g} {side} "
                                        f"will probably be shown to be {good} {self.bar.threshold:g}."}

    def _keep(self, verdict: Verdict, held: Dataset) -> None:
        """Keep what ships, what every opened model said of the sealed rows, and what the report draws."""
        kind = shelves.load("tasks", held.task.kind)
        for key, opened in verdict.opened.items():
            columns = {name: held.about[name].to_numpy() for name in ("row", *held.task.keys) if name in held.about}
            write_text(self.folder / "trials" / key / "sealed.csv", to_csv(columns | kind.columns(opened.answer, held.task)))
        assert verdict.chosen is not None
        chosen = verdict.chosen.key
        shutil.copytree(self.folder / "trials" / chosen / "bundle", self.folder / "bundle")
        shown: dict[str, Opened] = {k: o for k, o in verdict.opened.items() if o.trial.rung > 0 or k == chosen}
        for name, figure in draw(held, {k: o.answer for k, o in shown.items()}, chosen).items():
            write_json(self.folder / "figures" / f"{name}.json", figure)
        for trial in verdict.trials:
            write_json(self.folder / "trials" / trial.key / "trial.json", {
                "candidate": trial.candidate, "settings": dict(trial.settings), "status": trial.status, "reason": trial.reason,
                "validation": estimate_document(trial.validation)})

    def _not_ready(self, blocker: Any) -> dict[str, Any]:
        empty = Verdict("not_ready", NOT_READY.format(message=blocker.message, remedy=blocker.remedy), self.metric, self.bar, None, [], {}, {}, {
            "worth_it": "undecided", "reason": None, "why": "Nothing was tried: a blocker stands.", "best_deep": None,
            "best_classical": None, "gain": None, "times": None, "rows_to_settle": None, "rows_planning": None}, None, 0)
        return empty.document()

    def _write_split(self, cut: Split, development: int, sealed: Sealed, shown: dict[str, Any] | None) -> None:
        salt = f"{self.dataset.fingerprint}-{self.seed}"
        write_json(self.folder / "split.json", {
            "strategy": cut.strategy, "rows": development + len(sealed), "development": development, "sealed": len(sealed),
            "folds": len(cut.parts), "parts": [{"learn": len(p.learn), "tune": len(p.tune), "score": len(p.score)} for p in cut.parts],
            "provable": shown, "salt": salt, "sealed_hashes": sealed.hashes(salt)})

    def write_run(self, name: str, source: Any, command: str | None, threads: int) -> None:
        """Write what was asked, of what, with what."""
        task = self.dataset.task
        self.versions = {p: v for p in PACKAGES if (v := _version(p))}
        write_json(self.folder / "run.json", {
            "schema": "deepenough.run/1", "name": name, "source": str(source) if isinstance(source, str | Path) else "a DataFrame",
            "command": command, "created": datetime.now(UTC).isoformat(timespec="seconds"), "fingerprint": self.dataset.fingerprint,
            "task": {"kind": task.kind, "modality": task.modality, "target": task.target, "labels": list(task.labels),
                     "rows": len(self.dataset), "columns": [msgspec.to_builtins(replace(c, categories=c.categories[:50])) for c in task.columns]},
            "bar": self.bar.document() if self.bar else None, "metric": self.metric.name, "seed": self.seed, "cores": threads,
            "budget_seconds": self.workspace.budget_seconds, "versions": self.versions,
            "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"})

    def _write_verdict(self, document: dict[str, Any]) -> dict[str, Any]:
        task = self.dataset.task
        rows = len(self.dataset) + (len(self.test) if self.test is not None else 0)
        document |= {
            "task": {"kind": task.kind, "modality": task.modality, "target": task.target, "rows": rows, "classes": len(task.labels) or None},
            "labels": list(task.labels), "seed": self.seed, "versions": self.versions}
        write_text(self.folder / "leaderboard.csv", leaderboard(document["trials"]))
        write_json(self.folder / "verdict.json", document)  # last: a folder with a verdict is a finished run
        return document


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def leaderboard(trials: list[dict[str, Any]]) -> str:
    """Return leaderboard.csv: a row a trial."""
    def row(t: dict[str, Any]) -> dict[str, Any]:
        latency, cost, gain = t["latency_ms"] or {}, t["cost"] or {}, t["gain"] or {}
        scores = {f"{where}{'' if k == 'value' else '_' + k}": (t[where] or {}).get(k)
                  for where in ("validation", "test") for k in ("value", "low", "high")}
        return {"trial": t["key"], "rung": t["rung"], "status": t["status"], **scores, "gain": gain.get("value"), "gain_over": gain.get("over"),
                "latency_p50_ms": latency.get("p50"), "latency_p95_ms": latency.get("p95"), "fit_seconds": t["fit_seconds"],
                "cpu_seconds": t["cpu_seconds"], "size_bytes": t["size_bytes"], "cost_per_1000": cost.get("per_1000"), "reason": t["reason"]}

    rows = [row(t) for t in trials]
    columns = {name: [r[name] for r in rows] for name in (rows[0] if rows else {"trial": None})}
    return to_csv(columns)


def to_csv(columns: Mapping[str, Any]) -> str:
    """Return columns as CSV; numbers in full, None and NaN empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    plain = [c.tolist() if isinstance(c, np.ndarray) else c for c in columns.values()]
    writer.writerows(["" if v is None or v != v else v for v in line] for line in zip(*plain, strict=True))
    return text.getvalue()
