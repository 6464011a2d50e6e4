"""What is asked of the tables, and what is added to them."""

from __future__ import annotations

import getpass
import json
import os
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version as installed
from typing import Any

from deepenough.errors import RegistryError, nearest
from deepenough.registry._names import Reference
from deepenough.registry._version import Move

Connection = sqlite3.Connection


def names(connection: Connection) -> list[str]:
    """Return the names of all models."""
    return [row["name"] for row in connection.execute("SELECT DISTINCT name FROM versions ORDER BY name")]


def must_have(connection: Connection, name: str) -> None:
    """Raise `RegistryError` where no model has the name."""
    known = names(connection)
    if name not in known:
        there = f"There are: {', '.join(known)}." if known else "It is empty."
        raise RegistryError(f"The registry has no model '{name}'. {nearest(name, known)}{there}")


def must_be_spelt(connection: Connection, name: str) -> None:
    """Refuse a name that another one differs from in capitals alone: on some systems they are the same."""
    other = next((n for n in names(connection) if n.casefold() == name.casefold() and n != name), None)
    if other:
        raise RegistryError(
            f"The registry has '{other}', and '{name}' differs from it in capitals alone. Take one of them."
        )


def aliases(connection: Connection, name: str) -> dict[str, int]:
    """Return where each alias of a model points."""
    rows = connection.execute("SELECT alias, version FROM aliases WHERE name = ? ORDER BY alias", (name,))
    return {row["alias"]: row["version"] for row in rows}


def moves(connection: Connection, name: str) -> list[Move]:
    """Return every move of an alias of a model, the first first."""
    rows = connection.execute(
        "SELECT name, alias, what, version, previous, moved, who FROM moves WHERE name = ? ORDER BY n", (name,)
    )
    return [Move(*row) for row in rows]


def versions(connection: Connection, name: str) -> list[sqlite3.Row]:
    """Return the rows of a model's versions, the newest first."""
    return connection.execute("SELECT * FROM versions WHERE name = ? ORDER BY version DESC", (name,)).fetchall()


def version(connection: Connection, wanted: Reference) -> sqlite3.Row:
    """Return the row of the version that is meant; `RegistryError` where there is none."""
    must_have(connection, wanted.name)
    rows, number = versions(connection, wanted.name), wanted.number
    if wanted.alias:
        known = aliases(connection, wanted.name)
        number = known.get(wanted.alias)
        if number is None:
            there = f"It has: {', '.join(known)}." if known else f"It has none: use {wanted.name}/{rows[0]['version']}."
            raise RegistryError(f"'{wanted.name}' has no alias '{wanted.alias}'. {nearest(wanted.alias, known)}{there}")
    found = next((r for r in rows if number in (None, r["version"])), None)
    if found is None:
        raise RegistryError(f"'{wanted.name}' has no version {number}. The newest is {rows[0]['version']}.")
    return found


def insert(connection: Connection, name: str, digest: str, lineage: Mapping[str, Any]) -> bool:
    """Add the next version of a name; False where the name has this bundle already."""
    rows = versions(connection, name)
    if any(row["digest"] == digest for row in rows):
        return False
    newest = rows[0]["version"] if rows else None
    line = (name, (newest or 0) + 1, digest, newest, now(), who(), installed("deepenough"), json.dumps(lineage))
    connection.execute("INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?)", line)
    return True


def point(connection: Connection, name: str, alias: str, number: int) -> Move | None:
    """Point an alias at a version; None where it points there already."""
    previous = aliases(connection, name).get(alias)
    return None if previous == number else _move(connection, name, alias, "set", number, previous)


def roll_back(connection: Connection, name: str, alias: str) -> Move:
    """Point an alias at the version it pointed at before."""
    before = _before(m for m in moves(connection, name) if m.alias == alias)
    if before is None:
        raise RegistryError(f"'{name}@{alias}' has nowhere to go back to: it pointed at no other version before.")
    return _move(connection, name, alias, "rollback", before, aliases(connection, name).get(alias))


def remove(connection: Connection, name: str, alias: str) -> Move:
    """Take an alias away."""
    previous = version(connection, Reference(name, alias=alias))["version"]
    return _move(connection, name, alias, "remove", None, previous)


def _before(history: Iterable[Move]) -> int | None:
    """Return where an alias pointed before, as an editor undoes: what was rolled back is forgotten."""
    pointed: list[int | None] = []
    removed = False
    for move in history:
        if move.what == "set":
            pointed.append(move.version)
        elif move.what == "rollback" and not removed:
            pointed.pop()
        removed = move.what == "remove"
    back = 1 if removed else 2
    return pointed[-back] if len(pointed) >= back else None


def _move(connection: Connection, name: str, alias: str, what: str, number: int | None, previous: int | None) -> Move:
    done = Move(name, alias, what, number, previous, now(), who())
    line = (name, alias, what, number, previous, done.moved, done.who)
    connection.execute(
        "INSERT INTO moves (name, alias, what, version, previous, moved, who) VALUES (?, ?, ?, ?, ?, ?, ?)", line
    )
    return done


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def who() -> str:
    """Return the user's name; where the system knows none (a container), its number."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return f"user {os.getuid()}" if os.name == "posix" else "unknown"
