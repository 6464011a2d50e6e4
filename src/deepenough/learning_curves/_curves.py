"""A learning curve as figures/learning.json holds it: what was seen, what is foreseen, and the answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepenough.candidates._climb import gain_between
from deepenough.candidates._trial import Trial
from deepenough.dataset import Dataset
from deepenough.learning_curves import _wording as wording
from deepenough.learning_curves._points import Point, covariance, loss
from deepenough.metrics import Metric
from deepenough.stats.learning import (
    FARTHEST,
    Foreseen,
    LearningCurve,
    fit,
    loss_at,
    rows_to,
    rows_to_overtake,
    saved_at,
)

LINE = 24  # points of a drawn curve
DRAWN = 4.0  # times the rows at hand that are drawn at least
TWICE = 2.0
Document = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What the curves are asked: `now` is what ships learnt from, `worth` what a gain must be to count."""

    metric: Metric
    bar: float | None
    worth: float
    now: int


@dataclass(frozen=True)
class Seen:
    """The points of one trial, the curve through them (None where they cannot tell), and why shares were left out."""

    points: Sequence[Point]
    curve: LearningCurve | None
    left_out: Sequence[str]

    @property
    def trial(self) -> Trial:
        return self.points[-1].trial


def see(found: Sequence[Point], left_out: Sequence[str], development: Dataset, metric: Metric) -> Seen:
    """Fit the curve through the points."""
    joint = covariance(found, development, metric)
    losses = np.array([loss(_value(p), metric) for p in found])
    rows = np.array([p.rows for p in found])
    return Seen(found, None if joint is None else fit(rows, losses, joint), left_out)


def drawn_to(seen: Sequence[Seen], asked: Asked) -> float:
    """Return the rows up to which all curves are drawn: past the bar, where it comes in sight."""
    reach = [_to_bar(s.curve, asked) for s in seen if s.curve is not None]
    near = [1.5 * r.value for r in reach if r is not None and math.isfinite(r.value)]
    return min(FARTHEST * asked.now, max([DRAWN * asked.now, *near]))


def of_curve(seen: Seen, asked: Asked, end: float) -> Document:
    """Return the document of one curve, drawn up to `end` rows: points, line, and what so many rows would bring."""
    trial, curve = seen.trial, seen.curve
    document: Document = {
        "key": trial.key,
        "title": trial.title,
        "deep": trial.deep,
        "points": [_point(p) for p in seen.points],
        "left_out": list(seen.left_out),
    }
    if curve is None:
        nothing = dict.fromkeys(("now", "twice", "most", "flat", "to_bar"))
        return document | nothing | {"line": [], "sentence": wording.of_no_curve(trial.title, seen.points[-1].rows)}
    saved = saved_at(curve, asked.now, FARTHEST * asked.now, asked.metric.bounded)
    steps = {"now": 1.0, "twice": TWICE, "most": FARTHEST}
    to_bar, line = _to_bar(curve, asked), np.geomspace(seen.points[0].rows, end, LINE)
    document |= {name: _scored(loss_at(curve, times * asked.now), asked.metric) for name, times in steps.items()}
    document |= {
        "line": [{"rows": round(float(n)), **_scored(loss_at(curve, float(n)), asked.metric)} for n in line],
        "flat": saved.value < asked.worth,
        "to_bar": None if to_bar is None else reached(to_bar, asked.now),
    }
    return document | {"sentence": wording.of_curve(document, asked.metric.high_is_good)}


def _to_bar(curve: LearningCurve, asked: Asked) -> Foreseen | None:
    return None if asked.bar is None else rows_to(curve, loss(asked.bar, asked.metric), asked.now)


def of_overtaking(simple: Seen, complex: Seen, development: Dataset, asked: Asked) -> Document | None:
    """Return where the network is ahead of the simpler model by the worth; None where a curve is missing."""
    if simple.curve is None or complex.curve is None:
        return None
    gain = gain_between(simple.trial, complex.trial, development, asked.metric)
    if gain.se is None:
        return None
    losses = [loss(_value(s.points[-1]), asked.metric) for s in (simple, complex)]
    se = gain.se / math.sqrt(losses[0] * losses[1]) if asked.metric.bounded else gain.se * losses[0] / losses[1]
    found = rows_to_overtake(simple.curve, complex.curve, asked.worth, se, asked.now, asked.metric.bounded)
    answer = reached(found, asked.now)
    return answer | {"sentence": wording.of_overtaking(answer, complex.trial.title, simple.trial.title)}


def reached(found: Foreseen, now: int) -> Document:
    """Return how many rows it takes, and how many more than now; what is nowhere in sight is null.

    The answer is ``already``, ``reach``, ``never`` (fewer than one chance in ten within 100 times the rows) or ``cannot_tell``.
    """
    rows = {name: _whole(getattr(found, name)) for name in ("value", "low", "high")}
    answer = (
        ("never" if rows["low"] is None else "cannot_tell")
        if rows["value"] is None
        else "already"
        if rows["value"] <= now
        else "reach"
    )
    return {
        "answer": answer,
        "rows": rows,
        "more": {k: None if n is None else max(0, n - now) for k, n in rows.items()},
    }


def _whole(rows: float) -> int | None:
    return math.ceil(rows - 1e-6) if math.isfinite(rows) else None


def _value(point: Point) -> float:
    assert point.trial.validation is not None
    return point.trial.validation.value


def _point(point: Point) -> Document:
    assert point.trial.validation is not None
    return {"rows": point.rows, **point.trial.validation.document()}


def _scored(found: Foreseen, metric: Metric) -> dict[str, float]:
    """Return a foreseen loss as the score it is, low end first."""
    ends = sorted(1.0 - x if metric.bounded else x for x in (found.low, found.high))
    return {"value": 1.0 - found.value if metric.bounded else found.value, "low": ends[0], "high": ends[1]}
