"""What a picture may be changed by while a network learns: what a person would still call the same."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from deepenough.training import seeds

LEAST_SHARE = 0.75  # of the picture's area that a cut-out shows
STRETCH = 1.2  # of its sides, against each other
LIGHT = 0.2  # brightness, contrast and colour are changed by up to so much


@dataclass(frozen=True)
class Augmenting:
    """Changes of pictures: each is a function of the seed, the epoch and the picture's own number, never of its neighbours.

    Attributes
    ----------
    orientation : whether left and right may change places. colour : whether light and colours may change.
    scale : whether a part may stand for the whole, larger or smaller.
    size : pixels a side of what comes out.
    """

    size: int
    orientation: bool = True
    colour: bool = True
    scale: bool = True

    @classmethod
    def keeping(cls, keep: Collection[str], size: int) -> Augmenting:
        """Return all changes but those that `--keep` rules out."""
        return cls(size, *(word not in keep for word in ("orientation", "colour", "scale")))

    def __call__(self, pixels: Tensor, rows: Tensor, seed: int, epoch: int) -> Tensor:
        """Return (k, 3, size, size) of (k, 3, side, side) pixels from 0 to 1, side >= size."""
        chance = torch.stack([torch.rand(8, generator=seeds.generator(seed, epoch, 3, int(row))) for row in rows])
        return self._coloured(self._cut(pixels, chance), chance) if self.colour else self._cut(pixels, chance)

    def _cut(self, pixels: Tensor, chance: Tensor) -> Tensor:
        """Cut a part out, and turn it round where that is allowed: one look-up for both."""
        side = pixels.shape[-1]
        if self.scale:
            area = LEAST_SHARE + (1.0 - LEAST_SHARE) * chance[:, 0]
            stretch = STRETCH ** (2.0 * chance[:, 1] - 1.0)
            width, height = ((area * s).sqrt().clamp(max=1.0) for s in (stretch, 1.0 / stretch))
        else:
            width = height = torch.full((len(pixels),), self.size / side)
        right, down = ((1.0 - part) * (2.0 * chance[:, i] - 1.0) for i, part in ((2, width), (3, height)))
        mirrored = torch.where(chance[:, 4] < 0.5, -1.0, 1.0) if self.orientation else torch.ones(len(pixels))
        theta = torch.zeros(len(pixels), 2, 3)
        theta[:, 0, 0], theta[:, 0, 2], theta[:, 1, 1], theta[:, 1, 2] = mirrored * width, right, height, down
        grid = functional.affine_grid(theta, [len(pixels), 3, self.size, self.size], align_corners=False)
        return functional.grid_sample(pixels, grid, mode="bilinear", padding_mode="reflection", align_corners=False)

    def _coloured(self, pixels: Tensor, chance: Tensor) -> Tensor:
        """Change brightness, contrast and the strength of colours a little."""
        light, contrast, strength = (1.0 + LIGHT * (2.0 * chance[:, i, None, None, None] - 1.0) for i in (5, 6, 7))
        grey = pixels.mean(1, keepdim=True)
        middle = grey.mean((2, 3), keepdim=True)
        return (((pixels - grey) * strength + grey - middle) * contrast + middle * light).clamp_(0.0, 1.0)
