"""What every metric promises."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from deepenough import shelves
from deepenough.dataset import Answer
from deepenough.metrics import Metric, sample
from deepenough.shelves import Book
from deepenough.stats import Estimate
from deepenough.testing._promise import Promise, must, no_warnings, rows_of


def _close(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(a) and math.isnan(b))


def judges_kinds_on_the_shelf(book: Book) -> None:
    """The kinds of task it judges are kinds of task."""
    unknown = set(book.facts["tasks"]) - set(shelves.shelf("tasks"))
    must(book, book.facts["tasks"] and not unknown, f"it judges {sorted(unknown) or 'nothing'}, which no shelf holds.")


def weights_are_repeated_rows(book: Book) -> None:
    """A weight of two is the row twice over, a weight of none the row left out; all ones is the metric itself."""
    metric: Metric = book.load()
    target, _, answer = sample(metric, 1, 200)
    evidence, ones = metric.evidence(target, answer), np.ones(200)
    plain, shown = metric.value(evidence, ones), metric.interval(evidence, quick=True).value
    must(book, _close(plain, shown), f"its value is {plain}, and the one in its interval {shown}.")
    for weights in (2 * ones, np.random.default_rng(0).integers(0, 4, 200).astype(float)):
        index = np.repeat(np.arange(200), weights.astype(int))
        repeated = metric.value(metric.evidence(target[index], rows_of(answer, index)), np.ones(len(index)))
        weighted = metric.value(evidence, weights)
        must(book, _close(weighted, repeated), f"weighted rows have {weighted}, the same rows repeated {repeated}.")


def order_does_not_matter(book: Book) -> None:
    """The same rows in another order have the same value and the same closed interval."""
    metric: Metric = book.load()
    target, _, answer = sample(metric, 2, 150)
    orders = np.arange(150), np.random.default_rng(0).permutation(150)
    one, other = (metric.interval(metric.evidence(target[i], rows_of(answer, i)), quick=True) for i in orders)
    equal = _close(one.value, other.value) and _close(one.low, other.low) and _close(one.high, other.high)
    must(book, equal, f"the same rows in another order have {other} instead of {one}.")


def interval_holds_the_value(book: Book) -> None:
    """Low <= value <= high, the same every time, and wider where one wants to be surer."""
    metric: Metric = book.load()
    target, _, answer = sample(metric, 3, 400)
    evidence = metric.evidence(target, answer)
    for quick in (False, True):
        sure, again, surer = (metric.interval(evidence, level, quick=quick) for level in (0.9, 0.9, 0.99))
        must(book, sure == again, f"the same rows have two intervals, {sure} and {again}.")
        must(
            book,
            sure.low is not None and _honest(sure),
            f"400 good rows must have an interval around their value, not {sure}.",
        )
        must(book, (surer.width or 0) > (sure.width or 0), "an interval of 99 % must be wider than one of 90 %.")


def _honest(e: Estimate) -> bool:
    """No interval, or a finite one around a finite value."""
    if e.low is None or e.high is None:
        return e.low is e.high
    return math.isfinite(e.low) and math.isfinite(e.high) and e.low <= e.value <= e.high


def gain_over_itself_is_nothing(book: Book) -> None:
    """An answer gains nothing over itself, and the interval, where there is one, says so too."""
    metric: Metric = book.load()
    target, _, answer = sample(metric, 4, 300)
    found = metric.gain(metric.evidence(target, answer), metric.evidence(target, answer))
    must(book, found.value == 0.0 and _honest(found), f"an answer gains over itself: {found}.")


def gain_is_positive_for_the_better(book: Book) -> None:
    """Positive means that the complex answer is better, whichever way the metric counts."""
    metric: Metric = book.load()
    target, simple, complex = sample(metric, 5, 600)
    worse, better = metric.evidence(target, simple), metric.evidence(target, complex)
    before, after = (metric.value(e, np.ones(600)) for e in (worse, better))
    must(
        book,
        (after > before) == metric.high_is_good,
        f"`high_is_good` is wrong: the better answer has {after}, the worse {before}.",
    )
    forth, back = metric.gain(worse, better), metric.gain(better, worse)
    must(book, forth.value > 0 > back.value, f"the better answer gains {forth.value}, the worse {back.value}.")
    must(book, _honest(forth) and _honest(back), f"{forth} or {back} misses its own value.")


def reads_only(book: Book) -> None:
    """Target, answer and weights are left as they were: others judge by them too."""
    metric: Metric = book.load()
    target, _, answer = sample(metric, 6, 50)
    weights = np.ones(50)
    for array in (target, weights, *answer.values()):
        array.flags.writeable = False  # writing raises
    evidence = metric.evidence(target, answer)
    metric.value(evidence, weights)
    metric.gain(evidence, evidence)
    metric.interval(evidence, quick=True)


def odd_rows_are_no_accident(book: Book) -> None:
    """One row, one class, one answer for all, all right, all wrong: a number or nan, never a warning or an exception."""
    metric: Metric = book.load()
    for world, target, answer, other in _odd(metric):
        with no_warnings():
            evidence, rival = metric.evidence(target, answer), metric.evidence(target, other)
            scores = [metric.interval(evidence), metric.interval(evidence, quick=True)]
            gains = [metric.gain(evidence, evidence), metric.gain(rival, evidence), metric.gain(evidence, rival)]
        for found in scores + gains:
            must(book, _honest(found), f"{world}: {found} has an interval that does not hold it.")
        must(book, not any(math.isinf(s.value) for s in scores), f"{world}: an infinite score can be shown to nobody.")


def _odd(metric: Metric) -> Iterator[tuple[str, np.ndarray, Answer, Answer]]:
    target, simple, answer = sample(metric, 7, 40)
    for n in (1, 2, 3):
        few = np.arange(n)
        yield f"{n} row(s)", target[few], rows_of(answer, few), rows_of(simple, few)
    first = np.zeros(40, int)
    yield "one truth", target[first], answer, simple
    yield "one answer", target, rows_of(answer, first), simple
    yield "one truth and one answer", target[first], rows_of(answer, first), rows_of(simple, first)
    for world, said in _extremes(metric, target).items():
        yield world, target, said, simple


def _extremes(metric: Metric, target: np.ndarray) -> dict[str, Answer]:
    if metric.answers == "probability":
        return {"all right": {"probability": np.eye(2)[target]}, "all wrong": {"probability": np.eye(2)[1 - target]}}
    return {"all right": {"value": target}} if metric.answers == "value" else {}


def many_classes_are_judged(book: Book) -> None:
    """A metric of classes judges three as it judges two, whichever of them comes first."""
    metric: Metric = book.load()
    if "classification" not in metric.tasks:
        return
    target, good, flat = _three_classes()
    found = metric.interval(metric.evidence(target, good), quick=True)
    gain = metric.gain(metric.evidence(target, flat), metric.evidence(target, good))
    must(
        book,
        math.isfinite(found.value) and _honest(found) and gain.value > 0,
        f"three classes have {found} and gain {gain}.",
    )
    turned = metric.evidence((target + 1) % 3, {"probability": np.roll(good["probability"], 1, axis=1)})
    other = metric.interval(turned, quick=True).value
    must(book, _close(found.value, other), f"three classes have {found.value}, and {other} when another comes first.")


def _three_classes() -> tuple[np.ndarray, Answer, Answer]:
    rng = np.random.default_rng(8)
    target, noise = rng.integers(0, 3, 300), rng.normal(size=(300, 3))
    good, flat = np.exp(noise + 1.5 * np.eye(3)[target]), np.exp(noise)
    return (
        target,
        {"probability": good / good.sum(axis=1, keepdims=True)},
        {"probability": flat / flat.sum(axis=1, keepdims=True)},
    )


PROMISES: tuple[Promise, ...] = (
    judges_kinds_on_the_shelf,
    weights_are_repeated_rows,
    order_does_not_matter,
    interval_holds_the_value,
    gain_over_itself_is_nothing,
    gain_is_positive_for_the_better,
    reads_only,
    odd_rows_are_no_accident,
    many_classes_are_judged,
)
