"""What a source of rows is called: in a sentence, in the notes of a run, and as the name of a run's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deepenough.modalities._readers.places import find
from deepenough.modalities._readers.query import Query

FRAME = "a DataFrame"


def said(source: Any, first: bool = False) -> str:
    """Return a source as a sentence names it; `first`: at its beginning.

    >>> said("churn.csv"), said(Query("SELECT 1", "sqlite:///shop.db")), said(None)
    ("'churn.csv'", 'the query', 'the frame')
    """
    if isinstance(source, str | Path):
        return f"'{source}'"
    name = "the query" if isinstance(source, Query) else "the frame"
    return name.capitalize() if first else name


def noted(source: Any) -> str | None:
    """Return what a run's documents say of a source: its path, its query without the password, or that it was a frame."""
    if source is None:
        return None
    return str(source) if isinstance(source, str | Path | Query) else FRAME


def title(source: Any) -> str:
    """Return a name for the folder of a run.

    >>> title("old/churn.csv.gz"), title("book.xlsx#Sheet2"), title(Query("SELECT 1", "sqlite:///shop.db"))
    ('churn', 'book', 'shop')
    """
    if isinstance(source, Query):
        return source.title
    if not isinstance(source, str | Path):
        return "frame"
    place = find(source)
    name = place.path.name.split("#")[0]
    return (
        name.split(".")[0] or place.path.stem
        if name.lower().endswith((".gz", ".bz2", ".xz", ".zst"))
        else Path(name).stem
    )
