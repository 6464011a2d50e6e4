"""What the rows at hand can be expected to show, and how many would do."""

from __future__ import annotations

import math

from .estimate import Estimate
from .quantiles import critical, normal_below
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
    1)) = |t|. Never fewer rows than were judged. Its spread is wide: print it as "some", with `rows_between`
    beside it. For a bar, pass the score and the bar.
    """
    seen = _seen(gain, worth)
    if seen is None:
        return None
    sure = critical(gain.level, gain.df)
    if seen >= sure:
        return gain.n
    truth = _truth_where(0.5, seen, sure)
    return _rows(gain, truth) if truth else None


def rows_between(gain: Estimate, worth: float, share: float = 0.85) -> tuple[int, int | None] | None:
    """Return the range that holds the rows needed for 80 % power in at least 80 of 100 undecided verdicts.

    The range of t0 whose |T|, given |T| < 1.96, would be as small or as large as the one seen in at least
    (1 - share) / 2 of undecided verdicts: 85 of 100 by the formula, which takes T for normal and its standard
    error for known, are 80 on real rows. Its upper end is None where no number of rows may be enough, and a
    quarter above the rows at hand at least, which just failed to settle it; there is no range at all where the
    estimate is too close to the line to say.

    >>> rows_between(Estimate(0.035, se=0.0095, n=1000), 0.02)
    (1000, 83756)
    """
    seen = _seen(gain, worth)
    if seen is None:
        return None
    sure = critical(gain.level, gain.df)
    seen = min(seen, (1 - 1e-9) * sure)
    outside = (1 - share) / 2
    farthest, nearest = (_truth_where(below, seen, sure) for below in (outside, 1 - outside))
    if not farthest:
        return None
    return _rows(gain, farthest), max(_rows(gain, nearest), math.ceil(1.25 * gain.n)) if nearest else None


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


def _seen(gain: Estimate, worth: float) -> float | None:
    """Return how many standard errors the gain lies from the worth; None where that is not known."""
    margin = _margin(gain, worth, True)
    return abs(margin) / gain.se if gain.se and math.isfinite(margin) else None


def _rows(gain: Estimate, truth: float) -> int:
    """Return the rows at which a gain that lies `truth` standard errors of the rows at hand away has 80 % power."""
    power = POWER + critical(gain.level) - SURE
    return max(gain.n, math.ceil(gain.n * (power / truth) ** 2))


def _truth_where(below: float, seen: float, sure: float) -> float:
    """Return the t0 of which a share `below` of undecided |T| is under `seen`; 0.0 where none is so small."""
    if _share_below(seen, 0.0, sure) <= below:
        return 0.0
    low, high = 0.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        if _share_below(seen, middle, sure) > below:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _share_below(seen: float, truth: float, sure: float) -> float:
    """Return the chance that |T| < seen given |T| < sure, T normal around truth."""
    inside = normal_below(sure - truth) - normal_below(-sure - truth)
    if inside <= 0:
        return 0.0
    return (normal_below(seen - truth) - normal_below(-seen - truth)) / inside
