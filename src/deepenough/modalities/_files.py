"""Open a table as a frame: its form is told by its first bytes, not by its name; damage is a sentence."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from deepenough.errors import DataError
from deepenough.modalities._readers.columnar import form_of, read_columnar
from deepenough.modalities._readers.common import MISSING as MISSING
from deepenough.modalities._readers.common import check_names as check_names
from deepenough.modalities._readers.common import in_memory
from deepenough.modalities._readers.encoding import find_encoding
from deepenough.modalities._readers.places import Place, cannot_open, find, must_be_file, unchanged
from deepenough.modalities._readers.query import Query as Query
from deepenough.modalities._readers.query import read_query
from deepenough.modalities._readers.records import looks_like_json, read_records
from deepenough.modalities._readers.text import read_text
from deepenough.modalities._readers.unpacking import ZIP, packed_with, unpack, unpack_zip
from deepenough.modalities._readers.workbook import OLD, is_workbook, read_workbook

if TYPE_CHECKING:
    import pandas as pd

ENDINGS = (
    *(".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".parquet", ".pq", ".arrow", ".arrows", ".ipc"),
    *(".feather", ".xlsx", ".xlsm", ".gz", ".bz2", ".xz", ".zst", ".zip"),
)
HEAD = 4096
STRANGERS = (  # what else lands under the name of a table, and what to do with it
    (b"\x89PNG", "a picture", "Name the table that goes with it"),
    (b"\xff\xd8\xff", "a picture", "Name the table that goes with it"),
    (b"GIF8", "a picture", "Name the table that goes with it"),
    (b"%PDF", "a PDF document", "Export the table in it as CSV"),
    (OLD, "an old or a protected Excel workbook (.xls)", "Save the sheet as .xlsx without a password, or as CSV"),
    (b"SQLite format 3\x00", "a SQLite database", 'Ask it by a query: --sql "SELECT ..." --db sqlite:///FILE'),
    (b"\x89HDF", "an HDF5 file", "Export the table in it as Parquet or CSV"),
    (b"\x93NUMPY", "a NumPy array", "Save it as a table with names: Parquet or CSV"),
    (b"\x80\x04\x95", "a Python pickle, which may run code and is never opened", "Export the table as Parquet or CSV"),
    (b"\x80\x05\x95", "a Python pickle, which may run code and is never opened", "Export the table as Parquet or CSV"),
    (b"Rar!\x1a", "a RAR archive", "Unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "Unpack it first"),
    (b"Obj\x01", "an Avro file", "Export the table in it as Parquet or CSV"),
)
TAR = (257, b"ustar")


def read_table(path: str | Path, text_columns: Collection[str] = ()) -> pd.DataFrame:
    """Read a file: CSV and its like, JSON, Parquet, Arrow, Feather, Excel; packed with gzip, bzip2, xz, zstd or zip.

    Parameters
    ----------
    path : of the file; ``book.xlsx#Sheet2`` and ``archive.zip#file.csv`` name a part of it.
    text_columns : columns that stay as written (``007`` keeps its zeros).

    Raises
    ------
    DataError : missing, empty, binary, ragged, doubled names, damaged; with what was seen and the mend.
    Unavailable : an Excel workbook without openpyxl.
    """
    place = find(path)
    must_be_file(place)
    try:
        with unchanged(place), in_memory(str(place)):
            frame = _read(place, text_columns)
    except OSError as error:
        raise cannot_open(place.path, error) from error
    check_names(list(frame.columns), str(place))
    return frame


def ask(query: Query) -> pd.DataFrame:
    """Return the rows of a query."""
    with in_memory("What the query gives"):
        return read_query(query)


def _read(place: Place, text_columns: Collection[str]) -> pd.DataFrame:
    with place.path.open("rb") as file:
        head = file.read(HEAD)
    if packed_with(head):
        return _of_bytes(unpack(place, head), place, _inner(place.path), text_columns)
    if head.startswith(ZIP):
        if is_workbook(place):
            return read_workbook(place)
        raw, member = unpack_zip(place)
        return _of_bytes(raw, place, Path(member), text_columns)
    if place.part is not None:
        raise DataError(f"{place}: this file has no parts. Leave '#{place.part}' out.")
    form = form_of(head, place.path.suffix.lower(), str(place))
    if form:
        return read_columnar(place.path, form, str(place))
    _refuse_strangers(head, str(place))
    return _read_text(place.path.read_bytes(), str(place), place.path, text_columns)


def _of_bytes(raw: bytes, place: Place, called: Path, text_columns: Collection[str]) -> pd.DataFrame:
    """Read what was packed; a file that was packed twice, or an archive in it, is refused."""
    name, head = str(place), raw[:HEAD]
    if not raw:
        raise DataError(f"{name} is packed, and there is nothing in it (0 bytes). Export the table again.")
    if packed_with(head) or head.startswith(ZIP) or head[TAR[0] :].startswith(TAR[1]):
        raise DataError(f"{name} holds another archive or workbook. Unpack it first, and name the table in it.")
    form = form_of(head, called.suffix.lower(), name)
    if form:
        return read_columnar(raw, form, name)
    _refuse_strangers(head, name)
    return _read_text(raw, name, called, text_columns)


def _inner(path: Path) -> Path:
    """Return what a packed file is called without its packing: churn.csv of churn.csv.gz."""
    return Path(path.stem) if path.suffix.lower() in (".gz", ".bz2", ".xz", ".zst") else path


def _refuse_strangers(head: bytes, name: str) -> None:
    for mark, what, mend in STRANGERS:
        if head.startswith(mark):
            raise DataError(f"{name} is {what}, not a table of text. {mend}.")
    if head[TAR[0] :].startswith(TAR[1]):
        raise DataError(f"{name} is a tar archive, not a table of text. Unpack it first.")


def _read_text(raw: bytes, name: str, called: Path, text_columns: Collection[str]) -> pd.DataFrame:
    encoding = find_encoding(raw, name)
    start = raw[:HEAD].decode(encoding, errors="ignore")
    if looks_like_json(start, called.suffix.lower()):
        return read_records(raw, encoding, name)
    return read_text(raw, encoding, name, text_columns)
