"""Our training loop beside a bare PyTorch loop: the same network, rows, batches and optimizer, in turn.

    python benchmarks/training_loop.py [--seed 0] [--rounds 7]

Ours keeps a curve, clips nothing, averages nothing, judges held rows after each epoch and writes a checkpoint of the last; the
bare loop takes the steps, and judges the same held rows as often. What is compared is CPU seconds of one thread, the
median of the rounds, which alternate; the second figure adds what ours does by default (clipping and an average of the weights).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import _record
import torch
from torch import Tensor, nn

from deepenough.training.batches import Tensors
from deepenough.training.checkpoint import Checkpoints
from deepenough.training.loop import Judged, Training
from deepenough.training.losses import CrossEntropy
from deepenough.training.precision import Place, find
from deepenough.training.recipe import Recipe

PLAIN = Recipe(rate=1e-3, decay=0.01, schedule="constant", warm_up=1, clip=None, average=0.0, patience=100)
Data = tuple[Tensor, Tensor]


def mlp() -> nn.Module:
    """Two layers of 256 on 32 numbers: what anybody would write for a table."""
    layers: list[nn.Module] = [
        nn.Linear(32, 256),
        nn.ReLU(),
        nn.Dropout(0.1),
        nn.Linear(256, 256),
        nn.ReLU(),
        nn.Dropout(0.1),
    ]
    return nn.Sequential(*layers, nn.Linear(256, 2))


def cnn() -> nn.Module:
    """Three convolutions on pictures of 28 by 28."""
    layers: list[nn.Module] = []
    for before, after in ((1, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 9, 10))


def table(rows: int) -> Data:
    x = torch.randn(rows, 32)
    return x, (x[:, 0] * x[:, 1] > 0).long()


def pictures(rows: int) -> Data:
    y = torch.arange(rows) % 10
    return torch.randn(rows, 1, 28, 28) + 0.1 * y[:, None, None, None], y


def bare(network: nn.Module, data: Data, held: Data, recipe: Recipe, place: Place) -> None:
    """The loop of a tutorial; in half precision where ours is."""
    x, y = data
    last = torch.channels_last if place.channels_last else torch.contiguous_format
    network = network.to(memory_format=last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    loss = nn.CrossEntropyLoss()

    def forward(some: Tensor) -> Tensor:
        if some.ndim == 4:
            some = some.to(memory_format=last)
        with torch.autocast(place.device, place.dtype, enabled=place.dtype is not None):
            return network(some)  # type: ignore[no-any-return]

    for _ in range(recipe.epochs):
        network.train()
        for rows in torch.randperm(len(x)).split(recipe.batch):
            optimizer.zero_grad()
            torch.autograd.backward(loss(forward(x[rows]).float(), y[rows]))
            optimizer.step()
        network.eval()
        with torch.no_grad():
            loss(forward(held[0]).float(), held[1]).item()


def ours(network: nn.Module, data: Data, held: Data, recipe: Recipe, place: Place) -> None:
    """The loop of the house, with its curve, its judging and a checkpoint."""
    loss = CrossEntropy()

    def judge() -> Judged:
        with torch.autocast(place.device, place.dtype, enabled=place.dtype is not None):
            raw = network(held[0])
        return Judged(float(loss(raw, held[1])))

    with tempfile.TemporaryDirectory() as folder:
        kept = Checkpoints(Path(folder) / "state.safetensors", "bench")
        Training(network, recipe, loss, place=place, checkpoints=kept).search(Tensors(*data), judge)


def seconds(run: Callable[..., None], make: Callable[[], nn.Module], *given: Any) -> float:
    """Return the CPU seconds of a training of a fresh network."""
    torch.manual_seed(0)
    network = make()
    begun = time.process_time()
    run(network, *given)
    return time.process_time() - begun


def compare(
    make: Callable[[], nn.Module], data: Data, held: Data, recipe: Recipe, place: Place, rounds: int
) -> dict[str, Any]:
    """Return the medians of CPU seconds, and ours as a share of the bare loop's."""
    full = replace(recipe, clip=1.0, average=0.99)
    runs = {"bare": (bare, recipe), "ours": (ours, recipe), "ours_with_clip_and_average": (ours, full)}
    spent: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds + 1):
        for name, (run, asked) in runs.items():
            spent[name].append(seconds(run, make, data, held, asked, place))
    times = {name: s[1:] for name, s in spent.items()}  # the first round warms up
    median = {name: statistics.median(s) for name, s in times.items()}
    share = {
        n: statistics.median(a / b for a, b in zip(s, times["bare"], strict=True))
        for n, s in times.items()
        if n != "bare"
    }
    rows = recipe.epochs * len(data[0])
    return {
        "rows": len(data[0]), "batch": recipe.batch, "epochs": recipe.epochs, **place.document(),
        "cpu_seconds": {n: round(s, 3) for n, s in median.items()},
        "examples_per_cpu_second": {n: round(rows / s) for n, s in median.items()},
        "times_bare": {n: round(s, 3) for n, s in share.items()},
    }  # fmt: skip


def main() -> None:
    """Compare on a table and on pictures, print, and write the figures."""
    parser = argparse.ArgumentParser(description="The training loop beside a bare one.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(asked.seed)
    small, large = replace(PLAIN, batch=256, epochs=6), replace(PLAIN, batch=128, epochs=2)
    found = {
        "table": compare(mlp, table(20_000), table(4_000), small, Place(), asked.rounds),
        "pictures": compare(cnn, pictures(4_000), pictures(500), large, Place(), asked.rounds),
        "pictures_half": compare(cnn, pictures(4_000), pictures(500), large, find(True), asked.rounds),
    }
    for name, figures in found.items():
        print(name, figures["cpu_seconds"], figures["examples_per_cpu_second"], figures["times_bare"])
    print(_record.write("training_loop", asked.seed, rounds=asked.rounds, threads=1, **found))


if __name__ == "__main__":
    main()
