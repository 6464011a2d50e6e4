"""The command `register`: what a run ships, under a name."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from deepenough.commands._options import Json
from deepenough.commands._speech import console, print_json

ORDER = 62


def register(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER", help="Folder of a run or of a bundle, or a registered model.", show_default=False
        ),
    ],
    name: Annotated[str, typer.Option(help="Name of the model: churn.", show_default=False)],
    alias: Annotated[str | None, typer.Option(help="Point this alias at it: champion.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Keep what a run ships as the next version of a name; publish it where MLFLOW_TRACKING_URI names a server."""
    from deepenough import registration

    done = registration.register(source, name, alias)
    if as_json:
        print_json(done.document())
    page = console(as_json)
    for line in _lines(done, alias):
        page.print(line, highlight=False, markup=False, soft_wrap=True)


def _lines(done: Any, alias: str | None) -> list[str]:
    version = done.version
    lines = [f"{version.reference} is registered." if done.new else f"{version.reference} is this bundle already."]
    if done.move:
        before = f" (before: {version.name}/{done.move.previous})" if done.move.previous else ""
        lines += [f"{version.name}@{alias} points at it{before}."]
    elif alias:
        lines += [f"{version.name}@{alias} points at it already."]
    lines += [f"Note: {note}" for note in done.notes]
    if done.published:
        lines += [f"On MLflow: models:/{done.published.name}/{done.published.version}."]
    used = f"{version.name}@{alias}" if alias else version.reference
    return [*lines, f"It answers as {used}:  deepenough predict {used} TABLE"]
