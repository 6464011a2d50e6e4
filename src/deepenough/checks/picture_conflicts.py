"""DE024: near-copies of one picture that have different answers."""

from __future__ import annotations

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding, Severity

from ._base import Check
from ._faults import with_target
from ._look import counted, need_classes, row_numbers
from ._pictures import added, names, near_copies, recaptured

WORTH_A_WARNING = 3  # pairs
FEWEST = 5


class PictureConflicts(Check):
    """The same picture in two classes: at least one of the two answers is wrong, or the question has two answers."""

    name = "picture_conflicts"
    code = "DE024"
    title = "Near-copies with different answers"
    looks_at = "labels"
    modalities = ("image",)

    def run(self, dataset: Dataset) -> list[Finding]:
        need_classes(dataset)
        pairs, _ = near_copies(dataset)
        truth = dataset.truth
        pairs = pairs[truth[pairs[:, 0]] != truth[pairs[:, 1]]]
        if not len(pairs):
            return []
        severity: Severity = "warning" if len(pairs) >= WORTH_A_WARNING else "note"
        labels, (one, two) = dataset.task.labels, pairs[0]
        message = (
            f"{counted(len(pairs), 'pair')} of near-copies {'has' if len(pairs) == 1 else 'have'} different answers, such as "
            f"{names(dataset, pairs[0])}: '{labels[truth[one]]}' and '{labels[truth[two]]}'."
        )
        remedy = "Look at each pair, and mend the answer that is wrong; where both are right, the classes overlap."
        numbers = dataset.about["row"].to_numpy()
        sets = [[int(numbers[a]), int(numbers[b])] for a, b in pairs.tolist()]
        where = row_numbers(dataset, np.unique(pairs))
        return [
            Finding(self.code, severity, str(dataset.task.target), message, remedy, {"pairs": len(pairs)}, where, sets)
        ]

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Add a few pictures again, changed a little, with another answer."""
        counts = need_classes(clean)
        if len(counts) < 2 or len(clean) < FEWEST:
            raise NotApplicable("There are too few pictures or classes for two answers.")
        rng = np.random.default_rng(seed)
        copied = rng.choice(len(clean), FEWEST, replace=False)
        planted = added(clean, copied, recaptured)
        target = planted.truth.copy()
        target[len(clean) :] = (target[len(clean) :] + 1) % len(counts)
        return with_target(planted, target)
