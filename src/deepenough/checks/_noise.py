"""How many answers are wrong, and which: told apart from answers that are only hard.

A hard question is answered wrongly where a model wavers, and ever more seldom the surer it is. A label that somebody
mixed up does not care how sure the model is. So the share of rows that contradict the model is fitted as a curve that
falls with its sureness, on top of a floor that does not fall; the floor are the mistakes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FLOORS = (0.0, 0.001, 0.002, 0.004, 0.007, 0.01, 0.015, 0.02, 0.03, 0.045, 0.06, 0.08, 0.11, 0.15, 0.2, 0.26, 0.33)
STEPS = 12
BINS = 300


@dataclass(frozen=True)
class Noise:
    """What the fit says.

    Attributes
    ----------
    floor : share of the answers that are wrong whatever the model's sureness.
    mistaken : (n,) chance that a row's answer is a mistake, given that it contradicts the model; 0 where it does not.
    evidence : how much better the fit with a floor is than the one without: twice the gain in log-likelihood.
    """

    floor: float
    mistaken: np.ndarray
    evidence: float


def noise(probability: np.ndarray, truth: np.ndarray) -> Noise:
    """Fit the floor under the share of rows that contradict the model.

    Parameters
    ----------
    probability : (n, classes) of a model that has not seen the row.
    """
    sure = probability.max(axis=1)
    against = probability.argmax(axis=1) != truth
    odds = np.log(np.clip(sure, 1e-6, 1 - 1e-6)) - np.log(1 - np.clip(sure, 1e-6, 1 - 1e-6))
    order = np.argsort(odds, kind="stable")
    parts = np.array_split(order, min(BINS, max(1, len(order) // 10)))
    middle = np.array([odds[p].mean() for p in parts])
    size = np.array([len(p) for p in parts], dtype=np.float64)
    hits = np.array([against[p].sum() for p in parts], dtype=np.float64)
    fits = [_curve(middle, size, hits, floor) for floor in FLOORS]
    best = int(np.argmax([likelihood for likelihood, _, _ in fits]))
    likelihood, a, b = fits[best]
    hard = _falling(odds, a, b)
    floor = FLOORS[best]
    mistaken = np.where(against, floor / np.maximum(floor + (1 - floor) * hard, 1e-12), 0.0)
    return Noise(floor, mistaken, 2 * (likelihood - fits[0][0]))


def _falling(odds: np.ndarray, a: float, b: float) -> np.ndarray:
    return np.asarray(1.0 / (1.0 + np.exp(np.clip(a * odds + b, -40, 40))))


def _curve(odds: np.ndarray, size: np.ndarray, hits: np.ndarray, floor: float) -> tuple[float, float, float]:
    """Fit the falling curve over a given floor by Fisher scoring; return (log-likelihood, slope, offset)."""
    a, b = 1.0, 0.0
    best = (-np.inf, a, b)
    for _ in range(STEPS):
        q = _falling(odds, a, b)
        p = np.clip(floor + (1 - floor) * q, 1e-9, 1 - 1e-9)
        likelihood = float(np.sum(hits * np.log(p) + (size - hits) * np.log(1 - p)))
        if likelihood > best[0]:
            best = (likelihood, a, b)
        slope = -(1 - floor) * q * (1 - q)  # of p in (a odds + b)
        weight = size * slope**2 / (p * (1 - p))
        pull = slope * (hits - size * p) / (p * (1 - p))
        h = np.array([[np.sum(weight * odds**2), np.sum(weight * odds)], [np.sum(weight * odds), np.sum(weight)]])
        step = np.linalg.solve(h + 1e-6 * np.eye(2), np.array([np.sum(pull * odds), np.sum(pull)]))
        a, b = float(np.clip(a + np.clip(step[0], -1, 1), 0.2, 5.0)), float(np.clip(b + np.clip(step[1], -1, 1), -5, 5))
    return best
