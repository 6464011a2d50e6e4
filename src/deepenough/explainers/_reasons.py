"""Why single decisions are as they are: exactly where the family can say it, by sampling elsewhere."""

from __future__ import annotations

from deepenough import shelves
from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable

from ._base import Contributions, Model


def reasons(model: Model, rows: Dataset) -> Contributions:
    """Return what each column adds to the score of each row, by the first explainer that applies, exact ones first.

    Raises `NotApplicable`, with what each of them said, where none does.
    """
    books = [b for b in shelves.shelf("explainers").values() if b.facts["explains"] == "row" and not b.missing()]
    said = []
    for book in sorted(books, key=lambda b: (not b.facts["exact"], b.name)):
        try:
            found: Contributions = shelves.load("explainers", book.name).explain(model, rows)
        except NotApplicable as reason:
            said.append(str(reason))
            continue
        return found
    raise NotApplicable(" ".join(said))
