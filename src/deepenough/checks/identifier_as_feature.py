"""DE004: a column that names rows instead of describing them."""

from __future__ import annotations

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding
from deepenough.task import Column

from ._base import Check
from ._faults import with_column
from ._identifiers import LEAST_ROWS, comes_back, different_values, filled_cells, names_rows, shared_within
from ._look import arrays, columns, listed


class IdentifierAsFeature(Check):
    """Customer numbers and the like: a model can learn them by heart, and they say nothing about a new row."""

    name = "identifier_as_feature"
    code = "DE004"
    title = "A name among the inputs"
    looks_at = "inputs"
    modalities = ("tabular",)

    def run(self, dataset: Dataset) -> list[Finding]:
        findings = [self._left_out(c, len(dataset)) for c in dataset.task.columns if c.role == "key"]
        if len(dataset) < LEAST_ROWS:
            if findings:
                return findings
            raise NotApplicable(f"With {len(dataset)} row(s), fewer than {LEAST_ROWS}, different values mean nothing.")
        known = columns(dataset)
        for name, array in arrays(dataset).items():
            if name in known and known[name].kind not in ("time", "boolean"):
                findings += self._look(known[name], array)
        if dataset.task.with_role("group") is None:
            told = {f.subject for f in findings}
            findings += [self._groups(dataset, *kept) for kept in shared_within(dataset, told).items()]
        return findings

    def _groups(self, dataset: Dataset, name: str, kept: list[str]) -> Finding:
        column, array = columns(dataset)[name], arrays(dataset)[name]
        values = different_values(column, array)
        message = (
            f"All rows of one value of '{name}' share {listed(repr(k) for k in kept)}: its {values:,} values look like "
            "things of which the table has several rows each."
        )
        remedy = (
            f"If new rows will be about other ones, split by it with --group {name}; if they will be about the same, "
            "nothing need be done."
        )
        evidence = {"rows": len(array), "values": values, "rows_a_value": len(array) / values, "shared": kept}
        return Finding(self.code, "note", name, message, remedy, evidence)

    def _left_out(self, column: Column, n: int) -> Finding:
        return Finding(
            self.code,
            "note",
            column.name,
            f"'{column.name}' names each row and was left out.",
            f"Nothing need be done. If it does describe the row, keep it with --types {column.name}=category.",
            {"rows": n, "role": "key"},
        )

    def _look(self, column: Column, array: np.ndarray) -> list[Finding]:
        if names_rows(column, array):
            mend = (
                "Leave it out, or keep only the part of it that comes back: a prefix, a domain, a place."
                if column.categories
                else "Leave it out: a new row has a new one, which no model has seen."
            )
            return [self._finding(column, array, "a name or running number of the row", mend)]
        if comes_back(column, array):
            mend = (
                f"Split by it with --group {column.name}, so that rows of the same value stay on one side of every "
                "split; otherwise a model recognises them again and looks better than it is."
            )
            return [self._finding(column, array, "the name of something that comes back", mend)]
        return []

    def _finding(self, column: Column, array: np.ndarray, like: str, mend: str) -> Finding:
        values, filled = different_values(column, array), filled_cells(column, array)
        message = f"'{column.name}' looks like {like}: {values:,} different values in {filled:,} rows."
        evidence = {"rows": filled, "values": values, "rows_a_value": filled / values, "role": column.role}
        return Finding(self.code, "warning", column.name, message, mend, evidence)

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Add an input of numbers that all differ."""
        numbers = 100_000 + np.random.default_rng(seed).permutation(len(clean))
        column = Column("planted_id", "number", low=float(numbers.min()), high=float(numbers.max()))
        return with_column(clean, column, numbers.astype(np.float32))
