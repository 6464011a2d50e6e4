"""What a promise is, and the small things that all of them use."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from deepenough.dataset import Answer
from deepenough.shelves import Book


class BrokenPromise(AssertionError):
    """A book does not do what every book on its shelf does."""


class Promise(Protocol):
    """A function that raises where a book does not keep it; its name says what is promised."""

    __name__: str

    def __call__(self, book: Book, /) -> None: ...


def must(book: Book, kept: Any, sentence: str) -> None:
    """Raise `BrokenPromise` with the book's name and a sentence, unless the promise is kept."""
    if not kept:
        raise BrokenPromise(f"{book.name}: {sentence}")


def same(a: Any, b: Any) -> bool:
    """Whether two arrays are equal in every cell, empty cells among them."""
    first, second = np.asarray(a), np.asarray(b)
    if first.dtype.kind == "O" and first.size and isinstance(first.flat[0], np.ndarray):
        return first.shape == second.shape and all(map(np.array_equal, first.flat, second.flat))
    return np.array_equal(first, second, equal_nan=first.dtype.kind == "f" and second.dtype.kind == "f")


def rows_of(arrays: Answer, index: np.ndarray) -> Answer:
    """Return some rows of an answer, or of features."""
    return {name: values[index] for name, values in arrays.items()}


@contextmanager
def no_warnings() -> Iterator[None]:
    """Make every warning an exception."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
