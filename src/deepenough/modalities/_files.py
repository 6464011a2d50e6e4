"""Open a table file as a frame: separator, encoding and byte-order mark are found out, damage is a sentence."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter, deque
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
PARQUET = b"PAR1"  # how such a file begins, and how it ends where it is whole
STRANGERS = (  # what else lands under the name of a table, and what to do with it
    (b"\x89PNG", "a picture", "Name the table that goes with it"),
    (b"\xff\xd8\xff", "a picture", "Name the table that goes with it"),
    (b"\x1f\x8b", "packed with gzip", "Unpack it first: gunzip FILE"),
    (b"PK\x03\x04", "an Excel workbook or a zip archive", "Save the sheet as CSV, or unpack the table that is in it"),
    (b"%PDF", "a PDF document", "Export the table in it as CSV"),
)


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
    try:
        with path.open("rb") as file:
            head = file.read(8)
        if path.suffix.lower() in (".parquet", ".pq") or head.startswith(PARQUET):
            return _read_parquet(path)
        _refuse_strangers(path, head)
        raw = path.read_bytes()
    except OSError as error:
        raise _cannot_open(path, error) from error
    return _read_text(raw, path, text_columns)


def _must_be_file(path: Path) -> None:
    try:
        found, size = path.exists(), path.stat().st_size if path.is_file() else None
    except OSError as error:
        raise _cannot_open(path, error) from error
    if path.is_dir():
        raise DataError(f"'{path}' is a folder, not a table. Name one CSV, TSV or Parquet file in it.")
    if not found:
        raise DataError(_no_file(path))
    if size == 0:
        raise DataError(f"'{path}' is empty (0 bytes). Export the table again, with a header line.")


def _no_file(path: Path) -> str:
    if path.is_symlink():
        return f"'{path}' is a link to a file that is not there. Check where it points."
    if path.parts and path.parts[0] in ("http:", "https:", "s3:", "gs:"):
        return f"'{path}' is an address, and deepenough downloads nothing. Fetch the file first, then name it."
    here = [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else []
    return f"There is no file '{path}'. {nearest(path.name, here)}Check the path."


def _cannot_open(path: Path, error: OSError) -> DataError:
    name = path.name if len(path.name) <= 60 else f"{path.name[:60]}..."
    return DataError(
        f"'{name}' cannot be opened: {(error.strerror or str(error)).lower()}. Check the path and your rights to read it."
    )


def _refuse_strangers(path: Path, head: bytes) -> None:
    for mark, what, mend in STRANGERS:
        if head.startswith(mark):
            raise DataError(f"'{path}' is {what}, not a table of text. {mend}.")


def _read_parquet(path: Path) -> pd.DataFrame:
    import pandas as pd
    import pyarrow

    with path.open("rb") as file:
        begins = file.read(4) == PARQUET
        file.seek(-min(4, path.stat().st_size), 2)
        ends = file.read() == PARQUET
    if not begins:
        raise DataError(
            f"'{path}' is no Parquet file, though it is called so. Give it its right ending (.csv?), or write it again."
        )
    if not ends:
        raise DataError(
            f"'{path}' cannot be read as Parquet: its end is missing, so it was cut off. Copy or write it again."
        )
    try:
        frame = pd.read_parquet(path)
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError(
            f"'{path}' cannot be read as Parquet: {reason}. It is damaged: copy or write it again."
        ) from error
    return frame.reset_index() if frame.index.names != [None] else frame


def decode_text(raw: bytes, path: Path) -> tuple[str, str]:
    """Return the text and the encoding that fits it: byte-order mark, UTF-8, then Windows-1252."""
    marks = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
    marked = [name for mark, name in marks if raw.startswith(mark)]
    if not marked and b"\x00" in raw[:65536]:
        raise DataError(
            f"'{path}' is a binary file (it holds NUL bytes), not a table of text. Export it as CSV or Parquet."
        )
    for encoding in marked or ["utf-8", "cp1252"]:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not marked and "\x00" in text:
            line = text.count("\n", 0, text.index("\x00")) + 1
            raise DataError(
                f"'{path}', line {line}: the file is damaged, it holds a NUL byte. Copy or export it again."
            )
        if any(ord(c) < 32 and c not in "\t\r\n\f" for c in text[:65536]):
            raise DataError(
                f"'{path}' holds control characters, so it is no table of text. Export it as CSV or Parquet."
            )
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


def _read_text(raw: bytes, path: Path, text_columns: Collection[str]) -> pd.DataFrame:
    text, _ = decode_text(raw, path)
    begin = text[:200].lstrip().casefold()
    if not text.strip():
        raise DataError(f"'{path}' holds no text, only blanks. Export the table again, with a header line.")
    if begin.startswith(("<html", "<!doctype", "<?xml", "[{", '{"')):
        form = "a web page or XML" if begin[0] == "<" else "JSON"
        raise DataError(
            f"'{path}' holds {form}, not a table of lines and separators. Export the table as CSV or Parquet."
        )
    separator = find_separator(text[: 2**20].splitlines()[:SNIFFED_LINES])
    header = _check_shape(text, separator, path)
    return _parse(text, separator, [h for h in header if h in text_columns], path)


def _check_shape(text: str, separator: str, path: Path) -> list[str]:
    """Return the header; refuse a line with too many or too few cells, and a quote that nobody closes."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    start = 1
    try:
        header = [h.strip() for h in next(row for row in reader if row)]
        if reader.line_num > 1 and _never_closed(text, separator, 1):
            raise DataError(_open_quote(path, 1))
        check_names(header, f"'{path}'")
        if len(text) <= RAGGED_LIMIT:
            begun = start = reader.line_num + 1
            for row in reader:
                begun, start = start, reader.line_num + 1
                if len(row) != len(header) and row:
                    raise DataError(_ragged(text, path, separator, begun, reader.line_num, len(row), len(header)))
            if start - begun > 1 and _never_closed(text, separator, begun):
                raise DataError(_open_quote(path, begun))
    except csv.Error as error:
        raise DataError(f"'{path}', line {start}: {error}. Mend that line, or export the table again.") from error
    return header


def _ragged(text: str, path: Path, separator: str, begun: int, ended: int, cells: int, wanted: int) -> str:
    if ended > begun and _never_closed(text, separator, begun):
        return _open_quote(path, begun)
    return (
        f"'{path}', line {begun}: {cells} cells where the header has {wanted}. "
        f"Quote cells that contain the separator '{separator}', or mend that line."
    )


def _never_closed(text: str, separator: str, line: int) -> bool:
    """Whether a quote that opens in the row that begins at `line` is still open where the text ends."""
    rest = io.StringIO(text, newline="").readlines()[line - 1 :]
    try:
        deque(csv.reader(rest, delimiter=separator, strict=True), maxlen=0)
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def _open_quote(path: Path, line: int) -> str:
    return f"'{path}', line {line}: a quote (\") is opened and never closed. Close it, or double it where it belongs to the text."


def check_names(header: list[str], source: str) -> None:
    """Refuse doubled, empty or too many column names."""
    doubled = [name for name, count in Counter(header).items() if count > 1]
    if doubled:
        raise DataError(f"{source} has {header.count(doubled[0])} columns called '{doubled[0]}'. Rename all but one.")
    if "" in header:
        raise DataError(f"{source}: column {header.index('') + 1} has no name. Name it in the header line.")
    if len(header) > MOST_COLUMNS:
        raise DataError(
            f"{source} has {len(header):,} columns; deepenough reads tables of up to {MOST_COLUMNS:,}. "
            "Keep the columns that are known when the question is asked."
        )


def _parse(text: str, separator: str, as_text: list[str], path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            dtype=dict.fromkeys(as_text, "str"),
            keep_default_na=False,
            na_values=list(MISSING),
            skipinitialspace=True,
            index_col=False,
            low_memory=False,
        )
    except (pd.errors.ParserError, ValueError, OverflowError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise DataError(f"'{path}' cannot be read as a table: {reason}. Mend that line, or export it again.") from error
    frame.columns = [str(c).strip() for c in frame.columns]
    return frame
