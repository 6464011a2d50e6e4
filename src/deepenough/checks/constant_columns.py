"""DE008: columns that hardly ever change."""

from __future__ import annotations

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding
from deepenough.task import Column

from ._base import Check
from ._faults import with_column
from ._look import arrays, counted, gaps, listed, percent, row_numbers

NEARLY = 0.995  # share of rows with one value, from which a column says next to nothing
FEWEST = 20  # rows under which one value everywhere may be luck


class ConstantColumns(Check):
    """Columns with the same value in every row, or in all but a few."""

    name = "constant_columns"
    code = "DE008"
    title = "Columns that never change"
    looks_at = "inputs"
    modalities = ("tabular",)

    def run(self, dataset: Dataset) -> list[Finding]:
        if len(dataset) < FEWEST:
            raise NotApplicable(f"With {len(dataset)} row(s), fewer than {FEWEST}, one value everywhere may be luck.")
        out = [c for c in dataset.task.columns if c.kind == "constant" and c.role != "target"]
        unlike = {name: rows_unlike_the_usual(array) for name, array in arrays(dataset).items()}
        nearly = {name: rows for name, rows in unlike.items() if 0 < len(rows) <= (1 - NEARLY) * len(dataset)}
        findings = [self._constant(dataset, name) for name, rows in unlike.items() if len(rows) == 0]
        findings += [self._nearly(dataset, nearly)] if nearly else []
        return findings + ([self._left_out(out)] if out else [])

    def _left_out(self, out: list[Column]) -> Finding:
        have, were = ("has", "was") if len(out) == 1 else ("have", "were")
        message = f"{listed(repr(c.name) for c in out)} {have} one value, or none, in every row and {were} left out."
        remedy = "Nothing need be done, unless a value should vary: then the export is at fault."
        return Finding(self.code, "note", "left out", message, remedy, {"columns": [c.name for c in out]})

    def _constant(self, dataset: Dataset, name: str) -> Finding:
        message = f"'{name}' has one value in all {len(dataset):,} rows, so it tells no row from another."
        remedy = "Leave it out; if it should vary, mend the export or the query that made this table."
        return Finding(self.code, "warning", name, message, remedy, {"rows": len(dataset), "others": 0, "share": 1.0})

    def _nearly(self, dataset: Dataset, nearly: dict[str, np.ndarray]) -> Finding:
        fewest_first = sorted(nearly, key=lambda name: len(nearly[name]))
        n = len(dataset)
        named = listed(f"'{name}' {percent(1 - len(nearly[name]) / n)}" for name in fewest_first)
        message = f"{counted(len(nearly), 'column')} with one value in nearly all of the {n:,} rows: {named}."
        remedy = "Leave them out, unless just those few other rows matter to you; then bring more of them."
        evidence = {"rows": n, "others": {name: len(nearly[name]) for name in fewest_first}}
        where = row_numbers(dataset, np.unique(np.concatenate([nearly[name] for name in fewest_first])))
        return Finding(self.code, "note", "columns", message, remedy, evidence, where)

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Add an input with one value in every row."""
        value = float(np.random.default_rng(seed).integers(1, 100))
        column = Column("planted_constant", "number", low=value, high=value)
        return with_column(clean, column, np.full(len(clean), value, dtype=np.float32))


def rows_unlike_the_usual(array: np.ndarray) -> np.ndarray:
    """Return the positions that differ from the usual value; all of them where empty cells are the usual.

    Those are for DE005 to tell. A value in nearly all rows is the median too, so no counting is needed.
    """
    empty = gaps(array)
    if empty.mean() > 0.5:
        return np.arange(len(array))
    known = array[~empty] if empty.any() else array
    usual = np.partition(known, len(known) // 2)[len(known) // 2]
    return np.flatnonzero(array != usual)
