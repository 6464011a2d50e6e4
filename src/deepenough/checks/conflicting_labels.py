"""DE002: equal inputs with different answers."""

from __future__ import annotations

import numpy as np

from deepenough.dataset import Dataset
from deepenough.findings import Finding, Severity

from ._base import Check
from ._faults import with_copies, with_target
from ._look import Repeats, counted, need_truth, percent, repeats, row_numbers

WORTH_A_WARNING = 0.01  # share of the rows, or of the spread, that no model can get right


class ConflictingLabels(Check):
    """Rows with the same inputs and another target: no model can be right on both."""

    name = "conflicting_labels"
    code = "DE002"
    title = "The same inputs with different answers"
    looks_at = "labels"

    def run(self, dataset: Dataset) -> list[Finding]:
        truth = need_truth(dataset)
        found = _conflicting(repeats(dataset.ids), truth)
        if len(found.rows) == 0:
            return []
        if dataset.task.kind == "classification":
            return [self._classes(dataset, found, truth)]
        return [self._values(dataset, found, truth)]

    def _classes(self, dataset: Dataset, found: Repeats, truth: np.ndarray) -> Finding:
        lost = len(found.rows) - int(_majorities(found, truth).sum())
        share = lost / len(dataset)
        seen = (
            f"so {counted(lost, 'answer')} must be wrong whatever the model, and at best {percent(1 - share)} "
            "of all these rows can be right"
        )
        return self._finding(dataset, found, share, seen, {"unavoidable_errors": lost, "best_accuracy": 1 - share})

    def _values(self, dataset: Dataset, found: Repeats, truth: np.ndarray) -> Finding:
        inside = float(_squares_within(found, truth).sum())
        share = inside / float(np.sum((truth - truth.mean()) ** 2))
        spread = float(np.sqrt(inside / len(found.rows)))
        seen = (
            f"{spread:.3g} around their mean, so {percent(share)} of the spread of '{dataset.task.target}' "
            "cannot be told from these columns"
        )
        return self._finding(dataset, found, share, seen, {"best_r2": 1 - share, "spread_within": spread})

    def _finding(
        self, dataset: Dataset, found: Repeats, share: float, seen: str, evidence: dict[str, float]
    ) -> Finding:
        severity: Severity = "warning" if share >= WORTH_A_WARNING else "note"
        message = (
            f"{len(found.rows):,} rows in {counted(len(found.sizes), 'group')} have the same inputs and "
            f"different values of '{dataset.task.target}', {seen}."
        )
        remedy = (
            "Look at these rows: mend the labels that are wrong, or add the column that explains the difference. "
            "What remains is a limit for every model."
        )
        figures = {
            "rows": len(dataset),
            "conflicting_rows": len(found.rows),
            "groups": len(found.sizes),
            "share": share,
        }
        return Finding(
            self.code,
            severity,
            dataset.task.target or "target",
            message,
            remedy,
            figures | evidence,
            row_numbers(dataset, found.rows),
        )

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Copy one row in twenty, with another answer."""
        rng = np.random.default_rng(seed)
        copied = rng.choice(len(clean), max(2, len(clean) // 20), replace=False)
        planted = with_copies(clean, copied)
        target = planted.truth.copy()
        if clean.task.kind == "classification":
            target[len(clean) :] = (target[len(clean) :] + 1) % len(clean.task.labels)
        else:
            target[len(clean) :] += 5 * target.std()
        return with_target(planted, target)


def _conflicting(found: Repeats, truth: np.ndarray) -> Repeats:
    """Keep the groups whose targets differ."""
    if len(found.rows) == 0:
        return found
    starts = np.r_[0, np.cumsum(found.sizes)[:-1]]
    values = truth[found.rows]
    differ = np.maximum.reduceat(values, starts) > np.minimum.reduceat(values, starts)
    keep = differ[found.group]
    sizes = found.sizes[differ]
    return Repeats(found.rows[keep], np.repeat(np.arange(len(sizes)), sizes), sizes)


def _majorities(found: Repeats, truth: np.ndarray) -> np.ndarray:
    """Return how often the most frequent class of each group stands there."""
    classes = int(truth.max()) + 1
    pairs, counts = np.unique(found.group * classes + truth[found.rows], return_counts=True)
    most = np.zeros(len(found.sizes), dtype=np.int64)
    np.maximum.at(most, pairs // classes, counts)
    return most


def _squares_within(found: Repeats, truth: np.ndarray) -> np.ndarray:
    """Return the sum of squares of each group around its own mean."""
    values = truth[found.rows].astype(np.float64)
    values = values - values.mean()
    means = np.bincount(found.group, values) / found.sizes
    return np.asarray(np.bincount(found.group, (values - means[found.group]) ** 2))
