"""Several processes that train one network: started by torchrun, each with its share of every batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributed, nn


@dataclass(frozen=True)
class Share:
    """Which of how many processes this is; the first of one where nobody started more."""

    rank: int = 0
    of: int = 1

    @classmethod
    def found(cls) -> Share:
        """Return this process' share, where `torch.distributed` was set up by whoever started it."""
        if not (distributed.is_available() and distributed.is_initialized()):
            return cls()
        return cls(distributed.get_rank(), distributed.get_world_size())

    @property
    def first(self) -> bool:
        return self.rank == 0

    def wrap(self, network: Any) -> Any:
        """Return the network as it is called: with several processes, gradients are averaged over them."""
        return network if self.of == 1 else nn.parallel.DistributedDataParallel(network)

    def take(self, index: Tensor) -> Tensor:
        """Return this process' rows of a batch: all have as many, so that the step is that of the whole batch."""
        return index if self.of == 1 else index[: len(index) - len(index) % self.of][self.rank :: self.of]

    def agree(self, *values: float) -> list[float]:
        """Return what the first process says: all must decide alike."""
        if self.of == 1:
            return list(values)
        said = torch.tensor(values, dtype=torch.float64)
        distributed.broadcast(said, src=0)
        return said.tolist()
