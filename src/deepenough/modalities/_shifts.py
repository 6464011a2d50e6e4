"""Columns of whole numbers that single precision cannot tell apart: found when the table is read, moved by a declared step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepenough.task import Column, Task

if TYPE_CHECKING:
    import pandas as pd

LARGEST = 2.0**24  # up to here float32 holds every whole number
STEP, VERSION = "shift_large", 1


def declare_shifts(frame: pd.DataFrame, columns: Sequence[Column]) -> dict[str, Any]:
    """Return the settings of a task: the step and its offsets, or nothing where no number needs it."""
    numbers = [c for c in columns if c.kind == "number" and c.role == "input"]
    found = {c.name: offset(frame[c.name].to_numpy(np.float64, na_value=np.nan)) for c in numbers}
    offsets = {name: value for name, value in found.items() if value is not None}
    return {"steps": [[STEP, VERSION, {"offsets": offsets}]]} if offsets else {}


def offset(values: np.ndarray) -> float | None:
    """Return what is to be subtracted from whole numbers above 2**24, so that fewer of them fall together in float32.

    >>> offset(np.array([20260001.0, 20260002.0, 20260003.0, 20260004.0]))
    20260002.0
    >>> offset(np.array([1.0, 2.0, 3.0])) is None
    True
    """
    known = values[~np.isnan(values)]
    if not len(known) or np.abs(known).max() <= LARGEST or (known != np.rint(known)).any():
        return None
    distinct = np.unique(known)
    middle = float(np.rint(distinct[0] / 2 + distinct[-1] / 2))
    return middle if told_apart(distinct - middle) > told_apart(distinct) else None


def told_apart(distinct: np.ndarray) -> int:
    """Return how many of some different numbers stay different in float32."""
    with np.errstate(over="ignore"):
        return len(np.unique(distinct.astype(np.float32)))


def shifted(task: Task) -> dict[str, float]:
    """Return the offsets of a task by column."""
    steps = task.settings.get("steps", ())
    return next((params["offsets"] for name, _, params in steps if name == STEP), {})
