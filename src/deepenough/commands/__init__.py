"""The commands: one file each, found in this folder, each with one public function that is the command.

Imports of our own inside these functions are on purpose: the command line must start and answer --help without pandas
and the like.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from inspect import isfunction
from pathlib import Path
from typing import Any


def find() -> list[tuple[str, Callable[..., Any]]]:
    """Return the commands by name, in the order in which ``--help`` lists them."""
    names = [p.stem for p in Path(__file__).parent.glob("*.py") if not p.stem.startswith("_")]
    modules = {name: import_module(f"{__name__}.{name}") for name in names}
    return [(name, _function(modules[name])) for name in sorted(names, key=lambda n: modules[n].ORDER)]


def _function(module: Any) -> Callable[..., Any]:
    (only,) = (
        v
        for k, v in vars(module).items()
        if isfunction(v) and v.__module__ == module.__name__ and not k.startswith("_")
    )
    return only
