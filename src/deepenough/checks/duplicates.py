"""DE001: rows that repeat another row."""

from __future__ import annotations

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding, Severity

from ._base import Check
from ._faults import with_copies
from ._look import Repeats, percent, repeats, row_numbers

WORTH_A_WARNING = 0.01  # share of rows that are copies
FEWEST = 5  # copies; fewer are a note in any table
SENTENCE = 20  # characters of a text, from which it is not equal to another one by chance
BY_CHANCE = 0.5  # expected over found pairs, from which the columns are simply coarse


class Duplicates(Check):
    """Rows whose inputs are all equal: what stands in training and in test is remembered, not predicted."""

    name = "duplicates"
    code = "DE001"
    title = "The same row several times"
    looks_at = "inputs"

    def run(self, dataset: Dataset) -> list[Finding]:
        if len(dataset) < 2:
            raise NotApplicable("There is one row only, so none can repeat another.")
        found = repeats(dataset.ids)
        if len(found.sizes) == 0:
            return []
        chance = pairs_by_chance(dataset) / float(np.sum(found.sizes * (found.sizes - 1.0) / 2))
        return [self._coarse(dataset, found, chance) if chance >= BY_CHANCE else self._copies(dataset, found)]

    def _copies(self, dataset: Dataset, found: Repeats) -> Finding:
        copies = len(found.rows) - len(found.sizes)
        share = copies / len(dataset)
        severity: Severity = "warning" if share >= WORTH_A_WARNING and copies >= FEWEST else "note"
        repeat = "repeats" if copies == 1 else "repeat"
        message = (
            f"{copies:,} of {len(dataset):,} rows ({percent(share)}) {repeat} an earlier row in every input; "
            f"the most frequent row stands there {int(found.sizes.max()):,} times."
        )
        remedy = (
            "Remove the copies if one event was recorded twice; if they are separate events, add a column that "
            "tells them apart. Until then, equal rows must stay on one side of every split."
        )
        numbers = dataset.about["row"].to_numpy()[found.rows]
        clusters = [part.tolist() for part in np.split(numbers, np.cumsum(found.sizes)[:-1])]
        return Finding(
            self.code,
            severity,
            "rows",
            message,
            remedy,
            _evidence(dataset, found),
            row_numbers(dataset, _later(found)),
            clusters,
        )

    def _coarse(self, dataset: Dataset, found: Repeats, chance: float) -> Finding:
        distinct = len(dataset) - len(found.rows) + len(found.sizes)
        message = (
            f"The {len(dataset):,} rows hold only {distinct:,} different combinations of inputs: the columns "
            "are so coarse that rows are equal by chance."
        )
        remedy = "Nothing need be done. Finer columns would let a model tell more rows apart."
        evidence = {**_evidence(dataset, found), "pairs_by_chance_over_found": chance}
        return Finding(self.code, "note", "rows", message, remedy, evidence)

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Copy one row in twenty."""
        rng = np.random.default_rng(seed)
        return with_copies(clean, rng.choice(len(clean), min(len(clean), max(FEWEST, len(clean) // 20)), replace=False))


def pairs_by_chance(dataset: Dataset) -> float:
    """Return how many pairs of equal rows there would be if the columns had nothing to do with each other.

    Columns that hang together make more, so this never calls copies chance because the columns are related.
    """
    n = len(dataset)
    pairs = n * (n - 1) / 2
    for array in dataset.features.values():
        if array.dtype.kind == "O":  # nobody writes the same sentences twice by chance
            array = np.array([text for text in array if len(text) < SENTENCE])
        counts = np.unique(array, return_counts=True)[1]
        pairs *= float(np.sum(counts * (counts - 1.0))) / (n * (n - 1))
        if pairs < 1e-3:
            break
    return pairs


def _evidence(dataset: Dataset, found: Repeats) -> dict[str, float]:
    copies = len(found.rows) - len(found.sizes)
    return {
        "rows": len(dataset),
        "copies": copies,
        "share": copies / len(dataset),
        "groups": len(found.sizes),
        "largest_group": int(found.sizes.max()),
    }


def _later(found: Repeats) -> np.ndarray:
    """Return the rows that repeat an earlier one, in order: the first of each group is the original."""
    first = np.r_[True, found.group[1:] != found.group[:-1]]
    return np.sort(found.rows[~first])
