"""The command `demo`: three questions, each to a verdict."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from deepenough.commands._speech import console

ORDER = 90


def demo(
    context: typer.Context,
    folder: Annotated[Path, typer.Option("--out", help="Where the demo's files go.")] = Path("demo"),
) -> None:
    """Three questions, two on real tables that ship with scikit-learn and one on made pictures, each to a verdict and a report."""
    from deepenough.demo import COMMANDS, write_pictures, write_tables

    terminal = console(False)
    folder.mkdir(parents=True, exist_ok=True)
    write_tables(folder)
    write_pictures(folder)
    for question, words in COMMANDS:
        command = [word.format(folder=folder) for word in words]
        terminal.print(
            f"\n{question}\n\n  $ {shlex.join(['deepenough', *command])}\n",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        sys.argv[1:] = command
        code = context.find_root().command.main(command, "deepenough", standalone_mode=False)
        if code not in (None, 0, 1):  # a run that ends in "undecided" is an answer, too
            raise typer.Exit(code)
    terminal.print(
        f"\nThe reports: {', '.join(str(p) for p in sorted(folder.glob('runs/*/report.html')))}",
        highlight=False,
        soft_wrap=True,
    )
    terminal.print(
        "Open one in a browser. Then try your own table:  deepenough run TABLE.csv --target COLUMN, or a folder of pictures",
        highlight=False,
    )
