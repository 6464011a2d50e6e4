"""DE014: answers that somebody mixed up."""

from __future__ import annotations

import warnings

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding, Severity

from ._base import Check
from ._crossfit import FOLDS, MOST_DIRECTIONS, condensed, design, out_of_fold, weights
from ._faults import with_target
from ._look import counted, features, need_classes, percent, row_numbers
from ._noise import Noise, noise

LEAST_ROWS, MOST_ROWS = 300, 20_000
LEAST_IN_CLASS = 20
MOST_WORK = 2.5e7  # rows x weights x classes: about a second on one core
BETTER = 6.6  # twice the gain in log-likelihood, from which there are mistakes and not only hard questions
LIKELY = 0.5  # chance of a mistake, from which a row is named
FEWEST = 5
WORTH_A_WARNING = 0.002  # share of the rows


class LabelErrors(Check):
    """Rows whose answer contradicts all the others that look like them, and which somebody should look at again."""

    name = "label_errors"
    code = "DE014"
    title = "Answers that may be wrong"
    looks_at = "labels"

    def run(self, dataset: Dataset) -> list[Finding]:
        counts = need_classes(dataset)
        _need_enough(dataset, counts)
        if not features(dataset):
            raise NotApplicable("Every input is free text, and rows are compared by numbers and categories.")
        pictures = dataset.task.modality == "image"  # of which hundreds of numbers are measured, many nearly the same
        if len(dataset) * (MOST_DIRECTIONS if pictures else weights(dataset)) * len(counts) > MOST_WORK:
            raise NotApplicable("With so many columns and classes, looking for wrong answers would take too long.")
        x = condensed(dataset) if pictures else design(dataset)
        probability = out_of_fold(x, dataset.truth, len(counts), _folds(dataset))
        found = noise(probability, dataset.truth)
        if found.evidence < BETTER:
            return []
        rows = _named(probability, dataset.truth, found)
        return [self._finding(dataset, rows, found)] if len(rows) >= FEWEST else []

    def _finding(self, dataset: Dataset, rows: np.ndarray, found: Noise) -> Finding:
        precision = float(found.mistaken[rows].mean())
        share = len(rows) / len(dataset)
        severity: Severity = "warning" if share >= WORTH_A_WARNING else "note"
        message = (
            f"{counted(len(rows), 'row')} of {len(dataset):,} ({percent(share)}) have an answer in "
            f"'{dataset.task.target}' that rows like them do not have; by estimate {percent(precision)} of these are "
            f"wrong, and {percent(found.floor)} of all answers are."
        )
        remedy = (
            "Look at these rows, the likeliest first, and mend those that are wrong; nothing was changed or left out. "
            "The rest of the mistakes cannot be told from hard cases."
        )
        evidence = {
            "rows": len(dataset),
            "named": len(rows),
            "share": share,
            "estimated_precision": precision,
            "estimated_noise": found.floor,
            "evidence": found.evidence,
        }
        where = row_numbers(dataset, rows)
        return Finding(self.code, severity, str(dataset.task.target), message, remedy, evidence, where)

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Give one row in ten another answer."""
        counts = need_classes(clean)
        rng = np.random.default_rng(seed)
        rows = rng.choice(len(clean), len(clean) // 10, replace=False)
        target = clean.truth.copy()
        target[rows] = (target[rows] + 1 + rng.integers(0, len(counts) - 1, len(rows))) % len(counts)
        return with_target(clean, target)


def _need_enough(dataset: Dataset, counts: np.ndarray) -> None:
    if not LEAST_ROWS <= len(dataset) <= MOST_ROWS:
        raise NotApplicable(
            f"Wrong answers are looked for in {LEAST_ROWS} to {MOST_ROWS:,} rows, and there are {len(dataset):,}."
        )
    if counts.min() < LEAST_IN_CLASS:
        raise NotApplicable(f"A class has fewer than {LEAST_IN_CLASS} rows: its cases cannot be told from mistakes.")


def _folds(dataset: Dataset) -> np.ndarray:
    """(n,) 0..4; rows of one group share a fold."""
    rng = np.random.default_rng(0)
    if dataset.groups is None:
        return np.asarray(rng.permutation(len(dataset)) % FOLDS)
    group = np.unique(dataset.groups, return_inverse=True)[1]
    return np.asarray((rng.permutation(group.max() + 1) % FOLDS)[group])


def _named(probability: np.ndarray, truth: np.ndarray, found: Noise) -> np.ndarray:
    """Return the rows that confident learning prunes and that are likely mistakes, the likeliest first."""
    try:
        from cleanlab.filter import find_label_issues
    except ImportError:
        raise NotApplicable("It needs cleanlab, which is not installed here: pip install 'cleanlab>=2.9'.") from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of classes in which it leaves rows alone
        issues = find_label_issues(truth, probability, filter_by="prune_by_noise_rate", n_jobs=1)
    rows = np.flatnonzero(issues & (found.mistaken >= LIKELY))
    return rows[np.argsort(-found.mistaken[rows], kind="stable")]
