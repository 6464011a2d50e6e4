"""DE010: values that stand for 'not known'."""

from __future__ import annotations

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding, Severity

from ._base import Check
from ._faults import with_cells
from ._look import arrays, columns, counted, listed, percent, row_numbers
from ._sentinels import default_days, sentinels

LEAST_ROWS = 50


class SuspiciousValues(Check):
    """Numbers such as -999 and days such as 1970-01-01, which were written where nothing was known."""

    name = "suspicious_values"
    code = "DE010"
    title = "Values that stand for 'not known'"
    looks_at = "inputs"
    modalities = ("tabular",)

    def run(self, dataset: Dataset) -> list[Finding]:
        if len(dataset) < LEAST_ROWS:
            raise NotApplicable(f"With {len(dataset)} row(s), fewer than {LEAST_ROWS}, no value stands out for sure.")
        findings = []
        known = columns(dataset)
        for name, array in arrays(dataset).items():
            if array.dtype.kind != "f" or name not in known or known[name].kind == "boolean":
                continue
            if known[name].kind == "time":
                findings += [self._found(dataset, name, [(day, rows)]) for day, rows in default_days(array)]
                continue
            found = sentinels(array)
            sure = [(f"{s.value:g}", s.rows) for s in found if s.sure]
            findings += [self._found(dataset, name, sure)] if sure else []
            findings += [self._zero(dataset, name, array, s.rows) for s in found if not s.sure]
        return findings

    def _found(self, dataset: Dataset, name: str, found: list[tuple[str, np.ndarray]]) -> Finding:
        rows = np.unique(np.concatenate([r for _, r in found]))
        named = listed(f"{value} in {counted(len(r), 'row')}" for value, r in found)
        message = f"'{name}' holds {named}, far from all its other values: that looks like a mark for 'not known'."
        remedy = (
            "If it means that the value is not known, leave the cell empty instead: models read empty cells, and "
            "take this for a measure. If it is real, nothing need be done."
        )
        return self._finding(dataset, "warning", name, message, remedy, found, rows)

    def _zero(self, dataset: Dataset, name: str, array: np.ndarray, rows: np.ndarray) -> Finding:
        smallest = float(np.nanmin(np.where(array > 0, array, np.nan)))
        message = (
            f"'{name}' is 0 in {counted(len(rows), 'row')} ({percent(len(rows) / len(dataset))}), and no other value "
            f"is below {smallest:g}."
        )
        remedy = "If 0 means 'none', nothing need be done; if it was written for 'not known', leave those cells empty."
        return self._finding(dataset, "note", name, message, remedy, [("0", rows)], rows)

    def _finding(
        self,
        dataset: Dataset,
        severity: Severity,
        name: str,
        message: str,
        remedy: str,
        found: list[tuple[str, np.ndarray]],
        rows: np.ndarray,
    ) -> Finding:
        evidence = {"rows": len(dataset), "values": {value: len(r) for value, r in found}}
        return Finding(self.code, severity, name, message, remedy, evidence, row_numbers(dataset, rows))

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Write -999 into one cell in twenty of a column of numbers."""
        known = columns(clean)
        able = [n for n, a in arrays(clean).items() if n in known and known[n].kind == "number" and _varied(a)]
        if not able:
            raise NotApplicable("No input holds numbers of many values.")
        rng = np.random.default_rng(seed)
        name = able[int(rng.integers(len(able)))]
        array = arrays(clean)[name].copy()
        array[rng.choice(len(clean), max(3, len(clean) // 20), replace=False)] = -999.0
        return with_cells(clean, name, array)


def _varied(array: np.ndarray) -> bool:
    return len(np.unique(array[:1000])) >= 20 and float(np.nanmax(np.abs(array))) < 500
