"""The scales on which intervals are symmetric."""

from __future__ import annotations

import math

SCALES = ("identity", "logit", "log", "log1m", "fisher")


def to_scale(name: str, value: float) -> float:
    """Map a value onto a scale; values on the edge go to plus or minus infinity, never to an error.

    >>> to_scale("logit", 0.5), to_scale("log", 0.0)
    (0.0, -inf)
    """
    if name == "identity" or math.isnan(value):
        return value
    if name == "logit":
        return _log(value) - _log(1 - value)
    if name == "log":
        return _log(value)
    if name == "log1m":
        return _log(1 - value)
    if name == "fisher":
        return 0.5 * (_log(1 + value) - _log(1 - value))
    raise ValueError(f"no scale {name!r}; there are {', '.join(SCALES)}")


def from_scale(name: str, x: float) -> float:
    """Map a point of a scale back to the value it stands for.

    >>> from_scale("log1m", to_scale("log1m", 0.75))
    0.75
    """
    if name == "identity" or math.isnan(x):
        return x
    if name == "logit":
        return 0.5 * (1 + math.tanh(x / 2))
    if name == "log":
        return _exp(x)
    if name == "log1m":
        return 1 - _exp(x)
    if name == "fisher":
        return math.tanh(x)
    raise ValueError(f"no scale {name!r}; there are {', '.join(SCALES)}")


def increasing(name: str) -> bool:
    """Say whether more on the scale is more of the value: not so for log(1 - value)."""
    return name != "log1m"


def _log(x: float) -> float:
    return math.log(x) if x > 0 else -math.inf


def _exp(x: float) -> float:
    return math.exp(x) if x < 700 else math.inf
