"""The command itself: from a file, a template to fill in, or questions in the terminal."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from deepenough.assessment import asking, terminal
from deepenough.assessment._assess import HTML, assess, write_template
from deepenough.assessment.reading import NAME
from deepenough.errors import SettingError

if TYPE_CHECKING:
    from rich.console import Console


def run(file: Path | None, template: bool, out: Path | None, seed: int, as_json: bool) -> int:
    """Do what the command asks, and return its exit code: 1 where the answer is "not yet" or cannot be given."""
    if template:
        return _template(file, out, as_json)
    source = file or _asked(out)
    folder = out or source.parent
    made = assess(source, out=folder, seed=seed)
    if as_json:
        _print(made.document)
    console = _console(as_json)
    terminal.show(made.document, console)
    console.print(
        f"\nEverything is in {folder}; read {folder / HTML} first.", highlight=False, markup=False, soft_wrap=True
    )
    return 1 if made.negative else 0


def _template(file: Path | None, out: Path | None, as_json: bool) -> int:
    path = write_template(file or (out or Path()) / NAME)
    if as_json:
        _print({"template": str(path)})
    then = f"Written: {path}. Fill in what you can, then: deepenough assess {path}"
    _console(as_json).print(then, highlight=False, markup=False, soft_wrap=True)
    return 0


def _asked(out: Path | None) -> Path:
    """Return the assessment that is in this folder, or ask, and write down what was answered."""
    path = (out or Path()) / NAME
    if path.exists():
        return path
    if not sys.stdin.isatty():
        raise SettingError(
            f"There is no '{path}', and no terminal to ask in. Write one to fill in: deepenough assess --template"
        )
    answers = asking.ask()
    typer.echo(f"\nWritten down in {write_template(path, answers)}.", err=True)
    return path


def _print(document: object) -> None:
    sys.stdout.write(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def _console(to_stderr: bool) -> Console:
    from rich.console import Console

    return Console(stderr=to_stderr)
