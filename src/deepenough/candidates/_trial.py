"""Trial: one family with one setting, tried on every part; and its refit on all development rows."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from deepenough import costs, shelves
from deepenough.bundle import Bundle, NotExportable
from deepenough.candidates._base import RUNGS, Candidate, Estimator, Settings
from deepenough.dataset import Answer, Dataset
from deepenough.errors import DeepEnoughError, StorageError
from deepenough.export import parity, write
from deepenough.metrics import Metric, interval_by_group
from deepenough.splits import Part
from deepenough.stats import Estimate
from deepenough.workspace import Workspace

DEEP_FROM = 3
WARM_CALLS, CALLS = 20, 200
LATENCY_SECONDS = 0.5  # a slow model is timed on fewer calls


@dataclass(frozen=True)
class Trial:
    """What became of one family with one setting.

    Attributes
    ----------
    status : ok, failed, skipped or unavailable; `reason` says why where it is not ok.
    rows : development rows it was judged on, and `answer` what it said of them, each by a model that had not seen them.
    validation : the score on these rows.
    latency_ms : p50 and p95 of one row through the bundle, dict in, answer out, one thread.
    fit_seconds, cpu_seconds : of one fit on the wall, and of all parts on the CPU.
    size_bytes : of the graph that would ship.
    parts : how many parts it was judged on; fewer than the others' where the budget allowed no more.
    """

    candidate: str
    title: str
    rung: int
    number: int = 1
    settings: Settings = field(default_factory=dict)
    status: str = "planned"
    reason: str | None = None
    rows: np.ndarray | None = None
    answer: Answer | None = None
    evidence: Any = None
    validation: Estimate | None = None
    latency_ms: dict[str, float] | None = None
    fit_seconds: float | None = None
    cpu_seconds: float | None = None
    size_bytes: int | None = None
    parts: int = 0

    @property
    def key(self) -> str:
        """Name of the trial and of its folder: the family and the number of its setting."""
        return f"{self.candidate}-{self.number}"

    @property
    def deep(self) -> bool:
        return self.rung >= DEEP_FROM

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    @property
    def fit_cpu(self) -> float | None:
        """CPU seconds of one fit."""
        return None if self.cpu_seconds is None else self.cpu_seconds / max(1, self.parts)

    @property
    def per_thousand(self) -> float | None:
        """Price of a thousand answers."""
        return None if self.latency_ms is None else costs.per_thousand(self.latency_ms["p50"])


def families(dataset: Dataset) -> list[Trial]:
    """Return one trial a family that answers this task, simplest rung first, then cheapest; nothing is imported for it.

    What is not installed is a row, too, and says how to get it.
    """
    books = sorted(
        shelves.shelf("candidates").values(), key=lambda b: (b.facts["rung"], b.facts.get("cost", ()), b.name)
    )
    fitting = [
        b for b in books if dataset.task.kind in b.facts["answers"] and dataset.task.modality in b.facts["modalities"]
    ]
    return [_family(book) for book in fitting]


def _family(book: shelves.Book) -> Trial:
    family, absent = Trial(book.name, book.facts["title"], book.facts["rung"]), book.missing()
    if not absent:
        return family
    reason = f"needs {', '.join(absent)}: pip install 'deepenough[{book.facts.get('extra') or 'all'}]'"
    return replace(family, status="unavailable", reason=reason)


def expand(family: Trial, dataset: Dataset) -> list[Trial]:
    """Return a trial for each setting of a family; itself where it cannot be tried, none where it does not suit."""
    if family.status != "planned":
        return [family]
    candidate: Candidate = shelves.load("candidates", family.candidate)
    if not candidate.suits(dataset.task):
        return []
    return [
        replace(family, number=i + 1, settings=s) for i, s in enumerate(candidate.portfolio(dataset.task, len(dataset)))
    ]


def predicted_cpu(trial: Trial, dataset: Dataset) -> float:
    """CPU seconds one fit takes by the table in the package: never by a stopwatch, so that every run decides alike."""
    base, per_thousand, per_million = shelves.shelf("candidates")[trial.candidate].facts.get("cost", (0.0, 0.0, 0.0))
    classes = len(dataset.task.labels) if len(dataset.task.labels) > 2 else 1
    cells = len(dataset) * max(1, len(dataset.features)) * classes
    return float(base + per_thousand * len(dataset) / 1e3 + per_million * cells / 1e6)


def try_out(
    trial: Trial,
    development: Dataset,
    parts: tuple[Part, ...],
    metric: Metric,
    workspace: Workspace,
    folder: Path,
    seed: int,
) -> Trial:
    """Fit and judge on each part; write the bundle of the last model, prove it, and time it. A failure is a row."""
    try:
        return _try_out(trial, development, parts, metric, workspace, folder, seed)
    except StorageError:  # a full disk is no fault of the family
        raise
    except Exception as error:  # whatever a library raises: LightGBM's and onnxruntime's errors are plain exceptions
        return _failed(trial, error)


def _failed(trial: Trial, error: Exception) -> Trial:
    reason = str(error).strip().splitlines() or ["no reason given"]
    return replace(trial, status="failed", reason=f"{type(error).__name__}: {reason[0]}")


def _try_out(
    trial: Trial,
    development: Dataset,
    parts: tuple[Part, ...],
    metric: Metric,
    workspace: Workspace,
    folder: Path,
    seed: int,
) -> Trial:
    candidate: Candidate = shelves.load("candidates", trial.candidate)
    answers, wall = [], 0.0
    started = time.process_time()
    for i, part in enumerate(parts):
        workspace.say(f"{trial.title}, setting {trial.number}: part {i + 1} of {len(parts)}")
        begun = time.perf_counter()
        model = candidate.build(development.task, trial.settings, seed).fit(
            development.take(part.learn), development.take(part.tune), workspace
        )
        wall = time.perf_counter() - begun
        answers.append(model.predict(development.take(part.score)))
        workspace.ahead_seconds -= predicted_cpu(trial, development)
    cpu = time.process_time() - started
    rows = np.concatenate([p.score for p in parts])
    answer = {name: np.concatenate([a[name] for a in answers]) for name in answers[0]}
    _must_be_finite(answer)
    evidence = metric.evidence(development.truth[rows], answer)
    validation = score_of(
        metric, evidence, None if development.groups is None else development.groups[rows], quick=True
    )
    if not np.isfinite(validation.value):
        raise ValueError("the score is not defined on the rows it was judged on")
    done = replace(
        trial,
        status="ok",
        rows=rows,
        answer=answer,
        evidence=evidence,
        validation=validation,
        fit_seconds=wall,
        cpu_seconds=cpu,
        parts=len(parts),
    )
    return _measured(done, ship(trial, model, development, folder, seed), development)


def _measured(trial: Trial, bundle: Bundle, development: Dataset) -> Trial:
    return replace(trial, latency_ms=time_rows(bundle, development), size_bytes=bundle.size_bytes)


def score_of(metric: Metric, evidence: Any, groups: np.ndarray | None, level: float = 0.95, **how: Any) -> Estimate:
    """Return the score with its interval; where rows come in groups, by leaving out one group after the other."""
    if groups is None:
        return metric.interval(evidence, level, **how)
    found = interval_by_group(metric, evidence, groups, level)
    heavy = "heavy_tail" in metric.interval(evidence, quick=True).flags  # a few rows carry the error, in groups or not
    return replace(found, flags=(*found.flags, "heavy_tail")) if heavy else found


def _must_be_finite(answer: Answer) -> None:
    for name, values in answer.items():
        if not np.isfinite(values).all():
            raise ValueError(f"the model answered {int((~np.isfinite(values)).sum())} rows with no finite {name}")


def refit(
    trial: Trial, development: Dataset, final: Part, workspace: Workspace, folder: Path, seed: int
) -> tuple[Trial, Bundle | None]:
    """Fit on all development rows, export and prove.

    Returns
    -------
    The trial with latency and size of what would ship, and its bundle. A failure is a row here, too: then there is none.
    """
    workspace.say(f"{trial.title}: fitted once more on all development rows")
    try:
        candidate: Candidate = shelves.load("candidates", trial.candidate)
        model = candidate.build(development.task, trial.settings, seed).fit(
            development.take(final.learn), development.take(final.tune), workspace
        )
        bundle = ship(trial, model, development, folder, seed)
        return _measured(trial, bundle, development), bundle
    except StorageError:
        raise
    except Exception as error:
        return _failed(trial, error), None


def ship(trial: Trial, model: Estimator, development: Dataset, folder: Path, seed: int) -> Bundle:
    """Write a fitted model as a bundle and prove it equal; `ParityError` or `NotExportable`'s sentence where it is not."""
    made = model.export()
    if isinstance(made, NotExportable):
        raise DeepEnoughError(f"{trial.title} cannot be exported: {made.reason}")
    about = {"candidate": trial.candidate, "rung": RUNGS[trial.rung], "settings": dict(trial.settings), "seed": seed}
    try:
        bundle = write.write(folder, development.task, made, development, about)
        parity.prove(model.predict, bundle, development, seed)
    except Exception:
        shutil.rmtree(folder, ignore_errors=True)  # what is refused is not left lying about
        raise
    return bundle


def time_rows(bundle: Bundle, development: Dataset) -> dict[str, float]:
    """Return p50 and p95 in milliseconds of one row through the bundle: a dict in, the answer out."""
    rows = [_as_request(bundle, development, i) for i in range(min(50, len(development)))]
    times: list[float] = []
    begun = time.perf_counter()
    for i in range(WARM_CALLS + CALLS):
        start = time.perf_counter()
        bundle.predict([rows[i % len(rows)]])
        times.append(time.perf_counter() - start)
        if i > 10 and time.perf_counter() - begun > LATENCY_SECONDS:
            break
    p50, p95 = np.percentile(times[min(WARM_CALLS, len(times) // 2) :], [50, 95]) * 1000.0
    return {"p50": round(float(p50), 4), "p95": round(float(p95), 4)}


def _as_request(bundle: Bundle, development: Dataset, i: int) -> dict[str, Any]:
    """One example as somebody would send it: text for categories and dates, plain numbers."""
    decoded = development.examples[i]
    row: dict[str, Any] = {}
    for column in bundle.task.inputs:
        value = decoded[column.name]
        if column.categories:
            row[column.name] = column.categories[int(value) - 1] if value > 0 else None
        elif column.kind == "time":
            written = np.datetime64(int(value), "s").item() if value == value else None
            row[column.name] = (
                None if written is None else written.strftime(column.format) if column.format else written.isoformat()
            )
        else:
            row[column.name] = float(value)
    return row
