"""DE009: one word written in several ways, and words that hardly ever come."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding, Severity
from deepenough.task import Column

from ._base import Check
from ._faults import replaced_task, with_cells
from ._look import arrays, counted, listed, row_numbers
from ._spelling import alike, folded, slips

RARE = 5  # rows; a category with fewer says nothing for sure
LEAST_ROWS = 200  # fewer: every category may be rare
RARE_SHARE = 0.001  # of the rows that rare categories must make up to be worth a word
FEW_LETTERS = 3  # single letters up to which m and M are the same answer, not two signs


class InconsistentCategories(Check):
    """Categories that are the same word, written in several ways; and those with hardly any rows."""

    name = "inconsistent_categories"
    code = "DE009"
    title = "One word written in several ways"
    looks_at = "inputs"

    def run(self, dataset: Dataset) -> list[Finding]:
        found = arrays(dataset)
        written = {c.name: c for c in dataset.task.inputs if c.categories and c.name in found}
        if not written and not dataset.task.labels:
            raise NotApplicable("There is no column of words.")
        findings = self._labels(dataset)
        rare: dict[str, int] = {}
        for name, column in written.items():
            counts = np.bincount(found[name], minlength=len(column.categories) + 1)[1:]
            by_text = {t: int(n) for t, n in zip(column.categories, counts, strict=True) if n}
            findings += self._spellings(dataset, column, by_text, found[name])
            few = sum(n < RARE for n in by_text.values())
            if len(dataset) >= LEAST_ROWS and sum(n for n in by_text.values() if n < RARE) >= RARE_SHARE * len(dataset):
                rare[name] = few
        return findings + ([self._rare(dataset, rare)] if rare else [])

    def _labels(self, dataset: Dataset) -> list[Finding]:
        groups = alike(dict.fromkeys(dataset.task.labels, 1))
        if not groups:
            return []
        named = listed(" and ".join(f"'{t}'" for t in group) for group in groups)
        message = f"Answers in '{dataset.task.target}' differ in their writing alone: {named}."
        remedy = "Write them alike before training, or they count as different classes."
        return [self._finding("warning", str(dataset.task.target), message, remedy, {"groups": groups})]

    def _spellings(self, dataset: Dataset, column: Column, counts: dict[str, int], codes: np.ndarray) -> list[Finding]:
        groups = alike(counts)
        pairs = [] if groups else slips(counts)
        if not groups and not pairs:
            return []
        groups = groups or [[word, slip] for slip, word in pairs]
        others = [t for group in groups for t in group[1:]]
        code_of = {t: i + 1 for i, t in enumerate(column.categories)}
        where = np.flatnonzero(np.isin(codes, [code_of[t] for t in others]))
        evidence: dict[str, Any] = {
            "rows": len(where),
            "spellings": sum(map(len, groups)),
            "words": len(groups),
            "by_slip": bool(pairs),
        }
        if dict(column.patterns).keys() & {"e-mail", "phone", "account"}:
            named = f"{counted(len(groups), 'value')}, not repeated here for they may be about people"
        else:
            named = listed((" and ".join(f"'{t}' ({counts[t]:,})" for t in group) for group in groups), 3)
            evidence["groups"] = [list(g) for g in groups[:20]]
        how = "may be slips of the pen" if pairs else "are the same but for capitals, spaces or stops"
        message = f"In '{column.name}', values {how}: {named}."
        remedy = (
            "Write each in one way where the table is made, and where new rows come from; "
            "if they do differ in meaning, nothing need be done."
        )
        severity: Severity = "note" if pairs or _signs(counts) else "warning"
        return [self._finding(severity, column.name, message, remedy, evidence, row_numbers(dataset, where))]

    def _rare(self, dataset: Dataset, rare: dict[str, int]) -> Finding:
        most_first = sorted(rare, key=lambda name: -rare[name])
        named = listed(f"'{name}' {rare[name]:,}" for name in most_first)
        message = f"{counted(len(rare), 'column')} with values that stand in fewer than {RARE} rows each: {named}."
        remedy = "Nothing need be done: models pass over them. Values that mean much the same could be joined into one."
        evidence = {"rows": len(dataset), "rare": {name: rare[name] for name in most_first}}
        return self._finding("note", "rare values", message, remedy, evidence)

    def _finding(
        self,
        severity: Severity,
        subject: str,
        message: str,
        remedy: str,
        evidence: dict[str, Any],
        where: list[int] | None = None,
    ) -> Finding:
        return Finding(self.code, severity, subject, message, remedy, evidence, where or [])

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Write one row in twenty of a category in capitals."""
        able = [c for c in clean.task.inputs if any(_other(t) not in c.categories for t in c.categories if len(t) > 1)]
        if not able:
            raise NotApplicable("No input holds words that could be written in another way.")
        rng = np.random.default_rng(seed)
        column = able[int(rng.integers(len(able)))]
        codes = arrays(clean)[column.name]
        word = next(t for t in column.categories if len(t) > 1 and _other(t) not in column.categories)
        known = tuple(sorted((*column.categories, _other(word))))
        renumbered = np.array([0, *(known.index(t) + 1 for t in column.categories)])[codes]
        rows = np.flatnonzero(codes == column.categories.index(word) + 1)
        hit = rng.choice(rows, max(1, len(rows) // 20), replace=False) if len(rows) else rows
        renumbered[hit] = known.index(_other(word)) + 1
        changed = tuple(replace(c, categories=known) if c.name == column.name else c for c in clean.task.columns)
        return with_cells(replaced_task(clean, replace(clean.task, columns=changed)), column.name, renumbered)


def _other(text: str) -> str:
    """The same in capitals, or with a stop where there are no letters to change."""
    return text.swapcase() if text.swapcase() != text else f"{text}."


def _signs(counts: dict[str, int]) -> bool:
    """Whether a column is of single letters, many of them, so that capitals may be signs of their own."""
    return all(len(t) == 1 for t in counts) and len({folded(t) for t in counts}) > FEW_LETTERS
