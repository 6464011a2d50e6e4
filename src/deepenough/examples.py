"""Examples: what a model reads, many at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np


class Examples(Protocol):
    """Any number of examples: countable, indexable, and sliced into views."""

    def __len__(self) -> int: ...
    def __getitem__(self, i: int) -> Any: ...
    def take(self, index: np.ndarray) -> Examples: ...


class Columns:
    """Examples that are rows: arrays by column name, all of one length."""

    def __init__(self, arrays: Mapping[str, np.ndarray], n: int) -> None:
        self.arrays = dict(arrays)
        self._n = n

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, i: int) -> dict[str, Any]:
        return {name: array[i] for name, array in self.arrays.items()}

    def take(self, index: np.ndarray) -> Columns:
        return Columns({name: array[index] for name, array in self.arrays.items()}, len(index))


def tensors(features: Mapping[str, np.ndarray], n: int) -> dict[str, np.ndarray]:
    """Stack the common ground into the two tensors every table graph takes.

    Returns
    -------
    ``numbers`` (n, a) float32, NaN where missing, and ``codes`` (n, b) int64, 0 where missing or unseen; in the order
    of the features. A feature of a floating type is a number, one of an integer type a category's code.
    """
    numbers = [f for f in features.values() if f.dtype.kind == "f"]
    codes = [f for f in features.values() if f.dtype.kind in "iu"]
    return {
        "numbers": np.stack(numbers, axis=1).astype(np.float32, copy=False)
        if numbers
        else np.zeros((n, 0), np.float32),
        "codes": np.stack(codes, axis=1).astype(np.int64, copy=False) if codes else np.zeros((n, 0), np.int64),
    }
