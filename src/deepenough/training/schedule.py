"""The learning rate over a training: a warm-up, then constant or a cosine."""

from __future__ import annotations

import math
from typing import Literal


def factor(step: int, steps: int, warm_up: int, shape: Literal["constant", "cosine"]) -> float:
    """Return the share of the highest rate at a step, counted from 1, of so many (SGDR, Loshchilov and Hutter 2017).

    >>> [round(factor(s, 100, 10, "cosine"), 3) for s in (1, 10, 55, 100)]
    [0.1, 1.0, 0.5, 0.0]
    >>> factor(500, 100, 10, "constant")
    1.0
    """
    warm_up = min(warm_up, max(1, steps // 2))
    if step <= warm_up:
        return step / warm_up
    if shape == "constant":
        return 1.0
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, (step - warm_up) / max(1, steps - warm_up))))
