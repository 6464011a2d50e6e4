"""Numbers as people write them: 3,14 and 1.234,56, $1,200.50, 12 %. Found out for a whole column, and never guessed.

How a column writes its numbers is kept as an example, in the column's `format`: ``1.234,5`` for decimal commas.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from deepenough.modalities._readers.common import MISSING

if TYPE_CHECKING:
    import pandas as pd

BLANKS = " \u00a0\u2009\u202f"
GROUPS = {"1.234,5": ".", "1 234,5": BLANKS, "1,234.5": ",", "1 234.5": BLANKS, "1'234.5": "'\u2019"}
PLAIN = "1234.5"
WRITTEN = (PLAIN, "1.234,5", "1 234,5", "1,234.5", "1 234.5", "1'234.5")  # of several that fit, the first
AFFIXES = ("%", "\u2030", "EUR", "USD", "GBP", "CHF", "JPY", "CNY", "INR", "SEK", "NOK", "DKK", "PLN", "CZK")
SIGNS = r"+\-\u2212"
EXPONENT = r"(?:[eE][+-]?\d{1,3})?"
PARTS = re.compile(rf"([{SIGNS}]?)([^\d{SIGNS}.,]*)([{SIGNS}]?)([\d.,][^%A-DF-Za-df-z]*?)([^\d.,]*)")
FIRST_LOOK = 40  # cells of a column looked at before all of them are


def _point(written: str) -> str:
    return "," if written.endswith(",5") else "."


@lru_cache
def _pattern(written: str) -> re.Pattern[str]:
    point, group = re.escape(_point(written)), GROUPS.get(written)
    grouped = rf"|[1-9]\d{{0,2}}(?:[{re.escape(group)}]\d{{3}})+" if group else ""
    return re.compile(rf"(?:\d+{grouped})(?:{point}\d*)?{EXPONENT}|{point}\d+{EXPONENT}")


@lru_cache(maxsize=4096)
def split(text: str) -> tuple[str, str, str] | None:
    """Return what stands before, the digits with their sign, and what stands after; None where this is no number.

    >>> split("-$1,200.50"), split("12 %"), split("A12")
    (('$', '-1,200.50', ''), ('', '12', '%'), None)
    """
    found = PARTS.fullmatch(text.strip())
    if not found:
        return None
    sign, before, inner, digits, after = (part.strip() for part in found.groups())
    if (sign and inner) or (before and after) or not all(_is_affix(part) for part in (before, after)):
        return None
    return before, ("-" if sign + inner in ("-", "\u2212") else "") + digits, after


def _is_affix(text: str) -> bool:
    return not text or text in AFFIXES or (len(text) == 1 and unicodedata.category(text) == "Sc")


class _Writing:
    """What the cells of one column allow: the affix they share, and the ways of writing that fit all of them."""

    def __init__(self, cells: Iterable[str]) -> None:
        self.affix: tuple[str, str] | None = None
        self.fits = list(WRITTEN)
        self.marked = False  # whether any cell has more than digits
        self.shapes: set[int] = set()  # how many groups the cells have; 0: none, or decimals too
        for cell in cells:
            if not self._take(cell):
                self.fits = []
                break

    def _take(self, cell: str) -> bool:
        parts = split(cell)
        if parts is None or (self.affix is not None and self.affix != (parts[0], parts[2])):
            return False
        self.affix, digits = (parts[0], parts[2]), parts[1].lstrip("-")
        self.fits = [w for w in self.fits if _pattern(w).fullmatch(digits)]
        marks = [c for c in digits if not c.isdigit()]
        self.marked = self.marked or bool(marks)
        self.shapes.add(len(marks) if len(set(marks)) == 1 else 0)
        return bool(self.fits)

    @property
    def points(self) -> set[str]:
        """The decimal points that are possible."""
        return {_point(w) for w in self.fits}

    @property
    def certain(self) -> str | None:
        """The decimal point, where the cells themselves leave no other."""
        return next(iter(self.points)) if self.marked and len(self.points) == 1 else None

    @property
    def like_codes(self) -> bool:
        """Whether all cells are parted alike, as 552 100 554 and 110 001 are: as likely names as numbers."""
        few = 1 if self._only_blanks else 2
        return len(self.shapes) == 1 and max(self.shapes) >= few and PLAIN not in self.fits

    def format(self, point_of_file: str | None) -> str | None:
        """Return the way of writing with its affix; None for plain numbers, and where it cannot be told."""
        fits = self.fits
        if self.affix is None or not fits or self.like_codes:
            return None
        if self.marked and len(self.points) == 2 and not self._only_blanks:
            point = point_of_file or ("." if PLAIN in fits else None)
            fits = [w for w in fits if _point(w) == point]
        if not fits or (fits[0] == PLAIN and not any(self.affix)):
            return None
        return f"{self.affix[0]}{fits[0]}{self.affix[1]}"

    @property
    def _only_blanks(self) -> bool:
        return all(GROUPS.get(w) == BLANKS for w in self.fits)


def _texts(cells: Iterable[Any]) -> Iterator[str]:
    """Yield each different filled cell once, as text; one that no number fits where a cell is no text."""
    seen = set(MISSING)
    for cell in cells:
        if isinstance(cell, str):
            text = cell.strip()
            if text not in seen:
                seen.add(text)
                yield text
        elif not _empty(cell):
            yield "no text"


def _empty(cell: Any) -> bool:
    return (
        cell is None or type(cell).__name__ in ("NAType", "NaTType") or (isinstance(cell, float) and math.isnan(cell))
    )


def _writing(cells: pd.Series) -> _Writing | None:
    """Return what a column of text allows, None where it holds anything but numbers."""
    if cells.dtype.kind in "iufcbmM" or not _Writing(_texts(cells.iloc[:FIRST_LOOK])).fits:
        return None
    found = _Writing(_texts(cells))
    return found if found.fits and found.affix is not None else None


def _writings(columns: Mapping[str, pd.Series]) -> dict[str, _Writing]:
    found = {name: _writing(cells) for name, cells in columns.items()}
    return {name: w for name, w in found.items() if w is not None}


def written_otherwise(columns: Mapping[str, pd.Series]) -> bool:
    """Whether a column of text holds numbers whose comma must be told from a point by the other columns, or tells it."""
    return any("," in w.points for w in _writings(columns).values() if w.marked)


def formats(columns: Mapping[str, pd.Series]) -> dict[str, str]:
    """Return how the columns of text that hold numbers write them; those not named write plain numbers, or none.

    A cell such as ``3,14`` or ``1.234,56`` makes the comma of its column the decimal point for certain; ``1.234.567`` or
    ``1,234.5`` settle it likewise. ``1,234`` alone can be either: then the columns that are certain decide for the whole
    file, and where there is none, or they differ, the column stays text.

    >>> import pandas as pd
    >>> formats({"a": pd.Series(["3,14", "2"]), "b": pd.Series(["1,234", "2,500"]), "c": pd.Series(["5 EUR", "7,5 EUR"])})
    {'a': '1.234,5', 'b': '1.234,5', 'c': '1.234,5EUR'}
    >>> formats({"b": pd.Series(["1,234", "2,500"])})
    {}
    """
    writings = _writings(columns)
    certain = {w.certain for w in writings.values()} - {None}
    point = certain.pop() if len(certain) == 1 else None
    found = {name: w.format(point) for name, w in writings.items()}
    return {name: written for name, written in found.items() if written is not None}


def core(written: str) -> str:
    """Return a format without its affix.

    >>> core("$1,234.5"), core("1234.5%")
    ('1,234.5', '1234.5')
    """
    return next(w for w in WRITTEN if w in written)


def read_number(text: str, written: str) -> float:
    """Return a cell's number, NaN where it is empty; `ValueError` where it is written otherwise.

    >>> read_number("-1.234,56", "1.234,5"), read_number("12", "1234.5%")
    (-1234.56, 12.0)
    """
    if text.strip() in MISSING:
        return math.nan
    parts, way = split(text), core(written)
    if (
        parts is None
        or {parts[0], parts[2]} - {"", *written.split(way)}
        or not _pattern(way).fullmatch(parts[1].lstrip("-"))
    ):
        raise ValueError("no number as this column writes them")
    return float(parts[1].translate({ord(c): None for c in GROUPS.get(way, "")}).replace(",", "."))


def read_numbers(cells: pd.Series, written: str) -> pd.Series:
    """Return a column of text as float64; `ValueError` where a cell is written otherwise."""
    known = {text: read_number(text, written) for text in cells.unique() if isinstance(text, str)}
    return cells.map(lambda v: known[v] if isinstance(v, str) else v).astype("float64")
