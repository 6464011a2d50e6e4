"""Answers to rows of a table, or to pictures, as columns and as a file: a piece at a time, so that it may be larger than memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepenough import shelves
from deepenough.bundle import Bundle
from deepenough.errors import DataError, SettingError
from deepenough.examples import Columns, Examples
from deepenough.files import new_file, to_csv
from deepenough.modalities._readers.sources import said
from deepenough.task import Column, Task

if TYPE_CHECKING:
    import pandas as pd

ROW_ID = "row_id"  # the sealed rows of a run are handed out with it
Answers = dict[str, np.ndarray]


@dataclass(frozen=True)
class Piece:
    """Some rows of a table and their answers.

    Attributes
    ----------
    columns : the table's identifiers (``row``, counted from 0, where it has none), those of `Bundle.predict`, and ``in_range``;
        none where no file of this piece can be opened.
    unread : columns of the table that the model knows nothing of.
    left_out : files that cannot be opened, and why: a sentence each; they have no answer.
    share : how much of the source is read by now, 0..1.
    """

    columns: Answers
    unread: list[str]
    share: float
    left_out: list[str] = field(default_factory=list)


def predict(bundle: Bundle, source: Any) -> Answers:
    """Answer every row of a file or frame through the bundle.

    Returns
    -------
    Columns: the table's identifiers (``row``, counted from 0, where it has none), then those of `Bundle.predict`, then
    ``in_range``: whether every input is inside what was seen in training.
    """
    pieces = [piece.columns for piece in stream(bundle, source) if len(piece.columns["in_range"]) or not piece.left_out]
    if not pieces:
        raise DataError(f"None of the files of {said(source)} can be opened. Copy or save them again.")
    return pieces[0] if len(pieces) == 1 else {n: np.concatenate([p[n] for p in pieces]) for n in pieces[0]}


def stream(bundle: Bundle, source: Any) -> Iterator[Piece]:
    """Answer the rows of a file or frame, a piece at a time; a file larger than memory will do."""
    book, modality = shelves.shelf("modalities")[bundle.task.modality], shelves.load("modalities", bundle.task.modality)
    if isinstance(source, str | Path) and book.facts.get("in_pieces", False):
        pieces = modality.pieces(source, bundle.task)
    else:
        pieces = iter([(modality.read(source, {"task": bundle.task})[1], 1.0)])
    start = 0
    for rows, share in pieces:
        yield (
            _of_files(bundle, modality, rows, start, share)
            if modality.files
            else _answered(bundle, modality, rows, start, share)
        )
        start += len(rows)


def _of_files(bundle: Bundle, modality: Any, rows: pd.DataFrame, start: int, share: float) -> Piece:
    """Answer what can be opened, and name the rest: one damaged file in thousands must not hold up the others."""
    damaged: dict[int, str] = {}
    try:
        return _answered(bundle, modality, rows, start, share)
    except DataError:
        damaged = modality.left_out(rows, bundle.task)
        if not damaged:
            raise
    key = next((name for name in bundle.task.keys if name in rows), None)
    names = [f"row {start + i}" if key is None else repr(str(rows[key].iloc[i])) for i in sorted(damaged)]
    told = [f"{name} {damaged[i]}." for name, i in zip(names, sorted(damaged), strict=True)]
    stay = np.setdiff1d(np.arange(len(rows)), list(damaged))
    if not len(stay):
        return Piece({}, [], share, told)
    rest = _answered(bundle, modality, rows.iloc[stay].reset_index(drop=True), start, share)
    numbered = {"row": start + stay} if "row" in rest.columns else {}
    return Piece(rest.columns | numbered, rest.unread, share, told)


def _answered(bundle: Bundle, modality: Any, rows: pd.DataFrame, start: int, share: float) -> Piece:
    try:
        examples = modality.decode(rows, bundle.task)
    except DataError as error:
        if not start:
            raise
        raise DataError(f"Counted on from row {start:,}: {error}") from error
    keys = {name: rows[name].to_numpy() for name in dict.fromkeys((ROW_ID, *bundle.task.keys)) if name in rows}
    answers = bundle.columns(bundle.answer(examples)) | {"in_range": in_range(examples, rows, bundle.task)}
    keys = {f"key_{name}" if name in answers else name: values for name, values in keys.items()}
    numbered = keys or {"row": np.arange(start, start + len(rows))}
    known = {ROW_ID, *(c.name for c in bundle.task.columns)}
    unread = [str(name) for name in rows.columns if name not in known]
    return Piece(numbered | answers, unread, share)


def in_range(examples: Examples, rows: pd.DataFrame, task: Task) -> np.ndarray:
    """Return (n,) whether every input is inside the range, or among the categories, of training.

    An empty cell is inside where training had empty cells in that column.
    """
    inside = np.ones(len(examples), bool)
    if isinstance(examples, Columns):
        for column in task.inputs:
            inside &= _inside(examples.arrays[column.name], rows[column.name], column)
    return inside


def _inside(values: np.ndarray, cells: pd.Series, column: Column) -> np.ndarray:
    if values.dtype.kind not in "fiu":
        return np.ones(len(values), bool)
    if values.dtype.kind != "f":
        return np.asarray((values > 0) | (column.missing & cells.isna().to_numpy()))
    gone = np.isnan(values)
    if column.low is None or column.high is None:
        return np.asarray(~gone | column.missing)
    low, high = np.array([column.low, column.high]).astype(values.dtype)
    return np.where(gone, column.missing, (values >= low) & (values <= high))


def save(pieces: Iterator[Piece], path: Path, tell: Callable[[Piece, int], None]) -> int:
    """Write pieces into a file as they come, CSV or Parquet by its ending; the whole file or none. Return the rows.

    `tell` hears of each piece, and how many rows are answered by then.
    """
    form, rows = _form(path), 0
    with new_file(path) as temporary, form(temporary) as add:
        for piece in pieces:
            if piece.columns:
                add(piece.columns)
                rows += len(piece.columns["in_range"])
            tell(piece, rows)
    return rows


def write(path: Path, columns: Mapping[str, np.ndarray]) -> None:
    """Write columns as CSV or Parquet, by the file's ending; the whole file or none."""
    form = _form(path)
    with new_file(path) as temporary, form(temporary) as add:
        add(columns)


def _form(path: Path) -> Any:
    if path.suffix.lower() in (".parquet", ".pq"):
        return _Parquet
    if path.suffix.lower() in (".csv", ".txt", ""):
        return _Csv
    raise SettingError(f"--out '{path}': '{path.suffix}' is no ending deepenough writes. Use .csv or .parquet.")


class _Csv:
    """A CSV file that grows."""

    def __init__(self, path: Path) -> None:
        self._file, self._begun = path.open("w", encoding="utf-8", newline=""), False

    def __enter__(self) -> Callable[[Mapping[str, np.ndarray]], None]:
        return self._add

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _add(self, columns: Mapping[str, np.ndarray]) -> None:
        text = to_csv(columns)
        self._file.write(text.partition("\n")[2] if self._begun else text)
        self._begun = True


class _Parquet:
    """A Parquet file that grows; the first piece says what its columns are."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Any = None

    def __enter__(self) -> Callable[[Mapping[str, np.ndarray]], None]:
        return self._add

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def _add(self, columns: Mapping[str, np.ndarray]) -> None:
        import pandas as pd
        import pyarrow
        from pyarrow import parquet

        table = pyarrow.Table.from_pandas(pd.DataFrame(dict(columns)), preserve_index=False)
        if self._writer is None:
            self._writer = parquet.ParquetWriter(self._path, table.schema)
        self._writer.write_table(table.cast(self._writer.schema))
