"""How commands speak: JSON on stdout, sentences for people, and what runs now."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def print_json(document: Any) -> None:
    """Print the one JSON document that ``--json`` promises."""
    sys.stdout.write(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def console(to_stderr: bool) -> Console:
    """Return where text for people goes: stderr where stdout holds JSON."""
    from rich.console import Console

    return Console(stderr=to_stderr)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Give `say`: what runs now, on one line of a terminal; silent elsewhere."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _message: None
        return
    with console.status("Starting") as status:
        yield lambda message: status.update(escape(message))
