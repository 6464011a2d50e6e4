"""Packed files, unpacked in memory and never beyond a limit: a small file may hold the inside of a very large one."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable
from typing import IO, Protocol

from deepenough.errors import DataError, nearest
from deepenough.modalities._readers.common import MOST_BYTES, reason_of
from deepenough.modalities._readers.places import Place

BLOCK = 2**20
HARMLESS = 64 * 2**20  # bytes that any file may unpack to
MOST_RATIO = 200  # real tables, even of the same few words, are packed ten to fifty times
XZ_MEMORY = 256 * 2**20
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
)


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes, none at the end."""


def _zstandard(file: IO[bytes]) -> Readable:
    import pyarrow

    stream: Readable = pyarrow.CompressedInputStream(pyarrow.PythonFile(file, "r"), "zstd")
    return stream


class _Xz:
    """One xz stream after the other as one; lzma's own file takes no limit of memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.ahead = file, b""
        self.decompressor = lzma.LZMADecompressor(memlimit=XZ_MEMORY)

    def read(self, size: int = -1, /) -> bytes:
        while True:
            if self.decompressor.eof:
                self.ahead = (self.decompressor.unused_data or self.file.read(BLOCK)).lstrip(b"\0")
                if not self.ahead:
                    return b""
                self.decompressor = lzma.LZMADecompressor(memlimit=XZ_MEMORY)
            given = (self.ahead or self.file.read(BLOCK)) if self.decompressor.needs_input else b""
            wanted, self.ahead = self.decompressor.needs_input, b""
            if wanted and not given:
                raise EOFError("its end is missing")
            if found := self.decompressor.decompress(given, size):
                return found


OPENERS: dict[bytes, tuple[str, Callable[[IO[bytes]], Readable]]] = {  # by how a file begins
    rb"\x1f\x8b": ("gzip", lambda file: gzip.GzipFile(fileobj=file)),
    rb"BZh[1-9]1AY&SY": ("bzip2", lambda file: bz2.BZ2File(file)),
    rb"\xfd7zXZ\x00": ("xz", _Xz),
    rb"\x28\xb5\x2f\xfd": ("zstd", _zstandard),
}


def packed_with(head: bytes) -> str | None:
    """Return the name of what a file is packed with, by its first bytes."""
    return next((name for mark, (name, _) in OPENERS.items() if re.match(mark, head)), None)


def unpack(place: Place, head: bytes) -> bytes:
    """Return what a packed file holds, read in blocks.

    Raises
    ------
    DataError : it is damaged or cut off, or unpacks to more than ``MOST_RATIO`` times its size or than ``MOST_BYTES``.
    """
    if place.part is not None:
        raise DataError(f"{place}: this file has no parts. Leave '#{place.part}' out.")
    name, opener = next(entry for mark, entry in OPENERS.items() if re.match(mark, head))
    with place.path.open("rb") as file:
        try:
            return _bounded(opener(file), place.path.stat().st_size, str(place))
        except DAMAGED as error:
            raise DataError(
                f"{place} cannot be unpacked ({name}): {reason_of(error)}. It is damaged or cut off: copy or pack it again."
            ) from error


def _bounded(stream: Readable, packed: int, name: str) -> bytes:
    limit = min(MOST_BYTES, max(HARMLESS, packed * MOST_RATIO))
    whole, size = io.BytesIO(), 0
    while block := stream.read(BLOCK):
        size += whole.write(block)
        if size > limit:
            raise DataError(
                f"{name} has {packed:,} bytes and unpacks to more than {limit:,}: that is no table, or one of little but "
                "repetition. Unpack it yourself, look at it, and name the file that comes out."
            )
    return whole.getvalue()


def unpack_zip(place: Place) -> tuple[bytes, str]:
    """Return the one file in a zip archive, or the one that `archive.zip#file.csv` names, and its name."""
    try:
        with zipfile.ZipFile(place.path) as archive:
            member = _member(place, archive)
            with archive.open(member) as stream:
                return _bounded(stream, member.compress_size, str(place)), member.filename
    except DAMAGED as error:
        raise DataError(
            f"{place} cannot be opened as a zip archive or an Excel workbook: {reason_of(error)}. Copy it again, or unpack "
            "it yourself. Save the sheet as CSV where it is a workbook."
        ) from error


def _member(place: Place, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [
        m
        for m in archive.infolist()
        if not m.is_dir() and not m.filename.startswith(("__MACOSX/", ".")) and m.file_size
    ]
    names = [m.filename for m in members]
    shown = ", ".join(f"'{n}'" for n in names[:12]) + (" ..." if len(names) > 12 else "")
    if place.part is not None:
        if place.part not in names:
            raise DataError(
                f"There is no '{place.part}' in '{place.path}'. {nearest(place.part, names)}It holds: {shown or 'nothing'}."
            )
        return members[names.index(place.part)]
    if len(members) != 1:
        raise DataError(
            f"{place} is a zip archive of {len(members)} files{': ' + shown if members else ''}. "
            f"Name one of them: '{place.path}#{names[0]}'."
            if members
            else f"{place} is a zip archive with nothing in it. Pack it again."
        )
    return members[0]
