"""DE007: too few rows to learn from, or to tell."""

from __future__ import annotations

import math

import numpy as np

from deepenough.dataset import Dataset
from deepenough.findings import Finding, Severity

from ._base import Check
from ._look import listed, need_classes, need_truth

LEAST_ROWS = 50  # fewer: nothing can be told
LEAST_IN_CLASS = 10  # fewer: no interval exists for what is said of a class
FEW_IN_CLASS = 50  # fewer: what is said of a class is known to more than ten points only
FEW_ROWS = 500  # fewer: intervals are so wide that only large differences show
ROWS_PER_COLUMN = 10  # fewer: a model can learn the rows by heart
TYPICAL_ACCURACY = 0.8
LEVEL_95 = 1.96


class TooFewRows(Check):
    """Too few rows for the question: of all, of a class, or for the number of columns."""

    name = "too_few_rows"
    code = "DE007"
    title = "Too few rows"
    looks_at = "labels"

    def run(self, dataset: Dataset) -> list[Finding]:
        truth = need_truth(dataset)
        counts = need_classes(dataset) if dataset.task.kind == "classification" else None
        evidence = _evidence(dataset, counts)
        findings = [self._rows(dataset, evidence)] if len(truth) < FEW_ROWS else []
        findings += [] if counts is None else self._classes(dataset, counts, evidence)
        if dataset.task.modality == "tabular" and len(truth) < ROWS_PER_COLUMN * len(dataset.features):
            findings.append(self._columns(dataset, evidence))
        return findings

    def _rows(self, dataset: Dataset, evidence: dict[str, float]) -> Finding:
        n = len(dataset)
        severity: Severity = "blocker" if n < LEAST_ROWS else "warning"
        shown = _what_can_be_shown(dataset, evidence["half_width"])
        ending = f", fewer than {LEAST_ROWS}: nothing can be told from so few" if n < LEAST_ROWS else f": {shown}"
        remedy = (
            f"Collect more rows: with four times as many ({4 * n:,}) the interval is half as wide. "
            "Until then, trust a simple model first."
        )
        message = f"There are {n:,} rows to learn and to choose from{ending}."
        return Finding(self.code, severity, "rows", message, remedy, evidence)

    def _classes(self, dataset: Dataset, counts: np.ndarray, evidence: dict[str, float]) -> list[Finding]:
        small = np.flatnonzero(counts < LEAST_IN_CLASS)
        if len(small) == 0:
            return self._few_of_a_class(dataset, counts, evidence)
        # With two large classes left there is still a question; with fewer there is none.
        severity: Severity = "blocker" if len(counts) - len(small) < 2 else "warning"
        named = listed(f"'{dataset.task.labels[c]}' ({counts[c]})" for c in small)
        message = (
            f"Fewer than {LEAST_IN_CLASS} rows have the answer {named}: how well a model finds them cannot be "
            "told, and no interval can be given."
        )
        remedy = "Collect more of them, merge them with a class that is treated the same, or leave them out."
        return [Finding(self.code, severity, dataset.task.labels[small[0]], message, remedy, evidence)]

    def _few_of_a_class(self, dataset: Dataset, counts: np.ndarray, evidence: dict[str, float]) -> list[Finding]:
        smallest = int(counts.argmin())
        n, label = int(counts[smallest]), dataset.task.labels[smallest]
        if n >= FEW_IN_CLASS or len(dataset) < FEW_ROWS:
            return []
        points = 100 * half_width("classification", n)
        message = (
            f"Only {n} rows have the answer '{label}': if a model finds 80 % of them, that means 80 % give or "
            f"take {points:.0f} points."
        )
        remedy = f"Collect more rows of '{label}'; more rows of the other answers do not help here."
        return [Finding(self.code, "warning", label, message, remedy, evidence)]

    def _columns(self, dataset: Dataset, evidence: dict[str, float]) -> Finding:
        n, d = len(dataset), len(dataset.features)
        message = (
            f"There are {n:,} rows for {d:,} inputs, fewer than {ROWS_PER_COLUMN} a column: a model can learn "
            "such rows by heart."
        )
        remedy = "Leave out columns that cannot matter, or collect more rows; simple models suffer least."
        return Finding(self.code, "note", "columns", message, remedy, evidence)

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Keep fewer rows than anything can be told from."""
        rng = np.random.default_rng(seed)
        return clean.take(np.sort(rng.permutation(len(clean))[: LEAST_ROWS - 10]))


def half_width(kind: str, n: int) -> float:
    """Return half the width of a 95 % interval from n rows.

    Of a share around 80 % right, in points (0..1), for classes; of the error (rmse) of well-behaved residuals,
    as a share of itself, for numbers.

    >>> round(half_width("classification", 100), 3), round(half_width("regression", 200), 3)
    (0.078, 0.098)
    """
    if kind == "classification":
        return LEVEL_95 * math.sqrt(TYPICAL_ACCURACY * (1 - TYPICAL_ACCURACY) / max(n, 1))
    return LEVEL_95 / math.sqrt(2 * max(n, 1))


def _what_can_be_shown(dataset: Dataset, half: float) -> str:
    if dataset.task.kind == "classification":
        return (
            f"if a model is right in 80 % of them, that means 80 % give or take {100 * half:.0f} points, so "
            "smaller differences between models cannot be seen"
        )
    return (
        f"an error is known to about {100 * half:.0f} % of itself at best, so smaller differences between models "
        "cannot be seen"
    )


def _evidence(dataset: Dataset, counts: np.ndarray | None) -> dict[str, float]:
    evidence: dict[str, float] = {
        "rows": len(dataset),
        "columns": len(dataset.features),
        "half_width": half_width(dataset.task.kind, len(dataset)),
    }
    if counts is not None:
        evidence |= {"classes": len(counts), "smallest_class": int(counts.min())}
    return evidence
