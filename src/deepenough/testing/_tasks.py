"""What every kind of task promises."""

from __future__ import annotations

import numpy as np

from deepenough import shelves
from deepenough.dataset import Answer, Dataset
from deepenough.metrics import sample
from deepenough.shelves import Book
from deepenough.tasks._base import TaskKind
from deepenough.testing import _samples
from deepenough.testing._promise import Promise, must, same


def _rows(book: Book) -> Dataset:
    return _samples.dataset(next(iter(shelves.shelf("modalities"))), book.name)


def _answers(book: Book) -> tuple[Answer, Answer]:
    """Two answers that differ in every row."""
    _, one, other = sample(shelves.load("metrics", book.facts["metric"]), 0, _samples.ROWS)
    return one, other


def default_metric_judges_it(book: Book) -> None:
    """The default metric is on the shelf and judges this kind."""
    metric = shelves.shelf("metrics").get(book.facts["metric"])
    must(book, metric and book.name in metric.facts["tasks"], f"the metric '{book.facts['metric']}' does not judge it.")


def encoding_is_stable(book: Book) -> None:
    """Encoded again with the labels found, the target is the same, row by row; strata are one a row."""
    kind, rows = book.load(), _rows(book)
    raw = np.array(rows.task.labels)[rows.truth] if rows.task.labels else rows.truth
    must(book, kind.fits(raw) and not kind.fits(None), "it must fit its own sample, and no missing target.")
    labels, encoded = kind.encode(raw, (), None)
    again, repeated = kind.encode(raw[::-1], labels, None)
    must(
        book,
        labels == again and same(encoded[::-1], repeated) and same(encoded, rows.truth),
        "one target is encoded in two ways.",
    )
    strata = kind.strata(encoded)
    must(book, strata is None or len(strata) == len(encoded), "strata must be one a row.")


def unknown_class_is_marked(book: Book) -> None:
    """A value that is none of the given labels has the code -1: it is nobody's class."""
    kind: TaskKind = book.load()
    labels = _rows(book).task.labels
    if labels:
        codes = kind.encode(np.array([labels[-1], "a class nobody has seen"]), labels, None)[1]
        must(book, codes.tolist() == [len(labels) - 1, -1], f"unknown classes must be -1, and are {codes.tolist()}.")


def columns_are_one_a_row(book: Book) -> None:
    """What goes into predictions.csv begins with `prediction`, and each column has a value a row."""
    kind: TaskKind = book.load()
    columns = kind.columns(_answers(book)[0], _rows(book).task)
    must(book, next(iter(columns), None) == "prediction", f"columns begin with `prediction`, not with {list(columns)}.")
    must(book, all(v.shape == (_samples.ROWS,) for v in columns.values()), "columns must be one value a row.")


def alike_knows_itself(book: Book) -> None:
    """An answer is like itself in every row, and like another one in none."""
    kind: TaskKind = book.load()
    one, other = _answers(book)
    must(book, same(kind.alike(one, one), np.ones(_samples.ROWS, bool)), "an answer must be like itself, row by row.")
    must(book, not kind.alike(one, other).any(), "different answers pass for alike.")


PROMISES: tuple[Promise, ...] = (
    default_metric_judges_it,
    encoding_is_stable,
    unknown_class_is_marked,
    columns_are_one_a_row,
    alike_knows_itself,
)
