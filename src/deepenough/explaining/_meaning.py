"""What a name means that reports and commands use: a finding's code, a metric, a family of models."""

from __future__ import annotations

import ast
import importlib.util
import inspect
from pathlib import Path
from typing import Any

from deepenough import shelves
from deepenough.errors import SettingError, nearest
from deepenough.shelves import Book
from deepenough.training.diagnosis import DIAGNOSES

SHOWN = ("code", "rung", "looks_at", "answers", "tasks", "extra")


def meaning(name: str) -> dict[str, Any]:
    """Return what a finding's code, or a book on any shelf, stands for: ``{"name", "shelf", "title", "text", "facts"}``.

    Raises `SettingError` for a name that there is not. Nothing heavy is imported: the text is read from the source.

    >>> meaning("de003")["title"]
    'A column that knows the answer'
    """
    code = name.partition("=")[0].upper()
    if code in DIAGNOSES:
        said = DIAGNOSES[code]
        about = {"title": said.title, "text": said.remedy}
        return {"name": code, "shelf": "training", **about, "facts": {"looks_at": "curve"}}
    known = _known()
    key = next((k for k in known if k.casefold() == name.partition("=")[0].casefold()), None)
    if key is None:
        raise SettingError(
            f"There is no run, finding, metric or model called '{name}'. {nearest(name, known)}"
            "Name the folder of a run with --row, a code (DE003), or what `deepenough list` shows."
        )
    shelf, book = known[key]
    return {
        "name": str(book.facts.get("code") or book.name),
        "shelf": shelf,
        "title": str(book.facts.get("title") or book.name),
        "text": _text(book),
        "facts": {fact: book.facts[fact] for fact in SHOWN if fact in book.facts},
    }


def _known() -> dict[str, tuple[str, Book]]:
    """Return every book by its name and by its code; where two shelves share a name, the first shelf's."""
    found: dict[str, tuple[str, Book]] = {}
    for shelf in shelves.SHELVES:
        for book in shelves.shelf(shelf).values():
            for name in (book.facts.get("code"), book.name):
                if name:
                    found.setdefault(str(name), (shelf, book))
    return found


def _text(book: Book) -> str:
    """Return the docstring of a book's class, as it stands in the source."""
    spec = importlib.util.find_spec(book.module)
    if spec is None or spec.origin is None:
        return book.summary
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    here = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == book.cls)
    return inspect.cleandoc(ast.get_docstring(here) or book.summary)
