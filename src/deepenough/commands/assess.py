"""The command `assess`: is it worth it, before any data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deepenough.commands._options import Json

ORDER = 70


# fmt: off
def assess(
    file: Annotated[Path | None, typer.Argument(help="assessment.toml. Without one, the terminal asks.", show_default=False)] = None,
    template: Annotated[bool, typer.Option("--template", help="Write an assessment.toml to fill in, and end.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for the files. Default: that of FILE.", show_default=False)] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulations.")] = 0,
    as_json: Json = False,
) -> None:
    # fmt: on
    """Before any model: is it worth it, by which way, and what would it take?"""
    from deepenough.assessment import command

    raise typer.Exit(command.run(file, template, out, seed, as_json))
