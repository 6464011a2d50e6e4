"""A log in one SQLite file: written ahead, so that readers and writers do not wait for each other."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deepenough.errors import StorageError
from deepenough.traffic._log import Log

OURS = 0x64656C67  # SQLite's application_id: a file of somebody else is not written into
PATIENCE = 5.0


class Sqlite(Log):
    """A file. What is acknowledged survives the end of the process; the last moments may be lost with the power."""

    def __init__(self, path: Path) -> None:
        self.path = path
        new = not path.exists()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if new:
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))  # what customers sent is nobody else's
            self._connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute("PRAGMA secure_delete = ON")  # what is erased is not left in the file
            self._must_be_ours()
        except (sqlite3.Error, OSError) as error:
            raise self._said(error) from error
        self.prepare()

    def _must_be_ours(self) -> None:
        mark = self._connection.execute("PRAGMA application_id").fetchone()[0]
        empty = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        if mark == OURS:
            return
        if mark or not empty:
            raise StorageError(f"'{self.path}' is a database of something else. Name another file with --log.")
        self._connection.execute(f"PRAGMA application_id = {OURS}")

    @contextmanager
    def change(self) -> Iterator[sqlite3.Cursor]:
        cursor = self._connection.cursor()
        try:
            cursor.execute("BEGIN IMMEDIATE")
            yield cursor
            cursor.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._said(error) from error
        finally:
            if self._connection.in_transaction:
                self._connection.rollback()

    def ask(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._said(error) from error

    def erase(self, key: str) -> int:
        found = super().erase(key)
        self.ask("PRAGMA wal_checkpoint(TRUNCATE)")  # nor in the file beside it
        return found

    def close(self) -> None:
        self._connection.close()

    def _said(self, error: Exception) -> StorageError:
        return StorageError(
            f"The log '{self.path}' cannot be written or read ({error}). Free some space, or check its rights."
        )
