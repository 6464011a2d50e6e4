"""What the rows at hand can be expected to show, and how many would do."""

from __future__ import annotations

import math

from .estimate import Estimate
from .quantiles import normal_below
from .scales import from_scale, increasing, to_scale

SURE = 1.959964  # two-sided 95 %
POWER = 2.80  # two-sided 95 % with 80 % power: 1.96 + 0.84


def assurance(estimate: Estimate, bar: float, n_sealed: int, at_least: bool = True) -> float:
    """Return the chance that n_sealed fresh rows will show the bar to be met (O'Hagan et al. 2005).

    On the metric's own scale: Phi((score - bar - 1.96 se_t) / sqrt(se_o^2 + se_t^2)), se_o of the estimate,
    se_t = s / sqrt(n_sealed). An estimate without a standard error assures nothing: 0.0.
    """
    margin = _margin(estimate, bar, at_least)
    per_row = _per_row(estimate)
    if per_row is None or estimate.se is None or n_sealed < 1 or math.isnan(margin):
        return 0.0
    sealed = per_row / math.sqrt(n_sealed)
    return normal_below((margin - SURE * sealed) / math.hypot(estimate.se, sealed))


def provable(estimate: Estimate, bar: float, n_sealed: int, at_least: bool = True) -> float | None:
    """Return the score that n_sealed rows will show, at 80 %, to clear the bar; None if unknown."""
    per_row = _per_row(estimate)
    if per_row is None or n_sealed < 1:
        return None
    sign = 1 if at_least == increasing(estimate.scale) else -1
    return from_scale(estimate.scale, to_scale(estimate.scale, bar) + sign * POWER * per_row / math.sqrt(n_sealed))


def rows_to_settle(gain: Estimate, worth: float) -> int | None:
    """Return how many rows would, at 80 % power, tell the gain from the worth; None: too close to say.

    Median-unbiased given that the rows at hand were undecided: t0 solves median(|T| : |T| < 1.96, T ~ N(t0,
    1)) = |t|. Never fewer rows than were judged. Its spread is wide: print it as "some". For a bar, pass
    the score and the bar.
    """
    margin = _margin(gain, worth, True)
    if not gain.se or not math.isfinite(margin):
        return None
    seen = abs(margin) / gain.se
    if seen >= SURE:
        return gain.n
    truth = _median_unbiased(seen)
    return None if truth is None else max(gain.n, math.ceil(gain.n * (POWER / truth) ** 2))


def rows_planning(gain: Estimate, worth: float) -> int | None:
    """Return how many rows tell none, or twice the worth, from the worth: (2.80 s / worth)^2."""
    per_row = _per_row(gain)
    if per_row is None or not worth > 0:
        return None
    return math.ceil(round((POWER * per_row / worth) ** 2, 6))


def _margin(estimate: Estimate, bar: float, at_least: bool) -> float:
    """Return how far the estimate is on the good side of the bar, on its own scale."""
    gap = to_scale(estimate.scale, estimate.value) - to_scale(estimate.scale, bar)
    return gap if at_least == increasing(estimate.scale) else -gap


def _per_row(estimate: Estimate) -> float | None:
    """Return the standard deviation that one row brings; None where it is not known."""
    if not estimate.se or not math.isfinite(estimate.se):
        return None
    return estimate.se * math.sqrt(estimate.n)


def _median_unbiased(seen: float) -> float | None:
    if seen <= 0.64:
        return None
    low, high = 0.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        if _share_below(seen, middle) > 0.5:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _share_below(seen: float, truth: float) -> float:
    """Return the chance that |T| < seen given |T| < 1.96, T normal around truth."""
    inside = normal_below(SURE - truth) - normal_below(-SURE - truth)
    if inside <= 0:
        return 0.0
    return (normal_below(seen - truth) - normal_below(-seen - truth)) / inside
