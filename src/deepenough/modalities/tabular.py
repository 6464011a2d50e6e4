"""Rows of a table."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepenough import steps
from deepenough.errors import DataError, SettingError, nearest
from deepenough.examples import Columns, Examples
from deepenough.modalities._base import Modality
from deepenough.modalities._calendar import PARTS, calendar
from deepenough.modalities._cells import DECODERS, by_column, decode_exact
from deepenough.modalities._files import ENDINGS, MISSING, Query, ask, check_names, read_table
from deepenough.modalities._kinds import FIRST_YEAR, LAST_YEAR, by_value, find_column, parse_types
from deepenough.modalities._numbers import formats, read_numbers
from deepenough.modalities._one_row import Reader, reader
from deepenough.modalities._readers.chunks import in_pieces
from deepenough.modalities._readers.places import find, must_be_file
from deepenough.modalities._shifts import declare_shifts, shifted
from deepenough.task import INPUT_KINDS, Column, Task

if TYPE_CHECKING:
    import pandas as pd

EXACT = 2.0**53  # from here on a float skips whole numbers
AS_WRITTEN = ("category", "high_cardinality", "identifier", "text")  # read as text, so that 007 keeps its zeros
WHY = {
    "identifier": "names a row, and says nothing about a new one",
    "constant": "has one value in every row",
}


class Tabular(Modality):
    """A table: one row, one example."""

    name = "tabular"
    version = 1
    requires = ()
    one_row = True
    in_pieces = True

    def recognises(self, source: Any, roles: Mapping[str, Any]) -> float:
        if isinstance(source, str | Path):
            return 0.8 if Path(source).suffix.partition("#")[0].lower() in ENDINGS else 0.3
        return 0.9 if isinstance(source, Query) or hasattr(source, "columns") else 0.0

    def read(self, source: Any, roles: Mapping[str, Any]) -> tuple[Task, pd.DataFrame]:
        """Read a file, query or frame; `roles`: target, types {column: kind}, group, time; or task, where it is known."""
        if roles.get("task"):
            known = roles["task"].columns
            written = {c.name: c.format for c in known if c.kind == "number" and c.format}
            frame = _frame(source, [*(c.name for c in known if c.kind in AS_WRITTEN), *written])
            return roles["task"], _tidy(frame, {c.name for c in known if c.kind in AS_WRITTEN}, written)
        types = roles.get("types") or {}
        as_written = {name for name, kind in types.items() if kind in AS_WRITTEN}
        frame = _frame(source, [name for name, kind in types.items() if kind != "number"])
        written = formats({name: frame[name] for name in frame if name not in as_written})
        frame = _tidy(frame, as_written, written)
        columns = [
            replace(c, format=written[c.name]) if c.kind == "number" and c.name in written else c
            for c in _find_columns(frame, roles)
        ]
        made = {f"{c.name}:{part}" for c in columns if c.kind == "time" for part in PARTS}
        if made & set(frame.columns):
            raise DataError(
                f"The column '{min(made & set(frame.columns))}' is named as a part of a date will be. Rename it."
            )
        return Task("", self.name, tuple(columns), settings=declare_shifts(frame, columns)), frame

    def decode(self, rows: Any, task: Task) -> Columns:
        """Rows in (a frame, columns by name, or dicts), arrays by input column out.

        Numbers and booleans become float32, rounded here once for training and serving alike; categories their code
        (0 missing or unseen); times float64 seconds since 1970; texts stay text ("" missing). A missing column is refused by name.
        """
        table, n = by_column(rows)
        columns, large = {}, shifted(task)
        for column in task.inputs:
            if column.name not in table:
                raise DataError(
                    f"The column '{column.name}' is missing. {nearest(column.name, table)}"
                    f"The model reads: {', '.join(c.name for c in task.inputs)}."
                )
            read = decode_exact if column.name in large else DECODERS[column.kind]
            columns[column.name] = read(table[column.name], column)
        return Columns(columns, n)

    def features(self, examples: Examples, task: Task) -> dict[str, np.ndarray]:
        """Numbers and texts as they are, categories as codes, times as calendar parts; then the steps that the task declares."""
        assert isinstance(examples, Columns)
        features: dict[str, np.ndarray] = {}
        for column in task.inputs:
            array = examples.arrays[column.name]
            if column.kind == "time":
                features.update(calendar(array, column))
            else:
                features[column.name] = array
        return steps.run(task.settings.get("steps", ()), features, {})

    def pieces(self, source: str | Path, task: Task) -> Iterator[tuple[pd.DataFrame, float]]:
        """Yield the rows of a file, a piece at a time where it is large, and the share of it that is read by then."""
        known = [c.name for c in task.columns if c.kind in AS_WRITTEN or (c.kind == "number" and c.format)]
        place = find(source)
        must_be_file(place)
        found = in_pieces(place.path, known) if place.part is None else None
        if found is None:
            yield self.read(source, {"task": task})[1], 1.0
            return
        rows = 0
        for frame, share in found:
            rows += len(frame)
            yield self.read(frame, {"task": task})[1], share
        if not rows:
            raise DataError(f"'{source}' has a header but no rows. Export it again, with its rows.")

    def reader(self, task: Task) -> Reader:
        """Return what reads one row, a dict, into the tensors of a graph."""
        return reader(task)

    def sample(self, kind: str, n: int, seed: int) -> tuple[Task, pd.DataFrame]:
        """Numbers, a category, a boolean and a date, some missing; the target follows the first two."""
        import pandas as pd

        rng = np.random.default_rng(seed)
        size, shape = rng.normal(size=n), rng.choice(["round", "square", "flat"], n)
        signal = size + 1.5 * (shape == "round") + 0.5 * rng.normal(size=n)
        frame = pd.DataFrame(
            {
                "size": np.where(rng.random(n) < 0.05, np.nan, size),
                "weight": rng.gamma(2.0, 1.0, n),
                "shape": shape,
                "new": rng.random(n) < 0.5,
                "made": pd.to_datetime("2026-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D"),
                "answer": signal if kind == "regression" else np.where(signal > 0.5, "yes", "no"),
            }
        )
        task, frame = self.read(frame, {"target": "answer"})
        return replace(task, kind=kind), frame


def _frame(source: Any, as_text: Collection[str]) -> pd.DataFrame:
    """Return the rows as they come; `as_text`: columns whose cells stay as they are written in a file of text."""
    import pandas as pd

    if isinstance(source, str | Path):
        frame, name = read_table(source, as_text), f"'{source}'"
    elif isinstance(source, Query):
        frame, name = ask(source), "The query"
    else:
        frame, name = source.copy(deep=False) if hasattr(source, "columns") else pd.DataFrame(source), "The frame"
        frame.columns = [str(c) for c in frame.columns]
        check_names(list(frame.columns), name)
        frame = frame.reset_index(drop=True)
    if len(frame) == 0:
        raise DataError(f"{name} has a header but no rows. Export it again, with its rows.")
    return frame


def _tidy(frame: pd.DataFrame, as_written: Collection[str], written: Mapping[str, str]) -> pd.DataFrame:
    """Strip text, read the missing marks, and turn columns of numbers written as text into numbers, but those to stay as written.

    `written`: how a column writes its numbers, where that is another way than 1234.5.
    """
    import pandas as pd

    for name in frame.columns:
        series = frame[name]
        if isinstance(series.dtype, pd.CategoricalDtype):
            series = series.astype(object)
        if isinstance(series.dtype, pd.PeriodDtype):
            series = series.dt.to_timestamp()
        if series.dtype.kind not in "OU" and not isinstance(series.dtype, pd.StringDtype):
            frame[name] = _plain(series)
            continue
        _refuse_nested(series)
        text = by_value(series, lambda v: v.strip() if isinstance(v, str) else str(v) if isinstance(v, bytes) else v)
        text = text.astype(object).where(text.notna() & ~text.isin(MISSING), None)
        frame[name] = text if name in as_written else _as_numbers(text, written.get(name))
    return frame


def _as_numbers(text: pd.Series, written: str | None) -> pd.Series:
    """Return a column as numbers where all of its cells are; else, and where digits would be lost, as it is."""
    import pandas as pd

    if written is not None:
        try:
            return read_numbers(text, written)
        except ValueError:  # the row is named when the column is decoded
            return text
    if not _numeric_looking(text):
        return text
    numbers = pd.to_numeric(text, errors="coerce")
    whole = bool((numbers.notna() == text.notna()).all()) and bool(text.notna().any())
    return _plain(numbers) if whole and not _loses_digits(text, numbers) else text


def _loses_digits(text: pd.Series, numbers: pd.Series) -> bool:
    """Whether whole numbers, as identifiers are, would be rounded: beside empty cells, or beyond 2^64."""
    if numbers.dtype.kind != "f":
        return False
    far = text[numbers.abs() >= EXACT]
    return len(far) > 0 and all(str(v).lstrip("+-").isdigit() for v in far)


def _plain(series: pd.Series) -> pd.Series:
    """Nullable integers, floats and booleans become NumPy's own, lengths of time seconds; infinite numbers are refused."""
    import pandas as pd

    if series.dtype.kind == "M":
        years = series.dt.year.dropna()
        inside = years.between(FIRST_YEAR, LAST_YEAR).all()
        if not inside:  # as a file of text has them
            return series.astype(str).astype(object).where(series.notna(), None)
        return series
    if series.dtype.kind == "m":
        return series.dt.total_seconds()
    if series.dtype == np.float16:  # too coarse to be compared with anything
        series = series.astype(float)
    if series.dtype.kind == "c":
        raise DataError(f"Column '{series.name}' holds complex numbers. Make one column of each part, or drop it.")
    if series.dtype.kind == "b" and series.isna().any():
        return series.astype(object).where(series.notna(), None)  # a number would hide that it says yes or no
    if pd.api.types.is_extension_array_dtype(series.dtype) and series.dtype.kind in "iufb":
        return (
            series.astype(float)
            if series.isna().any()
            else series.astype(series.dtype.kind + "8" if series.dtype.kind != "b" else bool)
        )
    if series.dtype.kind == "f" and np.isinf(series.to_numpy()).any():
        bad = np.flatnonzero(np.isinf(series.to_numpy()))
        raise DataError(
            f"Column '{series.name}' holds {len(bad)} infinite value(s), the first in row {bad[0]} (counted from 0). "
            "Replace them by empty cells or by a number."
        )
    return series


def _refuse_nested(series: pd.Series) -> None:
    import pandas as pd

    if pd.api.types.infer_dtype(series, skipna=True) == "string":  # in C: a table of text has many cells
        return
    nested = next((v for v in series if isinstance(v, dict | list | set | tuple | np.ndarray)), None)
    if nested is not None:
        form = "dict" if isinstance(nested, dict) else "list"
        raise DataError(f"Column '{series.name}' holds a {form} in a cell. Make one column of each part, or drop it.")


def _numeric_looking(text: pd.Series) -> bool:
    first = next((v for v in text if v is not None and v == v), None)
    if isinstance(first, bool) or first is None:
        return False
    try:
        float(first)
    except (TypeError, ValueError):
        return False
    return True


def _find_columns(frame: pd.DataFrame, roles: Mapping[str, Any]) -> list[Column]:
    names = list(frame.columns)
    types = parse_types(roles.get("types") or {}, names)
    marked: dict[str, str] = {}
    for role in ("target", "group", "time"):
        name = roles.get(role)
        if not name:
            continue
        if name in marked:
            raise SettingError(
                f"The column '{name}' cannot be the {marked[name]} and the {role} at once. Name another for one of them."
            )
        marked[name] = role
        if name not in names:
            raise DataError(
                f"There is no column '{name}' (the {role}). {nearest(name, names)}"
                f"The columns are: {', '.join(names[:20])}{' ...' if len(names) > 20 else ''}."
            )
    if len(names) < 2:
        raise DataError(
            f"The table has one column ('{names[0]}'): nothing is left to predict it from. "
            "Check the separator, or add columns."
        )
    return [_with_role(find_column(frame[name], types.get(name)), marked.get(name)) for name in names]


def _with_role(column: Column, role: str | None) -> Column:
    if role == "time" and column.kind in ("time", "number", "identifier"):
        return replace(column, role="time", why="is the clock of the split")
    if role == "time":
        raise DataError(
            f"The time column '{column.name}' reads as {column.kind}. "
            f"Write dates as 2026-11-20 (in the years {FIRST_YEAR} to {LAST_YEAR}), or numbers."
        )
    if role is not None:
        return replace(column, role=role, why=None)
    if column.why is not None or column.kind in INPUT_KINDS:
        return column
    return replace(column, role="key" if column.kind == "identifier" else "about", why=WHY[column.kind])
