"""Learning curves: how a loss falls with the rows that are learnt from, and how far it will.

loss(n) = a + b n^-c, with a and b at least 0 (Cortes et al. 1993; Viering and Loog 2022 on its limits). A few points never tell the
three numbers apart, so none is picked: every curve of a grid stays, weighted by how well it goes with what was seen, and by what
curves are usually like (the constants below, chosen by the back-test in benchmarks/learning_curves.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

LEVEL = 0.80
FEWEST = 2  # points
FARTHEST = 100.0  # times the rows: what lies beyond is not foreseen
RATES = np.linspace(0.1, 1.5, 29)  # c
FLOORS = np.append(np.linspace(0.0, 0.95, 20), (0.975, 0.99, 1.0))  # a, as a share of the loss at the last point
WOBBLES = np.array([0.015, 0.04, 0.1])  # how far one fit lies off its curve, as a share of the loss
BENDS = (
    (0.5, 0.3),
    (1.0, 0.4),
    (1.3, 0.3),
)  # beyond the last point it falls so many times as fast (weight): power laws break
USUAL_RATE, SPREAD_OF_RATES = 0.4, 0.5  # log-normal: 0.15 to 1.1 in 95 of 100
FALLING = 0.5  # the wobble grows with this power where rows are fewer
LEAST_WEIGHT = 1e-6
NODES = 21
DRAWS = 4000
STEPS, HALVINGS = 60, 40
ARRAYS = ("rate", "floor", "level", "spread", "wobble", "bend", "weight")


@dataclass(frozen=True)
class LearningCurve:
    """Curves through what was seen, each with its weight; all arrays (m,), all losses as logarithms.

    Attributes
    ----------
    whole : rows of the last point.
    rate, floor : c, and a as a share of the loss at `whole`.
    level, spread : the log loss at `whole`, and its standard error: of the rows that it was judged on.
    wobble : standard deviation of one fit about its curve.
    bend : how many times as fast it falls beyond `whole`.
    weight : sums to 1.
    """

    whole: float
    rate: np.ndarray
    floor: np.ndarray
    level: np.ndarray
    spread: np.ndarray
    wobble: np.ndarray
    bend: np.ndarray
    weight: np.ndarray

    def shape(self, rows: float | np.ndarray) -> np.ndarray:
        """(m,) or, of (k,) rows, (m, k): the log loss there, less the one at `whole`."""
        times = np.asarray(rows, np.float64) / self.whole
        rate, floor, bend = (a if times.ndim == 0 else a[:, None] for a in (self.rate, self.floor, self.bend))
        return np.asarray(np.log(floor + (1.0 - floor) * times ** (-rate)) * np.where(times > 1.0, bend, 1.0))

    def take(self, index: np.ndarray) -> LearningCurve:
        """Return some of the curves, with their weights as they are."""
        return LearningCurve(self.whole, **{name: getattr(self, name)[index] for name in ARRAYS})


@dataclass(frozen=True)
class Foreseen:
    """A number that is foreseen, with the range that holds it at `LEVEL`; infinite where nothing so large is foreseen."""

    value: float
    low: float
    high: float


def fit(rows: np.ndarray, losses: np.ndarray, joint: np.ndarray) -> LearningCurve | None:
    """Weigh all curves by what was seen; None for a single point, or where a loss is not above nothing.

    Parameters
    ----------
    rows, losses : (m,) rows learnt from, ascending, and the loss each time.
    joint : (m, m) covariance of the logarithms of the losses. All are judged on the same rows: what is shared moves the whole
        curve, and says nothing about its shape.

    >>> curve = fit([100, 200, 400, 800], [0.4, 0.3, 0.25, 0.225], np.eye(4) * 1e-6)
    >>> foreseen = loss_at(curve, 1600)
    >>> foreseen.low < 0.2125 < foreseen.high
    True
    """
    n, seen = np.asarray(rows, np.float64), np.asarray(losses, np.float64)
    if len(n) < FEWEST or not (np.isfinite(seen).all() and (seen > 0).all()):
        return None
    rate, floor = (g.ravel() for g in np.meshgrid(RATES, FLOORS, indexing="ij"))
    ones = np.ones_like(rate)
    flat = LearningCurve(float(n[-1]), rate, floor, 0 * ones, 0 * ones, 0 * ones, ones, 0 * ones)
    prior = -0.5 * ((np.log(rate) - math.log(USUAL_RATE)) / SPREAD_OF_RATES) ** 2 - np.log(rate)
    prior += np.log(np.maximum(1.0 - floor, 0.02))  # most curves have far to fall
    away = np.log(seen) - flat.shape(n)
    weighed = [_weigh(flat, away, np.asarray(joint), n, float(w), prior) for w in WOBBLES]
    bent = [replace(c, bend=bend * ones, weight=c.weight + math.log(often)) for c in weighed for bend, often in BENDS]
    joined = {name: np.concatenate([getattr(c, name) for c in bent]) for name in ARRAYS}
    raised = np.exp(joined["weight"] - joined["weight"].max())
    whole = LearningCurve(flat.whole, **{**joined, "weight": raised / raised.sum()})
    return whole.take(np.flatnonzero(whole.weight > LEAST_WEIGHT * whole.weight.max()))


def _weigh(
    flat: LearningCurve, away: np.ndarray, joint: np.ndarray, rows: np.ndarray, wobble: float, prior: np.ndarray
) -> LearningCurve:
    """Find the level of each curve by least squares, and the logarithm of its weight; the level's prior is flat."""
    noise = joint + np.diag(wobble**2 * (rows[-1] / rows) ** FALLING)
    inverse = np.linalg.inv(noise)
    pull = inverse.sum(axis=0)
    certainty = float(pull.sum())
    level = away @ pull / certainty
    left = np.einsum("ij,jk,ik->i", away, inverse, away) - certainty * level**2
    weight = prior - 0.5 * (left + float(np.linalg.slogdet(noise)[1]) + math.log(certainty))
    spread = np.full_like(level, certainty**-0.5)
    return replace(flat, level=level, spread=spread, wobble=np.full_like(level, wobble), weight=weight)


def loss_at(curve: LearningCurve, rows: float, *, judged: float | None = None) -> Foreseen:
    """Return the loss that is foreseen with so many rows.

    Parameters
    ----------
    judged : the standard error of the log loss of one more model on fresh rows: the range then holds what it will show.
    """
    spread = curve.spread if judged is None else np.sqrt(curve.spread**2 + judged**2 + curve.wobble**2)
    return _exp(_quantiles(curve.level + curve.shape(rows), spread, curve.weight))


def saved_at(curve: LearningCurve, now: float, rows: float, bounded: bool) -> Foreseen:
    """Return what the rows from `now` on will bring: points, or the share of the error that is saved."""
    before, after = curve.level + curve.shape(now), curve.level + curve.shape(rows)
    saved = np.exp(before) - np.exp(after) if bounded else 1.0 - np.exp(after - before)
    return _weighted(saved, curve.weight)


def rows_to(curve: LearningCurve, loss: float, now: float) -> Foreseen:
    """Return the rows at which the loss comes down to `loss`; `now` where it is there, infinite where `FARTHEST` times do not do.

    The range holds both what the shape leaves open and the chance of the rows that were judged.
    """
    from scipy.special import ndtri

    if not loss > 0:
        return Foreseen(math.inf, math.inf, math.inf)
    nodes = ndtri((np.arange(NODES) + 0.5) / NODES)
    level = curve.level[:, None] + curve.spread[:, None] * nodes
    floor, rate, bend = curve.floor[:, None], curve.rate[:, None], curve.bend[:, None]
    fall = math.log(loss) - level
    share = np.exp(np.where(fall < 0.0, fall / bend, fall))  # what must be left of the loss at `whole`
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        times = np.where(share > floor, ((1.0 - floor) / (share - floor)) ** (1.0 / rate), np.inf)
    rows = np.maximum(now, curve.whole * times)
    rows[rows > FARTHEST * now] = np.inf
    return _weighted(rows.ravel(), np.repeat(curve.weight / NODES, NODES))


def rows_to_overtake(
    simple: LearningCurve, complex: LearningCurve, worth: float, se: float, now: float, bounded: bool
) -> Foreseen:
    """Return the rows at which the complex one is ahead by the worth; infinite where `FARTHEST` times do not do.

    Parameters
    ----------
    se : standard error of the paired gain at the last point, on the scale of log losses: both are judged on the same rows.
    """
    from scipy.special import ndtri

    rng, at = np.random.default_rng(0), (np.arange(DRAWS) + 0.5) / DRAWS
    rows = now * np.geomspace(1.0, FARTHEST, STEPS)
    before, after = (_drawn(curve, rng.permutation(at), rows) for curve in (simple, complex))
    after += se * ndtri(rng.permutation(at))[:, None]
    ahead = np.exp(before) - np.exp(after) if bounded else 1.0 - np.exp(after - before)
    there = ahead >= worth
    first = np.where(there.any(axis=1), rows[there.argmax(axis=1)], np.inf)
    return _weighted(first, np.full(DRAWS, 1.0 / DRAWS))


def _drawn(curve: LearningCurve, at: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(draws, k) log losses of curves drawn by their weight, without the chance of the rows judged."""
    below = np.cumsum(curve.weight)
    chosen = np.minimum(np.searchsorted(below / below[-1], at), len(below) - 1)
    drawn = curve.take(chosen)
    return np.asarray(drawn.level[:, None] + drawn.shape(rows))


def _weighted(values: np.ndarray, weights: np.ndarray) -> Foreseen:
    """Return the median and the range of weighted values."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    at = [min(int(np.searchsorted(below, q * below[-1])), len(order) - 1) for q in _shares()]
    low, value, high = (float(values[order[i]]) for i in at)
    return Foreseen(value, low, high)


def _quantiles(means: np.ndarray, spreads: np.ndarray, weights: np.ndarray) -> Foreseen:
    """Return the median and the range of a mixture of normals, by halving."""
    from scipy.special import ndtr

    found = []
    for share in _shares():
        low, high = float((means - 9 * spreads).min()), float((means + 9 * spreads).max())
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            below = float(weights @ ndtr((middle - means) / spreads)) / float(weights.sum())
            low, high = (middle, high) if below < share else (low, middle)
        found.append((low + high) / 2)
    return Foreseen(found[1], found[0], found[2])


def _exp(found: Foreseen) -> Foreseen:
    return Foreseen(math.exp(found.value), math.exp(found.low), math.exp(found.high))


def _shares() -> tuple[float, float, float]:
    return (1.0 - LEVEL) / 2, 0.5, (1.0 + LEVEL) / 2
