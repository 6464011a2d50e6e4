"""The command line: every command of the folder ``commands``."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from deepenough import commands, ending

PLAIN = {
    "no_args_is_help": True,
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
app = typer.Typer(help="Find the simplest model that meets your bar, prove it, and ship it.", **PLAIN)  # type: ignore[arg-type]


@app.callback(invoke_without_command=True)
def start(version: Annotated[bool, typer.Option("--version", help="Say the version and end.")] = False) -> None:
    """Say the version; the commands do the rest."""
    if version:
        from importlib.metadata import version as installed

        sys.stdout.write(f"deepenough {installed('deepenough')}\n")
        raise typer.Exit


for _name, _command in commands.find():
    app.command(_name)(_command)


def main() -> None:
    """Run the command line; an error of ours is a sentence on stderr and an exit code, never a trace."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is imported: see runs._pinned
    ending.run(app)


def process() -> None:
    """Run the command line as a process of its own, which it ends: what the console script calls."""
    ending.insist()
    try:
        main()
    except SystemExit as done:
        ending.leave(done.code if isinstance(done.code, int) else 0)
