"""The learning rate at which a network learns fastest, found in a few dozen steps (Smith 2017)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import nn

from deepenough.training import seeds
from deepenough.training.averaging import put, values_of
from deepenough.training.batches import Rows
from deepenough.training.losses import Loss
from deepenough.training.precision import Place
from deepenough.training.recipe import Recipe
from deepenough.training.stepping import Group, Stepper

LOW, HIGH, STEPS = 1e-6, 1.0, 60
SMOOTH = 0.8  # of the loss: a running average over some five steps
ENDS = 3.0  # times the least loss: there the rate is too high
BELOW = 3.0  # times below the rate where the loss is least: near it, a longer training would diverge


def find_rate(
    network: nn.Module,
    recipe: Recipe,
    loss: Loss,
    rows: Rows,
    *,
    seed: int = 0,
    place: Place | None = None,
    groups: Sequence[Group] = (),
) -> float:
    """Return the rate, a third of the one at which the loss is least while the rate rises; the recipe's own where none lowers it.

    The network is left as it was.
    """
    values = [v.detach() for v in values_of(network)]
    before = [v.clone() for v in values]
    trial = replace(recipe, rate=1.0, schedule="constant", warm_up=1, average=0.0)
    stepper = Stepper(network, trial, loss, place or Place(), groups)
    with seeds.kept((place or Place()).torch_device):
        losses = _rising(stepper, rows, seed)
    put(values, before)
    least = min(range(len(losses)), key=lambda i: losses[i])
    return recipe.rate if least == 0 else rate_at(least) / BELOW


def rate_at(step: int) -> float:
    return float(LOW * (HIGH / LOW) ** (step / (STEPS - 1)))


def _rising(stepper: Stepper, rows: Rows, seed: int) -> list[float]:
    """Return the smoothed loss of each step."""
    torch.manual_seed(seeds.mixed(seed, 0, 2))
    stepper.network.train()
    running, found = 0.0, list[float]()
    size = min(stepper.recipe.batch, len(rows))
    for step in range(STEPS):
        stepper.scale = rate_at(step)
        index = seeds.order(len(rows), seed, STEPS + step)[:size]
        now, _ = stepper.update(rows.batch(index, 0), STEPS)
        running = SMOOTH * running + (1.0 - SMOOTH) * float(now)
        found.append(running / (1.0 - SMOOTH ** (step + 1)))
        if not math.isfinite(found[-1]) or found[-1] > ENDS * min(found):
            return [f for f in found if math.isfinite(f)]
    return found
