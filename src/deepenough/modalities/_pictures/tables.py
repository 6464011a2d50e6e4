"""Tables that name pictures: which column does, and where the pictures are."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from deepenough.errors import DataError
from deepenough.modalities._files import read_table
from deepenough.modalities._pictures.opening import Unreadable, is_marked
from deepenough.modalities._pictures.picture import URI, Member, Picture, named, of_cell
from deepenough.modalities._pictures.places import Place, is_picture, paths_in

if TYPE_CHECKING:
    import pandas as pd

PEEKED = 2**16  # bytes of a table, to see whether it names pictures
LOOKED_AT = 50  # cells of a column
PLAIN = (".csv", ".tsv", ".txt")
PARQUET = (".parquet", ".pq")


def names_pictures(cell: Any) -> bool:
    """Whether a cell of a table is a picture, or names one."""
    if isinstance(cell, str):
        return is_picture(cell) or cell.startswith(f"{URI}image/")
    if isinstance(cell, dict):  # as the Parquet files of Hugging Face hold them
        return begins_as_picture(cell.get("bytes"))
    if isinstance(cell, np.ndarray):
        return cell.ndim in (2, 3) and cell.dtype.kind in "buf"
    return isinstance(cell, Picture) or begins_as_picture(cell) or (isinstance(cell, Path) and is_picture(cell.name))


def begins_as_picture(data: Any) -> bool:
    """Whether a cell is bytes that begin as the file of a picture does."""
    return isinstance(data, bytes) and is_marked(data)


def column_of(frame: pd.DataFrame) -> str | None:
    """Return the first column whose cells are pictures, else the first that names some; None where there is none."""
    named = None
    for i, name in enumerate(frame.columns):
        column = frame.iloc[:LOOKED_AT, i]
        if column.dtype.kind not in "OU" and str(column.dtype) not in ("str", "string"):
            continue
        cells = [c for c in column if c is not None and not (isinstance(c, float) and c != c)]
        if not cells or sum(map(names_pictures, cells)) < 0.9 * len(cells):
            continue
        if not is_path(cells[0]):
            return str(name)
        named = named or str(name)
    return named


def is_path(cell: Any) -> bool:
    """Whether a cell names a picture, rather than being one."""
    return isinstance(cell, Path) or (isinstance(cell, str) and not cell.startswith(URI))


def peek(path: Path) -> bool:
    """Whether a table on disk names pictures, as far as its beginning tells."""
    ending = path.suffix.lower()
    try:
        if not path.is_file() or ending not in (*PARQUET, *PLAIN):
            return False
        if ending in PARQUET:
            return _peek_parquet(path)
        with path.open("rb") as file:
            text = file.read(PEEKED).decode("utf-8", errors="replace")
    except (OSError, ValueError):  # whoever reads tables says what is wrong with it
        return False
    lines = text.splitlines()[1:3]
    cells = [c for line in lines for c in next(csv.reader([line.replace(";", ",").replace("\t", ",")]), [])]
    return any(is_picture(cell.strip()) for cell in cells)


def _peek_parquet(path: Path) -> bool:
    from pyarrow import ArrowException, parquet

    try:
        first = next(parquet.ParquetFile(path).iter_batches(batch_size=2), None)
    except (ArrowException, OSError):  # no Parquet: whoever reads tables says so
        return False
    return first is not None and column_of(first.to_pandas()) is not None


def read_rows(source: Any, keep: list[str]) -> tuple[pd.DataFrame, Callable[[str], Picture]]:
    """Return a table as it stands, and how a path in it becomes a picture.

    Parameters
    ----------
    source : path of a table (paths in it count from its folder), a place whose zip holds one, a frame, or rows.
    keep : columns whose cells stay as they are written.
    """
    import pandas as pd

    if isinstance(source, Place):
        return _inside(source)
    if isinstance(source, str | Path):
        folder = Path(source).parent
        return read_table(source, keep), lambda path: Picture(path, folder / path)
    frame = source.copy(deep=False) if isinstance(source, pd.DataFrame) else pd.DataFrame(source)
    frame.columns = [str(c) for c in frame.columns]
    return frame.reset_index(drop=True), lambda path: Picture(path, Path(path))


def table_inside(place: Place) -> Place | None:
    """Return the one table that stands beside the pictures of a zip, at its top; None where there is none, or several."""
    if not place.is_zip:
        return None
    found = [p for p in paths_in(place) if p.lower().endswith(PLAIN) and p.count("/") <= 1]
    return Place(place.path, found[0]) if len(found) == 1 and not place.inside else None


def _inside(place: Place) -> tuple[pd.DataFrame, Callable[[str], Picture]]:
    import pandas as pd

    name = place.inside
    try:
        raw = Picture(name, Member(place.path, name)).data()
        frame = pd.read_csv(io.BytesIO(raw), dtype=str, sep=None, engine="python", encoding="utf-8-sig")
    except Unreadable as error:
        raise named(name, error) from error
    except (ValueError, csv.Error) as error:
        raise DataError(
            f"'{place.path}#{name}' cannot be read as a table. Pack a CSV file with a header line."
        ) from error
    folder = PurePosixPath(name).parent
    return frame, lambda path: Picture(path, Member(place.path, str(folder / path)))


def pictures(cells: pd.Series, at: Callable[[str], Picture], names: pd.Series) -> list[Picture]:
    """Return the picture of each cell of a table; an empty or odd cell is one that cannot be opened, and says so then."""
    made = []
    for cell, name in zip(cells, names, strict=True):
        made.append(_picture(cell, at, str(name)))
    return made


def _picture(cell: Any, at: Callable[[str], Picture], name: str) -> Picture:
    if isinstance(cell, Picture):
        return cell
    if isinstance(cell, dict) and isinstance(cell.get("bytes"), bytes):
        return Picture(name, cell["bytes"])
    if isinstance(cell, str) and not cell.startswith(URI):
        return at(cell.strip())
    if cell is None or (isinstance(cell, float) and cell != cell):
        return Picture(name, b"")
    return of_cell(cell, name)
