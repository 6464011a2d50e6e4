"""What seconds cost."""

from __future__ import annotations

CPU_HOUR = 0.05  # one core for one hour: a common on-demand price
CURRENCY = "USD"


def of_cpu(seconds: float) -> float:
    """Return the price of so many CPU seconds."""
    return seconds / 3600.0 * CPU_HOUR


def per_thousand(latency_ms: float) -> float:
    """Return the price of a thousand answers that each keep one core busy for `latency_ms`."""
    return of_cpu(latency_ms)
