"""A pretrained network whose layers learn on: the head first, then all of them, the early ones least."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from deepenough.bundle import Plan
from deepenough.candidates._base import Candidate, Settings
from deepenough.candidates._picture_net import Judge, Shipped
from deepenough.dataset import Answer, Dataset
from deepenough.task import Task
from deepenough.training import seeds
from deepenough.training.augmenting import Augmenting
from deepenough.training.backbones import Backbone
from deepenough.training.batches import Tensors
from deepenough.training.embeddings import Embeddings
from deepenough.training.loop import Judged, Training, never_said
from deepenough.training.losses import CrossEntropy
from deepenough.training.pictures import Pictures
from deepenough.training.precision import find
from deepenough.training.recipe import Recipe
from deepenough.training.record import Record
from deepenough.training.stepping import Group
from deepenough.workspace import Workspace

HEAD = Recipe(rate=3e-3, decay=0.1, warm_up=20, batch=64, epochs=60, patience=10)
ALL = Recipe(rate=5e-4, decay=0.05, warm_up=20, average=0.98, batch=32, patience=4, smoothing=0.05, mixed=True)
SEEN, TIMES = 4000, 4.5  # pictures looked at in all: so many, and each so often
FEWEST, MOST = 4, 25  # epochs
STAGES, LESS = 6, 0.6  # parts of the network, each of which learns at less of the rate of the one behind it
DROPPED = 0.2


class FineTunedImage(Candidate):
    """A pretrained network, trained on: a linear head first, then every layer at a rate of its own (Kumar et al. 2022)."""

    name = "finetuned_image"
    title = "Fine-tuned pretrained network"
    rung = 3
    answers = ("classification",)
    modalities = ("image",)
    requires = ("torch", "transformers", "safetensors", "onnxscript", "PIL")
    extra = "image"
    cost = (180.0, 220.0, 0.0)

    def suits(self, task: Task) -> bool:
        return True

    def portfolio(self, task: Task, rows: int) -> Sequence[Settings]:
        """One setting: epochs by the number of pictures."""
        return [{}]

    def build(self, task: Task, settings: Settings, seed: int) -> FineTuned:
        return FineTuned(task, settings, seed)


class Head(nn.Module):
    """A linear model on standardised embeddings."""

    mean: Tensor
    scale: Tensor

    def __init__(self, embedding: Tensor, classes: int) -> None:
        super().__init__()
        self.register_buffer("mean", embedding.mean(0))
        self.register_buffer("scale", 1.0 / embedding.std(0, unbiased=False).clamp_min(1e-3 * float(embedding.std())))
        self.last = nn.Linear(embedding.shape[1], classes)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, embedding: Tensor) -> Tensor:
        found: Tensor = self.last((embedding - self.mean) * self.scale)
        return found


class FineTuned:
    """The head learns on kept embeddings; then all layers do, and the best on held pictures stays: the start among them."""

    def __init__(self, task: Task, settings: Settings, seed: int) -> None:
        self.task, self.settings, self.seed = task, settings, seed

    def fit(self, learn: Dataset, tune: Dataset, workspace: Workspace) -> FineTuned:
        backbone = Backbone.find(workspace, self.task)
        asked = (self.settings, self.seed, backbone.digest, learn.fingerprint, tune.fingerprint, sorted(workspace.keep))
        record = Record(workspace, "Fine-tuned pretrained network", *asked)
        with seeds.threads(workspace.cores):
            head, first = self._head(Embeddings(backbone, workspace), learn, tune, record)
            body = backbone.module()
            network = nn.Sequential(body, nn.Dropout(DROPPED), head)
            second = self._all(network, backbone, learn, tune, workspace, record)
            self.shipped = Shipped(self.task, network.eval(), backbone.step)
        record.finish(first.curve, second.curve)
        return self

    def _head(self, embeddings: Embeddings, learn: Dataset, tune: Dataset, record: Record) -> tuple[Head, Training]:
        """Learn the head alone, on embeddings: seconds, for nothing is looked at again."""
        x, held = (torch.from_numpy(embeddings.of(d)) for d in (learn, tune))
        y, truth = (torch.from_numpy(d.truth.astype("int64")) for d in (learn, tune))
        head, loss = Head(x, len(self.task.labels)), CrossEntropy()
        recipe = replace(HEAD, **self.settings.get("head", {}))
        training = Training(
            head, recipe, loss, seed=self.seed, stage="head",
            checkpoints=record.checkpoints("head"), progress=record.progress(recipe.epochs),
        )  # fmt: skip
        training.search(
            Tensors(x, y),
            lambda: Judged(float(loss(head(held), truth)), never_said(head(held), truth, self.task.labels)),
        )
        return head, training

    def _all(
        self,
        network: nn.Sequential,
        backbone: Backbone,
        learn: Dataset,
        tune: Dataset,
        workspace: Workspace,
        record: Record,
    ) -> Training:
        recipe = self._recipe(len(learn))
        place, loss = find(recipe.mixed), CrossEntropy(smoothing=recipe.smoothing)
        norms = [m for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
        changed = Augmenting.keeping(workspace.keep, int(backbone.step[2]["size"]))
        rows, held = Pictures(learn, backbone.step, changed, self.seed), Pictures(tune, backbone.step)
        training = Training(
            network, recipe, loss, seed=self.seed, place=place, groups=layers(network), frozen=norms,
            checkpoints=record.checkpoints("all"), progress=record.progress(recipe.epochs),
        )  # fmt: skip
        training.search(rows, Judge(network, held, place, CrossEntropy(), self.task.labels), from_start=True)
        return training

    def _recipe(self, rows: int) -> Recipe:
        epochs = round((SEEN + TIMES * rows) / rows)
        return replace(ALL, **{"epochs": min(MOST, max(FEWEST, epochs)), **self.settings.get("all", {})})

    def predict(self, dataset: Dataset) -> Answer:
        return self.shipped.predict(dataset)

    def export(self) -> Plan:
        return self.shipped.plan()


def layers(network: nn.Sequential) -> list[Group]:
    """Return parts of the body in their order, each at a share of the rate of the part behind it; the head at the whole rate."""
    weights = [w for w in network[0].parameters() if w.requires_grad]
    size = -(-len(weights) // STAGES)
    parts = [weights[i : i + size] for i in range(0, len(weights), size)]
    groups: list[Group] = [(part, LESS ** (len(parts) - 1 - i)) for i, part in enumerate(parts)]
    return [*groups, (list(network[2].parameters()), 1.0)]
