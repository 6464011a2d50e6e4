"""DE013: empty cells that give the answer away."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding
from deepenough.modalities._kinds import MOST_CATEGORIES

from ._base import Check
from ._faults import with_cells
from ._look import arrays, cells, columns, counted, gaps, listed, need_truth, percent, row_numbers

LEAST_ROWS = 50
LEAST_GAPS = 8  # empty cells, and filled ones; fewer are luck
SURE = 4.4  # standard errors between empty and filled, from which it is no luck even among a hundred columns
FAR = {"classification": 0.4, "regression": 1.25}  # points of a class's share; standard deviations of the target
NEAR = {"classification": 0.15, "regression": 0.5}


@dataclass(frozen=True)
class Gap:
    """How the answers of the empty rows differ from the others: by how much, and by how many standard errors."""

    rows: np.ndarray
    apart: float
    errors: float
    said: str


class TellingGaps(Check):
    """Columns that are empty for rows with another answer than the rest."""

    name = "telling_gaps"
    code = "DE013"
    title = "Empty cells that tell the answer"
    looks_at = "labels"
    modalities = ("tabular",)

    def run(self, dataset: Dataset) -> list[Finding]:
        truth = need_truth(dataset)
        if len(truth) < LEAST_ROWS:
            raise NotApplicable(f"With {len(truth)} rows, fewer than {LEAST_ROWS}, gaps fall as they like.")
        empty = _empty(dataset)
        if not empty:
            raise NotApplicable("No input has empty cells, or none has enough of them to tell.")
        together: dict[bytes, list[str]] = {}
        for name, where in empty.items():
            together.setdefault(hashlib.blake2b(np.packbits(where).tobytes()).digest(), []).append(name)
        kind = _kind(dataset)
        told = [(names, _gap(dataset, truth, empty[names[0]])) for names in together.values()]
        told = [(names, gap) for names, gap in told if gap.errors >= SURE and gap.apart >= NEAR[kind]]
        some = sorted((t for t in told if t[1].apart < FAR[kind]), key=lambda t: -t[1].apart)
        much = [self._much(dataset, names, gap) for names, gap in told if gap.apart >= FAR[kind]]
        return much + ([self._some(dataset, some)] if some else [])

    def _much(self, dataset: Dataset, names: list[str], gap: Gap) -> Finding:
        named, verb = listed(f"'{n}'" for n in names), "is" if len(names) == 1 else "are"
        message = f"{named} {verb} empty in {counted(len(gap.rows), 'row')} whose answers differ: {gap.said}."
        remedy = (
            "Ask why these cells are empty. If they are emptied, or never filled, because of the outcome, leave the "
            "column out; if they are empty for a reason that is known beforehand, keep it: the gap is worth something."
        )
        evidence = {"columns": names, "empty": len(gap.rows), "apart": gap.apart, "standard_errors": gap.errors}
        return Finding(self.code, "warning", names[0], message, remedy, evidence, row_numbers(dataset, gap.rows))

    def _some(self, dataset: Dataset, some: list[tuple[list[str], Gap]]) -> Finding:
        names, gap = some[0]
        others = [n for more, _ in some for n in more if n != names[0]]
        also = f" Less so, or in the same rows: {listed(repr(n) for n in others)}." if others else ""
        message = (
            f"Rows where '{names[0]}' is empty ({len(gap.rows):,}) have other answers than the rest: {gap.said}.{also}"
        )
        remedy = (
            "Nothing need be done if empty means 'there is none'; if cells are emptied, or never filled, because of "
            "the outcome, leave the column out."
        )
        evidence = {"columns": [n for more, _ in some for n in more], "apart": gap.apart, "empty": len(gap.rows)}
        return Finding(self.code, "note", "columns", message, remedy, evidence, row_numbers(dataset, gap.rows))

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Empty a column of numbers where the answer is the first class, or among the highest."""
        truth, known = need_truth(clean), columns(clean)
        able = [
            n for n, a in arrays(clean).items() if n in known and known[n].kind == "number" and not _mostly_empty(a)
        ]
        if not able:
            raise NotApplicable("No input holds numbers that could be emptied.")
        rng = np.random.default_rng(seed)
        name = able[int(rng.integers(len(able)))]
        labels = clean.task.kind == "classification"
        chosen = truth == np.bincount(truth).argmin() if labels else truth >= np.quantile(truth, 0.9)
        array = arrays(clean)[name].copy()
        array[chosen & (rng.random(len(clean)) < 0.8)] = np.nan
        return with_cells(clean, name, array)


def _kind(dataset: Dataset) -> str:
    return "classification" if dataset.task.kind == "classification" else "regression"


def _mostly_empty(array: np.ndarray) -> bool:
    return float(gaps(array).mean()) > 0.5


def _empty(dataset: Dataset) -> dict[str, np.ndarray]:
    """Return where each column is empty, of those with enough empty and enough filled cells."""
    known = columns(dataset)
    found = {}
    for name, array in cells(dataset).items():
        if name in known and len(known[name].categories) >= MOST_CATEGORIES:
            continue  # its rarest values cannot be told from gaps
        where = gaps(array)
        if LEAST_GAPS <= int(where.sum()) <= len(where) - LEAST_GAPS:
            found[name] = where
    return found


def _gap(dataset: Dataset, truth: np.ndarray, where: np.ndarray) -> Gap:
    rows = np.flatnonzero(where)
    if dataset.task.kind != "classification":
        return _of_numbers(dataset, truth.astype(np.float64), where, rows)
    classes = len(dataset.task.labels)
    inside = np.bincount(truth[where], minlength=classes) / len(rows)
    outside = np.bincount(truth[~where], minlength=classes) / (len(truth) - len(rows))
    pooled = np.bincount(truth, minlength=classes) / len(truth)
    spread = np.sqrt(np.maximum(pooled * (1 - pooled), 1e-12) * (1 / len(rows) + 1 / (len(truth) - len(rows))))
    c = int(np.abs(inside - outside).argmax())
    said = f"'{dataset.task.labels[c]}' in {percent(inside[c])} of them, and in {percent(outside[c])} of the others"
    apart = abs(float(inside[c] - outside[c]))
    return Gap(rows, apart, apart / float(spread[c]), said)


def _of_numbers(dataset: Dataset, truth: np.ndarray, where: np.ndarray, rows: np.ndarray) -> Gap:
    inside, outside = truth[where], truth[~where]
    within = float(np.sqrt((inside.var() * len(inside) + outside.var() * len(outside)) / len(truth))) or 1e-12
    apart = abs(float(inside.mean() - outside.mean())) / within
    said = f"the mean of '{dataset.task.target}' is {inside.mean():.4g} there, and {outside.mean():.4g} in the others"
    return Gap(rows, apart, apart / float(np.sqrt(1 / len(inside) + 1 / len(outside))), said)
