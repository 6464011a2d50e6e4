"""A log in a database: written in groups, joined with truth by id, forgotten by age or by key."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from deepenough.traffic import _tables
from deepenough.traffic._entry import Label, Record


class Log(ABC):
    """Where requests, answers and truths are kept. One thread at a time may use one object.

    What fails to be written, or read, is a `StorageError`; nothing of a group is kept then.
    """

    mark = "?"  # what stands for a value in this database's SQL

    @abstractmethod
    def change(self) -> AbstractContextManager[Any]:
        """Give a cursor whose changes are kept together when the block ends well, or not at all."""

    @abstractmethod
    def ask(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the lines that a question gives."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the database."""

    def prepare(self) -> None:
        """Make the tables where they are not there yet."""
        with self.change() as cursor:
            for statement in _tables.TABLES:
                cursor.execute(statement)

    def write(self, records: Sequence[Record]) -> None:
        """Keep a group of requests."""
        with self.change() as cursor:
            cursor.executemany(self.sql(_tables.INSERT), records)

    def label(self, labels: Iterable[Label]) -> tuple[int, list[str]]:
        """Keep truths; return how many, and the ids that no request has. The same again changes nothing; another truth replaces."""
        kept, unknown = 0, []
        with self.change() as cursor:
            for label in labels:
                found = cursor.execute(self.sql(_tables.KNOWN), (label.id,)).fetchone()
                if found is None or not 0 <= label.row < found[0]:
                    unknown.append(label.id)
                    continue
                truth = None if label.truth is None else str(label.truth)
                values = (label.id, label.row, truth, label.when, label.source, label.weight)
                cursor.execute(self.sql(_tables.LABEL), values)
                kept += 1
        return kept, unknown

    def requests(self, since: float = 0.0, until: float = 1e18) -> list[dict[str, Any]]:
        """Return the requests of a while, the oldest first."""
        lines = self.ask(self.sql(_tables.READ), (since, until))
        return [dict(zip(_tables.COLUMNS, line, strict=True)) for line in lines]

    def joined(self, since: float = 0.0) -> list[dict[str, Any]]:
        """Return answer and truth of each row whose truth is known."""
        names = ("id", "row", "version", "variant", "answer", "truth", "weight")
        return [dict(zip(names, line, strict=True)) for line in self.ask(self.sql(_tables.JOINED), (since,))]

    def erase(self, key: str) -> int:
        """Forget all that is kept under a key, truths too; return how many requests that were."""
        return self._delete(_tables.ERASE, key)

    def forget(self, before: float) -> int:
        """Forget what is older; return how many requests that were."""
        return self._delete(_tables.FORGET, before)

    def _delete(self, statements: Sequence[str], value: Any) -> int:
        with self.change() as cursor:
            for statement in statements:
                cursor.execute(self.sql(statement), (value,))
            return int(cursor.rowcount)

    def sql(self, statement: str) -> str:
        """Return a statement with the marks of this database."""
        return statement if self.mark == "?" else statement.replace("?", self.mark)
