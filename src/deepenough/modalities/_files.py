"""Open a table file as a frame: separator, encoding and byte-order mark are found out, damage is a sentence."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from deepenough.errors import DataError, nearest

if TYPE_CHECKING:
    import pandas as pd

# One set for files and for single requests, so that a cell means the same in training and in serving.
MISSING = ("", "?", "NA", "N/A", "n/a", "<NA>", "NaN", "nan", "NULL", "null", "None", "none", "#N/A")
SEPARATORS = (",", ";", "\t", "|")
MOST_COLUMNS = 2000
SNIFFED_LINES = 50
RAGGED_LIMIT = 256 * 2**20  # bytes up to which every line is counted; beyond, pandas' own check must do


def read_table(path: Path, text_columns: Collection[str] = ()) -> pd.DataFrame:
    """Read a CSV, TSV or Parquet file.

    Parameters
    ----------
    text_columns : columns that stay as written (``007`` keeps its zeros).

    Raises
    ------
    DataError : missing, empty, binary, ragged, doubled names, damaged; with what was seen and the mend.
    """
    _must_be_file(path)
    with path.open("rb") as file:
        head = file.read(8)
    if path.suffix.lower() in (".parquet", ".pq") or head.startswith(b"PAR1"):
        return _read_parquet(path)
    return _read_text(path, text_columns)


def _must_be_file(path: Path) -> None:
    if path.is_dir():
        raise DataError(f"'{path}' is a folder, not a table. Name one CSV, TSV or Parquet file in it.")
    if not path.exists():
        here = [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else []
        raise DataError(f"There is no file '{path}'. {nearest(path.name, here)}Check the path.")
    if path.stat().st_size == 0:
        raise DataError(f"'{path}' is empty (0 bytes). Export the table again, with a header line.")


def _read_parquet(path: Path) -> pd.DataFrame:
    import pandas as pd
    import pyarrow

    try:
        frame = pd.read_parquet(path)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError(f"'{path}' cannot be read as Parquet: {reason}. It may be cut off: copy or write it again.") from error
    return frame.reset_index() if frame.index.names != [None] else frame


def decode_text(raw: bytes, path: Path) -> tuple[str, str]:
    """Return the text and the encoding that fits it: byte-order mark, UTF-8, then Windows-1252."""
    marks = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
    marked = [name for mark, name in marks if raw.startswith(mark)]
    if not marked and b"\x00" in raw[:65536]:
        raise DataError(f"'{path}' is a binary file (it holds zero bytes), not a table of text. "
                        "Export it as CSV or Parquet.")
    for encoding in marked or ["utf-8", "cp1252"]:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if any(ord(c) < 32 and c not in "\t\r\n\f" for c in text[:65536]):
            raise DataError(f"'{path}' holds control characters, so it is no table of text. Export it as CSV or Parquet.")
        return text, encoding
    bad = _first_bad_byte(raw)
    raise DataError(f"'{path}' is neither UTF-8 nor Windows-1252: byte {bad} fits neither. Save it as UTF-8.")


def _first_bad_byte(raw: bytes) -> str:
    try:
        raw.decode("cp1252")
    except UnicodeDecodeError as error:
        return f"{error.start} (0x{raw[error.start]:02x})"
    return "0"


def find_separator(lines: list[str]) -> str:
    """Return the separator that cuts the first lines into the most equal number of columns."""
    best, best_score = ",", (0.0, 0)
    for separator in SEPARATORS:
        counts = Counter(len(row) for row in csv.reader(lines, delimiter=separator) if row)
        if not counts:
            continue
        width, agreeing = counts.most_common(1)[0]
        score = (agreeing / counts.total(), width)
        if width > 1 and score > best_score:
            best, best_score = separator, score
    return best


def _read_text(path: Path, text_columns: Collection[str]) -> pd.DataFrame:
    text, _ = decode_text(path.read_bytes(), path)
    if not text.strip():
        raise DataError(f"'{path}' holds no text, only blanks. Export the table again, with a header line.")
    separator = find_separator(text[: 2**20].splitlines()[:SNIFFED_LINES])
    header = _check_shape(text, separator, path)
    return _parse(text, separator, [h for h in header if h in text_columns], path)


def _check_shape(text: str, separator: str, path: Path) -> list[str]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        header = [h.strip() for h in next(row for row in reader if row)]
        check_names(header, str(path))
        if len(text) <= RAGGED_LIMIT:
            for row in reader:
                if len(row) != len(header) and row:
                    raise DataError(
                        f"'{path}', line {reader.line_num}: {len(row)} cells where the header has {len(header)}. "
                        f"Quote cells that contain the separator '{separator}', or mend that line.")
    except csv.Error as error:
        raise DataError(f"'{path}', line {reader.line_num}: {error}. Mend that line, or export the table again.") from error
    return header


def check_names(header: list[str], source: str) -> None:
    """Refuse doubled, empty or too many column names."""
    doubled = [name for name, count in Counter(header).items() if count > 1]
    if doubled:
        raise DataError(f"{source} has {header.count(doubled[0])} columns called '{doubled[0]}'. Rename all but one.")
    if "" in header:
        raise DataError(f"{source}: column {header.index('') + 1} has no name. Name it in the header line.")
    if len(header) > MOST_COLUMNS:
        raise DataError(f"{source} has {len(header):,} columns; deepenough reads tables of up to {MOST_COLUMNS:,}. "
                        "Keep the columns that are known when the question is asked.")


def _parse(text: str, separator: str, as_text: list[str], path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        frame = pd.read_csv(io.StringIO(text), sep=separator, dtype=dict.fromkeys(as_text, "str"),
                            keep_default_na=False, na_values=list(MISSING), skipinitialspace=True,
                            index_col=False, low_memory=False)
    except (pd.errors.ParserError, ValueError, OverflowError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError(f"'{path}' cannot be read as a table: {reason}. Mend that line, or export it again.") from error
    frame.columns = [str(c).strip() for c in frame.columns]
    return frame
