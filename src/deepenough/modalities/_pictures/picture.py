"""One picture: a file, a member of a zip, bytes, or pixels; opened when asked for."""

from __future__ import annotations

import base64
import binascii
import hashlib
import stat
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from deepenough.errors import DataError
from deepenough.modalities._pictures.opening import MOST_BYTES, Header, Unreadable, must_be_pixels, open_picture

URI = "data:"


@dataclass(frozen=True)
class Member:
    """A file inside a zip: never unpacked to disk."""

    archive: Path
    name: str


@dataclass(frozen=True, eq=False)
class Picture:
    """Where a picture is, and what it is called.

    Attributes
    ----------
    name : as sentences and predictions name it: the path relative to the folder; empty where it came without one.
    source : path, member of a zip, bytes of a file, or pixels (height, width, 3) uint8.
    memory : what was found out about it, so that nobody need open it again.
    """

    name: str
    source: Path | Member | bytes | np.ndarray
    memory: dict[str, Any] = field(default_factory=dict, repr=False)

    def data(self) -> bytes:
        """Return the bytes of the file; of pixels, those of the array. `Unreadable` where they are not to be had."""
        if isinstance(self.source, bytes):
            return self.source
        if isinstance(self.source, np.ndarray):
            return repr(self.source.shape).encode() + self.source.tobytes()
        return _of_member(self.source) if isinstance(self.source, Member) else _of_file(self.source)

    def opened(self, data: bytes | None = None) -> tuple[Header, np.ndarray]:
        """Return what the file says of itself, and the pixels (height, width, 3) uint8, upright; else `Unreadable`.

        `data`: its bytes, where they were read already.
        """
        if isinstance(self.source, np.ndarray):
            return Header("", self.source.shape[1], self.source.shape[0], 1, ""), self.source
        return open_picture(self.data() if data is None else data)

    def read(self) -> np.ndarray:
        """Return the pixels; `DataError` with the picture's name where it cannot be opened."""
        try:
            return self.opened()[1]
        except Unreadable as error:
            raise named(self.name, error) from error

    def sent(self) -> bytes | np.ndarray:
        """Return the picture as somebody would send it: a file as bytes, pixels as they are."""
        return self.source if isinstance(self.source, np.ndarray) else self.data()


def named(name: str, error: Unreadable) -> DataError:
    """Return the sentence with the picture's name in front."""
    return DataError(f"{f'The picture {name!r}' if name else 'The picture'} {error}.")


def identity(data: bytes) -> np.uint64:
    """Return what stands for the content of a file: the same bytes, the same number."""
    return np.uint64(int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little"))


def _of_file(path: Path) -> bytes:
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable("is no plain file")
        if found.st_size > MOST_BYTES:
            raise Unreadable(f"has {found.st_size / 2**20:,.0f} MB, over {MOST_BYTES >> 20}. Save it smaller")
        return path.read_bytes()
    except FileNotFoundError:
        raise Unreadable("is not there. Check the path") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Unreadable(f"cannot be opened: {reason.lower()}. Check your rights to read it") from error


def _of_member(member: Member) -> bytes:
    try:
        with zipfile.ZipFile(member.archive) as archive:
            if archive.getinfo(member.name).file_size > MOST_BYTES:
                raise Unreadable(f"is larger than {MOST_BYTES >> 20} MB. Save it smaller")
            with archive.open(member.name) as file:
                return file.read(MOST_BYTES)
    except Unreadable:
        raise
    except Exception as error:  # zipfile raises whatever a damaged or locked member makes of its decoder
        raise Unreadable(f"cannot be taken out of the zip ({type(error).__name__}). Pack it again") from error


def of_cell(cell: Any, name: str = "") -> Picture:
    """Return the picture that somebody hands over: bytes of a file, base64, a ``data:`` URI, pixels, or a `pathlib.Path`.

    A text is never taken for a path: what arrives over a wire must not name files of the machine that answers.
    Raises `DataError` where it is none of these.
    """
    if isinstance(cell, Picture):
        return cell
    if isinstance(cell, Path):
        return Picture(name or str(cell), cell)
    if isinstance(cell, bytes | bytearray | memoryview):
        return Picture(name, bytes(cell))
    if isinstance(cell, str):
        return Picture(name, _decoded(cell, name))
    if isinstance(cell, np.ndarray):
        try:
            return Picture(name, must_be_pixels(cell))
        except Unreadable as error:
            raise named(name, error) from error
    raise named(
        name, Unreadable(f"is missing or a {type(cell).__name__}. Give the bytes of a file, base64, or an array")
    )


def _decoded(text: str, name: str) -> bytes:
    plain = text.partition(",")[2] if text.startswith(URI) else text
    try:
        return base64.b64decode(plain, validate=True)
    except (binascii.Error, ValueError):
        short = text if len(text) <= 40 else f"{text[:40]}..."
        refused = Unreadable(
            f"is a text, {short!r}, and no base64. Give base64 of the file; in Python a file is a pathlib.Path"
        )
        raise named(name, refused) from None
