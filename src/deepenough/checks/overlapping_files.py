"""DE019: test rows that stand in the training file too."""

from __future__ import annotations

import numpy as np

from deepenough.dataset import Dataset
from deepenough.findings import Finding, Severity

from ._base import Check
from ._faults import in_two_files, with_copies
from ._look import counted, percent, repeats, row_numbers, second_file

WORTH_A_WARNING = 0.01  # share of the second file
FEWEST = 5
COARSE = 2.0  # times the share of training rows that repeat each other, up to which columns are simply coarse


class OverlappingFiles(Check):
    """Rows of the test file that the training file holds too, in every input: they are remembered, not predicted."""

    name = "overlapping_files"
    code = "DE019"
    title = "Test rows that were trained on"
    looks_at = "files"

    def run(self, dataset: Dataset) -> list[Finding]:
        second = second_file(dataset)
        again = second & np.isin(dataset.ids, dataset.ids[~second])
        if not again.any():
            return []
        rows = np.flatnonzero(again)
        share = len(rows) / int(second.sum())
        usual = len(repeats(dataset.ids[~second]).rows) / max(int((~second).sum()), 1)
        loud = share >= WORTH_A_WARNING and len(rows) >= FEWEST and share > COARSE * usual
        severity: Severity = "warning" if loud else "note"
        among = f"; among the rows trained on, {percent(usual)} repeat each other" if usual else ""
        message = (
            f"{counted(len(rows), 'row')} of the test file ({percent(share)}) "
            f"{'stands' if len(rows) == 1 else 'stand'} in the training file too, equal in every input{among}."
        )
        remedy = (
            "Take them out of one of the two files; until then the test flatters every model, and most of all those "
            "that learn by heart."
        )
        evidence = {"rows": int(second.sum()), "overlap": len(rows), "share": share, "repeats_in_training": usual}
        return [Finding(self.code, severity, "rows", message, remedy, evidence, row_numbers(dataset, rows))]

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Make a second file of one row in ten, copied."""
        copied = np.random.default_rng(seed).choice(len(clean), max(FEWEST, len(clean) // 10), replace=False)
        longer = with_copies(clean, copied)
        return in_two_files(longer, np.arange(len(longer)) >= len(clean))
