"""DE025: pictures of the test file that are near-copies of pictures to learn from."""

from __future__ import annotations

import numpy as np

from deepenough.dataset import Dataset
from deepenough.findings import Finding, Severity

from ._base import Check
from ._faults import in_two_files
from ._look import counted, percent, row_numbers, second_file
from ._pictures import added, names, near_copies, pictures, recaptured

WORTH_A_WARNING = 0.01
FEWEST = 3


class OverlappingPictures(Check):
    """The test pictures that stand among those to learn from, too, but for how they were saved."""

    name = "overlapping_pictures"
    code = "DE025"
    title = "Near-copies in training and in test"
    looks_at = "files"
    modalities = ("image",)

    def run(self, dataset: Dataset) -> list[Finding]:
        pictures(dataset)
        second = second_file(dataset)
        pairs, _ = near_copies(dataset)
        across = pairs[second[pairs[:, 0]] != second[pairs[:, 1]]]
        if not len(across):
            return []
        rows = np.unique(across[second[across]])
        share = len(rows) / int(second.sum())
        severity: Severity = "warning" if share >= WORTH_A_WARNING and len(rows) >= FEWEST else "note"
        message = (
            f"{counted(len(rows), 'picture')} of the test set ({percent(share)}) "
            f"{'is' if len(rows) == 1 else 'are'} among the pictures to learn from, too, saved anew, cut or brighter: "
            f"{names(dataset, rows)}."
        )
        remedy = (
            "Take them out of one of the two sets; until then the test flatters every model, deep ones most of all."
        )
        evidence = {"pictures": int(second.sum()), "overlap": len(rows), "share": share}
        return [Finding(self.code, severity, "pictures", message, remedy, evidence, row_numbers(dataset, rows))]

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Put changed copies of some pictures into a test set of a fifth of all."""
        rng = np.random.default_rng(seed)
        planted = added(clean, rng.choice(np.arange(len(clean) // 5, len(clean)), 10, replace=False), recaptured)
        second = np.arange(len(planted)) >= len(clean)
        second[: len(clean) // 5] = True
        return in_two_files(planted, second)
