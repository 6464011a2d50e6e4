"""A run: a folder that holds everything about one question, and the one call that makes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepenough import documents, shelves
from deepenough.bar import Bar, check_metric, parse
from deepenough.bundle import Bundle
from deepenough.corridor import Corridor
from deepenough.dataset import Dataset
from deepenough.errors import DataError, SettingError, nearest
from deepenough.files import new_folder, write_json
from deepenough.loading import load, load_like
from deepenough.metrics import Metric
from deepenough.predictions import predict
from deepenough.workspace import Workspace
from deepenough.workspace import cores as cores_found

if TYPE_CHECKING:
    import pandas as pd

SAME_ROWS = 0.5  # a test file with a larger share of the training rows is no test
MANY_CELLS = 5_000_000  # under so many a second thread costs more than it brings, and changes the last digits


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
            raise DataError(
                f"'{folder}' holds no finished run (no verdict.json). Name a folder that `deepenough run` made."
            )
        try:
            return cls(Path(folder), json.loads(path.read_text(encoding="utf-8")))
        except ValueError as error:  # no JSON, or no text
            raise DataError(
                f"'{path}' cannot be read: it is damaged. Make the run again, or bring it back from a copy."
            ) from error

    @property
    def bundle(self) -> Bundle:
        """What ships; `DataError` where the run chose no model."""
        if not (self.folder / "bundle").is_dir():
            raise DataError(f"'{self.folder}' ships no model: {self.verdict['sentence']}")
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


# fmt: off
def run(source: Any, target: str | None = None, *, bar: str | None = None, metric: str | None = None, test: Any = None,
        latency: str | None = None, size: str | None = None, cost: float | None = None, types: Mapping[str, str] | None = None,
        group: str | None = None, time: str | None = None, task: str | None = None, positive: str | None = None,
        worth: float | None = None, budget: str | float = "10m", cores: int | None = None, seed: int = 0, full: bool = False,
        despite: Collection[str] = (), out: str | Path | None = None, overwrite: bool = False, open_again: str | None = None,
        report: bool = True, command: str | None = None, say: Callable[[str], None] | None = None) -> Run:
    # fmt: on
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
    open_again : why the rows that the run in `out` sealed are looked at once more: counted, at half the level of the look before.

    Raises
    ------
    DeepEnoughError : the thing, what was seen, the mend; nothing half-written stays.

    Examples
    --------
    >>> run("churn.csv", target="churned", bar="roc_auc >= 0.85")   # doctest: +SKIP
    """
    _check(worth, seed, despite)
    folder = _folder(out, source, overwrite, open_again)
    threads = cores or cores_found()
    workspace = Workspace(budget_seconds=_seconds(budget) * threads)
    workspace.tell = say or workspace.tell
    workspace.say("Reading")
    dataset = load(source, target, types=types, group=group, time=time, task=task, positive=positive)
    workspace.threads = threads if len(dataset) * len(dataset.features) >= MANY_CELLS else 1
    sealed_file = None if test is None else _test_rows(dataset, test)
    wanted = parse(bar, dataset.task.kind, latency=latency, size=size, cost=cost)
    judge = _metric(wanted, metric, dataset)
    wanted = replace(wanted, metric=judge.name) if wanted else None
    with new_folder(folder) as temporary, _pinned():
        write_json(
            temporary / "run.json",
            documents.of_run(
                folder.name, source, dataset, wanted, judge, workspace, command=command, cores=threads, seed=seed, test=test
            ),
        )
        way = Corridor(temporary, dataset, sealed_file, wanted, judge, workspace, seed, worth, full, despite)
        verdict = (replace(way, again=open_again, earlier=folder) if open_again is not None else way).walk()
        if report:
            from deepenough.report.html import render

            workspace.say("Writing the report")
            render(temporary)
    return Run(folder, verdict)


def open_bundle(path: str | Path) -> Bundle:
    """Load the bundle of a run's folder, or the bundle that the folder is."""
    folder = Path(path)
    if not folder.is_dir():
        beside = [p.name for p in folder.parent.glob("*") if p.is_dir()]
        raise DataError(f"There is no folder '{folder}'. {nearest(folder.name, beside)}Name a run or a bundle.")
    return Run.load(folder).bundle if (folder / "run.json").exists() else Bundle.load(folder)


def _test_rows(dataset: Dataset, test: Any) -> Dataset:
    """Read the rows that become the sealed set; refuse rows without a target, and those that were learnt from."""
    held = load_like(dataset.task, test)
    name = f"'{test}'" if isinstance(test, str | Path) else "the test frame"
    if held.target is None:
        raise DataError(f"{name} has no column '{dataset.task.target}': nothing can be judged on it. Add the target.")
    known = int(np.isin(held.ids, dataset.ids).sum())
    if known > SAME_ROWS * len(held) and len(np.unique(dataset.ids)) > len(dataset) / 2:
        raise DataError(
            f"{known:,} of the {len(held):,} rows of {name} are rows the models learn from. Bring rows that were set aside, "
            "or leave --test out: then a part is sealed."
        )
    return held


def _pinned() -> Any:
    """One thread for linear algebra: more would change the last digits, and cost 20 times the CPU on a busy machine."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1, user_api="blas")


def _metric(bar: Bar | None, name: str | None, dataset: Dataset) -> Metric:
    if bar is not None and bar.metric is not None:
        if name is not None and name != bar.metric:
            raise SettingError(
                f"--metric {name} and the bar's {bar.metric} differ. Leave --metric out: the bar decides."
            )
        name = bar.metric
    kind = dataset.task.kind
    name = name or shelves.load("tasks", kind).metric
    check_metric(name, kind)
    metric: Metric = shelves.load("metrics", name)
    return metric


def _check(worth: float | None, seed: int, despite: Collection[str]) -> None:
    """Refuse settings that make no sense, before any work is done."""
    if worth is not None and not 0.0 <= worth < 1.0:
        raise SettingError(
            f"--worth {worth:g} makes no sense: it is points of a score, or a share of an error. Write 0.02 for two points, "
            "or 2 %."
        )
    if seed < 0:
        raise SettingError(f"--seed {seed} makes no sense. Write a whole number from 0 on.")
    known = sorted(book.facts["code"] for book in shelves.shelf("checks").values())
    for code in despite:
        if code not in known:
            raise SettingError(
                f"--despite '{code}' is no finding's code. {nearest(code, known)}There are: {', '.join(known)}."
            )


def _seconds(budget: str | float) -> float:
    units = {"s": 1.0, "m": 60.0, "h": 3600.0}
    text = str(budget).strip().lower()
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "s")
    try:
        seconds = float(number) * units[unit]
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise SettingError(
            f"--budget '{budget}' cannot be read. Write seconds, or a number and its unit (s, m, h): 10m."
        )
    return seconds


def _folder(out: str | Path | None, source: Any, overwrite: bool, again: str | None = None) -> Path:
    if again is not None and (not again.strip() or out is None or not (Path(out) / "run.json").exists()):
        raise SettingError(
            "--open-again needs a reason in words, and --out with the run whose sealed rows are looked at again."
        )
    if out is not None:
        folder = Path(out)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            if not folder.is_dir() or not (folder / "run.json").exists():
                raise SettingError(f"'{folder}' exists and is no run. Choose another --out.")
            if not overwrite and again is None:
                raise SettingError(
                    f"'{folder}' holds a run already. Choose another --out, or replace it with --overwrite."
                )
        return folder
    name = Path(source).stem if isinstance(source, str | Path) else "frame"
    if name in ("data", "train") and isinstance(source, str | Path):
        name = Path(source).resolve().parent.name or name  # churn/data.csv is a run of churn
    numbered = (Path("runs") / (name if i == 1 else f"{name}-{i}") for i in range(1, 10000))
    return next(f for f in numbered if not f.exists())
