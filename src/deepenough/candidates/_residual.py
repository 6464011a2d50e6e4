"""A small residual network for pictures."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    """Two convolutions and a way past them (He et al. 2016)."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(after)
        self.second = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(after)
        plain = before == after and stride == 1
        self.past = (
            nn.Identity()
            if plain
            else nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))
        )

    def forward(self, x: Tensor) -> Tensor:
        changed = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(self.second_norm(self.second(changed)) + self.past(x))


def residual_network(classes: int, widths: Sequence[int], stride: int, dropout: float = 0.1) -> nn.Sequential:
    """Return a network of one block a width, each at half the resolution of the one before; raw answers (n, classes).

    Parameters
    ----------
    stride : of the first convolution: 1 where the pictures are small, and each of their pixels counts.
    """
    layers: list[nn.Module] = [nn.Conv2d(3, widths[0], 3, stride, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU()]
    for before, after in zip((widths[0], *widths), widths, strict=False):
        layers.append(Block(before, after, 1 if after == before else 2))
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(widths[-1], classes)
    )
