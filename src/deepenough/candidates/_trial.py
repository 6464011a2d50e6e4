"""Trial: one family with one setting, tried on every part; and its refit on all development rows."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from deepenough import shelves
from deepenough.bundle import Bundle
from deepenough.candidates._base import RUNGS, Candidate, Estimator, Keeps, Settings
from deepenough.candidates._calibration import Calibrated, Calibration, calibrate, folds_of
from deepenough.candidates._kept import Fitted, Kept
from deepenough.candidates._shipping import Judged, Shipment
from deepenough.candidates._timing import time_rows
from deepenough.candidates._tuning import TUNE, build, fits_of, settings_of
from deepenough.costs import USUAL, Prices
from deepenough.dataset import Answer, Dataset
from deepenough.errors import FitError, StorageError, Unavailable
from deepenough.files import new_folder
from deepenough.metrics import Metric, interval_by_group
from deepenough.splits import Part
from deepenough.stats import Estimate
from deepenough.workspace import Workspace

DEEP_FROM = 3
TEXT_AS = 64  # numbers that a column of text costs as much as
REFITTED = ("status", "reason", "settings", "latency_ms", "size_bytes")  # what a refit says anew


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
    size_bytes : of the graph that would ship, and of what its steps read.
    parts : how many parts it was judged on; fewer than the others' where the budget allowed no more.
    readable : whether a person can follow how it comes to an answer. stated : whether its answers are somebody's word.
    calibration : what makes its probabilities true, where that helps; `answer` is calibrated crosswise then.
    threshold : the probability from which what ships says the positive class, where it is not the likelier one.
    prices : what its seconds cost.
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
    readable: bool = False
    stated: bool = False
    calibration: Calibration | None = None
    threshold: float | None = None
    prices: Prices = USUAL

    @property
    def key(self) -> str:
        """Name of the trial and of its folder: the family and the number of its setting, or ``tuned``."""
        return f"{self.candidate}-{'tuned' if TUNE in self.settings else self.number}"

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
        return None if self.latency_ms is None else self.prices.per_thousand(self.latency_ms["p50"])

    def document(self) -> dict[str, Any]:
        """Return trial.json: what became of it out of fold."""
        return {
            "candidate": self.candidate,
            "settings": dict(self.settings),
            "status": self.status,
            "reason": self.reason,
            "parts": self.parts,
            "calibration": self.calibration.document() if self.calibration else None,
            "validation": self.validation.document() if self.validation else None,
            "latency_ms": self.latency_ms,
            "fit_seconds": self.fit_seconds,
            "cpu_seconds": self.cpu_seconds,
            "size_bytes": self.size_bytes,
        }


def families(dataset: Dataset, *requested: str) -> list[Trial]:
    """Return one trial a family that answers this task, simplest rung first, then cheapest; nothing is imported for it.

    What is not installed is a row, too, and says how to get it.

    Parameters
    ----------
    requested : options that were asked for: a family that waits for one of them (`on_request`) is left out without it.
    """
    books = sorted(
        shelves.shelf("candidates").values(), key=lambda b: (b.facts["rung"], b.facts.get("cost", ()), b.name)
    )
    fitting = [
        b for b in books if dataset.task.kind in b.facts["answers"] and dataset.task.modality in b.facts["modalities"]
    ]
    return [_family(b) for b in fitting if b.facts.get("on_request", "") in ("", *requested)]


def _family(book: shelves.Book) -> Trial:
    told, absent = {fact: book.facts.get(fact, False) for fact in ("readable", "stated")}, book.missing()
    family = Trial(book.name, book.facts["title"], book.facts["rung"], **told)
    if not absent:
        return family
    reason = f"needs {', '.join(absent)}: pip install 'deepenough[{book.facts.get('extra') or 'all'}]'"
    return replace(family, status="unavailable", reason=reason)


def expand(family: Trial, dataset: Dataset, tune: int = 0) -> list[Trial]:
    """Return a trial for each setting of a family; itself where it cannot be tried, none where it does not suit.

    Parameters
    ----------
    tune : settings to search besides, where the family says which: one trial more.
    """
    if family.status != "planned":
        return [family]
    candidate: Candidate = shelves.load("candidates", family.candidate)
    if not candidate.suits(dataset.task):
        return []
    found = candidate.portfolio(dataset.task, len(dataset))
    searched: list[Settings] = [{TUNE: tune}] if tune and candidate.space and found else []
    return [replace(family, number=i + 1, settings=s) for i, s in enumerate([*found, *searched])]


def predicted_cpu(trial: Trial, dataset: Dataset) -> float:
    """CPU seconds one fit takes by the table in the package: never by a stopwatch, so that every run decides alike."""
    base, per_thousand, per_million = shelves.shelf("candidates")[trial.candidate].facts.get("cost", (0.0, 0.0, 0.0))
    classes = len(dataset.task.labels) if len(dataset.task.labels) > 2 else 1
    read = sum(1 if f.dtype.kind in "fiu" else TEXT_AS for f in dataset.features.values())
    cells = len(dataset) * max(1, read) * classes
    return float(base + per_thousand * len(dataset) / 1e3 + per_million * cells / 1e6) * fits_of(trial.settings)


def try_out(
    trial: Trial,
    development: Dataset,
    parts: tuple[Part, ...],
    metric: Metric,
    workspace: Workspace,
    folder: Path,
    seed: int,
) -> Trial:
    """Fit and judge on each part; write the bundle of the last model, prove it, and time it. A failure is a row.

    Parameters
    ----------
    folder : of the bundle. What an interrupted run goes on with is kept beside it (`_kept`).
    """
    kept = Kept(folder.parent, workspace.stamp)
    trial = replace(trial, prices=workspace.prices)
    try:
        before = _done_before(trial, development, parts, metric, kept)
        if before is not None:
            workspace.ahead_seconds -= predicted_cpu(trial, development) * len(parts)
            return before
        done = _try_out(trial, development, parts, metric, workspace, folder, seed)
    except StorageError:  # a full disk is no fault of the family
        raise
    except Exception as error:  # whatever a library raises: LightGBM's and onnxruntime's errors are plain exceptions
        done = _failed(trial, error)
    kept.keep_trial(done.document())
    return done


def _failed(trial: Trial, error: Exception) -> Trial:
    reason = str(error).strip().splitlines() or ["no reason given"]
    ended = isinstance(error, FitError | Unavailable)  # ours, and a sentence
    status = "unavailable" if isinstance(error, Unavailable) else "failed"
    return replace(trial, status=status, reason=reason[0] if ended else f"{type(error).__name__}: {reason[0]}")


def _done_before(
    trial: Trial, development: Dataset, parts: tuple[Part, ...], metric: Metric, kept: Kept
) -> Trial | None:
    """Return the trial as an earlier try of the same run left it; None where that did not come to its end."""
    said = kept.trial()
    if said is None or said["settings"] != json.loads(json.dumps(dict(trial.settings))):
        return None
    if said["status"] != "ok":
        return replace(trial, status=said["status"], reason=said["reason"])
    fitted = [kept.part(k) for k in range(len(parts))]
    answers = [f.answer for f in fitted if f is not None]
    if said["parts"] != len(parts) or len(answers) < len(parts):
        return None
    measured = {name: said[name] for name in ("latency_ms", "fit_seconds", "cpu_seconds", "size_bytes")}
    return replace(_judged(trial, answers, development, parts, metric), **measured)


def _try_out(
    trial: Trial,
    development: Dataset,
    parts: tuple[Part, ...],
    metric: Metric,
    workspace: Workspace,
    folder: Path,
    seed: int,
) -> Trial:
    kept, fitted = Kept(folder.parent, workspace.stamp), []
    for k, part in enumerate(parts):
        workspace.say(f"{trial.title}, setting {trial.number}: part {k + 1} of {len(parts)}")
        before = kept.part(k) if k + 1 < len(parts) else None  # the last model itself is needed below
        if before is None:
            model, before = fit_part(trial, development, part, workspace, f"{trial.key}/part-{k}", seed)
            kept.keep_part(k, before)
        fitted.append(before)
        workspace.ahead_seconds -= predicted_cpu(trial, development)
    spent: dict[str, Any] = {"fit_seconds": fitted[-1].fit_seconds, "cpu_seconds": sum(f.cpu_seconds for f in fitted)}
    done = replace(_judged(trial, [f.answer for f in fitted], development, parts, metric), **spent)
    return _measured(done, ship(done, model, development, folder, seed), development)


def ship(
    trial: Trial, model: Estimator, development: Dataset, folder: Path, seed: int, judged: Judged | None = None
) -> Bundle:
    """Write a fitted model as a bundle, proven equal (`candidates._shipping`)."""
    model = Calibrated(model, trial.calibration) if trial.calibration else model
    about = {"candidate": trial.candidate, "rung": RUNGS[trial.rung], "settings": dict(trial.settings), "seed": seed}
    shipment = Shipment(trial.title, about, trial.threshold, trial.answer)
    return shipment.write(model, development, folder, seed, judged)


def fit_part(
    trial: Trial, development: Dataset, part: Part, workspace: Workspace, what: str, seed: int
) -> tuple[Estimator, Fitted]:
    """Fit on one part, and answer its rows."""
    shelves.load("candidates", trial.candidate)  # importing a library is no part of a fit
    wall, started = time.perf_counter(), time.process_time()
    model = learn_part(trial, development, part, workspace, what, seed)
    wall = time.perf_counter() - wall
    answer = model.predict(development.take(part.score))
    return model, Fitted(answer, wall, time.process_time() - started)


def learn_part(trial: Trial, development: Dataset, part: Part, workspace: Workspace, what: str, seed: int) -> Estimator:
    """Fit on what a part learns and tunes on; `FitError` where this fit ended the process too often before."""
    refused = workspace.start(what)
    if refused:
        raise FitError(refused)
    return build(trial.candidate, development.task, trial.settings, seed).fit(
        development.take(part.learn), development.take(part.tune), workspace
    )


def _judged(
    trial: Trial, answers: list[Answer], development: Dataset, parts: tuple[Part, ...], metric: Metric
) -> Trial:
    """Return the trial with its score: a function of its answers alone, so that those of an earlier try give the same."""
    rows = np.concatenate([p.score for p in parts])
    answer = {name: np.concatenate([a[name] for a in answers]) for name in answers[0]}
    _must_be_finite(answer)
    groups = None if development.groups is None else development.groups[rows]
    calibration = None
    if "probability" in answer and not trial.stated:  # what somebody said is not turned afterwards
        folds = folds_of([len(p.score) for p in parts])
        helped = calibrate(answer, development.truth[rows], folds, groups)
        calibration, answer = helped or (None, answer)
    evidence = metric.evidence(development.truth[rows], answer)
    validation = score_of(metric, evidence, groups, quick=True)
    if not np.isfinite(validation.value):
        raise ValueError("the score is not defined on the rows it was judged on")
    judged: dict[str, Any] = {"rows": rows, "answer": answer, "evidence": evidence, "validation": validation}
    return replace(trial, status="ok", parts=len(parts), calibration=calibration, **judged)


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
    trial: Trial,
    development: Dataset,
    final: Part,
    workspace: Workspace,
    folder: Path,
    seed: int,
    judged: Judged | None = None,
) -> tuple[Trial, Bundle | None]:
    """Fit on all development rows, export and prove.

    Parameters
    ----------
    judged : by what a network's graph in eight bits is held against the one in single precision; None: none is made.

    Returns
    -------
    The trial with latency and size of what would ship, and its bundle. A failure is a row here, too: then there is none.
    """
    kept = Kept(folder.parent, workspace.stamp)
    before = kept.refit()
    if before is not None:
        said, bundle = before
        return replace(trial, **{name: said[name] for name in REFITTED}), bundle
    workspace.say(f"{trial.title}: fitted once more on all development rows")
    try:
        started = time.process_time()
        model = learn_part(trial, development, final, workspace, f"{trial.key}/refit", seed)
        spent = time.process_time() - started
        trial = replace(trial, settings=settings_of(model, trial.settings))
        bundle = ship(trial, model, development, folder, seed, judged if trial.deep else None)
        if shelves.load("candidates", trial.candidate).restores:
            with new_folder(folder.with_name("native")) as native:
                cast(Keeps, model).keep(native)
        done = _measured(trial, bundle, development)
    except StorageError:
        raise
    except Exception as error:
        done, bundle, spent = _failed(trial, error), None, 0.0
    kept.keep_refit({name: getattr(done, name) for name in REFITTED} | {"cpu_seconds": spent}, bundle)
    return done, bundle
