"""A decision with its reasons, and what a name means, in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from deepenough.report import explanation, words

if TYPE_CHECKING:
    from rich.console import Console

Document = dict[str, Any]
COLOURS = {"sure": "green", "unsure": "yellow", "outside": "red", "number": "cyan"}
MARKS = {"sure": "+", "unsure": "?", "outside": "x", "number": "+"}
BAR = 16  # characters of the longest bar


def decisions(found: Document, console: Console) -> None:
    """Print every decision of a document."""
    from rich.text import Text

    for row in found["rows"]:
        _decision(found, row, console)
    if left := found["asked"] - len(found["rows"]):
        console.print(
            Text(f"\n{words.plural(left, 'more row was', 'more rows were')} not explained: ask for them by themselves.")
        )


def _decision(found: Document, row: Document, console: Console) -> None:
    from rich.padding import Padding
    from rich.text import Text

    head = Text(
        f"\n[{MARKS[row['state']]}] {explanation.STATUS[row['state']]}: ", style=f"bold {COLOURS[row['state']]}"
    )
    console.print(
        head.append(f"{explanation.name(row)}, {found['target']}: {explanation.answer(row)}", style="bold default")
    )
    console.print(Padding(Text(explanation.sentence(found, row)), (0, 0, 1, 4)))
    facts = [
        (title if i == 0 else "", said)
        for title, big, notes in explanation.boxes(found, row)
        for i, said in enumerate([f"{big}. {notes[0]}", *notes[1:]])
    ]
    _grid(facts, console, 24)
    _reasons(found, row, console)
    _changes(found, row, console)
    _neighbours(row, console)


def _grid(lines: Sequence[tuple[str, ...]], console: Console, first: int) -> None:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=first, style="bold")
    for _ in lines[0][1:] if lines else ():
        grid.add_column(overflow="fold")
    for line in lines:
        grid.add_row(*(Text(cell) for cell in line))
    console.print(grid)


def _title(text: str, console: Console) -> None:
    from rich.text import Text

    console.print(Text(f"\n{text}", style="bold"))


def _reasons(found: Document, row: Document, console: Console) -> None:
    from rich.text import Text

    _title("Why", console)
    largest = max((abs(r["adds"]) for r in row["reasons"]), default=0.0)
    if largest == 0.0:
        console.print(Text(found["why_no_contributions"] or "No column adds anything."))
        return
    console.print(Text(f"{explanation.starts(found, row)} {explanation.how(found)}", style="dim"))
    for reason in row["reasons"][: explanation.SHOWN_REASONS]:
        bar = "█" * max(1, round(BAR * abs(reason["adds"]) / largest)) if reason["adds"] else ""
        line = Text(f"  {words.short(reason['column'] + ' = ' + reason['value'], 34):<36}")
        line.append(f"{bar:<{BAR + 1}}", style="cyan" if reason["adds"] > 0 else "magenta")
        console.print(line.append(explanation.adds(found, reason)), soft_wrap=True)


def _changes(found: Document, row: Document, console: Console) -> None:
    if not found["labels"]:
        return
    _title("What alone would change the answer (the model's, not the world's)", console)
    if not row["changes"]:
        _grid([("", "No single column does, over the values that were seen.")], console, 1)
    for made in row["changes"]:
        column, before, after, said = explanation.change(found, made)
        _grid([("", f"{column} from {before} to {after}: {said}")], console, 1)


def _neighbours(row: Document, console: Console) -> None:
    if not row["neighbours"]:
        return
    _title("Most like it, of the rows it learnt from", console)
    for near in explanation.neighbours(row):
        cells = ", ".join(f"{column} = {value}" for column, value, _ in near["cells"])
        _grid([("", f"row {near['row']}: {near['truth']}", f"{near['distance']} away; {cells}")], console, 1)


def meaning(found: Document, console: Console) -> None:
    """Print what a name stands for."""
    from rich.text import Text

    console.print(Text(f"{found['name']}  {found['title']}", style="bold"))
    console.print(Text(found["text"]))
    facts = [
        (key.replace("_", " "), ", ".join(map(str, v)) if isinstance(v, list | tuple) else str(v))
        for key, v in found["facts"].items()
    ]
    _grid([("shelf", found["shelf"]), *facts], console, 10)
    if found["shelf"] == "checks":
        console.print(Text(f"How it is found and what to do about it: docs/findings/{found['name']}.md", style="dim"))
