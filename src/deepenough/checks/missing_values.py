"""DE005: cells without a value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding
from deepenough.modalities._kinds import MOST_CATEGORIES

from ._base import Check
from ._faults import replaced_task, with_cells
from ._look import arrays, cells, columns, counted, gaps, listed, percent, row_numbers

MOSTLY_EMPTY = 0.5


class MissingValues(Check):
    """Columns with empty cells, and those that are empty more often than not."""

    name = "missing_values"
    code = "DE005"
    title = "Empty cells"
    looks_at = "inputs"
    modalities = ("tabular",)

    def run(self, dataset: Dataset) -> list[Finding]:
        readable = {name: array for name, array in cells(dataset).items() if _readable(dataset, name)}
        shares = {name: float(gaps(array).mean()) for name, array in readable.items()}
        mostly = [self._mostly_empty(dataset, name, share) for name, share in shares.items() if share > MOSTLY_EMPTY]
        some = {name: share for name, share in shares.items() if 0 < share <= MOSTLY_EMPTY}
        return mostly + ([self._some(dataset, some)] if some else [])

    def _mostly_empty(self, dataset: Dataset, name: str, share: float) -> Finding:
        filled = np.flatnonzero(~gaps(cells(dataset)[name]))
        message = f"'{name}' is empty in {percent(share)} of the {len(dataset):,} rows; {len(filled):,} have a value."
        remedy = (
            "If empty means 'there is none', write that as a word or number of its own; if the value was lost or "
            "comes only later, leave the column out."
        )
        evidence = {"rows": len(dataset), "empty": len(dataset) - len(filled), "share": share}
        return Finding(self.code, "warning", name, message, remedy, evidence, row_numbers(dataset, filled))

    def _some(self, dataset: Dataset, shares: dict[str, float]) -> Finding:
        by_share = dict(sorted(shares.items(), key=lambda item: -item[1]))
        named = listed(f"'{name}' {percent(share)}" for name, share in by_share.items())
        message = f"{counted(len(shares), 'column')} {'has' if len(shares) == 1 else 'have'} empty cells: {named}."
        remedy = (
            "Nothing need be done: models read empty cells. Make sure they will be empty for new rows in the "
            "same cases."
        )
        return Finding(self.code, "note", "columns", message, remedy, {"rows": len(dataset), "shares": by_share})

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Empty seven cells in ten of one column."""
        rng = np.random.default_rng(seed)
        known = columns(clean)
        names = [n for n in arrays(clean) if n in known and known[n].kind != "time" and _readable(clean, n)]
        if not names:
            raise NotApplicable("No input holds a number or a category that could be emptied.")
        name = names[int(rng.integers(len(names)))]
        array = arrays(clean)[name].copy()
        array[rng.random(len(clean)) < 0.7] = np.nan if array.dtype.kind == "f" else 0
        marked = tuple(replace(c, missing=True) if c.name == name else c for c in clean.task.columns)
        return with_cells(replaced_task(clean, replace(clean.task, columns=marked)), name, array)


def _readable(dataset: Dataset, name: str) -> bool:
    """Whether code 0 means an empty cell: with very many values it also means a rare one."""
    column = columns(dataset).get(name)
    return column is None or len(column.categories) < MOST_CATEGORIES
