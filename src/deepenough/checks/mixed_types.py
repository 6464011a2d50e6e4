"""DE018: numbers that are read as words, because words stand among them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding
from deepenough.task import Column

from ._base import Check
from ._faults import replaced_task
from ._look import counted, percent

MOSTLY = 0.5  # share of the cells that are numbers


class MixedTypes(Check):
    """A column of numbers with some words in it: it was read as words, and its order is lost."""

    name = "mixed_types"
    code = "DE018"
    title = "Words among numbers"
    looks_at = "inputs"
    modalities = ("tabular",)

    def run(self, dataset: Dataset) -> list[Finding]:
        words = [c for c in dataset.task.columns if c.role != "target" and c.kind not in ("number", "boolean", "time")]
        if not words:
            raise NotApplicable("There is no column of words.")
        return [f for c in words for f in self._look(c)]

    def _look(self, column: Column) -> list[Finding]:
        seen = dict(column.patterns)
        numbers, cells = seen.get("numbers", 0), seen.get("cells", 0)
        if not MOSTLY * cells <= numbers < cells:
            return []
        others = cells - numbers
        message = (
            f"'{column.name}' holds numbers in {percent(numbers / cells)} of its cells, and something else in "
            f"{counted(others, 'cell')}; so it is read as words, and that 9 is less than 10 is lost."
        )
        remedy = (
            "If the words mean that no number is known, leave those cells empty. If numbers have a unit, or a comma "
            "for a point, write them plainly. If the numbers are only names, nothing need be done."
        )
        evidence = {"cells": cells, "numbers": numbers, "others": others, "share": numbers / cells}
        return [Finding(self.code, "warning", column.name, message, remedy, evidence)]

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Add a column, which is no input, of numbers and a few words."""
        words = 1 + int(0.05 * len(clean) * np.random.default_rng(seed).random())
        patterns = (("cells", len(clean) + words), ("numbers", len(clean)))
        column = Column("planted_mixed", "identifier", role="key", why="names a row", patterns=patterns)
        return replaced_task(clean, replace(clean.task, columns=(*clean.task.columns, column)))
