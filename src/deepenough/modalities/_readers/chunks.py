"""A large file in pieces: Parquet and text, read so that memory does not grow with the file."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepenough.errors import DataError
from deepenough.modalities._readers.columnar import PARQUET, frame_of
from deepenough.modalities._readers.common import check_names, reason_of
from deepenough.modalities._readers.encoding import BLOCK, MARKS
from deepenough.modalities._readers.records import looks_like_json
from deepenough.modalities._readers.text import SNIFFED_BYTES, TOLD, find_separator, long_cells, text_in_memory

if TYPE_CHECKING:
    import pandas as pd

CELLS = 1_000_000  # of a piece
MOST_ROWS, FEWEST_ROWS = 65_536, 1024
LARGE_TEXT = 32 * 2**20  # smaller files of text are read at once, and checked as a whole
SNIFFED_LINES = 50
Piece = tuple["pd.DataFrame", float]


def in_pieces(path: Path, text_columns: Collection[str]) -> Iterator[Piece] | None:
    """Return an iterator over frames, each with the share of the file that is read by then; None where it is to be read at once.

    That is so for small files, and for forms that cannot be cut: workbooks, JSON, what is packed.
    """
    with path.open("rb") as file:
        head = file.read(SNIFFED_BYTES)
    if head.startswith(PARQUET):
        return _of_parquet(path)
    if (
        path.stat().st_size <= LARGE_TEXT
        or b"\x00" in head
        or looks_like_json(head[:4096].decode("utf-8", "ignore"), path.suffix)
    ):
        return None
    encoding = _encoding(path, head)
    return None if encoding is None else _of_text(path, encoding, head, text_columns)


def rows_of_piece(columns: int) -> int:
    """Return how many rows a piece has."""
    return max(FEWEST_ROWS, min(MOST_ROWS, CELLS // max(1, columns)))


def _of_parquet(path: Path) -> Iterator[Piece]:
    import pyarrow
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path, pre_buffer=False)  # what it reads ahead it would keep until the end
        check_names(file.schema_arrow.names, f"'{path}'")
        rows, done = max(1, file.metadata.num_rows), 0
        for batch in file.iter_batches(rows_of_piece(len(file.schema_arrow))):
            done += len(batch)
            yield frame_of(pyarrow.Table.from_batches([batch]), f"'{path}'").reset_index(drop=True), done / rows
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise DataError(
            f"'{path}' cannot be read as Parquet: {reason_of(error)}. It is damaged: copy or write it again."
        ) from error


def _encoding(path: Path, head: bytes) -> str | None:
    """Return UTF-8 or Windows-1252, whichever the whole file is written in; None where it is neither."""
    if any(head.startswith(mark) for mark, name in MARKS if name != "utf-8-sig"):
        return None
    for name in ("utf-8-sig", "cp1252"):
        decoder = codecs.getincrementaldecoder(name)()
        try:
            with path.open("rb") as file:
                while block := file.read(BLOCK):
                    decoder.decode(block)
                decoder.decode(b"", final=True)
            return name
        except UnicodeDecodeError:
            continue
    return None


def _of_text(path: Path, encoding: str, head: bytes, text_columns: Collection[str]) -> Iterator[Piece]:
    start = head.decode(encoding, errors="ignore")
    told = TOLD.match(start)
    lines = io.StringIO(start, newline="").readlines()[:SNIFFED_LINES]
    separator, size = told.group(1) if told else find_separator(lines), path.stat().st_size
    with path.open("rb") as raw, io.TextIOWrapper(raw, encoding=encoding, newline="") as file, long_cells():
        if told:
            file.readline()
        taken = _Taken(file)
        reader = csv.reader(taken, delimiter=separator)
        try:
            header = [h.strip() for h in next(row for row in reader if row)]
            check_names(header, f"'{path}'")
            first, rows = taken.text(), rows_of_piece(len(header))
            while _take(reader, rows, len(header), path, separator):
                whole = text_in_memory(first + taken.text(), separator, f"'{path}'")
                yield whole.parse([h for h in header if h in text_columns], header), min(1.0, raw.tell() / size)
        except csv.Error as error:
            raise DataError(
                f"'{path}', line {reader.line_num}: {reason_of(error)}. Mend that line, or export the table again."
            ) from error


def _take(reader: Any, rows: int, width: int, path: Path, separator: str) -> bool:
    """Read up to so many rows, and look at their shape; whether there were any."""
    count = 0
    for row in reader:
        count += bool(row)
        if row and len(row) != width:
            raise DataError(
                f"'{path}', line {reader.line_num}: {len(row)} cells where the header has {width}. "
                f"Quote cells that contain the separator '{separator}', or mend that line."
            )
        if count >= rows:
            break
    return count > 0


class _Taken:
    """Lines of a file on their way to a reader, kept until they are asked for."""

    def __init__(self, file: Any) -> None:
        self._file, self._lines = file, list[str]()

    def __iter__(self) -> Iterator[str]:
        for line in self._file:
            self._lines.append(line)
            yield line

    def text(self) -> str:
        lines, self._lines = self._lines, []
        return "".join(lines)
