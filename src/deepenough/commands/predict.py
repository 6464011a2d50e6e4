"""The command `predict`: new rows, answered by what a run ships."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deepenough.commands._options import Db, Json, Source, Sql, source_of
from deepenough.commands._speech import console, print_json, progress
from deepenough.files import to_csv

if TYPE_CHECKING:
    from deepenough.predictions import Piece

ORDER = 40
NAMED = 8  # columns named in a note


def predict(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder of a run or of a bundle.", show_default=False)
    ],
    table: Source = None,
    sql: Sql = None,
    db: Db = None,
    out: Annotated[
        Path | None, typer.Option(help="CSV or Parquet file to write. Default: CSV on stdout.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Answer new rows, or a folder of pictures, with what a run ships. Columns go by name; a table may be larger than memory."""
    from deepenough import predictions, runs

    bundle, source = runs.open_bundle(folder), source_of(table, sql, db)
    if out is None and as_json:
        print_json({name: values.tolist() for name, values in predictions.predict(bundle, source).items()})
        return
    pieces = _noted(predictions.stream(bundle, source))
    if out is None:
        for i, piece in enumerate(p for p in pieces if p.columns):
            text = to_csv(piece.columns)
            sys.stdout.write(text.partition("\n")[2] if i else text)
        return
    with progress() as say:
        rows = predictions.save(
            pieces, out, lambda piece, n: say(f"{n:,} rows answered, {piece.share:.0%} of the file")
        )
    console(as_json).print(f"{rows:,} rows answered: {out}", highlight=False, markup=False, soft_wrap=True)
    if as_json:
        print_json({"rows": rows, "out": str(out)})


def _noted(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Pass pieces on; say on stderr which columns nobody reads, and which files cannot be opened."""
    for i, piece in enumerate(pieces):
        if i == 0 and piece.unread:
            more = f" and {len(piece.unread) - NAMED} more" if len(piece.unread) > NAMED else ""
            names = ", ".join(f"'{name}'" for name in piece.unread[:NAMED])
            sys.stderr.write(f"deepenough: Left aside, for the model does not know them: {names}{more}.\n")
        for sentence in piece.left_out:
            sys.stderr.write(f"deepenough: Not answered: {sentence}\n")
        yield piece
