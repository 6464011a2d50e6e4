"""Worlds whose truth is known: two answers to the same rows, as many rows as one likes."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from deepenough import shelves
from deepenough.metrics import Metric

Answer = dict[str, np.ndarray]
CHUNK, CHUNKS = 150_000, 1  # rows of the draw that stands for the whole world, and how many of these
TRUTH_SEED = 987654321


@dataclass(frozen=True)
class Drawn:
    """Some rows of a world: the truth, what the simple and the complex model say, and the group of each row."""

    target: np.ndarray
    simple: Answer
    complex: Answer
    groups: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class World:
    """Where rows come from.

    Attributes
    ----------
    draw : (rng, n) to n rows. reads : ``probability`` or ``value``, what its answers are.
    smallest : share of the smallest class; 1 where there are none.
    exact : by metric, the complex answer's score and its gain where a closed form says so; else a great many rows say.
    """

    name: str
    reads: str
    draw: Callable[[np.random.Generator, int], Drawn]
    smallest: float = 1.0
    exact: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@cache
def metric(name: str) -> Metric:
    """Return the metric of that name."""
    module = importlib.import_module(shelves.shelf("metrics")[name].module)
    found: Metric = next(v for v in vars(module).values() if getattr(v, "name", None) == name)()
    return found


def judging(reads: str) -> list[str]:
    """Return the metrics of the shelf that judge such answers, in the order of the alphabet."""
    task = {"probability": "classification", "value": "regression"}[reads]
    books = shelves.shelf("metrics")
    return sorted(n for n, b in books.items() if b.facts["answers"] == reads and task in b.facts["tasks"])


def truth_of_answers(name: str, base: float) -> float:
    """Return where the bar stands that answers made for a score of `base` just reach."""
    return base * mean_size(None) if name == "mae" else base


def gained(judge: Metric, before: float, after: float) -> float:
    """Return the gain: points of a score, the share saved of an error."""
    return after - before if judge.bounded else 1 - after / before


@cache
def truth(name: str, world: World) -> tuple[float, float]:
    """Return the complex answer's score and its gain in the world itself."""
    return world.exact[name] if name in world.exact else measured(name, world)


def measured(name: str, world: World) -> tuple[float, float]:
    """Return the same from a great many rows."""
    judge, found = metric(name), []
    for step in range(CHUNKS):
        rows = world.draw(np.random.default_rng([TRUTH_SEED, step]), CHUNK)
        ones = np.ones(len(rows.target))
        before, after = (judge.value(judge.evidence(rows.target, a), ones) for a in (rows.simple, rows.complex))
        found.append((after, gained(judge, before, after)))
    return float(np.mean([f[0] for f in found])), float(np.mean([f[1] for f in found]))


# --- classes -------------------------------------------------------------------------------------------------------


def probabilities(logit: np.ndarray) -> Answer:
    """Return the answer of two classes whose second has these log odds."""
    positive = 1 / (1 + np.exp(-logit))
    return {"probability": np.column_stack([1 - positive, positive])}


def area(apart: float) -> float:
    """Return the area under the curve of two normal scores so far apart."""
    return 0.5 * (1 + math.erf(apart / 2))


def binormal(
    name: str,
    share: float = 0.5,
    simple: float = 1.19,
    complex: float = 1.40,
    together: float = 0.8,
    sure: float = 1.25,
) -> World:
    """Two classes, normal scores `simple` and `complex` apart, correlated; `sure` times as confident as is right."""

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        codes = (rng.random(n) < share).astype(int)
        first = rng.normal(size=n)
        second = together * first + math.sqrt(1 - together**2) * rng.normal(size=n)
        return Drawn(codes, said(codes, first, simple), said(codes, second, complex))

    def said(codes: np.ndarray, noise: np.ndarray, apart: float) -> Answer:
        return probabilities(sure * (apart * (apart * codes + noise) - apart**2 / 2 + math.log(share / (1 - share))))

    exact = {"roc_auc": (area(complex), area(complex) - area(simple))}
    if share == 0.5:  # told apart half-way between the two
        right, before = (0.5 * (1 + math.erf(apart / math.sqrt(8))) for apart in (complex, simple))
        exact |= {"accuracy": (right, right - before), "balanced_accuracy": (right, right - before)}
    return World(name, "probability", draw, min(share, 1 - share), exact)


def shaped(name: str, wide: float, hidden: float, share: float = 0.1) -> World:
    """One in ten is positive; `hidden` of these look negative, or they are `wide` times as spread out."""

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        codes = (rng.random(n) < share).astype(int)
        common = rng.normal(size=n)
        unseen = rng.random(n) < hidden

        def said(apart: float) -> Answer:
            noise = math.sqrt(0.5) * (common + rng.normal(size=n))
            return probabilities(apart * codes * ~unseen + np.where(codes == 1, wide, 1.0) * noise - 2.5)

        return Drawn(codes, said(2.2), said(2.66))

    return World(name, "probability", draw, share)


def several(name: str, shares: tuple[float, ...], simple: float = 1.6, complex: float = 1.9) -> World:
    """Several classes, one noisy score each, softmax."""
    classes = len(shares)

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        codes = rng.choice(classes, size=n, p=shares)
        shared = rng.normal(size=(n, classes))
        answers = []
        for apart in (simple, complex):
            noise = 0.8 * shared + 0.6 * rng.normal(size=shared.shape)
            logit = apart * noise + np.log(shares)
            logit[np.arange(n), codes] += apart**2
            grown = np.exp(logit - logit.max(axis=1, keepdims=True))
            answers.append({"probability": grown / grown.sum(axis=1, keepdims=True)})
        return Drawn(codes, answers[0], answers[1])

    return World(name, "probability", draw, min(shares))


# --- numbers -------------------------------------------------------------------------------------------------------


def tail(rng: np.random.Generator, n: int, df: float | None) -> np.ndarray:
    """Return what normal errors are multiplied with to become Student's t with `df`."""
    return np.ones(n) if df is None else np.sqrt(df / rng.chisquare(df, size=n))


def mean_size(df: float | None) -> float:
    """Return the mean absolute value of Student's t with `df`, of the normal where None."""
    if df is None:
        return math.sqrt(2 / math.pi)
    return 2 * math.sqrt(df) * math.gamma((df + 1) / 2) / (math.sqrt(math.pi) * math.gamma(df / 2) * (df - 1))


def numbers(name: str, simple: float = 0.6, complex: float = 0.55, df: float | None = None) -> World:
    """Numbers hit with normal errors (or Student's t with `df`), correlated between the two answers."""

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        target = rng.normal(size=n)
        heavy, shared = tail(rng, n, df), rng.normal(size=n)
        errors = [size * heavy * (0.8 * shared + 0.6 * rng.normal(size=n)) for size in (simple, complex)]
        return Drawn(target, {"value": target + errors[0]}, {"value": target + errors[1]})

    spread = 1.0 if df is None else df / (df - 2)
    saved = 1 - complex / simple
    exact = {
        "rmse": (complex * math.sqrt(spread), saved),
        "mae": (complex * mean_size(df), saved),
        "r2": (1 - complex**2 * spread, (simple**2 - complex**2) * spread),
    }
    return World(name, "value", draw, exact=exact)


def sales(name: str, simple: float = 0.5, complex: float = 0.45) -> World:
    """Lognormal amounts, errors in proportion to them: a few large ones carry most of the squared error."""

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        target = np.exp(rng.normal(size=n))
        shared = rng.normal(size=n)
        errors = [size * target * (0.8 * shared + 0.6 * rng.normal(size=n)) for size in (simple, complex)]
        return Drawn(target, {"value": target + errors[0]}, {"value": target + errors[1]})

    square, size, variance = math.exp(2), math.exp(0.5), math.exp(2) - math.exp(1)
    saved = 1 - complex / simple
    exact = {
        "rmse": (complex * math.sqrt(square), saved),
        "mae": (complex * size * mean_size(None), saved),
        "r2": (1 - complex**2 * square / variance, (simple**2 - complex**2) * square / variance),
    }
    return World(name, "value", draw, exact=exact)


# --- rows in groups ------------------------------------------------------------------------------------------------


def members(rng: np.random.Generator, n: int, rows_each: float) -> np.ndarray:
    """Return the group of each of n rows: `rows_each` on average, the largest groups several times the smallest."""
    count = max(2, round(n / rows_each))
    return rng.choice(count, size=n, p=(lambda w: w / w.sum())(rng.gamma(2.0, size=count) + 0.3))


def patients(name: str, rows_each: float, share: float = 0.4) -> World:
    """Two classes; rows of a group are alike in their score, half of its noise is the group's, and in their class."""

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        groups = members(rng, n, rows_each)
        size = int(groups.max()) + 1
        often = 1 / (1 + np.exp(-(math.log(share / (1 - share)) + 0.7 * rng.normal(size=size))))
        codes = (rng.random(n) < often[groups]).astype(int)
        common = math.sqrt(0.5) * (rng.normal(size=size)[groups] + rng.normal(size=n))

        def said(apart: float) -> Answer:
            noise = 0.8 * common + 0.6 * rng.normal(size=n)
            return probabilities(apart * (apart * codes + noise) - apart**2 / 2 + math.log(share / (1 - share)))

        return Drawn(codes, said(1.19), said(1.40), groups)

    return World(name, "probability", draw, share)


def households(name: str, rows_each: float) -> World:
    """Numbers; half of the variance of an error is its group's."""

    def draw(rng: np.random.Generator, n: int) -> Drawn:
        groups = members(rng, n, rows_each)
        size = int(groups.max()) + 1
        target = math.sqrt(0.5) * (rng.normal(size=size)[groups] + rng.normal(size=n))
        common = math.sqrt(0.5) * (rng.normal(size=size)[groups] + rng.normal(size=n))
        errors = [s * (0.8 * common + 0.6 * rng.normal(size=n)) for s in (0.6, 0.55)]
        return Drawn(target, {"value": target + errors[0]}, {"value": target + errors[1]}, groups)

    return World(name, "value", draw)


# --- all of them ---------------------------------------------------------------------------------------------------

RARE = (0.3, 0.2, 0.15, 0.1, 0.08, 0.06, 0.05, 0.03, 0.02, 0.01)
ROWS = {
    w.name: w
    for w in (
        binormal("balanced"),
        binormal("5 % positive", 0.05),
        binormal("very good, balanced", 0.5, 2.30, 2.66),
        binormal("very good, 5 % positive", 0.05, 2.30, 2.66),
        binormal("three times too sure", sure=3.0),
        shaped("10 % positive, a tenth of these hidden", 1, 0.1),
        shaped("10 % positive, twice as spread out", 2, 0),
        several("3 classes", (0.5, 0.3, 0.2)),
        several("10 classes", (0.1,) * 10),
        several("10 classes, some rare", RARE),
        numbers("normal errors"),
        numbers("long tails, t(5)", df=5),
        numbers("no variance, t(3)", df=3),
        sales("lognormal, as sales"),
    )
}
EQUAL = {
    w.name: w
    for w in (
        binormal("balanced", 0.5, 1.40, 1.40),
        binormal("5 % positive", 0.05, 1.40, 1.40),
        several("3 classes", (0.5, 0.3, 0.2), 1.9, 1.9),
        numbers("normal errors", 0.55, 0.55),
        numbers("no variance, t(3)", 0.55, 0.55, df=3),
    )
}
GROUPS = (8, 20, 50, 200)
ROWS_IN_GROUPS = 1000
GROUPED = {
    w.name: w
    for count in GROUPS
    for w in (
        patients(f"{count} groups, two classes", ROWS_IN_GROUPS / count),
        households(f"{count} groups, numbers", ROWS_IN_GROUPS / count),
    )
}
