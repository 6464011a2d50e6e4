"""Examples: what a model reads, many at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

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


class Source(Protocol):
    """Where one example is: a file, or what was sent."""

    def read(self) -> Any: ...
    def sent(self) -> Any: ...


@runtime_checkable
class Identified(Protocol):
    """Examples that know what they are by themselves, not by their features."""

    def identities(self) -> np.ndarray:
        """Return (n,) uint64: equal content, equal number."""


S = TypeVar("S", bound=Source)


class Lazy(Generic[S]):
    """Examples that are read when asked for, each from its source, every time anew: so that many fit into little memory.

    Parameters
    ----------
    column : name of the input they are the cells of.
    sources : where each is.
    """

    def __init__(self, column: str, sources: Sequence[S]) -> None:
        self.column, self.sources = column, list(sources)

    def __len__(self) -> int:
        return len(self.sources)

    def __getitem__(self, i: int) -> Any:
        return self.sources[i].read()

    def take(self, index: np.ndarray) -> Lazy[S]:
        return type(self)(self.column, [self.sources[i] for i in index])

    def sent(self, i: int) -> dict[str, Any]:
        """Return one example as somebody would send it: a row by name."""
        return {self.column: self.sources[i].sent()}


def batches(examples: Examples, size: int) -> Iterator[np.ndarray]:
    """Yield decoded examples, `size` at a time, as (k,) object arrays: what a step that reads examples takes."""
    for start in range(0, len(examples), size):
        batch = np.empty(min(size, len(examples) - start), dtype=object)
        for i in range(len(batch)):
            batch[i] = examples[start + i]
        yield batch


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
