"""The command `predict`: new rows, answered by what a run ships."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from deepenough.commands._options import Json, Table
from deepenough.commands._speech import console, print_json
from deepenough.files import to_csv

ORDER = 40


def predict(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder of a run or of a bundle.", show_default=False)
    ],
    table: Table,
    out: Annotated[
        Path | None, typer.Option(help="CSV or Parquet file to write. Default: CSV on stdout.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Answer new rows with what a run ships. Columns go by name, in any order."""
    from deepenough import predictions, runs

    columns = predictions.predict(runs.open_bundle(folder), table)
    n = len(columns["prediction"])
    if out is None and not as_json:
        sys.stdout.write(to_csv(columns))
        return
    if out is not None:
        predictions.write(out, columns)
        console(as_json).print(f"{n:,} rows answered: {out}", highlight=False, markup=False, soft_wrap=True)
    if as_json:
        print_json({"rows": n, "out": str(out)} if out else {name: values.tolist() for name, values in columns.items()})
