"""From a fitted model to what ships: exported, proven equal, and in eight bits where those are faster and lose nothing."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deepenough.bundle import Bundle, NotExportable
from deepenough.candidates._base import Estimator
from deepenough.dataset import Answer, Dataset
from deepenough.errors import DeepEnoughError
from deepenough.export import parity, quantize, write
from deepenough.files import write_json
from deepenough.metrics import Metric

QUANTIZATION = "quantization.json"  # beside the bundle


@dataclass(frozen=True)
class Judged:
    """By what a graph in eight bits is judged: the run's metric, and the bar's threshold where there is one."""

    metric: Metric
    threshold: float | None = None


@dataclass(frozen=True)
class Shipment:
    """What is said of a model that ships.

    Attributes
    ----------
    title : of the family, for sentences. about : what made the model, for the manifest.
    threshold : the probability from which the positive class is said; None: the likelier one.
    answer : what the model said of rows it had not learnt from, for reference.json.
    """

    title: str
    about: Mapping[str, Any]
    threshold: float | None
    answer: Answer | None

    def write(
        self, model: Estimator, development: Dataset, folder: Path, seed: int, judged: Judged | None = None
    ) -> Bundle:
        """Write a fitted model as a bundle and prove it equal; `ParityError` or `NotExportable`'s sentence where it is not.

        With `judged`, weights of eight bits are tried after the proof, and what came of it stands beside the bundle.
        """
        made = model.export()
        if isinstance(made, NotExportable):
            raise DeepEnoughError(f"{self.title} cannot be exported: {made.reason}")
        plan = replace(made, threshold=self.threshold)
        try:
            bundle = write.write(folder, development.task, plan, development, dict(self.about), self.answer)
            parity.prove(model.predict, bundle, development, seed)
            if judged is None:
                return bundle
            found = quantize.compare(bundle, development, judged.metric, judged.threshold, seed)
            write_json(folder.parent / QUANTIZATION, found.document)
            if found.graph is None:
                return bundle
            plan = replace(plan, quantized=found.graph)
            return write.write(folder, development.task, plan, development, dict(self.about), self.answer)
        except Exception:
            shutil.rmtree(folder, ignore_errors=True)  # what is refused is not left lying about
            raise
