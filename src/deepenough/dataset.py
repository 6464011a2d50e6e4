"""Dataset: n examples of one task, their truth, and what is known about each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from deepenough.examples import Examples, tensors
from deepenough.findings import Finding
from deepenough.task import Task

if TYPE_CHECKING:
    import pandas as pd

Answer = dict[str, np.ndarray]


class Dataset:
    """n examples of one task.

    Parameters
    ----------
    examples : what a model reads, n of them.
    target : (n,) class codes or values; None where no truth is known.
    about : n rows, never inputs: ``row`` (number in the data as read), keys, group, time.
    ids : (n,) uint64 content identity of the inputs: equal content, equal id.
    features : the common ground: arrays by name, first axis n. Floating: a number; integer: a category's code.
    """

    def __init__(
        self,
        task: Task,
        examples: Examples,
        target: np.ndarray | None,
        about: pd.DataFrame,
        ids: np.ndarray,
        features: Mapping[str, np.ndarray],
    ) -> None:
        self.task, self.examples, self.target, self.about, self.ids = task, examples, target, about, ids
        self.features = dict(features)
        self.findings: list[Finding] = []  # what loading had to leave out
        self._tensors: dict[str, np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def truth(self) -> np.ndarray:
        """The target, where there must be one."""
        if self.target is None:
            raise ValueError("this dataset carries no target")
        return self.target

    @property
    def groups(self) -> np.ndarray | None:
        """(n,) the group of each example as text, where the task has groups."""
        name = self.task.with_role("group")
        return None if name is None else self.about[name].astype(str).to_numpy(dtype=object).astype(str)

    @property
    def tensors(self) -> dict[str, np.ndarray]:
        """``numbers`` (n, a) float32 and ``codes`` (n, b) int64, as the exported graphs take them."""
        if self._tensors is None:
            self._tensors = tensors(self.features, len(self))
        return self._tensors

    def take(self, index: np.ndarray) -> Dataset:
        """Return the examples at `index` (whole numbers), in that order."""
        part = Dataset(
            self.task,
            self.examples.take(index),
            None if self.target is None else self.target[index],
            self.about.iloc[index].reset_index(drop=True),
            self.ids[index],
            {name: f[index] for name, f in self.features.items()},
        )
        if self._tensors is not None:
            part._tensors = {name: t[index] for name, t in self._tensors.items()}
        return part

    def segments(self, by: str) -> Iterator[tuple[str, Dataset]]:
        """Yield (value, the examples that have it) for a column of `about`."""
        for value, rows in self.about.groupby(by, sort=True).indices.items():
            yield str(value), self.take(np.asarray(rows))

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that change with any input or target."""
        digest = hashlib.sha256(np.ascontiguousarray(self.ids).tobytes())
        if self.target is not None:
            digest.update(np.ascontiguousarray(self.target).tobytes())
        return digest.hexdigest()[:16]
