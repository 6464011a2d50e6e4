"""DE006: a class that is much rarer than the others."""

from __future__ import annotations

import numpy as np

from deepenough.dataset import Dataset
from deepenough.findings import Finding, Severity

from ._base import Check
from ._look import listed, need_classes, percent

# Shares of the smallest class, for two classes; with more, every class is smaller, and so are these.
WORTH_A_NOTE = 0.10
WORTH_A_WARNING = 0.01


class ClassImbalance(Check):
    """One class is so rare that a model which never names it looks good."""

    name = "class_imbalance"
    code = "DE006"
    title = "A rare class"
    looks_at = "labels"

    def run(self, dataset: Dataset) -> list[Finding]:
        counts = need_classes(dataset)
        shares = counts / counts.sum()
        scale = 2 / len(counts)
        rare = np.flatnonzero(shares < WORTH_A_NOTE * scale)
        if len(rare) == 0:
            return []
        severity: Severity = "warning" if shares.min() < WORTH_A_WARNING * scale else "note"
        return [self._finding(dataset, counts, rare[np.argsort(counts[rare])], severity)]

    def _finding(self, dataset: Dataset, counts: np.ndarray, rare: np.ndarray, severity: Severity) -> Finding:
        labels, total = dataset.task.labels, int(counts.sum())
        most = int(counts.argmax())
        none = "none of them" if len(rare) > 1 else "no such row"
        named = listed(f"'{labels[c]}' {percent(counts[c] / total)} ({counts[c]:,})" for c in rare)
        message = (
            f"Rare in '{dataset.task.target}': {named}. A model that always says '{labels[most]}' has an "
            f"accuracy of {percent(counts[most] / total)} and finds {none}."
        )
        return Finding(
            self.code,
            severity,
            labels[rare[0]],
            message,
            _remedy(len(counts), severity),
            {
                "rows": total,
                "smallest_class": int(counts.min()),
                "smallest_share": float(counts.min() / total),
                "counts": {labels[c]: int(counts[c]) for c in range(len(counts))},
                "accuracy_of_always": float(counts[most] / total),
                "misleading": _misleading(severity),
            },
        )

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Remove the smallest class but for a few rows in a thousand."""
        counts = need_classes(clean)
        rng = np.random.default_rng(seed)
        smallest = np.flatnonzero(clean.truth == counts.argmin())
        others = len(clean) - len(smallest)
        keep = max(1, int(0.5 * WORTH_A_WARNING * 2 / len(counts) * others))
        stay = np.r_[np.flatnonzero(clean.truth != counts.argmin()), rng.permutation(smallest)[:keep]]
        return clean.take(np.sort(stay))


def _misleading(severity: Severity) -> list[str]:
    """Return the metrics that look better than the model is: where a class is very rare, ranking it is easy too."""
    return ["accuracy", "roc_auc"] if severity == "warning" else ["accuracy"]


def _remedy(classes: int, severity: Severity) -> str:
    if classes > 2:
        return "Do not judge by accuracy: use balanced_accuracy or f1_macro, where every class counts the same."
    if severity == "note":
        return "Do not judge by accuracy: use average_precision, roc_auc or balanced_accuracy."
    return (
        "Do not judge by accuracy, nor by roc_auc alone (it stays high although most alarms are false): use "
        "average_precision, and collect more rows of the rare class."
    )
