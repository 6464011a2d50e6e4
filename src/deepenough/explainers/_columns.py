"""Columns of the table and features of the model: which belongs to which, and which columns say the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from deepenough.dataset import Dataset
from deepenough.stats.association import cramers_v, ranks
from deepenough.task import Task

TOGETHER = (
    0.9  # |Spearman|, or Cramer's V, from which columns are moved together: alone, each would hide behind the other
)
LEVELS = 16  # of a column in a table of two: the most frequent ones, and the rest; or bins of a number
MOST_COLUMNS = {"number": 2000, "code": 100}  # among more, pairs are not looked for
CODED = ("boolean", "category", "high_cardinality")


def features_of(names: Iterable[str], task: Task) -> dict[str, list[str]]:
    """Return the features of each input column: itself, or its parts ("since:month"); of pictures those of each family ("colour").

    >>> from deepenough.task import Column
    >>> task = Task("classification", "tabular", (Column("since", "time"), Column("age", "number")))
    >>> features_of(["since:month", "since:day", "age"], task)
    {'since': ['since:month', 'since:day'], 'age': ['age']}
    """
    found: dict[str, list[str]] = {column.name: [] for column in task.inputs if column.kind != "image"}
    for name in names:
        found.setdefault(name if name in found else name.rpartition(":")[0], []).append(name)
    return found


def in_tensor_order(features: Mapping[str, np.ndarray]) -> list[str]:
    """Return the names of the features as the tensors stack them: numbers, then codes; after them the texts."""
    return [n for kinds in ("f", "iu", "O") for n, values in features.items() if values.dtype.kind in kinds]


def together(rows: Dataset) -> list[list[str]]:
    """Return the input columns in groups: those of which one says, to nine tenths, what the other says, are one."""
    names = list(features_of(rows.features, rows.task))
    group = {name: i for i, name in enumerate(names)}
    if len(rows) > 2:
        for a, b in sorted(_linked(rows)):
            keep, drop = sorted((group[a], group[b]))
            group = {name: keep if g == drop else g for name, g in group.items()}
    return [[n for n in names if group[n] == g] for g in dict.fromkeys(group.values())]


def _linked(rows: Dataset) -> set[tuple[str, str]]:
    numbers = {c.name: rows.features[c.name] for c in rows.task.inputs if c.kind == "number"}
    codes = {c.name: rows.features[c.name] for c in rows.task.inputs if c.kind in CODED}
    return _by_rank(numbers) | _by_table(
        {n: _levels(f) for n, f in codes.items()}, {n: _bins(f) for n, f in numbers.items()}
    )


def _by_rank(numbers: Mapping[str, np.ndarray]) -> set[tuple[str, str]]:
    """Pairs of numbers by Spearman's rank correlation."""
    if not 1 < len(numbers) <= MOST_COLUMNS["number"]:
        return set()
    names = list(numbers)
    with np.errstate(invalid="ignore", divide="ignore"):  # a column of one value goes with none
        linked = np.abs(np.corrcoef(np.stack([ranks(f) for f in numbers.values()]))) > TOGETHER
    return {(names[i], names[j]) for i, j in zip(*np.nonzero(np.triu(linked, 1)), strict=True)}


def _by_table(codes: Mapping[str, np.ndarray], bins: Mapping[str, np.ndarray]) -> set[tuple[str, str]]:
    """Pairs of categories, and of a category and a number in bins, by Cramer's V."""
    levels, names = {**codes, **bins}, list(codes)
    if len(levels) > MOST_COLUMNS["code"]:
        return set()
    pairs = [(a, b) for i, a in enumerate(names) for b in [*names[i + 1 :], *bins]]
    return {(a, b) for a, b in pairs if cramers_v(levels[a], levels[b]) > TOGETHER}


def _levels(values: np.ndarray) -> np.ndarray:
    """(n,) 0 for the most frequent value, 1 for the next; of many, the rest share a number."""
    plain = np.nan_to_num(values, nan=-1.0) if values.dtype.kind == "f" else values
    _, codes, counts = np.unique(plain, return_inverse=True, return_counts=True)
    place = np.empty(len(counts), np.int64)
    place[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    return np.minimum(place, LEVELS - 1)[codes]


def _bins(values: np.ndarray) -> np.ndarray:
    """(n,) the value itself where there are few, else the bin between two quantiles; the missing ones by themselves."""
    known = np.unique(values[~np.isnan(values)])
    edges = known if len(known) < LEVELS else np.unique(np.nanquantile(values, np.linspace(0.0, 1.0, LEVELS)))
    return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="left"))
