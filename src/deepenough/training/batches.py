"""Rows in batches: as tensors in memory, or read while the step before is computed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from torch import Tensor

AHEAD = 2  # batches that are read while one is computed
Batch = tuple[Tensor, ...]  # the inputs of the network, then the target; first axis the rows


class Rows(Protocol):
    """What is learnt from.

    Attributes
    ----------
    ahead : whether a batch takes long enough to read that the next one is read while this one is computed.
    """

    ahead: bool

    def __len__(self) -> int: ...
    def batch(self, index: Tensor, epoch: int) -> Batch:
        """Return the rows at `index`; whatever chance does to them is a function of row and epoch alone."""


class Tensors:
    """Rows that are tensors in memory."""

    ahead = False

    def __init__(self, *tensors: Tensor) -> None:
        self.tensors = tensors

    def __len__(self) -> int:
        return len(self.tensors[0])

    def batch(self, index: Tensor, epoch: int) -> Batch:
        return tuple(t[index] for t in self.tensors)


class Reading:
    """Reads the batches of an epoch, and how long the network waited for them.

    Attributes
    ----------
    waited_seconds : that the computation stood still.
    """

    def __init__(self, rows: Rows, epoch: int) -> None:
        self.rows, self.epoch, self.waited_seconds = rows, epoch, 0.0

    def batches(self, order: Sequence[Tensor]) -> Iterator[Batch]:
        """Yield a batch for each index."""
        if not self.rows.ahead:
            for index in order:
                yield self.rows.batch(index, self.epoch)
            return
        with ThreadPoolExecutor(1) as reader:
            coming = deque(reader.submit(self.rows.batch, index, self.epoch) for index in order[:AHEAD])
            for following in [*order[AHEAD:], *[None] * min(AHEAD, len(order))]:
                begun = time.perf_counter()
                batch = coming.popleft().result()
                self.waited_seconds += time.perf_counter() - begun
                if following is not None:
                    coming.append(reader.submit(self.rows.batch, following, self.epoch))
                yield batch
