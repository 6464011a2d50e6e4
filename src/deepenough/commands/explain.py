"""The command `explain`: one decision with its reasons; or what a finding, a metric or a model means."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deepenough.commands._options import Data, Json
from deepenough.commands._speech import console, print_json
from deepenough.errors import SettingError

ORDER = 45


def explain(
    subject: Annotated[
        str, typer.Argument(metavar="RUN", help="Folder of a run; or a name: DE003, roc_auc.", show_default=False)
    ],
    row: Annotated[
        list[int] | None,
        typer.Option(help="Number of a row of the run's table, counted from 0. Repeat for more.", show_default=False),
    ] = None,
    rows: Annotated[Path | None, typer.Option(metavar="FILE", help="Table of new rows.", show_default=False)] = None,
    data: Data = None,
    out: Annotated[Path | None, typer.Option(help="HTML page to write.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Why a row is answered as it is: reasons, how sure, rows like it, what would change it. Or what a name means."""
    from deepenough import explaining
    from deepenough.files import write_text
    from deepenough.report import explanation, explanation_terminal
    from deepenough.runs import Run

    page = console(as_json)
    if not Path(subject).is_dir():
        astray = [o for o, v in (("--row", row), ("--rows", rows), ("--data", data), ("--out", out)) if v]
        if astray:
            raise SettingError(f"{astray[0]} goes with the folder of a run, and '{subject}' is no folder. Name a run.")
        found = explaining.meaning(subject)
        if as_json:
            print_json(found)
        explanation_terminal.meaning(found, page)
        return
    document = explaining.explain(Run.load(subject), row or (), rows, data)
    if out is not None:
        write_text(out, explanation.compose(document))
    if as_json:
        print_json(document)
    explanation_terminal.decisions(document, page)
    if out is not None:
        page.print(f"\nWritten: {out}", highlight=False, markup=False, soft_wrap=True)
