"""The assessment in a terminal: the first screen of the page, at 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deepenough.assessment import page
from deepenough.report.terminal import grid

if TYPE_CHECKING:
    from rich.console import Console

COLOURS = {"met": "green", "chosen": "cyan", "not_ready": "red", "nothing": "yellow"}
MARKS = {"met": "+", "chosen": "+", "not_ready": "x", "nothing": "?"}


def show(found: dict[str, Any], console: Console) -> None:
    """Print what it comes to, the four answers, and what to do next."""
    from rich.padding import Padding
    from rich.text import Text

    head = Text(f"\n[{MARKS[found['state']]}] {found['status']}: ", style=f"bold {COLOURS[found['state']]}")
    console.print(head.append(found["headline"], style="bold default"))
    console.print(Padding(Text(found["sentence"]), (0, 0, 1, 4)))
    console.print(
        grid([(title, f"{big}. {note}" if big != "–" else note) for title, big, note in page.boxes(found)], 14)
    )
    console.print(Text("\nWhat to do next", style="bold"))
    for step in found["next"]:
        console.print(grid([("-", step["text"])], 1))
        if step["command"]:
            console.print(Text(f"    $ {step['command']}"), soft_wrap=True)  # one line, to copy
