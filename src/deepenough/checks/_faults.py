"""How checks put a fault into a dataset: the parts stay in step with each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.examples import Columns, Examples, Lazy
from deepenough.loading import content_ids
from deepenough.task import Column

from ._look import FILE


def with_column(clean: Dataset, column: Column, array: np.ndarray) -> Dataset:
    """Return the dataset with one more input; `array` as the model would read it."""
    task = replace(clean.task, columns=(*clean.task.columns, column))
    return _rebuilt(replaced_task(clean, task), {column.name: array}, {column.name: array})


def with_date(clean: Dataset, column: Column, seconds: np.ndarray) -> Dataset:
    """Return the dataset with one more date, of which the model would read the days gone by."""
    task = replace(clean.task, columns=(*clean.task.columns, column))
    days = ((seconds - np.nanmin(seconds)) / 86400.0).astype(np.float32)
    return _rebuilt(replaced_task(clean, task), {column.name: seconds}, {f"{column.name}:days": days})


def with_cells(clean: Dataset, name: str, array: np.ndarray) -> Dataset:
    """Return the dataset with other cells in an input that is a number, a boolean or a category."""
    return _rebuilt(clean, {name: array}, {name: array})


def with_target(clean: Dataset, target: np.ndarray) -> Dataset:
    """Return the dataset with another truth."""
    return Dataset(clean.task, clean.examples, target, clean.about, clean.ids, clean.features)


def with_copies(clean: Dataset, copied: np.ndarray) -> Dataset:
    """Return the dataset with the rows at `copied` once more at its end, numbered on."""
    longer = clean.take(np.concatenate([np.arange(len(clean)), copied]))
    numbers = clean.about["row"].to_numpy()
    last = numbers.max() + 1 if len(numbers) else 0
    longer.about = longer.about.assign(row=np.concatenate([numbers, last + np.arange(len(copied))]))
    return longer


def in_two_files(clean: Dataset, second: np.ndarray) -> Dataset:
    """Return the dataset as two tables, one after the other; `second` says which rows are of the second."""
    marked = clean.take(np.arange(len(clean)))
    marked.about = marked.about.assign(**{FILE: second.astype(int)})
    return marked


def after(train: Dataset, test: Dataset) -> Dataset:
    """Return both datasets of one task as one, without targets; rows keep the numbers of their own file."""
    import pandas as pd

    examples = _joined(train.examples, test.examples)
    features = {k: np.concatenate([a, test.features[k]]) for k, a in train.features.items()}
    files = np.repeat([0, 1], [len(train), len(test)])
    about = pd.DataFrame({"row": np.concatenate([train.about["row"], test.about["row"]]), FILE: files})
    return Dataset(train.task, examples, None, about, np.concatenate([train.ids, test.ids]), features)


def _joined(first: Examples, second: Examples) -> Examples:
    if isinstance(first, Columns) and isinstance(second, Columns):
        arrays = {k: np.concatenate([a, second.arrays[k]]) for k, a in first.arrays.items()}
        return Columns(arrays, len(first) + len(second))
    if isinstance(first, Lazy) and isinstance(second, Lazy):
        return type(first)(first.column, [*first.sources, *second.sources])
    raise NotApplicable("The examples are of two kinds.")


def replaced_task(clean: Dataset, task: object) -> Dataset:
    """Return the dataset with another task."""
    return Dataset(task, clean.examples, clean.target, clean.about, clean.ids, clean.features)  # type: ignore[arg-type]


def _rebuilt(clean: Dataset, arrays: Mapping[str, np.ndarray], features: Mapping[str, np.ndarray]) -> Dataset:
    if not isinstance(clean.examples, Columns):
        raise NotApplicable("The examples are no rows of a table, so no column can be changed.")
    new = {**clean.features, **features}
    examples = Columns({**clean.examples.arrays, **arrays}, len(clean))
    return Dataset(clean.task, examples, clean.target, clean.about, content_ids(new, len(clean)), new)
