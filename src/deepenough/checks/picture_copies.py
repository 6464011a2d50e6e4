"""DE023: pictures that are another picture again."""

from __future__ import annotations

import numpy as np

from deepenough.dataset import Dataset
from deepenough.findings import Finding, Severity

from ._base import Check
from ._copies import clusters
from ._look import counted, percent, row_numbers
from ._pictures import added, names, near_copies, pictures, recaptured

WORTH_A_WARNING = 0.01
FEWEST = 5


class PictureCopies(Check):
    """The same picture saved again, resized, cut at its edges, brighter or darker: in test, it is remembered, not recognised."""

    name = "picture_copies"
    code = "DE023"
    title = "Near-copies among the pictures"
    looks_at = "inputs"
    modalities = ("image",)
    parts = True

    def run(self, dataset: Dataset) -> list[Finding]:
        pictures(dataset)
        pairs, likeness = near_copies(dataset)
        new = dataset.ids[pairs[:, 0]] != dataset.ids[pairs[:, 1]]  # the same file twice is for DE001 to tell
        if not new.any():
            return []
        groups = clusters(pairs, len(dataset))
        late = np.sort([i for group in groups for i in group[1:]])
        share = len(late) / len(dataset)
        severity: Severity = "warning" if share >= WORTH_A_WARNING and len(late) >= FEWEST else "note"
        message = (
            f"{counted(len(late), 'picture')} of {len(dataset):,} ({percent(share)}) "
            f"{'is' if len(late) == 1 else 'are'} an earlier picture again, saved anew, resized, cut, brighter or darker: "
            f"{names(dataset, late)}."
        )
        remedy = (
            "Keep one of each, where one thing was counted twice; where they are frames of one scene, name the scene as the "
            "group. Until then each set of copies stays on one side of every split."
        )
        evidence = {
            "pictures": len(dataset),
            "near_copies": len(late),
            "share": share,
            "sets": len(groups),
            "largest_set": max(map(len, groups)),
            "least_alike": round(float(likeness.min()), 3),
        }
        numbers = dataset.about["row"].to_numpy()
        named = [[int(numbers[i]) for i in group] for group in groups]
        return [Finding(self.code, severity, "pictures", message, remedy, evidence, row_numbers(dataset, late), named)]

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Add one picture in twenty again, cut by 4 % and brighter."""
        rng = np.random.default_rng(seed)
        count = min(len(clean), max(FEWEST, len(clean) // 20))
        return added(clean, rng.choice(len(clean), count, replace=False), recaptured)
