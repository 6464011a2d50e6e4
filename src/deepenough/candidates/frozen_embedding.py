"""A pretrained network that is left as it is, and a linear model on what it sees."""

from __future__ import annotations

from collections.abc import Sequence

from deepenough import shelves
from deepenough.bundle import NotExportable, Plan
from deepenough.candidates._base import Candidate, Settings
from deepenough.candidates._embedded import after, as_table
from deepenough.dataset import Answer, Dataset
from deepenough.task import Task
from deepenough.training.backbones import Backbone
from deepenough.training.embeddings import Embeddings
from deepenough.workspace import Workspace


class FrozenEmbedding(Candidate):
    """A pretrained network, frozen, and the linear rung on its embeddings (Donahue et al. 2014)."""

    name = "frozen_embedding"
    title = "Frozen pretrained network"
    rung = 3
    answers = ("classification", "regression")
    modalities = ("image",)
    requires = ("torch", "transformers", "safetensors", "onnxscript", "PIL", "sklearn")
    extra = "image"
    cost = (3.0, 8.0, 0.0)

    def suits(self, task: Task) -> bool:
        return True

    def portfolio(self, task: Task, rows: int) -> Sequence[Settings]:
        """One setting: the linear rung chooses its own penalty."""
        return [{}]

    def build(self, task: Task, settings: Settings, seed: int) -> Frozen:
        return Frozen(task, settings, seed)


class Frozen:
    """Embeddings by the graph that ships, and the linear family of the shelf on them."""

    def __init__(self, task: Task, settings: Settings, seed: int) -> None:
        self.task, self.settings, self.seed = task, settings, seed

    def fit(self, learn: Dataset, tune: Dataset, workspace: Workspace) -> Frozen:
        self.embeddings = Embeddings(Backbone.find(workspace, self.task), workspace)
        learn, tune = (as_table(d, self.embeddings.of(d)) for d in (learn, tune))
        linear: Candidate = shelves.load("candidates", "linear")
        self.head = linear.build(learn.task, linear.portfolio(learn.task, len(learn))[0], self.seed)
        self.head.fit(learn, tune, workspace)
        return self

    def predict(self, dataset: Dataset) -> Answer:
        return self.head.predict(as_table(dataset, self.embeddings.of(dataset)))

    def export(self) -> Plan | NotExportable:
        """The network's graph and the linear model's, one after the other."""
        head = self.head.export()
        if isinstance(head, NotExportable):
            return head
        backbone = self.embeddings.backbone
        return Plan(after(backbone.graph(), head.graph), head.outputs, (backbone.step,))
