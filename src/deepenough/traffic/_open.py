"""Open a log by its address."""

from __future__ import annotations

from pathlib import Path

from deepenough.errors import SettingError
from deepenough.traffic._log import Log
from deepenough.traffic._postgres import Postgres
from deepenough.traffic._sqlite import Sqlite

POSTGRES = ("postgresql://", "postgres://")


def open_log(address: str | Path) -> Log:
    """Open the log at a path (SQLite) or a URL (``postgresql://...``); a new one is made.

    Raises `StorageError` where it cannot be opened, or is something else.
    """
    text = str(address)
    if text.startswith(POSTGRES):
        return Postgres(text)
    if "://" in text:
        raise SettingError("--log takes the path of a file, or postgresql://USER@HOST/DATABASE.")
    return Sqlite(Path(text))
