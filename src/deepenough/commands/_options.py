"""Options and arguments that commands share, and what --help says of them."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from deepenough.errors import SettingError

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout; text for people goes to stderr.")
]
Source = Annotated[
    Path | None,
    typer.Argument(
        metavar="TABLE",
        help="CSV, JSON, Parquet, Arrow or Excel file, packed or not; book.xlsx#Sheet2 names a sheet. Or a folder or zip of pictures.",
        show_default=False,
    ),
]
Sql = Annotated[
    str | None,
    typer.Option(metavar="SELECT", help="In place of TABLE: the rows that this query gives.", show_default=False),
]
Db = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="The database of --sql: sqlite:///shop.db, postgresql://..., or env:NAME of a variable that holds the URL.",
        show_default=False,
    ),
]
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of a run.", show_default=False)]
Target = Annotated[str | None, typer.Option(help="The column to predict.", show_default=False)]
Types = Annotated[
    list[str] | None,
    typer.Option(
        help="Kind of a column where it should not be found out: zip=category. Repeat, or part by commas.",
        show_default=False,
    ),
]
Group = Annotated[
    str | None, typer.Option(help="Column whose equal values stay on one side of every split.", show_default=False)
]
Time = Annotated[
    str | None, typer.Option(help="Column that orders the rows: the latest are sealed.", show_default=False)
]
Kind = Annotated[
    str | None, typer.Option(help="classification or regression, where the target could be either.", show_default=False)
]
Positive = Annotated[str | None, typer.Option(help="The class of interest of two.", show_default=False)]
OpenAgain = Annotated[
    str | None,
    typer.Option(
        metavar="REASON",
        help="Look once more at the rows that the run in --out sealed: counted, and held to a stricter level.",
        show_default=False,
    ),
]

# of `judge`
Judged = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="Predictions to judge; with --export the file the rows are written to.", show_default=False
    ),
]
Against = Annotated[
    Path | None,
    typer.Option(
        metavar="RUN", help="The run on whose sealed rows they are judged: a further look.", show_default=False
    ),
]
Export = Annotated[
    Path | None,
    typer.Option(
        metavar="RUN", help="Write this run's sealed rows, without their target, to FILE.", show_default=False
    ),
]
Truth = Annotated[str | None, typer.Option(help="Without a run: the column of the truth.", show_default=False)]
Simple = Annotated[
    str | None, typer.Option(help="Without a run: the column of the simple model's answers.", show_default=False)
]
Complex = Annotated[
    str | None, typer.Option(help="Without a run: the column of the complex model's answers.", show_default=False)
]
Together = Annotated[
    str | None, typer.Option(help="Without a run: the column whose equal values belong together.", show_default=False)
]
Metric = Annotated[str | None, typer.Option(help="Without a run: what to judge by.", show_default=False)]
Worth = Annotated[float | None, typer.Option(help="Without a run: the smallest gain that counts.", show_default=False)]
Likely = Annotated[
    str | None, typer.Option(help="Without a run: the class that the probabilities are of.", show_default=False)
]
TheirLatency = Annotated[str | None, typer.Option(help="What one answer of theirs takes: 250ms.", show_default=False)]
TheirPrice = Annotated[float | None, typer.Option(help="What 1,000 answers of theirs cost.", show_default=False)]
Data = Annotated[
    Path | None, typer.Option(help="The run's table, where it is no longer where it was.", show_default=False)
]
Head = Annotated[str | None, typer.Option(help="The seal as it was noted some time ago.", show_default=False)]


def types_of(given: list[str] | None) -> dict[str, str]:
    """Read ``COLUMN=KIND``, repeated or parted by commas."""
    types = {}
    for item in ",".join(given or []).split(","):
        name, sign, kind = item.rpartition("=")
        if item and not (sign and name):
            raise SettingError(f"--types '{item}' cannot be read. Write COLUMN=KIND: zip=category.")
        if item:
            types[name.strip()] = kind.strip()
    return types


def source_of(table: Path | None, sql: str | None, db: str | None) -> Any:
    """Return where the rows come from: the file, or the query of a database."""
    from deepenough.modalities._readers.query import Query

    if table is not None and (sql is not None or db is not None):
        raise SettingError(f"'{table}' and --{'sql' if sql is not None else 'db'} are two sources. Give one of them.")
    if table is not None:
        return table
    if sql is None and db is None:
        raise SettingError('No table is named. Give a file, or --sql "SELECT ..." with --db URL.')
    if sql is None or db is None:
        raise SettingError(f"--{'db' if sql is None else 'sql'} stands alone. Give --sql and --db together.")
    return Query(sql, db)


def command_line(db: str | None) -> str:
    """Return the command as it was called, and no password in it."""
    from deepenough.modalities._readers.query import without_password

    words = [word.replace(db, without_password(db)) if db else word for word in sys.argv[1:]]
    return shlex.join(["deepenough", *words])
