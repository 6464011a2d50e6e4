"""The table of a run, found again: which rows it learnt from, which were sealed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from deepenough import shelves
from deepenough.dataset import Dataset
from deepenough.errors import DataError, SettingError
from deepenough.loading import content_ids, read_again
from deepenough.modalities._readers.sources import said
from deepenough.runs import Run
from deepenough.sealed_rows import numbers_of, source_of
from deepenough.submissions import is_missing, label_text
from deepenough.task import Task

if TYPE_CHECKING:
    import pandas as pd

USUAL = 500  # rows that say what is usual
COMPARED = 100_000  # rows among which the nearest are looked for


@dataclass(frozen=True)
class Table:
    """The rows as they stand in the table, and the dataset of those that could be used.

    Attributes
    ----------
    known : rows with a target that the task has; its `about` holds their numbers.
    sealed : numbers of the rows that were sealed; none where they came as a file of their own.
    """

    task: Task
    frame: pd.DataFrame
    known: Dataset
    sealed: frozenset[int]

    @cached_property
    def learnt(self) -> Dataset:
        """The rows the model learnt from; of very many, enough of them."""
        numbers = self.known.about["row"].to_numpy()
        mine = np.flatnonzero(~np.isin(numbers, list(self.sealed)))
        if len(mine) > COMPARED:
            mine = np.sort(np.random.default_rng(0).permutation(mine)[:COMPARED])
        return self.known.take(mine)

    @cached_property
    def usual(self) -> Dataset:
        """Rows it learnt from, drawn by chance."""
        order = np.random.default_rng(0).permutation(len(self.learnt))[:USUAL]
        return self.learnt.take(np.sort(order))

    def part(self, number: int) -> str:
        """Return what became of a row: ``sealed``, ``development``, or ``left out`` (no target, or a rare class)."""
        if number in self.sealed:
            return "sealed"
        return "development" if bool((self.known.about["row"] == number).any()) else "left out"

    def rows(self, numbers: list[int]) -> tuple[Dataset, pd.DataFrame]:
        """Return some rows by their number, counted from 0."""
        for number in numbers:
            if not 0 <= number < len(self.frame):
                raise SettingError(
                    f"--row {number}: the table has {len(self.frame):,} rows, counted from 0. "
                    f"Name one up to {len(self.frame) - 1:,}."
                )
        return decoded(self.task, self.frame.iloc[numbers].reset_index(drop=True))


def find(run: Run, data: Any = None) -> Table:
    """Read the table of a run again, and prove that it is the same.

    Parameters
    ----------
    data : the table, where it is no longer where run.json says, or was a frame.

    Raises `DataError` where the table is gone, or was changed since.
    """
    made, cut = (json.loads((run.folder / f"{name}.json").read_text(encoding="utf-8")) for name in ("run", "split"))
    source = data if data is not None else source_of(run, made["source"])
    task = run.bundle.task
    _, frame = shelves.load("modalities", task.modality).read(source, {"task": task})
    if task.target not in frame:
        raise DataError(f"{_named(source)} has no column '{task.target}'. Name the table as it was with --data.")
    usable = np.flatnonzero([_usable(cell, task) for cell in frame[task.target].tolist()])
    known, _ = read_again(task, frame, usable)
    if known.fingerprint != made["fingerprint"]:
        raise DataError(
            f"{_named(source)} is not the table this run was made of: it was changed since. Name the unchanged one with --data."
        )
    given = cut["strategy"] == "given file"
    return Table(task, frame, known, frozenset() if given else frozenset(numbers_of(run).tolist()))


def _named(source: Any) -> str:
    return said(source).replace("the ", "The ", 1)


def _usable(cell: Any, task: Task) -> bool:
    return not is_missing(cell) and (not task.labels or label_text(cell) in task.labels)


def read(task: Task, source: Any) -> tuple[Dataset, pd.DataFrame]:
    """Read new rows of a known task; they need no target."""
    _, frame = shelves.load("modalities", task.modality).read(source, {"task": task})
    return decoded(task, frame)


def decoded(task: Task, frame: pd.DataFrame) -> tuple[Dataset, pd.DataFrame]:
    """Return rows as the model reads them, and as they stand in the table."""
    import pandas as pd

    modality = shelves.load("modalities", task.modality)
    examples = modality.decode(frame, task)
    features = modality.features(examples, task)
    about = pd.DataFrame({"row": np.arange(len(frame))})
    return Dataset(task, examples, None, about, content_ids(features, len(frame)), features), frame
