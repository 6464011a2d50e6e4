"""An estimate: a number, how sure we are of it, and what to say beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from .quantiles import critical
from .scales import from_scale, to_scale


@dataclass(frozen=True)
class Estimate:
    """A score or a gain with its two-sided interval.

    `low` and `high` are None where no honest interval can be given. `se` is the standard error on `scale`,
    the scale on which the interval is (nearly) symmetric; planning works there. Flags: ``widened`` (fewer
    than 100 rows of a class, or nothing observed went wrong), ``few`` (too few rows to claim a yes),
    ``heavy_tail`` (a handful of rows carry the squared error).

    >>> Estimate(0.9, 0.88, 0.92, n=1000).width
    0.04
    """

    value: float
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    se: float | None = None
    scale: str = "identity"
    n: int = 0
    flags: tuple[str, ...] = ()
    df: float | None = None

    def document(self) -> dict[str, Any]:
        """Return what verdict.json says of it; a number that is none becomes null."""
        numbers = {"value": self.value, "low": self.low, "high": self.high}
        plain = {k: None if v is None or not math.isfinite(v) else float(v) for k, v in numbers.items()}
        return plain | {"flags": list(self.flags)}

    @property
    def width(self) -> float | None:
        """Length of the interval, None where there is none."""
        return None if self.low is None or self.high is None else round(self.high - self.low, 12)


def unknown(value: float, level: float, n: int, *flags: str) -> Estimate:
    """An estimate without an interval: the honest answer where the rows cannot carry one."""
    return Estimate(value=value, level=level, n=n, flags=flags)


def symmetric(
    value: float,
    se: float,
    *,
    level: float,
    n: int,
    scale: str = "identity",
    centre: float | None = None,
    df: float | None = None,
    flags: tuple[str, ...] = (),
) -> Estimate:
    """Interval centre +- critical * se on `scale`, mapped back; stretched to hold `value` where it must be.

    `centre` (default: the value) is on the natural scale: smoothed estimates centre their interval elsewhere.
    Without a finite standard error above zero there is no interval.
    """
    x = to_scale(scale, value if centre is None else centre)
    if not (math.isfinite(x) and math.isfinite(se) and se > 0):
        return unknown(value, level, n, *flags)
    half = critical(level, df) * se
    ends = sorted((from_scale(scale, x - half), from_scale(scale, x + half)))
    found = Estimate(value, ends[0], ends[1], level, se, scale, n, flags, df)
    return holding_value(found)


def from_bounds(
    value: float, low: float, high: float, *, level: float, n: int, scale: str, flags: tuple[str, ...] = ()
) -> Estimate:
    """Wrap bounds made elsewhere; the standard error is read back from their distance on `scale`.

    A bound on the edge (a score of exactly 1) is infinite on the logit: such an estimate keeps the natural
    scale.
    """
    ends = [to_scale(scale, low), to_scale(scale, high), to_scale(scale, value)]
    used = scale if all(map(math.isfinite, ends)) else "identity"
    width = abs(to_scale(used, high) - to_scale(used, low))
    return Estimate(value, low, high, level, width / (2 * critical(level)), used, n, flags)


def holding_value(estimate: Estimate) -> Estimate:
    """Stretch an interval so that it holds its own value: smoothing can push it off near the edge."""
    if estimate.low is None or estimate.high is None:
        return estimate
    return replace(estimate, low=min(estimate.low, estimate.value), high=max(estimate.high, estimate.value))


def within(estimate: Estimate, lowest: float, highest: float) -> Estimate:
    """Cut an interval to what is possible (a gain in accuracy is never beyond -1 or 1)."""
    if estimate.low is None or estimate.high is None:
        return estimate
    return replace(estimate, low=max(estimate.low, lowest), high=min(estimate.high, highest))
