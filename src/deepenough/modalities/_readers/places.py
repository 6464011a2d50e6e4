"""Where a table stands: a file, maybe a part of it (`book.xlsx#Sheet2`), and whether it can be read at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deepenough.errors import DataError, nearest
from deepenough.modalities._readers.common import MOST_BYTES

KINDS = (
    (stat.S_ISFIFO, "a pipe, which can be read only once", "Save its rows to a file first, and name that"),
    (stat.S_ISSOCK, "a socket", "Save the rows to a file first, and name that"),
    (stat.S_ISBLK, "a device", "Name one CSV, JSON, Parquet, Arrow or Excel file"),
    (stat.S_ISCHR, "a device, which never ends", "Name one CSV, JSON, Parquet, Arrow or Excel file"),
)


@dataclass(frozen=True)
class Place:
    """A file, and the part of it that is meant: a sheet of a workbook, a member of an archive."""

    path: Path
    part: str | None = None

    def __str__(self) -> str:
        return f"'{self.path}'" if self.part is None else f"'{self.path}#{self.part}'"


def find(source: str | Path) -> Place:
    """Return the place that a path names; what follows a `#` is a part where the name before it is a file.

    >>> find("churn.csv")
    Place(path=PosixPath('churn.csv'), part=None)
    """
    text = str(source)
    try:
        if "#" not in text or os.path.lexists(text):
            return Place(Path(source))
        cuts = [i for i, letter in enumerate(text) if letter == "#"]
        cut = next((i for i in cuts if Path(text[:i]).is_file()), None)
    except (OSError, ValueError):
        return Place(Path(source))
    return Place(Path(source)) if cut is None else Place(Path(text[:cut]), text[cut + 1 :])


def must_be_file(place: Place) -> None:
    """Refuse what is no file that can be read whole: missing, a folder, a pipe, a device, empty, too large."""
    path = place.path
    try:
        if "\0" in str(path):
            raise DataError("The path holds a NUL character, so it can name no file. Check the path.")
        found = path.stat() if path.exists() else None
    except OSError as error:
        raise cannot_open(path, error) from error
    if found is None:
        raise DataError(_no_file(path))
    if stat.S_ISDIR(found.st_mode):
        raise DataError(f"'{path}' is a folder, not a table. Name one CSV, TSV or Parquet file in it.")
    for is_kind, what, mend in KINDS:
        if is_kind(found.st_mode):
            raise DataError(f"'{path}' is {what}, not a file. {mend}.")
    if found.st_size == 0:
        raise DataError(f"'{path}' is empty (0 bytes). Export the table again, with a header line.")
    if found.st_size > MOST_BYTES:
        raise DataError(
            f"'{path}' has {found.st_size / 2**30:,.0f} GB; deepenough reads files of up to {MOST_BYTES >> 30} GB. "
            "Draw a sample of its rows."
        )


def _no_file(path: Path) -> str:
    if path.is_symlink():
        return f"'{path}' is a link to a file that is not there, or back to itself. Check where it points."
    if path.parts and path.parts[0] in ("http:", "https:", "s3:", "gs:"):
        return f"'{path}' is an address, and deepenough downloads nothing. Fetch the file first, then name it."
    here = [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else []
    return f"There is no file '{path}'. {nearest(path.name, here)}Check the path."


def cannot_open(path: Path, error: OSError) -> DataError:
    """Return the sentence for a file that the system does not give."""
    name = path.name if len(path.name) <= 60 else f"{path.name[:60]}..."
    return DataError(
        f"'{name}' cannot be opened: {(error.strerror or str(error)).lower()}. Check the path and your rights to read it."
    )


@contextmanager
def unchanged(place: Place) -> Iterator[None]:
    """Refuse a file that is written to while it is read: half of it would be of yesterday."""
    before, damage = _state(place.path), None
    try:
        yield
    except DataError as error:
        damage = error
    if _state(place.path) != before:
        raise DataError(
            f"'{place.path}' was changed while it was read. Wait until it is written, or copy it, and run this again."
        ) from damage
    if damage is not None:
        raise damage


def _state(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns
