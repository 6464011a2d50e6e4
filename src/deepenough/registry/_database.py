"""The table of contents: one SQLite file whose every change is whole and on the disk before it is acknowledged."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from deepenough.errors import DeepEnoughError, RegistryError, StorageError
from deepenough.registry._store import cannot_keep, sync

FORMAT = 1
OURS = 0x64656570  # SQLite's application_id: a file of somebody else is not taken for a registry
PATIENCE = 30.0  # seconds to wait for another process that writes

# What was registered, and each move of an alias: lines are only ever added, and triggers hold that.
TABLES = """
CREATE TABLE versions (
    name TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL, parent INTEGER,
    created TEXT NOT NULL, who TEXT NOT NULL, made_by TEXT NOT NULL, lineage TEXT NOT NULL,
    PRIMARY KEY (name, version), UNIQUE (name, digest), FOREIGN KEY (name, parent) REFERENCES versions (name, version));
CREATE TABLE moves (
    n INTEGER PRIMARY KEY, name TEXT NOT NULL, alias TEXT NOT NULL, what TEXT NOT NULL, version INTEGER, previous INTEGER,
    moved TEXT NOT NULL, who TEXT NOT NULL,
    FOREIGN KEY (name, version) REFERENCES versions (name, version));
CREATE VIEW aliases AS SELECT name, alias, version FROM moves
    WHERE n IN (SELECT max(n) FROM moves GROUP BY name, alias) AND version IS NOT NULL;
CREATE TRIGGER versions_stand BEFORE UPDATE ON versions BEGIN SELECT RAISE(ABORT, 'a version never changes'); END;
CREATE TRIGGER versions_stay BEFORE DELETE ON versions BEGIN SELECT RAISE(ABORT, 'a version is never deleted'); END;
CREATE TRIGGER moves_stand BEFORE UPDATE ON moves BEGIN SELECT RAISE(ABORT, 'a move never changes'); END;
CREATE TRIGGER moves_stay BEFORE DELETE ON moves BEGIN SELECT RAISE(ABORT, 'a move is never deleted'); END;
"""


class Database:
    """The file, opened anew for each question: nothing is held between two."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def there(self) -> bool:
        """Whether it was made: a process that is killed while it makes one leaves an empty file."""
        return self.path.is_file() and self.path.stat().st_size > 0

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give a connection that sees one state from beginning to end."""
        with self._open("rw") as connection:  # SQLite falls back to reading alone where it may not write
            connection.execute("BEGIN")
            self._must_be_ours(connection)
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Give a connection whose changes are kept together when the block ends well, or not at all."""
        with self._open("rwc") as connection:
            connection.execute(
                "PRAGMA journal_mode = DELETE"
            )  # no second file to lose, and reading works on read-only places
            connection.execute("PRAGMA synchronous = EXTRA")  # acknowledged is on the disk, also when the power goes
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("BEGIN IMMEDIATE")
            try:
                self._create(connection)
                self._must_be_ours(connection)
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def _open(self, mode: str) -> Iterator[sqlite3.Connection]:
        try:
            if mode == "rwc" and not self.path.parent.is_dir():
                self.path.parent.mkdir(parents=True, exist_ok=True)
                sync(self.path.parent.parent)
            address = f"{self.path.resolve().as_uri()}?mode={mode}"
            with closing(sqlite3.connect(address, uri=True, timeout=PATIENCE, isolation_level=None)) as connection:
                connection.row_factory = sqlite3.Row
                yield connection
        except sqlite3.Error as error:
            raise _said(self.path, error) from error
        except OSError as error:
            raise cannot_keep(self.path, error) from error

    def _create(self, connection: sqlite3.Connection) -> None:
        empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        if empty and connection.execute("PRAGMA application_id").fetchone()[0] == 0:
            for statement in TABLES.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {OURS}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")

    def _must_be_ours(self, connection: sqlite3.Connection) -> None:
        mark = connection.execute("PRAGMA application_id").fetchone()[0]
        made = connection.execute("PRAGMA user_version").fetchone()[0]
        if mark != OURS:
            raise RegistryError(
                f"'{self.path}' is not a registry of deepenough. Name another with DEEPENOUGH_REGISTRY."
            )
        if made > FORMAT:
            raise RegistryError(
                f"'{self.path}' was made by a newer deepenough. Install that, or name another registry."
            )
        sound = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if sound != "ok":
            raise _damaged(self.path)


def _said(path: Path, error: sqlite3.Error) -> DeepEnoughError:
    """Return the sentence for what SQLite says."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StorageError(f"'{path}' is being written by another process for over {PATIENCE:g} s. Try again.")
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return StorageError(
            f"'{path}' could not be written: the disk is full or failing. Free some space, and try again."
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return StorageError(
            f"'{path}' cannot be opened or written. Check its rights, or name another with DEEPENOUGH_REGISTRY."
        )
    return _damaged(path)


def _damaged(path: Path) -> RegistryError:
    return RegistryError(
        f"'{path}' is damaged. Bring it back from a copy; the bundles beside it are whole in themselves, and can be registered anew."
    )
