"""Pictures as the loop takes them: fitted once, changed a little in each epoch, standardised as the step does it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from deepenough import steps
from deepenough.dataset import Dataset
from deepenough.examples import batches
from deepenough.steps import Declared
from deepenough.training.augmenting import Augmenting
from deepenough.training.batches import Batch

AT_A_TIME = 32
REMEMBERED = 1 << 30  # bytes of fitted pictures that are kept; of more, each is opened anew in each epoch


class Pictures:
    """Rows that are pictures.

    Parameters
    ----------
    step : `picture`, as the network will be asked. Without `augmenting` a batch is exactly what it gives.
    augmenting : what may be changed; then pictures are held a little larger than they are shown.
    seed : of the changes.
    """

    ahead = True

    def __init__(self, dataset: Dataset, step: Declared, augmenting: Augmenting | None = None, seed: int = 0) -> None:
        self.dataset, self.augmenting, self.seed = dataset, augmenting, seed
        self.target = torch.from_numpy(dataset.truth.astype(np.int64)) if dataset.target is not None else None
        name, version, params = step
        self.mean, self.std = (torch.tensor(params[k], dtype=torch.float32)[:, None, None] for k in ("mean", "std"))
        self._step: Declared = (name, version, _unscaled(params, larger=augmenting is not None))
        side = int(self._step[2]["size"])
        self._kept = self._all() if len(dataset) * side * side * 3 <= REMEMBERED else None

    def __len__(self) -> int:
        return len(self.dataset)

    def batch(self, index: Tensor, epoch: int) -> Batch:
        raw = self._kept[index] if self._kept is not None else self._fitted(self.dataset.take(index.numpy()))
        pixels = raw.float() / 255.0
        if self.augmenting is not None:
            pixels = self.augmenting(pixels, index, self.seed, epoch)
        shown = (pixels - self.mean) / self.std
        return (shown,) if self.target is None else (shown, self.target[index])

    def in_order(self) -> Iterator[Batch]:
        """Yield all of them, some at a time."""
        for index in torch.split(torch.arange(len(self)), AT_A_TIME):
            yield self.batch(index, 0)

    def _all(self) -> Tensor:
        parts = [self._fitted(self.dataset.take(some)) for some in _split(len(self.dataset))]
        side = int(self._step[2]["size"])
        return torch.cat(parts) if parts else torch.zeros(0, 3, side, side, dtype=torch.uint8)

    def _fitted(self, some: Dataset) -> Tensor:
        """Return (k, 3, side, side) bytes, by the step that ships."""
        column, made = str(self._step[2]["column"]), []
        for batch in batches(some.examples, AT_A_TIME):
            made.append(steps.run([self._step], {column: batch}, {})[str(self._step[2]["into"])])
        return torch.from_numpy(np.concatenate(made).round().astype(np.uint8))


def _unscaled(params: Mapping[str, Any], larger: bool) -> dict[str, Any]:
    """Return the step's parameters that give bytes, and the margin around a cut-out where there is one."""
    size = params["resize"] if larger and params["fit"] == "crop" else params["size"]
    plain = [0.0] * int(params["channels"]), [1.0 / 255.0] * int(params["channels"])
    return {**params, "size": size, "resize": max(size, params["resize"]), "mean": plain[0], "std": plain[1]}


def _split(n: int) -> Iterator[np.ndarray]:
    yield from (np.arange(start, min(n, start + AT_A_TIME)) for start in range(0, n, AT_A_TIME))
