"""How the network for tables is trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from deepenough.candidates._base import Settings

WARM_UP = 50  # steps


class Training:
    """AdamW at one rate after a warm-up; a running average of the weights answers, the best on held rows is kept."""

    def __init__(
        self,
        network: nn.Module,
        settings: Settings,
        loss: Callable[[Tensor, Tensor], Tensor],
        generator: torch.Generator,
    ) -> None:
        self.network, self.settings, self.loss, self.generator = network, settings, loss, generator
        self.weights = list(network.parameters())
        self.average = [w.detach().clone() for w in self.weights]
        groups = [
            {"params": [w for w in self.weights if w.ndim >= 2], "weight_decay": settings["decay"]},
            {"params": [w for w in self.weights if w.ndim < 2], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=settings["rate"], foreach=True)
        self.step = 0

    def search(self, data: tuple[Tensor, ...], score: Callable[[], float]) -> int:
        """Train until `score()`, lower is better, has not improved for `patience` epochs; return the best number of epochs."""
        best, kept, found = math.inf, self.average, 1
        epochs = min(self.settings["epochs"], max(8, self.settings["most_rows"] // len(data[0])))
        for epoch in range(1, epochs + 1):
            self._epoch(data)
            judged = self._judge(score)
            if judged < best:
                best, kept, found = judged, [w.clone() for w in self.average], epoch
            if epoch - found >= self.settings["patience"]:
                break
        self._put(kept)
        return found

    def run(self, data: tuple[Tensor, ...], epochs: int) -> None:
        """Train for so many epochs."""
        for _ in range(epochs):
            self._epoch(data)
        self._put(self.average)

    def _epoch(self, data: tuple[Tensor, ...]) -> None:
        n = len(data[0])
        size = min(self.settings["batch"], max(32, n // 20))
        self.network.train()
        order = torch.randperm(n, generator=self.generator)
        for start in range(0, n, size):
            self._update(*(t[order[start : start + size]] for t in data))

    def _update(self, numbers: Tensor, codes: Tensor, target: Tensor) -> None:
        self.step += 1
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings["rate"] * min(1.0, self.step / WARM_UP)
        self.optimizer.zero_grad()
        torch.autograd.backward(self.loss(self.network(numbers, codes), target))
        nn.utils.clip_grad_norm_(self.weights, 1.0, foreach=True)
        self.optimizer.step()
        fresh = 1.0 - min(self.settings["average"], (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(self.average, [w.detach() for w in self.weights], fresh)

    def _judge(self, score: Callable[[], float]) -> float:
        """Score the averaged weights, and go on from the raw ones."""
        raw = [w.detach().clone() for w in self.weights]
        self._put(self.average)
        self.network.eval()
        judged = score()
        self._put(raw)
        return judged

    @torch.no_grad()
    def _put(self, values: Sequence[Tensor]) -> None:
        for weight, value in zip(self.weights, values, strict=True):
            weight.copy_(value)
