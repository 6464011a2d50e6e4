"""Worlds whose truth is known: two answers to the same rows, as many rows as one likes."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

World = Callable[[np.random.Generator, int], tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]]
CLASSIFYING = ("roc_auc", "average_precision", "accuracy", "balanced_accuracy", "f1_macro", "log_loss")
MEASURING = ("rmse", "mae", "r2")


def metric(name: str) -> Any:
    """Return an instance of the metric of that name."""
    module = importlib.import_module(f"deepenough.metrics.{name}")
    return next(v for v in vars(module).values() if getattr(v, "name", None) == name)()


def binormal(share: float = 0.5, simple: float = 1.19, complex: float = 1.40, together: float = 0.8) -> World:
    """Two classes, normal scores `simple` and `complex` apart, correlated; a quarter overconfident."""

    def draw(rng: np.random.Generator, n: int) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]:
        codes = (rng.random(n) < share).astype(int)
        first = rng.normal(size=n)
        second = together * first + np.sqrt(1 - together**2) * rng.normal(size=n)
        return codes, _sure(codes, first, simple, share), _sure(codes, second, complex, share)

    return draw


def _sure(codes: np.ndarray, noise: np.ndarray, apart: float, share: float) -> dict[str, np.ndarray]:
    logit = 1.25 * (apart * (apart * codes + noise) - apart**2 / 2 + np.log(share / (1 - share)))
    positive = 1 / (1 + np.exp(-logit))
    return {"probability": np.column_stack([1 - positive, positive])}


def many(shares: tuple[float, ...] = (0.5, 0.3, 0.2), simple: float = 1.4, complex: float = 1.7) -> World:
    """Several classes, one noisy score each, softmax."""

    def draw(rng: np.random.Generator, n: int) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]:
        codes = rng.choice(len(shares), size=n, p=shares)
        shared = rng.normal(size=(n, len(shares)))
        answers = []
        for apart in (simple, complex):
            noise = 0.8 * shared + 0.6 * rng.normal(size=shared.shape)
            logit = apart * (apart * np.eye(len(shares))[codes] + noise) + np.log(shares)
            grown = np.exp(logit - logit.max(axis=1, keepdims=True))
            answers.append({"probability": grown / grown.sum(axis=1, keepdims=True)})
        return codes, answers[0], answers[1]

    return draw


def numbers(simple: float = 0.6, complex: float = 0.55, df: float | None = None) -> World:
    """Numbers hit with normal errors (or Student's t with `df`), correlated between the two answers."""

    def draw(rng: np.random.Generator, n: int) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]:
        target = rng.normal(size=n)
        tail = 1.0 if df is None else np.sqrt(df / rng.chisquare(df, size=n))
        shared = rng.normal(size=n)
        errors = [size * tail * (0.8 * shared + 0.6 * rng.normal(size=n)) for size in (simple, complex)]
        return target, {"value": target + errors[0]}, {"value": target + errors[1]}

    return draw


@cache
def truth(name: str, world: World, rows: int = 600_000) -> tuple[float, float]:
    """Return the complex answer's score and its gain in the world itself, from a great many rows."""
    judge = metric(name)
    target, simple, complex = world(np.random.default_rng(987654321), rows)
    a, b = judge.evidence(target, simple), judge.evidence(target, complex)
    ones = np.ones(rows)
    score, before = judge.value(b, ones), judge.value(a, ones)
    return score, (score - before if judge.bounded else 1 - score / before)


def cover(name: str, world: World, n: int, repeats: int, seed: int = 1, quick: bool = False) -> dict[str, float]:
    """Return how often interval and gain hold the truth, and how often a bound lies on its wrong side.

    No interval counts as holding: nothing was claimed.
    """
    judge, rng = metric(name), np.random.default_rng(seed)
    score, gained = truth(name, world)
    wrong = np.zeros(4)
    for step in range(repeats):
        target, simple, complex = world(rng, n)
        a, b = judge.evidence(target, simple), judge.evidence(target, complex)
        wrong += [
            *_wrong(judge.interval(b, seed=step, quick=quick), score),
            *_wrong(judge.gain(a, b), gained),
        ]
    low, high, gain_low, gain_high = (wrong / repeats).tolist()
    return {
        "interval": 1 - low - high,
        "low_above": low,
        "high_below": high,
        "gain": 1 - gain_low - gain_high,
        "gain_low_above": gain_low,
        "gain_high_below": gain_high,
    }


def _wrong(found: Any, true: float) -> tuple[bool, bool]:
    if found.low is None:
        return False, False
    return found.low > true, found.high < true
