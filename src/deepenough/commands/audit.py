"""The command `audit`: what can be wrong with the data."""

from __future__ import annotations

import typer

from deepenough.commands._options import (
    Db,
    Group,
    Json,
    Kind,
    Positive,
    Source,
    Sql,
    Target,
    Time,
    Types,
    source_of,
    types_of,
)
from deepenough.commands._speech import console, print_json

ORDER = 20


def audit(
    table: Source = None,
    sql: Sql = None,
    db: Db = None,
    target: Target = None,
    types: Types = None,
    group: Group = None,
    time: Time = None,
    task: Kind = None,
    positive: Positive = None,
    as_json: Json = False,
) -> None:
    """Look for what can be wrong with the data; exit 1 when a blocker stands."""
    from deepenough import checks
    from deepenough.loading import load
    from deepenough.report import terminal

    dataset = load(
        source_of(table, sql, db), target, types=types_of(types), group=group, time=time, task=task, positive=positive
    )
    found = checks.audit(dataset)
    if as_json:
        print_json(found.document())
    terminal.audit(found.document(), console(as_json))
    raise typer.Exit(1 if found.blockers(()) else 0)
