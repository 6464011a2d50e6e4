"""What every check needs to look at a dataset: columns, gaps, repeats, and how to say a share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.examples import Columns
from deepenough.task import Column

FILE = ":file"  # column of `about` where two tables stand one after the other: 0 for the first, 1 for the second
MOST_ROWS_NAMED = 200  # row numbers in one finding: enough to look at, short enough to print


def arrays(dataset: Dataset) -> dict[str, np.ndarray]:
    """Return one array an input column but those of text; the features, where the examples are no rows."""
    return _measured(cells(dataset))


def cells(dataset: Dataset) -> dict[str, np.ndarray]:
    """Return one array an input column, those of text too, of which only the empty cells can be told without reading."""
    return dataset.examples.arrays if isinstance(dataset.examples, Columns) else dataset.features


def features(dataset: Dataset) -> dict[str, np.ndarray]:
    """Return the features that are numbers or codes."""
    return _measured(dataset.features)


def _measured(found: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: array for name, array in found.items() if array.dtype.kind in "fiu"}


def columns(dataset: Dataset) -> dict[str, Column]:
    """Return what is known of each column, by name."""
    return {c.name: c for c in dataset.task.columns}


def owners(dataset: Dataset) -> dict[str, str]:
    """Return the input column behind each feature: a date has several."""
    times = [c.name for c in dataset.task.inputs if c.kind == "time"]
    return {f: next((t for t in times if f.startswith(f"{t}:")), f) for f in dataset.features}


def gaps(array: np.ndarray) -> np.ndarray:
    """Return (n,) where a cell is empty; of a category also where its value is none of the known ones."""
    if array.dtype.kind == "O":
        return np.asarray(array == "", dtype=bool)
    return np.asarray(np.isnan(array) if array.dtype.kind == "f" else array == 0)


def row_numbers(dataset: Dataset, index: np.ndarray) -> list[int]:
    """Return the numbers, in the data as read, of the first few hundred rows at `index`."""
    return [int(r) for r in dataset.about["row"].to_numpy()[index[:MOST_ROWS_NAMED]]]


def need_truth(dataset: Dataset) -> np.ndarray:
    """Return the target; `NotApplicable` where none is known."""
    if dataset.target is None:
        raise NotApplicable("No target is known for these rows.")
    return dataset.target


def need_classes(dataset: Dataset) -> np.ndarray:
    """Return how many rows each class has; `NotApplicable` where the answer is no class."""
    truth = need_truth(dataset)
    if dataset.task.kind != "classification":
        raise NotApplicable(f"The answer is a number ({dataset.task.kind}), so there are no classes to count.")
    return np.bincount(truth, minlength=len(dataset.task.labels))


def second_file(dataset: Dataset) -> np.ndarray:
    """Return (n,) whether a row is of the second of two tables; `NotApplicable` where there is one only."""
    if FILE not in dataset.about or dataset.about[FILE].nunique() < 2:
        raise NotApplicable("There is one table only, so there is nothing to compare it with.")
    return np.asarray(dataset.about[FILE].to_numpy() == 1)


@dataclass(frozen=True)
class Repeats:
    """The rows that share all their inputs with another row, group by group.

    Attributes
    ----------
    rows : positions in the dataset, groups one after the other.
    group : (len(rows),) number of each row's group, from 0.
    sizes : rows in each group, at least two.
    """

    rows: np.ndarray
    group: np.ndarray
    sizes: np.ndarray


def repeats(ids: np.ndarray) -> Repeats:
    """Find the rows of equal content.

    >>> found = repeats(np.array([7, 3, 7, 5, 3, 7], dtype=np.uint64))
    >>> found.rows.tolist(), found.sizes.tolist()
    ([1, 4, 0, 2, 5], [2, 3])
    """
    order = np.argsort(ids, kind="stable")
    starts = np.flatnonzero(np.r_[True, ids[order][1:] != ids[order][:-1]])
    sizes = np.diff(np.r_[starts, len(ids)])
    many = sizes > 1
    return Repeats(order[np.repeat(many, sizes)], np.repeat(np.arange(many.sum()), sizes[many]), sizes[many])


def percent(share: float) -> str:
    """Say a share so that it stays apart from 0 % and 100 %.

    >>> [percent(s) for s in (0.0, 0.00001, 0.0004, 0.034, 0.5, 0.9996, 0.99999, 1.0)]
    ['0 %', 'under 0.01 %', '0.04 %', '3.4 %', '50 %', '99.96 %', 'over 99.99 %', '100 %']
    """
    edge = min(share, 1 - share)
    if 0 < edge < 0.0001:
        return "under 0.01 %" if share < 0.5 else "over 99.99 %"
    digits = 0 if edge >= 0.1 or edge <= 0 else 1 if edge >= 0.01 else 2
    return f"{100 * share:.{digits}f} %"


def counted(n: int, one: str, many: str = "") -> str:
    """Say a number of things.

    >>> counted(1, "row"), counted(1200, "row"), counted(2, "class", "classes")
    ('1 row', '1,200 rows', '2 classes')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def listed(parts: Iterable[str], most: int = 5) -> str:
    """Join a few names for a sentence, and say how many more there are.

    >>> listed("abcdefg", 3)
    'a, b, c and 4 more'
    """
    names = list(parts)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
