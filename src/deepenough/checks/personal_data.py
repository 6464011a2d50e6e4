"""DE012: cells that look like personal data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding, Severity
from deepenough.task import Column

from ._base import Check
from ._faults import replaced_task
from ._look import counted, listed, percent

KINDS = {
    "e-mail": "an e-mail address",
    "phone": "a phone number",
    "card": "a payment card number",
    "account": "a bank account number",
}
LEAST_PHONES = 3  # other numbers are written like a phone's now and then


class PersonalData(Check):
    """Addresses, phone, card and account numbers in the cells; it says how many, and never repeats one."""

    name = "personal_data"
    code = "DE012"
    title = "Personal data"
    looks_at = "inputs"

    def run(self, dataset: Dataset) -> list[Finding]:
        read = [c for c in dataset.task.columns if c.kind not in ("boolean", "time", "constant")]
        if not read:
            raise NotApplicable("There is no column of text or long numbers.")
        return [f for c in read for f in self._look(c)]

    def _look(self, column: Column) -> list[Finding]:
        seen = dict(column.patterns)
        counts = {kind: seen[kind] for kind in KINDS if seen.get(kind, 0) >= (LEAST_PHONES if kind == "phone" else 1)}
        if not counts:
            return []
        cells = seen["cells"]
        named = listed(f"{KINDS[kind]} in {counted(n, 'cell')} ({percent(n / cells)})" for kind, n in counts.items())
        severity: Severity = "note" if counts.keys() == {"phone"} and counts["phone"] < 0.01 * cells else "warning"
        message = f"'{column.name}' holds what looks like {named}, of the {cells:,} looked at."
        used = (
            "It says nothing about new rows, and a model that has learnt it carries it along"
            if column.role == "input"
            else "It is no input, and neither the model nor the report carries it"
        )
        remedy = f"{used}. Leave the column out of the table, or replace each by a number of your own."
        evidence = {"cells": cells, "found": counts, "role": column.role}
        return [Finding(self.code, severity, column.name, message, remedy, evidence)]

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Add a text, which is no input, with an e-mail address in some of its cells."""
        count = int(np.random.default_rng(seed).integers(1, max(2, len(clean))))
        patterns = (("cells", len(clean)), ("e-mail", count))
        column = Column("planted_remarks", "text", role="about", why="is free text", patterns=patterns)
        return replaced_task(clean, replace(clean.task, columns=(*clean.task.columns, column)))
