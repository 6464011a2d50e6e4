"""Shelves: a file in the folder, or an entry point, is on the shelf.

A book is one file that defines one class with ``name = "..."`` in its body. Its facts (the literals in that body)
are read from the source, so that `list` and `--help` import nothing heavy; the book itself is imported when used.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from deepenough.errors import ShelfError, Unavailable, nearest

SHELVES = ("candidates", "checks", "explainers", "metrics", "modalities", "steps", "tasks")


@dataclass(frozen=True)
class Book:
    """One thing on a shelf: where it lives and what it declares about itself."""

    name: str
    module: str
    cls: str
    summary: str
    facts: dict[str, Any] = field(hash=False)

    def missing(self) -> list[str]:
        """Return the required packages that are not installed."""
        return [r for r in self.facts.get("requires", ()) if importlib.util.find_spec(r) is None]

    def load(self) -> Any:
        """Import the book and return an instance; `Unavailable` where a package it requires is missing."""
        absent = self.missing()
        if absent:
            raise Unavailable(
                f"{self.name} needs {', '.join(absent)}, which is not installed here. "
                f"Install it with: pip install 'deepenough[{self.facts.get('extra', 'all')}]'."
            )
        return getattr(importlib.import_module(self.module), self.cls)()


def read_facts(source: str, module: str) -> Book | None:
    """Read the book that a source file defines, without importing it; None where it defines none."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            facts = _literals(node)
            if isinstance(facts.get("name"), str):
                summary = (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")
                return Book(facts["name"], module, node.name, summary, facts)
    return None


def _literals(node: ast.ClassDef) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for item in node.body:
        if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name):
            name, value = item.targets[0].id, item.value
        elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.value is not None:
            name, value = item.target.id, item.value
        else:
            continue
        try:
            facts[name] = ast.literal_eval(value)
        except ValueError:  # not a literal: then it is no fact, and nobody may read it without importing
            continue
    return facts


def _in_folder(shelf: str) -> list[Book]:
    folder = Path(__file__).parent / shelf
    files = sorted(p for p in folder.glob("*.py") if not p.name.startswith("_"))
    found = [read_facts(p.read_text(encoding="utf-8"), f"deepenough.{shelf}.{p.stem}") for p in files]
    return [b for b in found if b is not None]


def _from_elsewhere(shelf: str) -> list[Book]:
    books = []
    for point in entry_points(group=f"deepenough.{shelf}"):
        module = point.value.partition(":")[0]
        spec = importlib.util.find_spec(module)
        if spec is None or spec.origin is None:
            raise ShelfError(
                f"The entry point '{point.name}' of deepenough.{shelf} names {module}, which is not there."
            )
        book = read_facts(Path(spec.origin).read_text(encoding="utf-8"), module)
        if book is None:
            raise ShelfError(f"{module} (entry point '{point.name}') defines no class with a `name`.")
        books.append(book)
    return books


@cache
def shelf(name: str) -> dict[str, Book]:
    """Return the books of a shelf by name, in the order of their names.

    Raises `ShelfError` where two books share a name: a result must never depend on which came first.
    """
    if name not in SHELVES:
        raise ShelfError(f"There is no shelf '{name}'. {nearest(name, SHELVES)}There are: {', '.join(SHELVES)}.")
    books: dict[str, Book] = {}
    for book in _in_folder(name) + _from_elsewhere(name):
        if book.name in books:
            raise ShelfError(
                f"Two books on the shelf {name} are called '{book.name}': "
                f"{books[book.name].module} and {book.module}. Rename one."
            )
        books[book.name] = book
    return dict(sorted(books.items()))


@cache
def load(shelf_name: str, book: str) -> Any:
    """Import and return one book, once for the process."""
    books = shelf(shelf_name)
    if book not in books:
        raise ShelfError(
            f"There is no '{book}' on the shelf {shelf_name}. {nearest(book, books)}There are: {', '.join(books)}."
        )
    return books[book].load()
