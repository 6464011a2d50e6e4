"""A run: a folder that holds everything about one question, and the one call that makes it."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepenough import costs, documents, shelves, unfinished
from deepenough.bar import Bar, check_metric, parse
from deepenough.bundle import Bundle
from deepenough.candidates._tuning import must_be_able
from deepenough.corridor import Corridor
from deepenough.dataset import Dataset
from deepenough.errors import DataError, NotApplicable, SettingError, nearest
from deepenough.export import raw
from deepenough.files import write_json
from deepenough.loading import load, load_like, set_aside
from deepenough.metrics import Metric, named
from deepenough.modalities._readers.query import Query
from deepenough.modalities._readers.sources import said, title
from deepenough.predictions import predict
from deepenough.request import Request
from deepenough.rules import attach, located
from deepenough.rules import read as read_rules
from deepenough.tracking import find
from deepenough.training.keeping import must_be_kept
from deepenough.training.weights import must_be_there
from deepenough.value import parse as parse_value
from deepenough.workspace import Workspace, usual_cache
from deepenough.workspace import cores as cores_found

if TYPE_CHECKING:
    import pandas as pd

SAME_ROWS = 0.5  # a test file with a larger share of the training rows is no test
RAW = "raw.onnx"
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
                unfinished.sentence(Path(folder))
                or f"'{folder}' holds no finished run (no verdict.json). Name a folder that `deepenough run` made."
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
        rules: Any = None, tune: int = 0, explainable: bool = False, value: str | None = None, price: str | None = None,
        how_much_data: bool = False, weights: str | Path | None = None, allow_download: bool = False,
        keep: Collection[str] = (), report: bool = True, onnx_raw: bool = False, command: str | None = None,
        say: Callable[[str], None] | None = None) -> Run:
    # fmt: on
    """Audit, split, seal, climb, decide, and write it all down.

    Parameters
    ----------
    source : path of a file (CSV, JSON, Parquet, Arrow, Excel; packed or not), a `Query`, or a DataFrame.
    target : the column to predict.
    bar : how good is good enough: ``roc_auc >= 0.85``. Without one the best that earns its place is chosen.
    metric : what to judge by, where there is no bar.
    test : rows with their target that become the sealed set.
    latency, size, cost : limits of one answer (``20ms``), of the model (``5MB``), and of 1,000 answers.
    worth : the gain below which a more complex model is not worth it: points of a score, share of an error.
    budget : seconds a core (``10m``, ``600``), spent by a table of costs, never by a stopwatch.
    cores : threads to fit with; the default is the cores found.
    full : climb on past the bar. despite : codes of blockers to go on despite.
    out : folder of the run; the default is ``runs/<name>``, numbered where that is taken. A run that was killed is gone on
        with by the same call.
    open_again : why the rows that the run in `out` sealed are looked at once more: counted, at half the level of the look before.
    rules : an expert's, as rung 0: path, text or dicts. tune : settings to search a family. explainable : ship only a readable model.
    value : what decisions about two classes are worth: ``fn=50, fp=1, rows_per_month=20000``. It draws the line between yes and no.
    price : what seconds cost, where it is not the usual: ``cpu_hour=0.08, watts=9, currency=EUR``.
    onnx_raw : write ``raw.onnx``, too: the model with the columns themselves as inputs, for runtimes that know nothing of bundles.
    how_much_data : say what more rows would bring even where a bar is met, whatever the fits on fewer rows take.
    weights : of a pretrained network: a folder with safetensors, or a name on Hugging Face; the default is DEEPENOUGH_WEIGHTS.
    allow_download : fetch it by its name where it is not here. keep : what changed pictures must keep: orientation, colour, scale.

    Raises
    ------
    DeepEnoughError : the thing, what was seen, the mend.

    Examples
    --------
    >>> run("churn.csv", target="churned", bar="roc_auc >= 0.85")   # doctest: +SKIP
    """
    asked = replace(Request.of(locals()), rules=located(rules))
    _check(asked)
    unfinished.must_be_free(folder := None if out is None else Path(out), overwrite, open_again)
    asked = replace(asked, cores=cores or cores_found(), budget=_seconds(budget))
    done, dataset = _run(asked, source, test, folder, overwrite, report, command, say)
    if onnx_raw:
        _write_raw(done, dataset)
    return done


def _run(
    asked: Request,
    source: Any,
    test: Any,
    out: Path | None,
    overwrite: bool,
    report: bool,
    command: str | None,
    say: Callable[[str], None] | None,
) -> tuple[Run, Dataset]:
    """Read, find the place of the run, and go through the corridor there, or on from where an earlier try was ended."""
    workspace = Workspace(budget_seconds=asked.budget_seconds, prices=costs.parse(asked.price or ""))
    workspace.tell = say or workspace.tell
    test = set_aside(source) if test is None else test
    read = _read(source, test, asked, workspace)
    question = documents.of_question(asked, *read[:2])
    with unfinished.at(out, _name(source), question, overwrite, workspace.say) as place, _pinned():
        if not (place.folder / "run.json").exists():
            write_json(
                place.folder / "run.json",
                documents.of_run(place.out.name, source, *read, asked, question, command=command, test=test),
            )
        workspace.stamp, workspace.begin, workspace.trials = place.stamp, place.begin, place.folder / "trials"
        workspace.weights = None if asked.weights is None else str(asked.weights)
        workspace.may_download, workspace.keep, workspace.cache = asked.allow_download, asked.keep, usual_cache()
        if not place.decided:
            earlier = None if asked.open_again is None else place.out
            Corridor(place.folder, *read, workspace, asked, earlier).walk()
        if report:
            from deepenough.report.html import render

            workspace.say("Writing the report")
            render(place.folder)
    return Run.load(place.out), read[0]


def _write_raw(done: Run, dataset: Dataset) -> None:
    """Write what ships as one graph that takes the columns themselves, beside the bundle, where a graph can say it."""
    if (done.folder / "bundle").is_dir():
        try:
            raw.write(done.bundle, dataset, done.folder / RAW)
        except NotApplicable as error:
            raise NotApplicable(f"The run is whole in '{done.folder}', without {RAW}: {error}") from error


def _read(source: Any, test: Any, asked: Request, workspace: Workspace) -> tuple[Dataset, Dataset | None, Bar | None, Metric]:
    """Read the rows, those that were set aside for the seal, the bar, and what to judge by; refuse what makes no sense."""
    workspace.say("Reading")
    roles: dict[str, Any] = {"types": asked.types, "group": asked.group, "time": asked.time, "task": asked.task, "positive": asked.positive}
    dataset = load(source, asked.target, **roles)
    dataset = dataset if asked.rules is None else attach(dataset, asked.rules)
    workspace.cores = asked.threads
    workspace.threads = asked.threads if len(dataset) * len(dataset.features) >= MANY_CELLS else 1
    held = None if test is None else _test_rows(dataset, test)
    bar = parse(asked.bar, dataset.task.kind, latency=asked.latency, size=asked.size, cost=asked.cost)
    metric = _metric(bar, asked.metric, dataset)
    if len(dataset.task.labels) != 2 and (asked.value or metric.parameters):
        what = "--value" if asked.value else f"The metric '{metric.name}'"
        raise SettingError(f"{what} is about decisions between two classes; this target is none. Leave it out.")
    return dataset, held, replace(bar, metric=metric.name) if bar else None, metric


def open_bundle(path: str | Path) -> Bundle:
    """Load the bundle of a run's folder, the bundle that the folder is, or a registered one: ``churn@champion``, ``churn/3``."""
    folder = find(path)
    if folder.is_file():
        return Bundle.load(folder)
    if not folder.is_dir():
        beside = [p.name for p in folder.parent.glob("*") if p.is_dir()]
        raise DataError(f"There is no folder '{folder}'. {nearest(folder.name, beside)}Name a run or a bundle.")
    return Run.load(folder).bundle if (folder / "run.json").exists() else Bundle.load(folder)


def _test_rows(dataset: Dataset, test: Any) -> Dataset:
    """Read the rows that become the sealed set; refuse rows without a target, and those that were learnt from."""
    held = load_like(dataset.task, test)
    name = said(test) if isinstance(test, str | Path | Query) else "the test frame"
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
    metric: Metric = named(name)
    return metric


def _check(asked: Request) -> None:
    """Refuse settings that make no sense, before any work is done."""
    if asked.worth is not None and not 0.0 <= asked.worth < 1.0:
        raise SettingError(
            f"--worth {asked.worth:g} makes no sense: it is points of a score, or a share of an error. Write 0.02 for two "
            "points, or 2 %."
        )
    if asked.seed < 0:
        raise SettingError(f"--seed {asked.seed} makes no sense. Write a whole number from 0 on.")
    if asked.rules is not None:
        read_rules(asked.rules)
    if asked.tune:
        must_be_able(asked.tune)
    if asked.value is not None:
        parse_value(asked.value)
    if asked.weights is not None:
        must_be_there(str(asked.weights), asked.allow_download)
    must_be_kept(asked.keep)
    known = sorted(book.facts["code"] for book in shelves.shelf("checks").values())
    for code in asked.despite:
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


def _name(source: Any) -> str:
    """Return the name of the default folder: churn/data.csv is a run of churn."""
    name = title(source)
    if name in ("data", "train") and isinstance(source, str | Path):
        return Path(source).resolve().parent.name or name
    return name
