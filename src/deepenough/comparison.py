"""Hold two answers to the same rows against each other: what does the more complex one gain, and is that worth it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepenough import shelves, submissions, wording
from deepenough.bar import check_metric
from deepenough.candidates._climb import gain_of, worth_of
from deepenough.candidates._trial import score_of
from deepenough.dataset import Answer
from deepenough.errors import DataError, SettingError, nearest
from deepenough.metrics import Metric, named, sample
from deepenough.stats import Estimate, rows_between, rows_planning, rows_to_settle
from deepenough.submissions import Given, counted
from deepenough.verdict import claim, estimate_document

LEVEL = 0.95
SAME = 1e-6  # of its own size: single precision, written down and read again
SCHEMA = "deepenough.comparison/1"


@dataclass(frozen=True)
class Comparison:
    """What the complex answer gains over the simple one, on the same rows.

    Attributes
    ----------
    gain : points of a score, or share of the simple one's error that is saved; positive: the complex one is better.
        `low` and `high` are None where the rows carry no honest interval.
    simple, complex : their scores, each with its interval.
    worth_used : what the gain must be to count.
    worth_it : yes, no or undecided; `reason` of a no: gain_below_worth, or same_answers.
    rows_to_settle, rows_between : rows that would settle an open question, as seen from here, and the wide range that holds
        their number in 80 of 100 open questions; its upper end is None where no number may be enough.
    rows_planning : rows that tell a gain of nothing, or of twice the worth, from the worth.
    sentence : all of it for a person.
    """

    metric: str
    gain: Estimate
    simple: Estimate
    complex: Estimate
    worth_used: float
    worth_it: str
    reason: str | None
    rows_to_settle: int | None
    rows_between: tuple[int, int | None] | None
    rows_planning: int | None
    sentence: str

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON takes it."""
        return {
            "schema": SCHEMA,
            "worth_it": self.worth_it,
            "reason": self.reason,
            "sentence": self.sentence,
            "metric": self.metric,
            "rows": self.gain.n,
            "level": round(1.0 - self.gain.level, 12),
            "worth_used": self.worth_used,
            "gain": estimate_document(self.gain),
            "simple": estimate_document(self.simple),
            "complex": estimate_document(self.complex),
            "rows_to_settle": self.rows_to_settle,
            "rows_between": self.rows_between,
            "rows_planning": self.rows_planning,
        }


def compare(
    truth: Any,
    simple: Any,
    complex: Any,
    metric: str | None = None,
    worth: float | None = None,
    groups: Any = None,
    seed: int = 0,
    *,
    labels: Any = None,
) -> Comparison:
    """Say what a complex model gains over a simple one on rows that neither has seen, and whether it is worth it.

    Parameters
    ----------
    truth : (n,) classes, or numbers.
    simple, complex : what each answered: probabilities (n, C), classes in order; or (n,) of the second of two classes; or
        classes by name, where the metric reads no more; or (n,) numbers.
    metric : by default roc_auc for classes and rmse for numbers.
    worth : what a gain must be to count, in points of a score or as a share of an error. By default 0.02 points, or a fifth
        of what the simple score leaves to 1 where that is less; 2 % of an error.
    groups : (n,) whose equal values belong together (a customer, a machine).
    seed : of the resampling that some intervals need.
    labels : the classes in the order of the columns, by default sorted; of two the second is the positive one.

    Raises
    ------
    DataError, SettingError, BarError : what was seen, in which row, and the mend.

    Examples
    --------
    >>> truth = np.tile([0, 1], 500)
    >>> rng = np.random.default_rng(0)
    >>> clear, unclear = (1 / (1 + np.exp(-rng.normal(truth * 2 - 1, s))) for s in (1.0, 2.0))
    >>> found = compare(truth, unclear, clear)
    >>> found.worth_it, round(found.gain.value, 2), found.gain.low > 0.1
    ('yes', 0.2, True)
    """
    shapes = {
        submissions.array_of(values, f"The {name} answer").shape
        for values, name in ((simple, "simple"), (complex, "complex"))
    }
    judge, target, order = _truth(truth, metric, labels, shapes)
    first, second = (
        _given(values, order, name) for values, name in ((simple, "The simple answer"), (complex, "The complex answer"))
    )
    together = None if groups is None else _groups(groups)
    lengths = {
        "The simple answer": len(first.answer[judge.answers]),
        "The complex answer": len(second.answer[judge.answers]),
        "The groups": len(target) if together is None else len(together),
    }
    for name, n in lengths.items():
        if n != len(target):
            raise DataError(f"{name} has {n:,} rows, and the truth has {len(target):,}. Give the same rows, in order.")
    return held_against(judge, target, first, second, worth=worth, groups=together, seed=seed, level=LEVEL)


def _truth(
    truth: Any, metric: str | None, labels: Any, shapes: set[tuple[int, ...]]
) -> tuple[Metric, np.ndarray, tuple[str, ...] | None]:
    """Return the metric, the truth as it takes it, and the classes in order; none where it is a number."""
    judge, array = metric_for(truth, metric), submissions.column_of(truth, "The truth")
    submissions.refuse_missing(array, "The truth", counted)
    if len(array) < 2:
        raise DataError(f"The truth has {len(array)} row(s): nothing can be compared on so few. Bring some hundred.")
    if judge.answers == "value":
        return judge, submissions.of_numbers(array, "The truth").answer["value"], None
    order = _labels(array, labels, shapes)
    return judge, _codes(array, order), order


def metric_for(truth: Any, name: str | None) -> Metric:
    """Return the metric of this name, or the usual one for a truth such as this."""
    if name is None:
        array = submissions.column_of(truth, "The truth")
        plain = np.array([v for v in array.tolist() if not submissions.is_missing(v)])
        kind = "classification" if shelves.load("tasks", "classification").fits(plain) else "regression"
        name = shelves.load("tasks", kind).metric
    books = shelves.shelf("metrics")
    book = str(name).partition("=")[0]
    if book not in books:
        raise SettingError(f"There is no metric '{book}'. {nearest(book, books)}There are: {', '.join(books)}.")
    check_metric(name, books[book].facts["tasks"][0])
    return named(name)


def _labels(truth: np.ndarray, labels: Any, shapes: set[tuple[int, ...]]) -> tuple[str, ...]:
    found = submissions.in_order(list({submissions.label_text(v) for v in truth.tolist()}))
    shape = next(iter(shapes)) if len(shapes) == 1 else ()
    if labels is not None:
        order = tuple(submissions.label_text(v) for v in labels)
        unknown = [v for v in found if v not in order]
        if unknown or len(set(order)) != len(order):
            what = f"lack '{unknown[0]}', which the truth holds" if unknown else "hold one twice"
            raise SettingError(f"The labels {what}. Name every class once, in the order of the columns.")
    elif len(shape) == 2 and shape[1] > len(found) and all(v.isdecimal() and int(v) < shape[1] for v in found):
        order = tuple(str(i) for i in range(shape[1]))  # classes counted from 0, some of which no row has
    else:
        order = found
    if len(found) < 2:
        raise DataError(f"The truth is '{found[0] if found else ''}' in every row: there is nothing to tell apart.")
    if len(found) > max(20, len(truth) // 3):
        raise DataError(
            f"The truth holds {len(found):,} different values, too many to be classes. Name a metric for numbers: rmse, mae."
        )
    return order


def _codes(truth: np.ndarray, labels: tuple[str, ...]) -> np.ndarray:
    codes = {label: i for i, label in enumerate(labels)}
    return np.array([codes[submissions.label_text(v)] for v in truth.tolist()], dtype=np.int64)


def _given(values: Any, labels: tuple[str, ...] | None, who: str) -> Given:
    return submissions.of_numbers(values, who) if labels is None else submissions.of_classes(values, labels, who)


def _groups(groups: Any) -> np.ndarray:
    array = submissions.column_of(groups, "The groups")
    submissions.refuse_missing(array, "The groups", counted)
    return np.array([str(v) for v in array.tolist()])


def held_against(
    metric: Metric,
    target: np.ndarray,
    simple: Given,
    complex: Given,
    *,
    worth: float | None,
    groups: np.ndarray | None,
    seed: int = 0,
    level: float = LEVEL,
    names: tuple[str, str] = ("the simple model", "The complex model"),
) -> Comparison:
    """Compare two checked answers to the same rows.

    Parameters
    ----------
    target : (n,) class codes or numbers, as the metric takes them.
    level : of the two-sided intervals. names : what a sentence calls the simple and the complex one.
    """
    if worth is not None and not 0.0 <= worth < 1.0:
        raise SettingError(
            f"A worth of {worth:g} makes no sense: it is points of a score, or a share of an error. Write 0.02 for two points, "
            "or 2 %."
        )
    before, after = (_evidence(metric, target, g, who) for g, who in zip((simple, complex), names, strict=True))
    scores = [score_of(metric, e, groups, level, seed=seed) for e in (before, after)]
    if not all(np.isfinite(s.value) for s in scores):
        raise DataError(f"These rows give no {metric.name}: too few of them, or all alike. Bring more rows.")
    same = _alike(simple.answer, complex.answer)
    gain = Estimate(0.0, 0.0, 0.0, level, 0.0, n=len(target)) if same else gain_of(metric, before, after, groups, level)
    used = worth_of(metric, scores[0].value, worth)
    worth_it, reason = ("no", "same_answers") if same else claim(gain, used)
    settle = rows_to_settle(gain, used) if worth_it == "undecided" else None
    planning = rows_planning(gain, used)
    return Comparison(
        metric=metric.name,
        gain=gain,
        simple=scores[0],
        complex=scores[1],
        worth_used=used,
        worth_it=worth_it,
        reason=reason,
        rows_to_settle=settle if settle is not None and settle > gain.n else None,
        rows_between=rows_between(gain, used) if worth_it == "undecided" else None,
        rows_planning=planning,
        sentence=wording.of_comparison(worth_it, same, gain, used, metric, planning, names),
    )


def _evidence(metric: Metric, target: np.ndarray, given: Given, who: str) -> Any:
    if given.classes_only and not reads_classes(metric):
        raise DataError(
            f"{who[:1].upper()}{who[1:]} names classes only, and {metric.name} asks how sure they are. "
            "Give probabilities, or judge by accuracy, balanced_accuracy or f1_macro."
        )
    return metric.evidence(target, given.answer)


def reads_classes(metric: Metric) -> bool:
    """Whether a metric looks at the likeliest class alone: it scores probabilities and their likeliest classes the same."""
    target, answer, _ = sample(metric, 0, 100)
    likeliest = np.eye(2)[answer["probability"].argmax(axis=1)]
    weights = np.ones(len(target))
    sure, unsure = (
        metric.value(metric.evidence(target, {"probability": p}), weights) for p in (likeliest, answer["probability"])
    )
    return sure == unsure


def _alike(a: Answer, b: Answer) -> bool:
    """Whether two answers are the same but for the last digits that a file may lose."""
    return all(np.allclose(np.asarray(a[k], float), np.asarray(b[k], float), rtol=SAME, atol=1e-15) for k in a)
