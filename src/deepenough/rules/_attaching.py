"""Rules that go with a question: read, held against its columns, and carried by its task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from deepenough.dataset import Dataset
from deepenough.findings import Finding
from deepenough.rules._binding import Bound, bind
from deepenough.rules._reading import read
from deepenough.task import Task

SETTING = "rules"


def attach(dataset: Dataset, source: Any) -> Dataset:
    """Return the dataset with its task carrying an expert's rules; what can never hold is noted among its findings.

    Raises `RulesError` where they cannot be read, or do not fit the table.
    """
    found = read(source)
    notes = bind(found, dataset.task, list(dataset.features)).notes
    task = replace(dataset.task, settings={**dataset.task.settings, SETTING: found.document()})
    attached = Dataset(task, dataset.examples, dataset.target, dataset.about, dataset.ids, dataset.features)
    attached.findings = [*dataset.findings, *(_finding(note) for note in notes)]
    return attached


def bound(task: Task, features: Sequence[str]) -> Bound | None:
    """Return the rules a task carries, held against its features; None where it carries none."""
    carried = task.settings.get(SETTING)
    return None if carried is None else bind(read(carried), task, features)


def _finding(note: str) -> Finding:
    return Finding(
        "DE000",
        "note",
        "the expert's rules",
        note,
        "Mend the spelling, or leave it: the other rules stand as they are.",
    )
