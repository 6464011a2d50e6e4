"""A small residual network that learns pictures from nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from deepenough.bundle import Plan
from deepenough.candidates._base import Candidate, Settings
from deepenough.candidates._picture_net import Judge, Shipped
from deepenough.candidates._residual import residual_network
from deepenough.dataset import Answer, Dataset
from deepenough.steps import Declared
from deepenough.task import Task
from deepenough.training import seeds
from deepenough.training.augmenting import Augmenting
from deepenough.training.loop import Training
from deepenough.training.losses import CrossEntropy
from deepenough.training.pictures import Pictures
from deepenough.training.precision import find
from deepenough.training.recipe import Recipe
from deepenough.training.record import Record
from deepenough.workspace import Workspace

RECIPE = Recipe(
    rate=3e-3, decay=0.05, average=0.98, batch=32, patience=10, least_gain=0.02, least_share=0.6, mixed=True
)  # fmt: skip
WARMING = 0.1  # share of the steps
SIZES = {
    64: (32, 64, 128),
    32: (16, 32, 64),
}  # pixels a side: small pictures are shown smaller; and how wide the network is
LOOKED = 32  # pictures whose size is looked at
SEEN, TIMES = 14000, 24.0  # pictures looked at in all: so many, and each so often
FEWEST, MOST = 20, 80  # epochs


class ScratchImage(Candidate):
    """A small residual network, trained from nothing (He et al. 2016)."""

    name = "scratch_image"
    title = "Network for pictures, from nothing"
    rung = 4
    answers = ("classification",)
    modalities = ("image",)
    requires = ("torch", "safetensors", "onnxscript", "PIL")
    extra = "image"
    cost = (20.0, 25.0, 0.0)

    def suits(self, task: Task) -> bool:
        return True

    def portfolio(self, task: Task, rows: int) -> Sequence[Settings]:
        """One setting: the network is to be judged, not searched for."""
        return [{}]

    def build(self, task: Task, settings: Settings, seed: int) -> Scratch:
        return Scratch(task, settings, seed)


class Scratch:
    """The network, and how it learns."""

    def __init__(self, task: Task, settings: Settings, seed: int) -> None:
        self.task, self.settings, self.seed = task, settings, seed

    def fit(self, learn: Dataset, tune: Dataset, workspace: Workspace) -> Scratch:
        asked = (self.settings, self.seed, learn.fingerprint, tune.fingerprint, sorted(workspace.keep))
        record = Record(workspace, "Network for pictures", *asked)
        recipe = self._recipe(len(learn))
        place, loss, step = find(recipe.mixed), CrossEntropy(smoothing=recipe.smoothing), _step(learn)
        with seeds.threads(workspace.threads):
            size = int(step[2]["size"])
            network, changed = self._network(size, place.torch_device), Augmenting.keeping(workspace.keep, size)
            rows, held = Pictures(learn, step, changed, self.seed), Pictures(tune, step)
            training = Training(
                network, recipe, loss, seed=self.seed, place=place,
                checkpoints=record.checkpoints("all"), progress=record.progress(recipe.epochs),
            )  # fmt: skip
            training.search(rows, Judge(network, held, place, CrossEntropy(), self.task.labels), from_start=True)
            self.shipped = Shipped(self.task, network.eval(), step)
        record.finish(training.curve)
        return self

    def _network(self, size: int, device: torch.device) -> torch.nn.Sequential:
        with seeds.kept(device):
            torch.manual_seed(seeds.mixed(self.seed, 0, 4))
            return residual_network(len(self.task.labels), SIZES[size], stride=1 if size == min(SIZES) else 2)

    def _recipe(self, rows: int) -> Recipe:
        epochs = min(MOST, max(FEWEST, round((SEEN + TIMES * rows) / rows)))
        warm_up = round(WARMING * epochs * -(-rows // RECIPE.batch))
        return replace(RECIPE, **{"epochs": epochs, "warm_up": warm_up, **self.settings})

    def predict(self, dataset: Dataset) -> Answer:
        return self.shipped.predict(dataset)

    def export(self) -> Plan:
        return self.shipped.plan()


def _step(learn: Dataset) -> Declared:
    """Return how the network is shown a picture: small ones smaller."""
    some = np.linspace(0, len(learn) - 1, min(LOOKED, len(learn))).astype(np.intp)
    side = float(np.median([min(learn.examples[i].shape[:2]) for i in some]))
    size = max(SIZES) if side > sum(SIZES) / 2 else min(SIZES)
    fit = {"size": size, "fit": "squash", "resize": size, "resample": "bilinear", "channels": 3}
    scale = {"mean": [0.5] * 3, "std": [0.25] * 3}
    return ("picture", 1, {"column": learn.task.inputs[0].name, "into": "pixels", **fit, **scale})
