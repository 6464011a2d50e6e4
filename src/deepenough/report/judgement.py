"""What a person reads of a judgement, of a comparison, and of a seal that was verified."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepenough.report import words
from deepenough.report.documents import Document

if TYPE_CHECKING:
    from rich.console import Console

HEADS = {
    "yes": ("+", "Worth it", "green"),
    "no": ("x", "Not worth it", "red"),
    "undecided": ("?", "Not shown to be worth it", "yellow"),
}


def judgement(document: Document, console: Console) -> None:
    """Print what somebody's predictions gain over each opened model, and what they take."""
    from rich.table import Table
    from rich.text import Text

    _head(document, console)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for column in ("", "score", "theirs gains", "worth it"):
        table.add_column(column, justify="left" if not column else "right", overflow="fold")
    better = words.score((document.get("score") or {}).get("value"))
    table.add_row(Text("theirs", style="bold"), Text(f"{better}\n{words.span(document.get('score'))}"))
    relative = bool(document.get("relative"))
    for row in document.get("against") or []:
        gain = row.get("gain") or {}
        table.add_row(
            Text(row["title"] + (" (chosen)" if row.get("chosen") else "")),
            Text(f"{words.score((row.get('score') or {}).get('value'))}\n{words.span(row.get('score'))}"),
            Text(f"{words.gain(gain.get('value'), relative)}\n{words.gain_span(gain, relative)}"),
            Text(words.WORTH.get(row.get("worth_it"), words.NONE)),
        )
    console.print(table)
    for note in document.get("notes") or []:
        console.print(Text(note), soft_wrap=False)


def comparison(document: Document, console: Console) -> None:
    """Print what one column of answers gains over another."""
    _head(document, console)


def proof(document: Document, console: Console) -> None:
    """Print whether the seal held, and the hash to note."""
    from rich.text import Text

    holds = document["holds"]
    head = Text(
        f"[{'+' if holds else 'x'}] {'Verified' if holds else 'Changed'}: ", style=f"bold {'green' if holds else 'red'}"
    )
    console.print(head.append(document["sentence"], style="default"))
    for fault in document["faults"][1:]:
        where = f"sealed.jsonl, line {fault['line']}: " if fault["line"] else ""
        console.print(Text(f"    also: {where}{fault['message']}"))
    if holds and document["openings"]:
        console.print(Text(f"Note this seal to prove it later: {document['head']}"), soft_wrap=True)


def _head(document: Document, console: Console) -> None:
    from rich.padding import Padding
    from rich.text import Text

    mark, said, colour = HEADS[document["worth_it"]]
    console.print(Text(f"[{mark}] {said}", style=f"bold {colour}"))
    console.print(Padding(Text(document["sentence"]), (0, 0, 1, 4)))
