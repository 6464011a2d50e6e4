"""One step of a training: forward, backward, clip, update; in pieces where the rows do not fit into memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from deepenough.errors import FitError
from deepenough.training.averaging import Average, values_of
from deepenough.training.batches import Batch
from deepenough.training.launching import Share
from deepenough.training.losses import Loss, mixed
from deepenough.training.precision import Place
from deepenough.training.recipe import Recipe
from deepenough.training.schedule import factor

SHORT_OF_MEMORY = ("not enough memory", "can't allocate memory", "out of memory")
Group = tuple[Sequence[nn.Parameter], float]  # parameters, and the share of the rate that they learn at


class Stepper:
    """What a training changes: weights, their average, the optimizer's memory, and how many rows are read at a time.

    Parameters
    ----------
    groups : parts of the network that learn at rates of their own; one of all of it where none are given.

    Attributes
    ----------
    scale : what all rates are multiplied by. piece : most rows that are computed at once.
    """

    def __init__(
        self, network: nn.Module, recipe: Recipe, loss: Loss, place: Place, groups: Sequence[Group] = ()
    ) -> None:
        self.recipe, self.loss, self.place, self.share = recipe, loss, place, Share.found()
        self.network = placed(network, place)
        self.average = Average(values_of(network), recipe.average)
        self.weights = [w for w in network.parameters() if w.requires_grad]
        self.optimizer = _optimizer(groups or [(self.weights, 1.0)], recipe)
        self._rates = [group["lr"] for group in self.optimizer.param_groups]
        self.scale = 1.0
        self.scaler = torch.amp.GradScaler(place.device) if place.half == "float16" else None
        self._forward = self.share.wrap(compiled(self.network) if recipe.compiled else self.network)
        self.step, self.piece = 0, recipe.batch

    def update(self, batch: Batch, steps: int, mix: float | None = None) -> tuple[Tensor, Tensor | None]:
        """Take one step of so many; return the loss and the length of the gradient.

        Parameters
        ----------
        mix : share of each row that is its own, where it is mixed with another.
        """
        self.step += 1
        rate = factor(self.step, steps, self.recipe.warm_up, self.recipe.schedule)
        for group, highest in zip(self.optimizer.param_groups, self._rates, strict=True):
            group["lr"] = highest * self.scale * rate
        loss = self._backward(self._placed(batch), mix)
        length = self._apply()
        self.average.update(self.step)
        return loss, length

    def _apply(self) -> Tensor | None:
        clip, length = self.recipe.clip, None
        if clip is not None:
            if self.scaler:
                self.scaler.unscale_(self.optimizer)
            length = nn.utils.clip_grad_norm_(self.weights, clip, foreach=True)
        if self.scaler:
            self.scaler.step(self.optimizer)
            self.scaler.update()
        else:
            self.optimizer.step()
        return length

    def _backward(self, batch: Batch, mix: float | None) -> Tensor:
        """Gather the gradients of a batch; where memory is short, again in pieces of half the rows."""
        while True:
            self.optimizer.zero_grad()
            try:
                return self._in_pieces(batch, mix)
            except (RuntimeError, MemoryError) as error:
                if not short_of_memory(error):
                    raise
                self._halve(len(batch[0]))

    def _halve(self, rows: int) -> None:
        if self.share.of > 1:
            raise FitError("One of several processes ran out of memory. Start them with a smaller batch.")
        if min(self.piece, rows) <= 2:
            raise FitError("There is not enough memory for a step on two rows. Free some, or take a smaller network.")
        self.piece = (min(self.piece, rows) + 1) // 2
        if self.place.device == "cuda":
            torch.cuda.empty_cache()

    def _in_pieces(self, batch: Batch, mix: float | None) -> Tensor:
        """Gather the mean loss and gradient of a batch, whatever the pieces and processes it is computed in."""
        rows = len(batch[0])
        if rows <= self.piece:
            return self._gather(batch, 1.0, mix)
        parts = zip(*(torch.split(t, self._even(rows)) for t in batch), strict=True)
        return torch.stack([self._gather(part, len(part[0]) / rows, mix) for part in parts]).sum()

    def _even(self, rows: int) -> int:
        """Return the size of pieces of (nearly) one size: a piece of one row would stop a batch norm."""
        return -(-rows // -(-rows // self.piece))

    def _gather(self, batch: Batch, scale: float, mix: float | None) -> Tensor:
        *inputs, target = batch
        loss = self.loss
        if mix is not None:
            inputs = [mix * x + (1.0 - mix) * x.flip(0) if x.is_floating_point() else x for x in inputs]
            loss = mixed(loss, mix)
        if self.place.dtype is None:
            found = loss(self._forward(*inputs), target)
        else:
            with torch.autocast(self.place.device, self.place.dtype):
                raw = self._forward(*inputs)
            found = loss(raw.float(), target)
        found = found if scale == 1.0 else found * scale
        torch.autograd.backward(self.scaler.scale(found) if self.scaler else found)
        return found.detach()

    def _placed(self, batch: Batch) -> Batch:
        if self.place == Place():
            return batch
        last = torch.channels_last if self.place.channels_last else torch.preserve_format
        device = self.place.torch_device
        return tuple(
            t.to(device, memory_format=last, non_blocking=True) if t.ndim == 4 else t.to(device, non_blocking=True)
            for t in batch
        )

    def tensors(self) -> dict[str, Tensor]:
        """Return what a checkpoint must hold to go on."""
        held = {f"raw.{i}": v for i, v in enumerate(self.average.raw)} | self._counters
        if self.average.decay:
            held |= {f"average.{i}": v for i, v in enumerate(self.average.values)}
        state = self.optimizer.state_dict()["state"]
        return held | {
            f"optimizer.{i}.{name}": t for i, kept in state.items() for name, t in kept.items() if t is not None
        }

    @property
    def _counters(self) -> dict[str, Tensor]:
        """Whole numbers that the network keeps: how many batches a norm has seen."""
        return {f"counter.{name}": b for name, b in self.network.named_buffers() if b.dtype == torch.int64}

    def facts(self) -> dict[str, Any]:
        return {"step": self.step, "piece": self.piece, "scale": self.scaler.state_dict() if self.scaler else None}

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Take over what `tensors` and `facts` gave."""
        for kind, values in (("raw", self.average.raw), ("average", self.average.values)):
            for i, value in enumerate(values):
                value.copy_(tensors[f"{kind}.{i}"] if kind == "raw" or self.average.decay else value)
        for name, counter in self._counters.items():
            counter.copy_(tensors[name])
        state: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            if name.startswith("optimizer."):
                _, number, what = name.split(".", 2)
                state.setdefault(int(number), {})[what] = tensor
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})
        self.step, self.piece = facts["step"], facts["piece"]
        if self.scaler and facts["scale"]:
            self.scaler.load_state_dict(facts["scale"])


def placed(network: Any, place: Place) -> Any:
    """Return the network on its device, its weights laid as the device likes pictures."""
    network = network.to(place.torch_device)
    return network.to(memory_format=torch.channels_last) if place.channels_last else network


def compiled(network: nn.Module) -> Any:
    """Return the network as torch.compile makes it."""
    return torch.compile(network)


def _optimizer(groups: Sequence[Group], recipe: Recipe) -> torch.optim.Optimizer:
    """Matrices are decayed, vectors (biases, norms) are not."""
    sorted_out: list[dict[str, Any]] = []
    for weights, share in groups:
        for decayed in (True, False):
            some = [w for w in weights if w.requires_grad and (w.ndim >= 2) is decayed]
            if some:
                decay = recipe.decay if decayed else 0.0
                sorted_out.append({"params": some, "lr": recipe.rate * share, "weight_decay": decay})
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(sorted_out, lr=recipe.rate, momentum=0.9, nesterov=True, foreach=True)
    return torch.optim.AdamW(
        sorted_out, lr=recipe.rate, fused=True
    )  # an eighth less CPU than one tensor after the other


def short_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on a device or here."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in SHORT_OF_MEMORY)


def mixing_share(alpha: float, seed: int) -> float | None:
    """Return how much of each row is its own in a step: drawn from Beta(alpha, alpha), at least half; None without mixup.

    Zhang et al. 2018.
    """
    if not alpha:
        return None
    drawn = float(np.random.default_rng(seed).beta(alpha, alpha))
    return max(drawn, 1.0 - drawn)
