"""The command `list`: what stands on the shelves."""

from __future__ import annotations

from typing import Annotated

import typer

from deepenough import shelves
from deepenough.commands._options import Json
from deepenough.commands._speech import console, print_json

ORDER = 80


def list_shelf(
    shelf: Annotated[
        str | None, typer.Argument(metavar="SHELF", help=f"One of: {', '.join(shelves.SHELVES)}.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """List what stands on a shelf, and what of it is installed."""
    chosen = [shelf] if shelf else list(shelves.SHELVES)
    books = {
        name: [
            {
                "name": b.name,
                "summary": b.summary,
                "missing": b.missing(),
                **{
                    k: v for k, v in b.facts.items() if k in ("rung", "code", "tasks", "answers", "modalities", "extra")
                },
            }
            for b in shelves.shelf(name).values()
        ]
        for name in chosen
    }
    if as_json:
        print_json(books)
        return
    page = console(False)
    for name, rows in books.items():
        page.print(f"[bold]{name}[/bold]")
        for row in rows:
            absent = f" (needs {', '.join(row['missing'])})" if row["missing"] else ""
            label = f"{row['code']} {row['name']}" if "code" in row else row["name"]
            page.print(f"  {label:<28}{row['summary']}{absent}", highlight=False, markup=False)
