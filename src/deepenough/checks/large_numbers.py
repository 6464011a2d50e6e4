"""DE021: whole numbers so large that a model in single precision would take several of them for one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding
from deepenough.loading import content_ids
from deepenough.task import Column

from ._base import Check
from ._faults import with_column
from ._look import arrays

STEP, VERSION = "shift_large", 1


class LargeNumbers(Check):
    """A column of whole numbers above 16,777,216 that fall together in single precision: it is moved near zero first."""

    name = "large_numbers"
    code = "DE021"
    title = "Large whole numbers"
    looks_at = "inputs"
    modalities = ("tabular",)

    def run(self, dataset: Dataset) -> list[Finding]:
        if not any(c.kind == "number" for c in dataset.task.inputs):
            raise NotApplicable("There is no column of numbers.")
        steps = dataset.task.settings.get("steps", ())
        offsets: dict[str, float] = next((params["offsets"] for name, _, params in steps if name == STEP), {})
        return [self._look(dataset, name, offset) for name, offset in offsets.items()]

    def _look(self, dataset: Dataset, name: str, offset: float) -> Finding:
        values = arrays(dataset)[name]
        distinct = np.unique(values[~np.isnan(values)])
        before, after = (len(np.unique(v.astype(np.float32))) for v in (distinct, distinct - offset))
        rest = f" {after:,} are told apart then." if after < len(distinct) else " All are told apart then."
        message = (
            f"'{name}' holds whole numbers above 16,777,216: of {len(distinct):,} different ones a model in single precision "
            f"would tell {before:,} apart. {offset:,.0f} is subtracted before they are rounded, here and wherever the model answers.{rest}"
        )
        remedy = (
            "If it is a moment, write it as a date. If it names something (a customer, an order), say so: "
            f"--types {name}=identifier. Otherwise nothing need be done."
        )
        evidence = {"distinct": len(distinct), "told_apart_before": before, "told_apart_after": after, "offset": offset}
        return Finding(self.code, "note", name, message, remedy, evidence)

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Add a moment in milliseconds, as the reader would declare it."""
        rng, middle = np.random.default_rng(seed), 1.7e12
        values = middle + rng.integers(-(2**23), 2**23, len(clean)).astype(np.float64)
        column = Column("planted_large", "number", low=float(values.min()), high=float(values.max()))
        planted = with_column(clean, column, values)
        settings = {**clean.task.settings, "steps": [[STEP, VERSION, {"offsets": {column.name: middle}}]]}
        features = {**planted.features, column.name: (values - middle).astype(np.float32)}
        task, ids = replace(planted.task, settings=settings), content_ids(features, len(clean))
        return Dataset(task, planted.examples, planted.target, planted.about, ids, features)
