"""A running average of the weights: it answers better than the last step does, at the price of one addition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn


def values_of(network: nn.Module) -> list[Tensor]:
    """Return what training changes: the weights that learn, and what batch norms gather."""
    norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    gathered = [b for m in norms for b in m.buffers() if b.is_floating_point()]
    return [w for w in network.parameters() if w.requires_grad] + gathered


class Average:
    """Exponential moving average (Polyak and Juditsky 1992); a decay of 0 follows the weights themselves."""

    def __init__(self, values: Sequence[Tensor], decay: float) -> None:
        self.decay, self.raw = decay, [v.detach() for v in values]
        self.values = [v.clone() for v in self.raw] if decay else self.raw

    def update(self, step: int) -> None:
        """Move towards the weights after a step, counted from 1; the first steps count more, the start being chance."""
        if self.decay:
            fresh = 1.0 - min(self.decay, (1 + step) / (10 + step))
            torch._foreach_lerp_(self.values, self.raw, fresh)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the network answer with the average, and go on from its own weights."""
        if not self.decay:
            yield
            return
        raw = [v.clone() for v in self.raw]
        put(self.raw, self.values)
        try:
            yield
        finally:
            put(self.raw, raw)


@torch.no_grad()
def put(into: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    """Copy values into tensors of the same shapes."""
    for tensor, value in zip(into, values, strict=True):
        tensor.copy_(value)
