"""CSV and its like: the separator is found out, and a damaged line is named before anything is read from it."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deepenough.errors import DataError
from deepenough.modalities._numbers import written_otherwise
from deepenough.modalities._readers.common import MISSING, check_names, check_size, reason_of

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = (",", ";", "\t", "|")
SNIFFED_LINES = 50
SNIFFED_BYTES = 2**20
LONGEST_CELL = 64 * 2**20
EXACT = 2.0**53  # from here on a float skips whole numbers
TOLD = re.compile(r"sep=(.)\r?\n?")  # a first line that Excel writes and reads


def find_separator(lines: list[str]) -> str:
    """Return the separator that cuts the first lines into the most equal number of columns."""
    best, best_score = ",", (0.0, 0)
    for separator in SEPARATORS:
        with long_cells():
            counts = Counter(len(row) for row in csv.reader(lines, delimiter=separator) if row)
        if not counts:
            continue
        width, agreeing = counts.most_common(1)[0]
        score = (agreeing / counts.total(), width)
        if width > 1 and score > best_score:
            best, best_score = separator, score
    return best


def read_text(raw: bytes, encoding: str, name: str, text_columns: Collection[str]) -> pd.DataFrame:
    """Read a table of lines and separators; `text_columns` stay as they are written."""
    start = raw[:SNIFFED_BYTES].decode(encoding, errors="ignore")
    begin = start[:200].lstrip().casefold()
    if not start.strip() and not raw.decode(encoding).strip():
        raise DataError(f"{name} holds no text, only blanks. Export the table again, with a header line.")
    if begin.startswith(("<html", "<!doctype", "<?xml")):
        raise DataError(
            f"{name} holds a web page or XML, not a table of lines and separators. Export the table as CSV or Parquet."
        )
    told = TOLD.match(start)
    text = _Text(raw, encoding, told.group(1) if told else find_separator(_lines(start)), bool(told), name)
    header = text.check_shape()
    return text.parse([h for h in header if h in text_columns], header)


def _lines(start: str) -> list[str]:
    return io.StringIO(start, newline="").readlines()[:SNIFFED_LINES]


@contextmanager
def long_cells() -> Iterator[None]:
    """Let the csv module read cells that are longer than its own limit of 128 KB."""
    before = csv.field_size_limit(LONGEST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)


class _Text:
    """A file of text whose encoding and separator are known; it is decoded as it is read, and never held as text."""

    def __init__(self, raw: bytes, encoding: str, separator: str, told: bool, name: str) -> None:
        self.raw, self.encoding, self.separator, self.told, self.name = raw, encoding, separator, told, name

    def _open(self) -> io.TextIOWrapper:
        file = io.TextIOWrapper(io.BytesIO(self.raw), encoding=self.encoding, newline="")
        if self.told:
            file.readline()
        return file

    def check_shape(self) -> list[str]:
        """Return the header; refuse a line with too many or too few cells, and a quote that nobody closes."""
        reader = csv.reader(self._open(), delimiter=self.separator)
        start = 1
        try:
            with long_cells():
                header = [h.strip() for h in next(row for row in reader if row)]
                if reader.line_num > 1 and self._never_closed(1):
                    raise self._open_quote(1)
                check_names(header, self.name)
                begun = start = reader.line_num + 1
                rows = 0
                for row in reader:
                    begun, start, rows = start, reader.line_num + 1, rows + 1
                    if len(row) != len(header) and row:
                        raise self._ragged(begun, reader.line_num, len(row), len(header))
                if start - begun > 1 and self._never_closed(begun):
                    raise self._open_quote(begun)
                check_size(rows, len(header), self.name)
        except csv.Error as error:
            mend = "Mend that line, or export the table again."
            raise DataError(f"{self.name}, line {start + self.told}: {reason_of(error)}. {mend}") from error
        return header

    def _ragged(self, begun: int, ended: int, cells: int, wanted: int) -> DataError:
        if ended > begun and self._never_closed(begun):
            return self._open_quote(begun)
        return DataError(
            f"{self.name}, line {begun + self.told}: {cells} cells where the header has {wanted}. "
            f"Quote cells that contain the separator '{self.separator}', or mend that line."
        )

    def _never_closed(self, line: int) -> bool:
        """Whether a quote that opens in the row that begins at `line` is still open where the text ends."""
        file = self._open()
        for _ in range(line - 1):
            file.readline()
        try:
            deque(csv.reader(file, delimiter=self.separator, strict=True), maxlen=0)
        except csv.Error as error:
            return "unexpected end" in str(error)
        return False

    def _open_quote(self, line: int) -> DataError:
        return DataError(
            f'{self.name}, line {line + self.told}: a quote (") is opened and never closed. '
            "Close it, or double it where it belongs to the text."
        )

    def parse(self, as_text: list[str], header: list[str]) -> pd.DataFrame:
        """Return the frame: numbers where all cells of a column are, text as it stands where reading would lose digits."""
        frame = self._parse(header, as_text, header)
        floats = [name for name in frame if frame[name].dtype.kind == "f" and name not in as_text]
        texts = {n: frame[n] for n in frame if frame[n].dtype.kind not in "iufbM" and n not in as_text}
        again = floats if written_otherwise(texts) else [n for n in floats if _far(frame[n])]
        if again:
            raw = self._parse(header, again, again)
            for name in again:
                frame[name] = raw[name]
        return frame

    def _parse(self, header: list[str], as_text: list[str], wanted: list[str]) -> pd.DataFrame:
        import pandas as pd

        try:
            return pd.read_csv(
                io.BytesIO(self.raw),
                encoding=self.encoding,
                sep=self.separator,
                names=header,
                header=0,
                usecols=wanted,
                dtype=dict.fromkeys(as_text, "str"),
                keep_default_na=False,
                na_values=list(MISSING),
                skipinitialspace=True,
                skiprows=1 if self.told else 0,
                index_col=False,
                low_memory=False,
            )
        except (pd.errors.ParserError, ValueError, OverflowError) as error:
            raise DataError(
                f"{self.name} cannot be read as a table: {reason_of(error)}. Mend that line, or export it again."
            ) from error


def text_in_memory(text: str, separator: str, name: str) -> _Text:
    """Return text that was read already, a header line first."""
    return _Text(text.encode("utf-8", "surrogatepass"), "utf-8", separator, False, name)


def _far(numbers: pd.Series) -> bool:
    """Whether a column holds numbers so large that a float skips some."""
    size = numbers.abs()
    return bool(((size >= EXACT) & (size < float("inf"))).any())
