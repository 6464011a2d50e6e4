"""A log in a PostgreSQL database, for several machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from deepenough.errors import DeepEnoughError, StorageError, Unavailable
from deepenough.traffic._log import Log

PATIENCE_S = 5


class Postgres(Log):
    """A database by its URL; a connection that broke is opened anew for the next group."""

    mark = "%s"

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None
        self.prepare()

    def _open(self) -> Any:
        try:
            import psycopg
        except ImportError as error:
            raise Unavailable(
                "A log in PostgreSQL needs psycopg, which is not installed here. Install it with: pip install 'deepenough[sql]'."
            ) from error
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._url, connect_timeout=PATIENCE_S, autocommit=True)
        return self._connection

    @contextmanager
    def change(self) -> Iterator[Any]:
        try:
            with self._open().transaction(), self._connection.cursor() as cursor:
                yield cursor
        except DeepEnoughError:
            raise
        except Exception as error:  # psycopg is imported only where it is used
            raise self._said(error) from error

    def ask(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.change() as cursor:
            found: list[tuple[Any, ...]] = cursor.execute(statement, values).fetchall()
            return found

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _said(self, error: Exception) -> StorageError:
        """Say what failed, and never the URL, which may hold a password."""
        if self._connection is not None and not self._connection.closed and self._connection.broken:
            self._connection.close()
        return StorageError(
            f"The log in PostgreSQL cannot be written or read ({type(error).__name__}). Check that it runs."
        )
