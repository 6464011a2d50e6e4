"""What every modality promises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from deepenough import shelves
from deepenough.errors import DataError
from deepenough.modalities._base import Modality
from deepenough.shelves import Book
from deepenough.task import Task
from deepenough.testing._promise import BrokenPromise, Promise, must, rows_of, same
from deepenough.testing._samples import sent

ROWS = 60


def _each(book: Book) -> Iterator[tuple[Modality, Task, Any]]:
    modality: Modality = book.load()
    for kind in shelves.shelf("tasks"):
        yield modality, *modality.sample(kind, ROWS, 0)


def _some(rows: Any, index: np.ndarray) -> Any:
    return rows.iloc[index] if hasattr(rows, "iloc") else [rows[i] for i in index]


def _features(modality: Modality, rows: Any, task: Task) -> dict[str, np.ndarray]:
    return modality.features(modality.decode(rows, task), task)


def _equal(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return list(a) == list(b) and all(
        same(values, b[name]) and values.dtype == b[name].dtype for name, values in a.items()
    )


def version_is_declared(book: Book) -> None:
    """`decode` and `features` have a version, from 1: an old bundle knows whether it can still be answered for."""
    must(book, book.facts["version"] >= 1, "versions begin at 1.")


def knows_its_own(book: Book) -> None:
    """It recognises its sample, leaves to others what is none of its own, and reads the sample as the sample says."""
    for modality, task, rows in _each(book):
        must(book, 0.0 < modality.recognises(rows, {}) <= 1.0, "it does not recognise its own sample.")
        must(book, modality.recognises(object(), {}) == 0.0, "it claims to recognise what is nothing.")
        must(
            book,
            task.inputs and task.target and task.modality == book.name,
            "the sample's task lacks inputs, target or modality.",
        )
        must(
            book,
            modality.read(rows, {"target": task.target})[0].columns == task.columns,
            "it reads other columns than its sample says.",
        )


def one_seed_one_sample(book: Book) -> None:
    """The same seed makes the same rows, as many as asked for; another seed makes others."""
    for modality, task, rows in _each(book):
        must(
            book,
            len(modality.decode(rows, task)) == len(rows) == ROWS,
            f"a sample of {ROWS} has another number of examples.",
        )
        again, other = (_features(modality, modality.sample(task.kind, ROWS, seed)[1], task) for seed in (0, 1))
        mine = _features(modality, rows, task)
        must(
            book,
            _equal(mine, again) and not _equal(mine, other),
            "a seed must make one sample, and another seed another.",
        )


def one_decodes_as_many(book: Book) -> None:
    """A row decodes by itself as among others: one request gets what training saw."""
    for modality, task, rows in _each(book):
        whole = _features(modality, rows, task)
        for index in (np.array([3]), np.array([41, 7, 7])):
            must(
                book,
                _equal(rows_of(whole, index), _features(modality, _some(rows, index), task)),
                "some rows decode otherwise than all.",
            )


def wire_decodes_as_file(book: Book) -> None:
    """Rows by name, as JSON carries them, decode as the frame does."""
    for modality, task, rows in _each(book):
        must(
            book,
            _equal(_features(modality, rows, task), _features(modality, sent(rows), task)),
            "rows sent by name decode otherwise.",
        )


def features_are_a_pure_function(book: Book) -> None:
    """Features of some examples are those features of all: floats are numbers, integers a category's codes, 0 the unknown."""
    for modality, task, rows in _each(book):
        examples, index = modality.decode(rows, task), np.array([5, 50, 5, 0])
        whole = modality.features(examples, task)
        must(
            book,
            _equal(rows_of(whole, index), modality.features(examples.take(index), task)),
            "features depend on other rows.",
        )
        for name, values in whole.items():
            fitting = values.shape == (ROWS,) and (
                values.dtype.kind == "f" or (values.dtype.kind in "iu" and values.min() >= 0)
            )
            must(book, fitting, f"the feature {name} must be one number, or one code from 0, a row.")


def task_survives_the_signature(book: Book) -> None:
    """Written to signature.json and read back, the task is the same and decodes the same."""
    for modality, task, rows in _each(book):
        back = msgspec.convert(json.loads(json.dumps(msgspec.to_builtins(task), allow_nan=False)), Task)
        must(book, back == task, "the task does not survive JSON.")
        must(
            book,
            _equal(_features(modality, rows, task), _features(modality, rows, back)),
            "read back, the task decodes otherwise.",
        )


def missing_input_is_refused_by_name(book: Book) -> None:
    """Rows without an input are refused with a sentence that names it."""
    for modality, task, rows in _each(book):
        gone = task.inputs[0].name
        try:
            modality.decode([{name: v for name, v in row.items() if name != gone} for row in sent(rows)], task)
        except DataError as error:
            must(book, gone in str(error), f"'{error}' does not name the column '{gone}'.")
        else:
            raise BrokenPromise(f"{book.name} decodes rows that lack the input '{gone}'.")


PROMISES: tuple[Promise, ...] = (
    version_is_declared,
    knows_its_own,
    one_seed_one_sample,
    one_decodes_as_many,
    wire_decodes_as_file,
    features_are_a_pure_function,
    task_survives_the_signature,
    missing_input_is_refused_by_name,
)
