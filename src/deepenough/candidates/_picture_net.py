"""What networks for pictures share: judging on held pictures, and answering by the graph that ships."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from deepenough import steps
from deepenough.bundle import Plan
from deepenough.dataset import Answer, Dataset
from deepenough.examples import batches
from deepenough.steps import Declared
from deepenough.task import Task
from deepenough.training.backbones import PIXELS, Session, to_graph
from deepenough.training.loop import Judged, never_said
from deepenough.training.losses import Loss
from deepenough.training.pictures import Pictures
from deepenough.training.precision import Place

AT_A_TIME = 16
ANSWER = "probability"


class Answering(nn.Module):
    """A network of raw answers, and behind it the probabilities that a bundle gives."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        return torch.softmax(self.network(pixels), 1)


class Shipped:
    """A trained network as it ships: its graph, and the step before it. What is judged is what ships."""

    def __init__(self, task: Task, network: nn.Module, step: Declared) -> None:
        self.task, self.step = task, step
        plain: Any = network.to("cpu")
        plain = plain.to(memory_format=torch.contiguous_format)
        self.graph = to_graph(Answering(plain), int(step[2]["size"]), ANSWER)
        self._session = Session(self.graph, ANSWER, 1)

    def predict(self, dataset: Dataset) -> Answer:
        column, found = str(self.step[2]["column"]), [np.zeros((0, len(self.task.labels)), np.float32)]
        for batch in batches(dataset.examples, AT_A_TIME):
            found.append(self._session.run(steps.run([self.step], {column: batch}, {})[PIXELS]))
        return {ANSWER: np.concatenate(found)}

    def plan(self) -> Plan:
        return Plan(self.graph, (ANSWER,), (self.step,))


class Judge:
    """The loss on held pictures, and the classes that none of them was given."""

    def __init__(self, network: nn.Module, held: Pictures, place: Place, loss: Loss, labels: Sequence[str]) -> None:
        self.network, self.held, self.place, self.loss, self.labels = network, held, place, loss, labels

    def __call__(self) -> Judged:
        raw, target = [], []
        for pixels, truth in self.held.in_order():
            raw.append(self._answer(pixels).float().cpu())
            target.append(truth)
        answer, truth = torch.cat(raw), torch.cat(target)
        return Judged(float(self.loss(answer, truth)), never_said(answer, truth, self.labels))

    def _answer(self, pixels: Tensor) -> Tensor:
        last = torch.channels_last if self.place.channels_last else torch.contiguous_format
        pixels = pixels.to(self.place.torch_device, memory_format=last)
        with torch.autocast(self.place.device, self.place.dtype, enabled=self.place.dtype is not None):
            found: Tensor = self.network(pixels)
        return found
