"""Excel workbooks (.xlsx): one sheet as a table, its header in the first line that is filled."""

from __future__ import annotations

import importlib.util
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from deepenough.errors import DataError, Unavailable, nearest
from deepenough.modalities._readers.columns import Columns
from deepenough.modalities._readers.common import MOST_COLUMNS, check_names, reason_of
from deepenough.modalities._readers.places import Place

if TYPE_CHECKING:
    import pandas as pd

OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MOST_UNPACKED = 2 * 2**30
MOST_RATIO = 200
HARMLESS = 64 * 2**20
AT_ONCE = 10_000
OTHERS = {  # a member that only this kind of archive has
    "xl/workbook.bin": "a binary Excel workbook (.xlsb)",
    "content.xml": "an OpenDocument file",
    "Index/Document.iwa": "a Numbers document",
}
ERRORS = ("#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!")


def is_workbook(place: Place) -> bool:
    """Whether a zip archive is a workbook; refuse kinds of workbooks that are not read."""
    try:
        with zipfile.ZipFile(place.path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False  # whoever unpacks it says what is wrong
    for member, what in OTHERS.items():
        if member in names:
            raise DataError(f"{place} is {what}, which is not read. Save the sheet as .xlsx or CSV.")
    return "xl/workbook.xml" in names


def read_workbook(place: Place) -> pd.DataFrame:
    """Read the only sheet with cells in it, or the one that `book.xlsx#Sheet2` names.

    Raises
    ------
    DataError : several sheets and none named, a title above the header, empty or doubled names, cells of errors, a bomb.
    Unavailable : openpyxl is not installed.
    """
    if importlib.util.find_spec("openpyxl") is None:
        raise Unavailable(
            f"{place} is an Excel workbook, and reading those needs openpyxl, which is not installed here. "
            "Install it with: pip install 'deepenough[excel]'. Or save the sheet as CSV."
        )
    _refuse_bomb(place)
    with _opened(place, values=True) as book:
        sheet = _choose(place, book.worksheets)
        name = f"'{place.path}#{sheet.title}'"
        names, first, frame = _read_sheet(sheet, name)
        title = sheet.title
    if frame.isna().to_numpy().any() and _has_formulas(place):
        _refuse_uncomputed(place, title, name, first, len(names))
    return frame


def _refuse_bomb(place: Place) -> None:
    with zipfile.ZipFile(place.path) as archive:
        size = sum(m.file_size for m in archive.infolist())
    packed = place.path.stat().st_size
    if size > max(HARMLESS, min(MOST_UNPACKED, packed * MOST_RATIO)):
        raise DataError(
            f"{place} has {packed:,} bytes and unpacks to {size:,}: that is no workbook that people made. "
            "Save the sheet as CSV, and look at it."
        )


@contextmanager
def _opened(place: Place, values: bool) -> Iterator[Any]:
    import openpyxl

    book = None
    try:
        with place.path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and lists to choose from, which are not read
            book = openpyxl.load_workbook(file, read_only=True, data_only=values, keep_links=False)
            yield book
    except (DataError, MemoryError):
        raise
    except Exception as error:  # openpyxl lets through whatever its parts raise
        raise DataError(
            f"{place} cannot be read as an Excel workbook: {reason_of(error)}. It is damaged: save it again, or save the "
            "sheet as CSV."
        ) from error
    finally:
        if book is not None:
            book.close()


def _choose(place: Place, sheets: Sequence[Any]) -> Any:
    names = [sheet.title for sheet in sheets]
    shown = ", ".join(f"'{n}'" for n in names[:12]) + (" ..." if len(names) > 12 else "")
    if place.part is not None:
        if place.part not in names:
            raise DataError(
                f"There is no sheet '{place.part}' in '{place.path}'. {nearest(place.part, names)}The sheets are: {shown}."
            )
        return sheets[names.index(place.part)]
    filled = [s for s in sheets if len(sheets) == 1 or _has_cells(s)]
    if len(filled) == 1:
        return filled[0]
    if not filled:
        raise DataError(f"{place} has no sheet with cells in it. Save the workbook again, with its rows.")
    raise DataError(f"{place} has {len(names)} sheets: {shown}. Name one of them: '{place.path}#{filled[0].title}'.")


def _has_cells(sheet: Any) -> bool:
    return any(value is not None for row in sheet.iter_rows(values_only=True) for value in row)


def _read_sheet(sheet: Any, name: str) -> tuple[list[str], int, pd.DataFrame]:
    """Return the names, the number of the first line below them (from 1), and the rows."""
    sheet.reset_dimensions()  # what a file claims to hold may be far more than it does
    lines = enumerate(sheet.iter_rows(values_only=True), start=1)
    at, header = next(((i, row) for i, row in lines if any(v is not None for v in row)), (0, ()))
    names = _names(header)
    second: tuple[int, Sequence[Any]] = next(((i, _cut(row)) for i, row in lines), (0, ()))
    _refuse_title(names, second[1], at, name)
    check_names(names, f"{name}, line {at}")
    columns, batch = Columns(names, name), []
    for i, row in [second] if second[0] else []:
        batch.append(_fitted(row, names, i, name))
    for i, row in lines:
        batch.append(_fitted(row, names, i, name))
        if len(batch) == AT_ONCE:
            columns.add_rows(batch)
            batch = []
    while batch and all(v is None for v in batch[-1]):
        batch.pop()
    if batch:
        columns.add_rows(batch)
    frame = columns.frame()
    return names, at + 1, frame[frame.notna().any(axis=1)].reset_index(drop=True)


def _names(header: Sequence[Any]) -> list[str]:
    return ["" if v is None else str(v).strip() for v in _cut(header)]


def _cut(row: Sequence[Any]) -> Sequence[Any]:
    """Return a row without the empty cells at its end."""
    n = len(row)
    while n and row[n - 1] is None:
        n -= 1
    return row[:n]


def _refuse_title(names: list[str], second: Sequence[Any], at: int, name: str) -> None:
    filled = [n for n in names if n]
    if not names:
        raise DataError(f"{name} holds no filled cell. Save the workbook again, with its rows.")
    if len(filled) == 1 and sum(v is not None for v in second) > 1:
        raise DataError(
            f"{name}, line {at}: one cell is filled ('{filled[0][:60]}') where the names of the columns should stand, as a "
            "title above a table is. Delete the lines above the names, or save the table alone as CSV."
        )


def _fitted(row: Sequence[Any], names: list[str], line: int, name: str) -> list[Any]:
    """Return a row as wide as the header; refuse filled cells beside it, and cells whose formula failed."""
    wide = len(names)
    beyond = next((i for i in range(wide, len(row)) if row[i] is not None), None)
    if beyond is not None:
        raise DataError(
            f"{name}, line {line}: cell {_letters(beyond)}{line} is filled, and its column has no name. "
            "Name it in the header line, or empty it."
        )
    fitted = [*row[:wide], *[None] * (wide - len(row))]
    for i, value in enumerate(fitted):
        if isinstance(value, str) and value in ERRORS:
            raise DataError(
                f"{name}: cell {_letters(i)}{line} (column '{names[i]}') holds the error {value}. "
                "Mend its formula, or empty the cell."
            )
    return fitted


def _letters(column: int) -> str:
    """Return a column's letters, counted from 0.

    >>> _letters(0), _letters(27)
    ('A', 'AB')
    """
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _has_formulas(place: Place) -> bool:
    with zipfile.ZipFile(place.path) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/") and b"<f" in archive.read(name):
                return True
    return False


def _refuse_uncomputed(place: Place, title: str, name: str, first: int, wide: int) -> None:
    """Refuse formulas that no program has computed yet: their cells would read as empty."""
    with _opened(place, values=True) as book, _opened(place, values=False) as written:
        pair = (
            b[title].iter_rows(min_row=first, max_col=min(wide, MOST_COLUMNS), values_only=True)
            for b in (book, written)
        )
        for line, (values, formulas) in enumerate(zip(*pair, strict=False), start=first):
            for i, (value, formula) in enumerate(zip(values, formulas, strict=False)):
                if value is None and isinstance(formula, str) and formula.startswith("="):
                    raise DataError(
                        f"{name}: cell {_letters(i)}{line} holds a formula that was never computed ({formula[:40]}). "
                        "Open the workbook in Excel or LibreOffice and save it, or save the sheet as CSV."
                    )
