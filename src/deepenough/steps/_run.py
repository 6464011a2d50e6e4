"""Run declared steps in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deepenough import shelves
from deepenough.errors import ShelfError
from deepenough.steps._base import Arrays, Declared, Step


def find(name: str, version: int) -> Step:
    """Return a step in just this version; `ShelfError` or `Unavailable`, with the mend, where it is not here."""
    books = shelves.shelf("steps")
    for key in (name, f"{name}_{version}"):
        if key in books and books[key].facts["version"] == version:
            found: Step = shelves.load("steps", key)
            return found
    here = f"version {books[name].facts['version']} is installed" if name in books else "it is not installed here"
    raise ShelfError(
        f"The step '{name}' is needed in version {version}, and {here}. "
        "Install the deepenough, or the package, that the bundle was made with."
    )


def reads_examples(declared: Iterable[Declared]) -> bool:
    """Whether one of the steps reads the examples themselves, so that no features need be made for them."""
    return any(find(name, version).reads == "examples" for name, version, _ in declared)


def run(declared: Iterable[Declared], arrays: Arrays, files: Mapping[str, bytes]) -> Arrays:
    """Return the arrays after all steps."""
    for name, version, params in declared:
        arrays = find(name, version).run(arrays, params, files)
    return arrays
