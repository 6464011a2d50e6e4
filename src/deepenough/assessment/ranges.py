"""A number that is known, or only known to lie between two."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

LEVEL = (0.05, 0.5, 0.95)  # of a simulation's draws: the ends say "in 90 of 100"


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, every value between as likely as the next: the least one can assume."""

    low: float
    high: float

    def draw(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """Return (n,) values."""
        return rng.uniform(self.low, self.high, n)

    def text(self, unit: str = "") -> str:
        """Return "10 to 14 weeks".

        >>> Range(10, 14).text("weeks"), Range(0.5, 0.5).text()
        ('10 to 14 weeks', '0.5')
        """
        ends = [plain(self.low)] if self.low == self.high else [plain(self.low), plain(self.high)]
        return " to ".join(ends) + (f" {unit}" if unit else "")

    def document(self) -> dict[str, float]:
        return {"low": self.low, "high": self.high}


def plain(value: float) -> str:
    """Return a number as short as it is exact: 1,200, 0.85."""
    return f"{value:,.10g}"


def rough(value: float) -> str:
    """Return a number to two figures, for what is estimated: 84,000, 7.3, 0.42.

    >>> [rough(v) for v in (84321.0, 7.34, 8.0, 0.4199, 0.0, -1250.0)]
    ['84,000', '7.3', '8', '0.42', '0', '−1,200']
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "–"
    places = 1 - math.floor(math.log10(abs(value)))
    text = f"{round(value, places):,.{max(0, places)}f}".replace("-", "−")
    return text.removesuffix(".0")


def quantiles(draws: np.ndarray) -> dict[str, float | None]:
    """Return low, middle and high of a simulation; None where draws run off to infinity."""
    ends = np.quantile(draws, LEVEL, method="inverted_cdf")
    return {k: float(v) if math.isfinite(v) else None for k, v in zip(("low", "middle", "high"), ends, strict=True)}


def said(found: dict[str, float | None], unit: str = "") -> str:
    """Return a simulated interval in words: "84,000 to 120,000 EUR"."""
    low, high = found["low"], found["high"]
    ends = ["never" if low is None else rough(low), "never" if high is None else rough(high)]
    text = ends[0] if ends[0] == ends[1] else " to ".join(ends)
    if not unit or text == "never":
        return text
    return f"{ends[0]} {unit} to never" if high is None else f"{text} {unit}"
