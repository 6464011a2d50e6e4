"""What every explainer promises."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from deepenough import shelves
from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.explainers import Contributions, Dependence, Explainer, Importances, Model
from deepenough.explainers._columns import features_of
from deepenough.export import write
from deepenough.shelves import Book
from deepenough.testing import _samples
from deepenough.testing._promise import BrokenPromise, Promise, must, same
from deepenough.workspace import Workspace

LEARN, TUNE = 300, 100
FEW = 5  # rows that are explained one by one
RESULTS = {"row": (Contributions,), "model": (Importances, Dependence)}


@contextmanager
def _models() -> Iterator[list[tuple[Model, Dataset]]]:
    """The linear model of each sample, as a run keeps it, and rows it has not seen."""
    with tempfile.TemporaryDirectory() as folder:
        yield [
            _model(Path(folder) / f"{rows.task.modality}-{rows.task.kind}", rows)
            for rows in _samples.clean(_samples.ROWS)
        ]


def _model(folder: Path, rows: Dataset) -> tuple[Model, Dataset]:
    learn, tune, rest = np.split(np.arange(len(rows)), [LEARN, LEARN + TUNE])
    family: Any = shelves.load("candidates", "linear")
    fitted = family.build(rows.task, {}, 0).fit(rows.take(learn), rows.take(tune), Workspace())
    (folder / "native").mkdir(parents=True)
    fitted.keep(folder / "native")
    bundle = write.write(folder / "bundle", rows.task, fitted.export(), rows, {"candidate": "linear"})
    metric = shelves.load("metrics", shelves.load("tasks", rows.task.kind).metric)
    return Model(bundle, "linear", folder / "native", rows.take(learn), metric), rows.take(rest)


def _asked(book: Book, rows: Dataset) -> Dataset:
    return rows.take(np.arange(FEW)) if book.facts["explains"] == "row" else rows


def explains_what_it_says(book: Book) -> None:
    """An explainer of rows gives contributions, one of models what drives them; columns named are inputs, or families of features."""
    must(book, book.facts["explains"] in RESULTS, f"`explains` is row or model, not {book.facts['explains']}.")
    must(book, book.facts["needs"] in ("answers", "terms"), "`needs` is answers or terms.")
    explainer: Explainer = book.load()
    with _models() as models:
        for model, rows in models:
            found = explainer.explain(model, _asked(book, rows))
            must(book, isinstance(found, RESULTS[book.facts["explains"]]), "it explains something else than it says.")
            unknown = set(_columns(found)) - set(features_of(rows.features, rows.task))
            must(book, not unknown, f"it names {sorted(unknown)}, which is no input, nor a family of features.")


def _columns(found: Any) -> list[str]:
    if isinstance(found, Contributions):
        return list(found.columns)
    if isinstance(found, Importances):
        return [column for group in found.groups for column in group["columns"]]
    return [curve["column"] for curve in found.curves]


def holds_against_the_answers(book: Book) -> None:
    """Its own proof holds: contributions add up to the answer, what is left alone changes nothing."""
    with _models() as models:
        for model, rows in models:
            book.load().prove(model, _asked(book, rows))


def same_seed_same_explanation(book: Book) -> None:
    """Asked again with the same seed it says the same; and an exact one knows no error."""
    with _models() as models:
        for model, rows in models:
            one, other = (book.load().explain(model, _asked(book, rows)) for _ in range(2))
            if isinstance(one, Contributions):
                must(book, same(one.values, other.values), "one seed gives two explanations.")
                must(book, one.exact == book.facts["exact"], "it is exact, or it says how far it may be off.")
            else:
                must(book, one == other, "one seed gives two explanations.")


def says_what_it_lacks(book: Book) -> None:
    """Of a bare bundle, of which nothing else is known, it explains what it can, or says in a sentence what it lacks."""
    with _models() as models:
        for model, rows in models:
            try:
                book.load().explain(Model(model.bundle), _asked(book, rows))
            except NotApplicable as reason:
                must(book, str(reason).endswith("."), f"'{reason}' is no sentence.")
            except Exception as error:
                raise BrokenPromise(f"{book.name}: a bare bundle makes it fail with {type(error).__name__}.") from error


PROMISES: tuple[Promise, ...] = (
    explains_what_it_says,
    holds_against_the_answers,
    same_seed_same_explanation,
    says_what_it_lacks,
)
