"""The command `report`: the page, written again."""

from __future__ import annotations

from typing import Annotated

import typer

from deepenough.commands._options import Folder, Json
from deepenough.commands._speech import console, print_json

ORDER = 30


def report(
    folder: Folder,
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    as_json: Json = False,
) -> None:
    """Write a run's report.html again."""
    from deepenough.report import render

    path = render(folder)
    if as_json:
        print_json({"report": str(path)})
    console(as_json).print(f"Written: {path}", highlight=False, markup=False, soft_wrap=True)
    if open_it:
        typer.launch(path.resolve().as_uri())
