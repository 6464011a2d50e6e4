"""deployment.toml: what `serve` would be told by flags, kept in a file, under the same names."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from deepenough.errors import SettingError, nearest

CHAMPION = "champion"  # MODEL, which has no flag
NOT_HERE = ("json", "deployment", "help")


def read(context: typer.Context, file: Path | None) -> Path | None:
    """Take what a file says as the defaults of the command: what stands on the command line goes before it."""
    if file is None:
        return None
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # a file that is none, no text, no TOML
        raise SettingError(f"--deployment '{file}' cannot be read: {error}.") from error
    known = {_named(parameter): parameter for parameter in context.command.params}
    known = {name: parameter for name, parameter in known.items() if name not in NOT_HERE}
    context.default_map = {}
    for name, value in said.items():
        if name not in known:
            raise SettingError(
                f"'{name}' in '{file}' is not known. {nearest(name, known)}What can stand there: {', '.join(sorted(known))}."
            )
        _must_fit(name, value, known[name], file)
        context.default_map[str(known[name].name)] = value
    return file


def _named(parameter: Any) -> str:
    return CHAMPION if parameter.name == "model" else str(max(parameter.opts, key=len)).lstrip("-")


def _must_fit(name: str, value: Any, parameter: Any, file: Path) -> None:
    """Refuse a value of another kind than the flag takes; whether a text is a number the command line itself looks at."""
    flag = isinstance(parameter, typer.core.TyperOption) and parameter.is_flag
    if parameter.multiple:
        fits, wanted = isinstance(value, list) and all(isinstance(v, str) for v in value), 'a list of texts: ["..."]'
    elif flag:
        fits, wanted = isinstance(value, bool), "true or false"
    else:
        fits, wanted = isinstance(value, str | int | float) and not isinstance(value, bool), "one text or number"
    if not fits:
        raise SettingError(f"'{name}' in '{file}' must be {wanted}.")


Deployment = Annotated[
    Path | None,
    typer.Option(
        "--deployment",
        metavar="FILE",
        callback=read,
        is_eager=True,
        help="Take what is not given here from a file: champion, and the names of these options.",
        show_default=False,
    ),
]
