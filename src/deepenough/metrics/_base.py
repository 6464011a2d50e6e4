"""The contract of a metric: facts, a value, an interval, a paired gain."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from deepenough import shelves
from deepenough.stats import Estimate, Strata

Answer = dict[str, np.ndarray]


class Metric(ABC):
    """How good an answer is.

    Facts are literals in the class body. `answers` names the output that is read: ``probability`` (n, C),
    classes in the order of the task's labels, class 1 of two being the positive one; or ``value`` (n,).
    `parameters` names what stands behind the ``=`` of ``recall@precision=0.9``; the value is the attribute `wanted`.
    `bounded`: the best value is 1, and gains are points; otherwise the metric is an error, and gains are
    the share of the simple answer's error that is saved.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    tasks: ClassVar[tuple[str, ...]]
    answers: ClassVar[str]
    high_is_good: ClassVar[bool]
    bounded: ClassVar[bool]
    requires: ClassVar[tuple[str, ...]] = ()
    parameters: ClassVar[tuple[str, ...]] = ()
    wanted: ClassVar[float] = 0.0

    @abstractmethod
    def evidence(self, target: np.ndarray, answer: Answer, about: Any = None) -> Any:
        """Do once what needs doing once (sort, match). Target: (n,) class codes, or (n,) numbers."""

    @abstractmethod
    def value(self, evidence: Any, weights: np.ndarray) -> float:
        """Return the metric of weighted rows, weights (n,): a resample is a weight vector. nan: undefined."""

    @abstractmethod
    def interval(
        self,
        evidence: Any,
        level: float = 0.95,
        quick: bool = False,
        seed: int = 0,
        strata: Strata | None = None,
    ) -> Estimate:
        """Return the value with its two-sided interval.

        `quick` asks for the closed form where the metric would resample. `strata` says how a stratified split
        drew the rows; metrics that are a mean loss of classes use it.
        """

    @abstractmethod
    def gain(self, simple: Any, complex: Any, level: float = 0.95) -> Estimate:
        """Return what complex gains over simple on the same rows; positive: complex is better."""


def named(name: str) -> Metric:
    """Return a metric by its name, ``roc_auc``, or with what is wanted of it, ``recall@precision=0.9``."""
    book, _, wanted = name.partition("=")
    metric: Metric = shelves.load("metrics", book)
    if not wanted:
        return metric
    set_to = copy.copy(metric)
    vars(set_to).update(name=name, wanted=float(wanted))
    return set_to


def sample(metric: Metric, seed: int, n: int) -> tuple[np.ndarray, Answer, Answer]:
    """Make a target, a simple and a better, complex answer that the metric can judge."""
    rng = np.random.default_rng(seed)
    if metric.answers == "value":
        target = rng.normal(size=n)
        simple, complex = (target + noise * rng.normal(size=n) for noise in (0.8, 0.5))
        return target, {"value": simple}, {"value": complex}
    codes = rng.integers(0, 2, size=n)
    simple, complex = (_two_classes(codes, signal, rng) for signal in (1.0, 1.6))
    return codes, {"probability": simple}, {"probability": complex}


def _two_classes(codes: np.ndarray, signal: float, rng: np.random.Generator) -> np.ndarray:
    logit = signal * (signal * (codes - 0.5) + rng.normal(size=len(codes)))
    positive = 1 / (1 + np.exp(-logit))
    return np.column_stack([1 - positive, positive])
