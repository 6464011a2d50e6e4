"""Clean, learnable rows to try books on: what each modality makes of itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from deepenough import shelves
from deepenough.dataset import Dataset
from deepenough.loading import load

ROWS = 500
FILES = 520  # examples that are files: each is opened


@cache
def raw(modality: str, kind: str, rows: int) -> tuple[str, Any]:
    """Return the target's name and the rows of a sample, as a user would hand them in."""
    task, made = shelves.load("modalities", modality).sample(kind, rows, 0)
    return str(task.target), made


@cache
def dataset(modality: str, kind: str, rows: int = ROWS) -> Dataset:
    """Return a sample as a dataset, with numbers, categories and gaps in it."""
    target, made = raw(modality, kind, rows)
    return load(made, target, task=kind)


def clean(rows: int) -> Iterator[Dataset]:
    """Yield a sample of every kind of task in every modality."""
    for modality in shelves.shelf("modalities"):
        for kind in shelves.shelf("tasks"):
            yield dataset(modality, kind, min(rows, FILES) if shelves.load("modalities", modality).files else rows)


def sent(rows: Any) -> list[dict[str, Any]]:
    """Return rows by name, as they arrive when somebody sent them as JSON."""
    records = rows.to_dict("records") if hasattr(rows, "to_dict") else list(rows)
    plain = [{name: None if value != value else value for name, value in record.items()} for record in records]
    return list(json.loads(json.dumps(plain, default=str)))


def blind(rows: Dataset) -> Dataset:
    """Return the same rows, their target unknown."""
    return Dataset(rows.task, rows.examples, None, rows.about, rows.ids, rows.features)
