"""What the families of trees share: how they read columns, and how their graphs end."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepenough.bundle import Plan
from deepenough.export.graph import Graph, two_columns
from deepenough.task import Task

LEAST_ROWS = 10  # rows a category needs for a place of its own in the order; the rarer share one
FOLDS = 5
SHRINK = 10.0  # rows of the overall mean that every category is mixed with


class Ranks:
    """Numbers as they are, gaps and all; each category as its place in the order of what it says about the target.

    One threshold on that place then parts the categories into two sets, as the best split of a single tree would
    (Breiman et al. 1984; Wright & Koenig 2019 for forests). With more than two classes the order is along the first
    principal component of the classes' shares (Coppersmith, Hong & Hosking 1999).
    """

    def __init__(self, codes: np.ndarray, truth: np.ndarray, task: Task) -> None:
        signal = _signal(truth, len(task.labels))
        self.tables = [_places(codes[:, j], size, signal) for j, size in enumerate(sizes(task))]

    def matrix(self, tensors: dict[str, np.ndarray]) -> np.ndarray:
        """Return (n, a + b) float32."""
        codes = tensors["codes"]
        places = [table[codes[:, j]] for j, table in enumerate(self.tables)]
        return np.column_stack([tensors["numbers"], *places]).astype(np.float32)

    def write(self, graph: Graph) -> str:
        """Append the same to a graph; return its name."""
        parts = ["numbers"] if "numbers" in graph.inputs else []
        if self.tables:
            starts = np.cumsum([0, *(len(table) for table in self.tables[:-1])])
            place = graph.add("Add", "codes", graph.constant(starts[None, :]))
            parts.append(graph.add("Gather", graph.constant(np.concatenate(self.tables)), place))
        return parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1)


class Scaled:
    """A numeric target about its mean and in its own spread, so that single precision loses nothing; classes as they are."""

    def __init__(self, truth: np.ndarray, task: Task) -> None:
        self.mean, self.spread = (0.0, 1.0) if task.labels else (float(truth.mean()), float(truth.std()) or 1.0)

    @classmethod
    def of(cls, mean: float, spread: float) -> Scaled:
        """Return the scale with these two."""
        made = cls.__new__(cls)
        made.mean, made.spread = mean, spread
        return made

    def shrink(self, truth: np.ndarray) -> np.ndarray:
        return np.asarray((truth - self.mean) / self.spread)

    def widen(self, raw: np.ndarray) -> np.ndarray:
        return np.asarray(raw * self.spread + self.mean)


def _signal(truth: np.ndarray, classes: int) -> np.ndarray:
    """Return (n, k) the target about its mean: one column, or one for each of more than two classes."""
    y = np.eye(classes)[truth] if classes > 2 else truth.astype(np.float64)[:, None]
    centred = y - y.mean(axis=0)
    return np.asarray(centred / (np.abs(centred).max() or 1.0))


def _places(codes: np.ndarray, size: int, signal: np.ndarray) -> np.ndarray:
    """Return (size,) float32: the place of each code."""
    count = np.bincount(codes, minlength=size)
    sums = np.stack([np.bincount(codes, column, size) for column in signal.T], axis=1)
    rare = count < LEAST_ROWS
    count, sums = (np.where(rare, count[rare].sum(), count), np.where(rare[:, None], sums[rare].sum(axis=0), sums))
    means = sums / (count[:, None] + SHRINK)
    if means.shape[1] > 1:
        _, along = np.linalg.eigh((means * count[:, None]).T @ means)
        first = along[:, -1]
        means = means @ (first * np.sign(first[np.abs(first).argmax()]))[:, None]
    return np.unique(means[:, 0], return_inverse=True)[1].astype(np.float32)


def suits(task: Task) -> bool:
    """Whether there is anything but free text, which these families do not read."""
    return bool(task.measured)


def sizes(task: Task) -> list[int]:
    """Return the number of codes, 0 included, of each category column, in the order of the tensor ``codes``."""
    return [len(c.categories) + 1 for c in task.inputs if c.kind in ("category", "high_cardinality")]


def as_read(tensors: dict[str, np.ndarray]) -> np.ndarray:
    """Numbers, then codes as they are: (n, a + b) float32, which holds every code up to 2**24 exactly."""
    return np.hstack([tensors["numbers"], tensors["codes"].astype(np.float32)])


def read_codes(graph: Graph) -> str:
    """Append the same to a graph; return its name."""
    parts = [graph.add("Cast", name, to=1) if name == "codes" else name for name in graph.inputs]
    return parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1)


def finish(graph: Graph, raw: str, task: Task, link: str) -> Plan:
    """End a graph: raw (n, outputs) becomes the answer.

    Parameters
    ----------
    link : ``log_odds`` of the second of two classes, or of each of more; or ``probability`` of the same.
    """
    classes = len(task.labels)
    if not classes:
        graph.add("Squeeze", raw, graph.constant(np.array([1])), output="value")
        return Plan(graph.finish(["value"], None), ("value",))
    if link == "log_odds":
        raw = graph.add("Softmax", raw, axis=1) if classes > 2 else graph.add("Sigmoid", raw)
    graph.add("Identity", raw if classes > 2 else two_columns(graph, raw), output="probability")
    return Plan(graph.finish(["probability"], classes), ("probability",))


def outputs(task: Task) -> int:
    """Return how many numbers a tree model makes of a row: one for a number and for two classes."""
    return max(1, len(task.labels) if len(task.labels) > 2 else 1)


def held_out(task: Task, n: int, learnt: int) -> list[np.ndarray]:
    """Return (n,) which rows are left out, for each fit of a cross-validation over `learn` and `tune`.

    With a clock or groups it is the part that was set aside, for one drawn at random would tell too much.
    """
    if task.with_role("time") or task.with_role("group"):
        return [np.arange(n) >= learnt]
    fold = np.random.default_rng(0).permutation(n) % FOLDS
    return [fold == i for i in range(min(FOLDS, n))]


def loss(answer: np.ndarray, truth: np.ndarray) -> float:
    """Return what a choice on `tune` is made by: log loss of (n, C), mean squared error of (n,)."""
    if answer.ndim == 1:
        return float(np.mean((answer - truth) ** 2))
    return float(-np.mean(np.log(np.maximum(answer[np.arange(len(truth)), truth], 1e-15))))


def answered(raw: np.ndarray, task: Task) -> dict[str, Any]:
    """Return the answer as it ships: of (n,) values, of (n,) chances of the second class, or of (n, C) of all."""
    if not task.labels:
        return {"value": raw.astype(np.float32)}
    return {"probability": (raw if raw.ndim == 2 else np.stack([1.0 - raw, raw], axis=1)).astype(np.float32)}
