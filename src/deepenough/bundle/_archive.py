"""Where the bytes of a bundle come from: a folder or a stored zip, read by name into memory.

Nothing is unpacked, no link is followed, and no more is read than was promised: so nothing that a stranger packed can land
outside, stand in for another file, or grow.
"""

from __future__ import annotations

import os
import re
import stat
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from deepenough.errors import BundleError

NAME = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9_.-]*/)?[A-Za-z0-9][A-Za-z0-9_.-]*")  # one folder deep at most
LONGEST_NAME = 120
MOST_FILES = 1000
MOST_DIRECTORY = 2**20  # bytes a zip's list of its files may take
END, END_SIZE, LONGEST_COMMENT = b"PK\x05\x06", 22, 65535
ZIP64 = b"PK\x06\x07"
ZIP = b"PK\x03\x04"


class Source(Protocol):
    """A place files are read from by name."""

    def read(self, name: str, most: int) -> bytes:
        """Return a file of at most `most` bytes; `BundleError` where it is not there, larger, or no plain file."""


def open_source(path: Path) -> Source:
    """Return where the files of a bundle are: a folder, or a zip."""
    if path.is_dir():
        return Folder(path)
    if not path.exists():
        raise BundleError(f"'{path}' is no bundle: it is not there. Name a folder that `deepenough run` made.")
    return Archive(path)


def must_be_name(name: str, path: Path) -> None:
    """Refuse a name that could mean a place outside the bundle, on any system."""
    if len(name) > LONGEST_NAME or not NAME.fullmatch(name):
        raise BundleError(f"'{path}' lists a file outside itself ({name[:60]!r}). Do not use it.")


class Memory:
    """Files that are not written yet."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files

    def read(self, name: str, most: int) -> bytes:
        return self.files[name][:most]


class Folder:
    """A folder of plain files."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str, most: int) -> bytes:
        must_be_name(name, self.path)
        place = self.path / name
        try:
            if place.parent != self.path and place.parent.is_symlink():
                raise BundleError(f"'{place.parent}' is a link. A bundle holds plain files: copy it again.")
            handle = os.open(place, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        except (FileNotFoundError, NotADirectoryError):
            raise BundleError(f"'{self.path}' lacks {name}. Copy the bundle again.") from None
        except OSError as error:
            what = "is a link, not a plain file" if place.is_symlink() else f"cannot be read ({type(error).__name__})"
            raise BundleError(f"'{place}' {what}. Copy the bundle again.") from error
        with _closing(handle):
            found = os.fstat(handle)
            if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
                what = "has a second name (a hard link)" if stat.S_ISREG(found.st_mode) else "is no plain file"
                raise BundleError(f"'{place}' {what}. A bundle holds plain files of its own: copy it again.")
            if found.st_size > most:
                raise _too_large(self.path, name)
            with os.fdopen(handle, "rb", closefd=False) as file:
                return file.read(most)


@contextmanager
def _closing(handle: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(handle)


class Archive:
    """A zip whose files are stored as they are. A packed one is refused: ten megabytes of it may be ten gigabytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._must_be_small()
            with zipfile.ZipFile(path) as archive:
                entries = archive.infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise BundleError(f"'{path}' is no bundle: it cannot be read as a zip. Copy it again.") from error
        for entry in entries:
            self._must_be_plain(entry)
        self._entries = {e.filename: e for e in entries if not e.is_dir()}
        folded = {e.filename.casefold() for e in entries}
        if len(folded) != len(entries):
            raise BundleError(f"'{path}' holds two files of one name. Do not use it.")
        if sum(e.file_size for e in entries) > path.stat().st_size:
            raise BundleError(f"'{path}' claims to hold more than it does. Do not use it.")

    def _must_be_small(self) -> None:
        """Look at the end of the file, before anybody reads a list of a million files."""
        with self.path.open("rb") as file:
            if file.read(4) != ZIP:
                raise BundleError(
                    f"'{self.path}' is no bundle: neither a folder nor a zip. Name a folder that `deepenough run` made."
                )
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - END_SIZE - LONGEST_COMMENT - len(ZIP64) - 16))
            tail = file.read()
        place = tail.rfind(END)
        if tail.count(END) != 1 or ZIP64 in tail:
            raise BundleError(
                f"'{self.path}' is no plain zip: its end can be read in more than one way. Do not use it."
            )
        files = int.from_bytes(tail[place + 10 : place + 12], "little")
        directory = int.from_bytes(tail[place + 12 : place + 16], "little")
        if files > MOST_FILES or directory > MOST_DIRECTORY:
            raise BundleError(f"'{self.path}' holds {files:,} files, more than a bundle has. Do not use it.")

    def _must_be_plain(self, entry: zipfile.ZipInfo) -> None:
        must_be_name(entry.orig_filename.rstrip("/") if entry.is_dir() else entry.orig_filename, self.path)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise BundleError(f"'{self.path}' holds {entry.filename} as a link or a device. Do not use it.")
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size or entry.flag_bits & 1:
            raise BundleError(
                f"'{self.path}' is packed or locked ({entry.filename}). Store it without compression: zip -0 -r bundle.zip ."
            )

    def read(self, name: str, most: int) -> bytes:
        must_be_name(name, self.path)
        entry = self._entries.get(name)
        if entry is None:
            raise BundleError(f"'{self.path}' lacks {name}. Copy the bundle again.")
        if entry.file_size > most:
            raise _too_large(self.path, name)
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(entry) as file:
                return file.read(most)
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError) as error:
            raise BundleError(
                f"'{self.path}/{name}' cannot be read ({type(error).__name__}). Copy the bundle again."
            ) from error


def _too_large(path: Path, name: str) -> BundleError:
    return BundleError(f"'{path}/{name}' was changed since it was written: its size differs. Copy the bundle again.")
