"""Anybody's predictions before the same court: on the sealed rows of a run, counted as a further look at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from deepenough import comparison, costs, sealed_rows, submissions, wording
from deepenough.bar import Bar, milliseconds
from deepenough.bundle import Bundle
from deepenough.comparison import Comparison, compare, held_against
from deepenough.errors import DataError, SettingError, nearest
from deepenough.files import cannot_write, write_json
from deepenough.ledger import Ledger, digest
from deepenough.metrics import Metric, named
from deepenough.runs import Run
from deepenough.seal import JUDGEMENTS, LEDGER
from deepenough.sealed_rows import SealedRows
from deepenough.stats import Estimate
from deepenough.submissions import Given
from deepenough.verdict import estimate_document

SCHEMA = "deepenough.judgement/1"
FILES = (str, Path)


@dataclass(frozen=True)
class Judgement:
    """What somebody else's predictions gain over the models of a run.

    Attributes
    ----------
    look, level : which look at the sealed rows this was, and the share of false claims it may make: 0.05 / 2^(look - 1).
    outcome : of theirs against the run's bar: met, missed, undecided; none where the run had no bar.
    comparisons : theirs over each opened model, by the key of its trial.
    chosen : the key of the model that the run chose. path : where the document was written.
    """

    look: int
    level: float
    outcome: str
    sentence: str
    comparisons: dict[str, Comparison]
    chosen: str
    path: Path
    document: dict[str, Any]

    @property
    def gain(self) -> Estimate:
        """What theirs gain over the chosen model."""
        return self.comparisons[self.chosen].gain

    @property
    def worth_it(self) -> str:
        return self.comparisons[self.chosen].worth_it

    @property
    def score(self) -> Estimate:
        """The score of theirs."""
        return self.comparisons[self.chosen].complex


@dataclass(frozen=True)
class Asked:
    """What was handed in: answers in the order of the sealed rows, and what is known of their maker."""

    given: Given
    name: str
    latency_ms: float | None
    price: float | None


def judge(
    run: Run | str | Path,
    predictor: Any,
    *,
    latency: str | None = None,
    price: float | None = None,
    data: Any = None,
    name: str | None = None,
) -> Judgement:
    """Judge somebody else's predictions on the sealed rows of a run: a further look, on record and at a stricter level.

    Parameters
    ----------
    predictor : a file or frame of predictions of all sealed rows; or anything with `predict_proba` or `predict`, or a
        function, that takes a DataFrame of the table's columns without the target.
    latency : what one answer of theirs takes (``250ms``). price : of 1,000 answers.
    data : the table the run was made of, where it is no longer where it was, or was a frame.
    name : what is written of the submission; by default the file's name or the predictor's class.

    Raises
    ------
    DataError : a row of theirs that is missing, doubled, unknown or no answer; a table that changed. Nothing is opened then.
    SealError : the ledger or a model of the run was changed.
    """
    run = run if isinstance(run, Run) else Run.load(run)
    limits = milliseconds(latency, "--their-latency")
    if price is not None and not 0.0 <= price < float("inf"):
        raise SettingError(f"--their-price {price} makes no sense. Write the price of 1,000 answers: 0.05.")
    rows = sealed_rows.find(run, data)
    metric = named(run.verdict["metric"])
    given = _given(predictor, rows)
    if given.classes_only and not comparison.reads_classes(metric):
        raise DataError(
            f"The predictions name classes only, and this run is judged by {metric.name}, which asks how sure they are. "
            f"Add a column '{submissions.PREFIX}{rows.task.labels[-1]}'."
        )
    who = name or (Path(predictor).name if isinstance(predictor, FILES) else type(predictor).__name__)
    return _judged(run, rows, metric, Asked(given, who, limits, price))


def _given(predictor: Any, rows: SealedRows) -> Given:
    if isinstance(predictor, FILES) or hasattr(predictor, "columns") or isinstance(predictor, dict):
        return rows.submitted(predictor)
    answer = next(
        (
            f
            for name in (["predict_proba"] if rows.task.labels else []) + ["predict", "__call__"]
            if callable(f := getattr(predictor, name, None))
        ),
        None,
    )
    if answer is None:
        raise SettingError(
            f"A {type(predictor).__name__} cannot be judged. Give a file or a frame of predictions, or anything that has "
            "predict_proba or predict."
        )
    try:
        said = answer(rows.questions())
    except Exception as error:  # whatever a stranger's code raises
        raise DataError(
            f"The predictor failed on the sealed rows: {type(error).__name__}: {error}. It must take a DataFrame with the "
            f"columns {', '.join(rows.questions().columns[:10])}."
        ) from error
    return rows.answered(said, getattr(predictor, "classes_", None))


def _judged(run: Run, rows: SealedRows, metric: Metric, asked: Asked) -> Judgement:
    """Record the look, then compare: what fails after this counts as a look all the same."""
    ledger, said = Ledger(run.folder / LEDGER), next(iter(asked.given.answer.values()))
    opened = _recorded(ledger, "opening", by="judge", reason=f"judge: {asked.name}", subjects=[digest(said.tobytes())])
    look, level = opened["look"], opened["level"]
    shown = [t for t in run.verdict["trials"] if t["shown"]]
    found = {t["key"]: _against(run, rows, metric, asked, t, level) for t in shown}
    document = _document(run, metric, asked, shown, found, look, level)
    path = run.folder / JUDGEMENTS / f"{look}.json"
    write_json(path, document)
    _recorded(ledger, "judgement", look=look, sha256=digest(path.read_bytes()))
    chosen = run.verdict["chosen_trial"]
    return Judgement(look, level, document["outcome"], document["sentence"], found, chosen, path, document)


def _recorded(ledger: Ledger, event: str, **what: Any) -> dict[str, Any]:
    try:
        return ledger.append(event, **what)
    except OSError as error:  # what is not on record does not happen
        raise cannot_write(ledger.path, error) from error


def _against(
    run: Run, rows: SealedRows, metric: Metric, asked: Asked, trial: dict[str, Any], level: float
) -> Comparison:
    """Hold theirs against one of ours: the bundle that the seal was opened for answers the same rows."""
    answer = Bundle.load(run.folder / "trials" / trial["key"] / "bundle").answer_known(
        rows.dataset.examples, rows.dataset.features
    )
    ours = Given({name: np.asarray(values, np.float64) for name, values in answer.items()})
    return held_against(
        metric,
        rows.dataset.truth,
        ours,
        asked.given,
        worth=run.verdict["worth_used"],
        groups=rows.dataset.groups,
        seed=run.verdict["seed"],
        level=1.0 - level,
        names=(f"our {wording.inside(trial['title'])}", "Their model"),
    )


def _document(
    run: Run,
    metric: Metric,
    asked: Asked,
    shown: Sequence[dict[str, Any]],
    found: dict[str, Comparison],
    look: int,
    level: float,
) -> dict[str, Any]:
    chosen = next(t for t in shown if t["key"] == run.verdict["chosen_trial"])
    first = found[chosen["key"]]
    bar = Bar(**run.verdict["bar"]) if run.verdict["bar"] else None
    outcome, notes = _outcome(first.complex, bar, asked)
    times = {
        "latency": _ratio(asked.latency_ms, (chosen["latency_ms"] or {}).get("p50")),
        "cost": _ratio(asked.price, (chosen["cost"] or {}).get("per_1000")),
    }
    return {
        "schema": SCHEMA,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "submission": {
            "name": asked.name,
            "sha256": digest(next(iter(asked.given.answer.values())).tobytes()),
            "latency_ms": asked.latency_ms,
            "price_per_1000": asked.price,
        },
        "look": look,
        "openings": look,
        "level": level,
        "outcome": outcome,
        "worth_it": first.worth_it,
        "reason": first.reason,
        "sentence": wording.of_judgement(first.sentence, outcome, times, look, level),
        "notes": notes,
        "metric": metric.name,
        "metric_title": metric.title,
        "higher_is_better": metric.high_is_good,
        "relative": not metric.bounded,
        "bar": run.verdict["bar"],
        "rows": first.gain.n,
        "worth_used": first.worth_used,
        "score": estimate_document(first.complex),
        "gain": estimate_document(first.gain),
        "over": chosen["key"],
        "rows_to_settle": first.rows_to_settle,
        "rows_between": first.rows_between,
        "rows_planning": first.rows_planning,
        "times": times,
        "currency": run.verdict.get("currency", costs.CURRENCY),
        "against": [_row(t, found[t["key"]], t is chosen) for t in shown],
    }


def _row(trial: dict[str, Any], found: Comparison, chosen: bool) -> dict[str, Any]:
    kept = {k: trial[k] for k in ("key", "candidate", "title", "rung", "deep", "latency_ms", "cost", "size_bytes")}
    return kept | {
        "chosen": chosen,
        "score": estimate_document(found.simple),
        "gain": estimate_document(found.gain),
        "worth_it": found.worth_it,
        "reason": found.reason,
        "sentence": found.sentence,
    }


def _outcome(score: Estimate, bar: Bar | None, asked: Asked) -> tuple[str, list[str]]:
    """Return met, missed, undecided, or none without a bar; and what could not be held against it."""
    if bar is None:
        return "none", []
    untold = [
        (bar.latency_ms is not None and asked.latency_ms is None, "how long an answer takes (--their-latency)"),
        (bar.cost is not None and asked.price is None, "what 1,000 answers cost (--their-price)"),
    ]
    notes = [f"The bar has a limit on it, and nothing was said of {what}." for lacking, what in untold if lacking]
    inside = bar.fits(asked.latency_ms, None, asked.price)
    reached = bar.meets(score) if bar.threshold is not None else True
    if inside is False or reached is False:
        return "missed", notes
    return "met" if inside and reached and not notes else "undecided", notes


def _ratio(theirs: float | None, ours: float | None) -> float | None:
    return None if theirs is None or not ours else round(theirs / ours, 2)


def judge_columns(
    source: Any,
    truth: str,
    simple: str,
    complex: str,
    *,
    group: str | None = None,
    metric: str | None = None,
    worth: float | None = None,
    positive: str | None = None,
    seed: int = 0,
) -> Comparison:
    """Compare two columns of predictions in one table that holds the truth as well; no run is needed.

    Parameters
    ----------
    simple, complex : a column of numbers, of classes, or of the probabilities of the second of two classes; for more classes
        what their columns begin with: ``p`` stands for ``p_low``, ``p_mid`` and ``p_high``.
    positive : of two classes the one that the probabilities are of; by default the second in order.
    """
    frame = submissions.read(source)
    for name in (truth, *((group,) if group else ())):
        if name not in frame:
            raise DataError(f"There is no column '{name}'. {nearest(name, frame.columns)}{_columns(frame)}")
    target = submissions.plain(frame[truth])
    known = {submissions.label_text(v) for v in target.tolist() if not submissions.is_missing(v)}
    labels = submissions.in_order(list(known))
    if positive is not None:
        if len(labels) != 2 or positive not in labels:
            raise SettingError(
                f"--positive '{positive}' is none of two classes of '{truth}'. {nearest(positive, labels)}".strip()
            )
        labels = (*(v for v in labels if v != positive), positive)
    judged = comparison.metric_for(target, metric)
    first, second = (_columns_of(frame, name, labels) for name in (simple, complex))
    groups = None if group is None else submissions.plain(frame[group])
    of_classes = judged.answers == "probability"
    return compare(target, first, second, judged.name, worth, groups, seed, labels=labels if of_classes else None)


def _columns_of(frame: Any, name: str, labels: tuple[str, ...]) -> np.ndarray:
    if name in frame:
        return submissions.plain(frame[name])
    many = [f"{name}_{label}" for label in labels]
    if not set(many) <= set(frame.columns):
        some = next((c for c in many if c in frame), None)
        if some:
            lacking = next(c for c in many if c not in frame)
            raise DataError(f"There is a column '{some}', and none '{lacking}'. Give one a class.")
        raise DataError(f"There is no column '{name}'. {nearest(name, frame.columns)}{_columns(frame)}")
    return submissions.numbers_in(frame, many, "The column", submissions.counted)


def _columns(frame: Any) -> str:
    return f"The columns are: {', '.join(frame.columns[:20])}."
