"""What every book promises, whatever its shelf."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
import typing
from dataclasses import replace
from pathlib import Path
from typing import Any

from deepenough import shelves
from deepenough.candidates._base import Candidate
from deepenough.checks._base import Check
from deepenough.errors import Unavailable
from deepenough.explainers import Explainer
from deepenough.metrics import Metric
from deepenough.modalities._base import Modality
from deepenough.shelves import Book
from deepenough.steps import Step
from deepenough.tasks._base import TaskKind
from deepenough.testing._promise import BrokenPromise, Promise, must

CONTRACTS: dict[str, type] = {
    "candidates": Candidate,
    "checks": Check,
    "explainers": Explainer,
    "metrics": Metric,
    "modalities": Modality,
    "steps": Step,
    "tasks": TaskKind,
}
ABSENT = "a_package_that_is_not_there"


def _shelf_of(book: Book) -> str:
    return next(s for s in CONTRACTS if shelves.shelf(s).get(book.name) is book)


def facts_are_literals_and_complete(book: Book) -> None:
    """Every fact the contract asks for stands in the class body as a literal of the right type."""
    contract = CONTRACTS[_shelf_of(book)]
    for fact, hint in typing.get_type_hints(contract).items():
        if fact in book.facts:
            kind = typing.get_args(hint)[0]
            must(book, _fits(book.facts[fact], kind), f"`{fact}` is {book.facts[fact]!r}, which is no {kind}.")
        else:
            must(
                book,
                hasattr(contract, fact) and not _declares(book, fact),
                f"`{fact}` must be a literal in the class body.",
            )


def _fits(value: Any, kind: Any) -> bool:
    if typing.get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(_fits(v, typing.get_args(kind)[0]) for v in value)
    if kind is float:
        return type(value) in (int, float)
    return type(value) is kind


def _declares(book: Book, fact: str) -> bool:
    """Whether the class body gives the fact some other way than as a literal: then nobody can read it without importing."""
    body = next(n for n in _tree(book).body if isinstance(n, ast.ClassDef) and n.name == book.cls).body
    plain = {t.id for n in body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
    return fact in plain | {
        n.target.id for n in body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
    }


def _tree(book: Book) -> ast.Module:
    spec = importlib.util.find_spec(book.module)
    assert spec is not None and spec.origin is not None
    return ast.parse(Path(spec.origin).read_text(encoding="utf-8"))


def name_is_an_identifier(book: Book) -> None:
    """The name can be typed on a command line, and a file of this package is named after its book."""
    must(
        book,
        re.fullmatch(r"[a-z][a-z0-9_]*(@[a-z]+)?", book.name),
        "a name is of lower-case letters, digits and underscores.",
    )
    ours = book.module.startswith(f"deepenough.{_shelf_of(book)}.")
    must(
        book,
        not ours or book.module.endswith(f".{book.name.replace('@', '_at_')}"),
        f"its file must be called after it, and is {book.module}.",
    )


def says_what_it_is_for(book: Book) -> None:
    """The docstring begins with a sentence."""
    must(
        book,
        re.fullmatch(r"[A-Z\"'].*\.", book.summary),
        f"the docstring must begin with a sentence; it begins with '{book.summary}'.",
    )


def imports_what_it_requires(book: Book) -> None:
    """What a book imports at its top is NumPy, the standard library, its own package, or declared in `requires`."""
    allowed = {
        "numpy",
        "deepenough",
        book.module.split(".")[0],
        *book.facts.get("requires", ()),
        *sys.stdlib_module_names,
    }
    for node in _tree(book).body:
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [str(node.module)]
        for name in names:
            must(
                book, name.split(".")[0] in allowed, f"it imports {name} at its top, and `requires` does not name that."
            )


def absence_is_an_answer(book: Book) -> None:
    """Where a required package is missing, the book says so and how to get it."""
    try:
        replace(book, facts={**book.facts, "requires": (ABSENT,)}).load()
    except Unavailable as error:
        must(
            book,
            ABSENT in str(error) and "pip install" in str(error),
            f"'{error}' must name what is missing and how to get it.",
        )
    else:
        raise BrokenPromise(f"{book.name} must be `Unavailable` where a package it requires is missing.")


def keeps_the_contract(book: Book) -> None:
    """The class implements its shelf's contract, whole, and can be made without arguments."""
    contract = CONTRACTS[_shelf_of(book)]
    must(book, isinstance(book.load(), contract), f"it must be a {contract.__name__}.")


PROMISES: tuple[Promise, ...] = (
    facts_are_literals_and_complete,
    name_is_an_identifier,
    says_what_it_is_for,
    imports_what_it_requires,
    absence_is_an_answer,
    keeps_the_contract,
)
