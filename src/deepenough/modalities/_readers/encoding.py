"""Which encoding a file of text is in: byte-order mark, UTF-8, then Windows-1252; what is no text is refused."""

from __future__ import annotations

import codecs

from deepenough.errors import DataError

MARKS = (  # UTF-32 before UTF-16, whose mark it begins with
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LOOKED_AT = 65536  # bytes searched for what no text holds
BLOCK = 2**20
GLUED = "\n\ufeff"


def find_encoding(raw: bytes, name: str) -> str:
    """Return the encoding in which all of the bytes are text.

    Raises
    ------
    DataError : binary, damaged by NUL bytes, of two encodings at once, or two files glued together.
    """
    marked = next((encoding for mark, encoding in MARKS if raw.startswith(mark)), None)
    if marked is None:
        _refuse_nul(raw, name)
    encoding = marked or "utf-8"
    if not decodes(raw, encoding):
        encoding = _second_choice(raw, marked, name)
    start = raw[:LOOKED_AT].decode(encoding, errors="ignore")
    if any(ord(c) < 32 and c not in "\t\r\n\f" for c in start):
        raise DataError(f"{name} holds control characters, so it is no table of text. Export it as CSV or Parquet.")
    _refuse_glued(raw, encoding, name)
    return encoding


def decodes(raw: bytes, encoding: str) -> bool:
    """Whether bytes are text in this encoding; block by block, so that the text is never held."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for start in range(0, len(raw), BLOCK):
            decoder.decode(raw[start : start + BLOCK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_nul(raw: bytes, name: str) -> None:
    at = raw.find(b"\x00")
    if 0 <= at < LOOKED_AT:
        wide = raw[1:200:2].count(0) > 80 or raw[0:200:2].count(0) > 80
        mend = "It looks like UTF-16 without its mark: save it as UTF-8" if wide else "Export it as CSV or Parquet"
        raise DataError(f"{name} is a binary file (it holds NUL bytes), not a table of text. {mend}.")
    if at >= 0:
        line = raw.count(b"\n", 0, at) + 1
        raise DataError(f"{name}, line {line}: the file is damaged, it holds a NUL byte. Copy or export it again.")


def _second_choice(raw: bytes, marked: str | None, name: str) -> str:
    if marked is not None:
        raise DataError(f"{name} is marked as {marked.upper()[:6]} and is not: it is damaged. Save it as UTF-8.")
    if not decodes(raw, "cp1252"):
        raise DataError(
            f"{name} is neither UTF-8 nor Windows-1252: byte {_first_bad_byte(raw)} fits neither. Save it as UTF-8."
        )
    utf8, other = _lines_by_encoding(raw)
    if utf8 is not None and other is not None:
        raise DataError(
            f"{name} mixes encodings: line {utf8} is written in UTF-8 and line {other} in Windows-1252. "
            "Save each part as UTF-8 before they are put together."
        )
    return "cp1252"


def _lines_by_encoding(raw: bytes) -> tuple[int | None, int | None]:
    """Return the first line whose letters beyond ASCII are UTF-8, and the first where they are not."""
    found: dict[bool, int] = {}
    for number, line in enumerate(raw.split(b"\n"), start=1):
        if not line.isascii():
            found.setdefault(decodes(line, "utf-8"), number)
        if len(found) == 2:
            break
    return found.get(True), found.get(False)


def _first_bad_byte(raw: bytes) -> str:
    try:
        raw.decode("cp1252")
    except UnicodeDecodeError as error:
        return f"{error.start} (0x{raw[error.start]:02x})"
    return "0"


def _refuse_glued(raw: bytes, encoding: str, name: str) -> None:
    plain = {"utf-8-sig": "utf-8", "utf-16": "utf-16-be" if raw.startswith(codecs.BOM_UTF16_BE) else "utf-16-le"}
    plain_name = plain.get(encoding, encoding)
    at = raw.find(GLUED.encode(plain_name)) if plain_name.startswith(("utf-8", "utf-16")) else -1
    if at >= 0 and (plain_name == "utf-8" or at % 2 == 0):
        line = raw.count("\n".encode(plain_name), 0, at) + 2
        raise DataError(
            f"{name}, line {line}: a byte-order mark stands in the middle, so two files were glued together. "
            "Take the mark out, and the second header line with it."
        )
