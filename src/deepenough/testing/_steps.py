"""What every step promises."""

from __future__ import annotations

import json

import numpy as np

from deepenough import steps
from deepenough.shelves import Book
from deepenough.steps import Step
from deepenough.testing._promise import Promise, must, rows_of, same


def declares_data(book: Book) -> None:
    """Parameters are JSON, files are bytes, and it is found by the name and version it declares."""
    step: Step = book.load()
    _, params, files = step.sample()
    must(book, json.loads(json.dumps(dict(params))) == dict(params), "its parameters must be plain JSON.")
    must(book, all(isinstance(data, bytes) for data in files.values()), "its files must be bytes.")
    must(book, type(steps.find(book.name, step.version)) is type(step), "its name and version must find it.")


def one_row_like_many(book: Book) -> None:
    """A row alone, and all rows in another order, become the same arrays."""
    step: Step = book.load()
    arrays, params, files = step.sample()
    whole = step.run(arrays, params, files)
    n = len(next(iter(arrays.values())))
    must(book, all(len(values) == n for values in whole.values()), "what it makes must be one a row.")
    for index in (*np.arange(n)[:, None], np.arange(n)[::-1], np.arange(0)):
        part = step.run(rows_of(arrays, index), params, files)
        for name, values in rows_of(whole, index).items():
            must(book, same(part[name], values), f"'{name}' of a row depends on the rows beside it.")


def leaves_alone_what_it_is_given(book: Book) -> None:
    """The arrays handed in are the same afterwards, and asked again it does the same."""
    step: Step = book.load()
    arrays, params, files = step.sample()
    before = {name: values.copy() for name, values in arrays.items()}
    once, twice = step.run(arrays, params, files), step.run(arrays, params, files)
    must(book, all(same(arrays[name], values) for name, values in before.items()), "it changes what it is given.")
    must(book, all(same(once[name], twice[name]) for name in once), "asked twice it does two things.")


PROMISES: tuple[Promise, ...] = (declares_data, one_row_like_many, leaves_alone_what_it_is_given)
