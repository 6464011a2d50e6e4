"""Chance that is the same again: whatever an epoch draws is a function of the seed and the epoch's number.

So nothing of it has to be stored, and a training that was killed goes on to the same result.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor


def mixed(*numbers: int) -> int:
    """Return one seed made of several numbers; any other numbers give another.

    >>> mixed(0, 1) != mixed(1, 0)
    True
    """
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)


def generator(*numbers: int) -> torch.Generator:
    """Return a generator of its own, seeded so."""
    return torch.Generator().manual_seed(mixed(*numbers))


def order(n: int, seed: int, epoch: int, weights: Tensor | None = None) -> Tensor:
    """Return (n,) the rows of an epoch: each once in any order, or drawn anew by their weights."""
    chance = generator(seed, epoch, 0)
    if weights is None:
        return torch.randperm(n, generator=chance)
    return torch.multinomial(weights, n, replacement=True, generator=chance)


@contextmanager
def kept(device: torch.device) -> Iterator[None]:
    """Leave the global random state as it was."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        yield


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch use so many threads, and as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
