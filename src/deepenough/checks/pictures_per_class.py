"""DE028: classes with fewer pictures than a network needs."""

from __future__ import annotations

import numpy as np

from deepenough.dataset import Dataset
from deepenough.findings import Finding, Severity

from ._base import Check
from ._look import counted, listed, need_classes

FEW, USUAL = 500, 2000  # pictures a class, as practitioners' guides give them for a network trained from scratch
VERY_FEW = 50  # under which even a pretrained network has little to go by


class PicturesPerClass(Check):
    """How many pictures each class has, against the 500 to 2,000 that guides ask for: guidance, not a rule."""

    name = "pictures_per_class"
    code = "DE028"
    title = "Few pictures of a class"
    looks_at = "labels"
    modalities = ("image",)

    def run(self, dataset: Dataset) -> list[Finding]:
        counts = need_classes(dataset)
        few = np.flatnonzero(counts < FEW)
        if not len(few):
            return []
        order = few[np.argsort(counts[few], kind="stable")]
        shown = listed([f"'{dataset.task.labels[i]}' ({counts[i]:,})" for i in order])
        severity: Severity = "warning" if counts[few].min() < VERY_FEW else "note"
        message = (
            f"{counted(len(few), 'class', 'classes')} of {len(counts)} {'has' if len(few) == 1 else 'have'} fewer than {FEW} "
            f"pictures to learn from: {shown}."
        )
        remedy = (
            f"Guides ask for {FEW} to {USUAL:,} a class to train a network from nothing; a pretrained one does with far fewer. "
            "The learning curve of the report says whether more would help here."
        )
        evidence = {"fewest": int(counts.min()), "most": int(counts.max()), "classes_below": len(few)}
        return [Finding(self.code, severity, str(dataset.task.target), message, remedy, evidence)]

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Keep twenty pictures of the last class."""
        counts = need_classes(clean)
        last = np.flatnonzero(clean.truth == len(counts) - 1)
        keep = np.setdiff1d(np.arange(len(clean)), last[20:])
        return clean.take(keep)
