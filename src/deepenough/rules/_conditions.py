"""What a condition asks of the features of a row: comparisons that a missing value never meets, joined by all and any.

There is no "not" here. It was carried down to the comparisons when the condition was read (``not x < 3`` asks
``x >= 3``), so a comparison with a missing value is neither true nor false, as in SQL: a rule fires where it surely holds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

Compare = Callable[[np.ndarray, np.float32], np.ndarray]
SIGNS: dict[str, Compare] = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal, "==": np.equal}


@dataclass(frozen=True)
class Number:
    """A number beside a bound, which is rounded to float32 as the cells are: so the cell 0.1 is 0.1, and not below it."""

    feature: str
    sign: str
    bound: float

    @property
    def single(self) -> np.float32:
        with np.errstate(over="ignore"):
            return np.float32(self.bound)


@dataclass(frozen=True)
class Code:
    """A category among these codes; or (`inside` False) known, and none of these."""

    feature: str
    codes: tuple[int, ...]
    inside: bool


@dataclass(frozen=True)
class Missing:
    """An empty cell, or a category never seen; or (`empty` False) neither."""

    feature: str
    empty: bool


@dataclass(frozen=True)
class All:
    """Every one must hold."""

    items: tuple[Condition, ...]


@dataclass(frozen=True)
class Any:
    """One must hold."""

    items: tuple[Condition, ...]


Condition = Number | Code | Missing | All | Any


def holds(condition: Condition, features: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return (n,) whether a condition holds, of features by name (floating: numbers; whole: codes of categories).

    >>> holds(Number("x", "<", 3.0), {"x": np.array([2, 3, np.nan], np.float32)}).tolist()
    [True, False, False]
    """
    if isinstance(condition, All | Any):
        each = [holds(item, features) for item in condition.items]
        join = np.logical_and if isinstance(condition, All) else np.logical_or
        return np.asarray(join.reduce(each))
    cells = features[condition.feature]
    if isinstance(condition, Number):
        return SIGNS[condition.sign](cells, condition.single)
    if isinstance(condition, Missing):
        empty = np.isnan(cells) if cells.dtype.kind == "f" else cells == 0
        return np.asarray(empty == condition.empty)
    among = np.isin(cells, condition.codes)
    return among if condition.inside else ~among & (cells > 0)
