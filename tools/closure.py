"""Which distributions a requirement brings with it, read from what is installed."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement


def normal(name: str) -> str:
    """Return the name as indexes compare it.

    >>> normal("Jinja2"), normal("typing_extensions")
    ('jinja2', 'typing-extensions')
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(name: str, extras: tuple[str, ...] = ()) -> set[str]:
    """Return the normal names of all that `name` (with extras) requires here, itself left out; markers are evaluated."""
    seen: set[tuple[str, str]] = set()
    todo = [(normal(name), extra) for extra in ("", *extras)]
    while todo:
        here = todo.pop()
        if here in seen:
            continue
        seen.add(here)
        todo += _required(*here)
    return {found for found, _ in seen} - {normal(name)}


def _required(name: str, extra: str) -> list[tuple[str, str]]:
    try:
        lines = distribution(name).requires or []
    except PackageNotFoundError:
        return []
    wanted = [r for r in map(Requirement, lines) if r.marker is None or r.marker.evaluate({"extra": extra})]
    return [(normal(r.name), more) for r in wanted for more in ("", *r.extras)]
