"""Rows of a table."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepenough.errors import DataError, SettingError, nearest
from deepenough.examples import Columns, Examples
from deepenough.modalities._base import Modality
from deepenough.modalities._cells import DECODERS, by_column
from deepenough.modalities._files import MISSING, check_names, read_table
from deepenough.modalities._kinds import FIRST_YEAR, LAST_YEAR, find_column, parse_types
from deepenough.task import INPUT_KINDS, Column, Task

if TYPE_CHECKING:
    import pandas as pd

DAY = 86400.0
PARTS = ("month", "day", "weekday", "year", "days", "hour")
AS_WRITTEN = ("category", "high_cardinality", "identifier", "text")  # read as text, so that 007 keeps its zeros
WHY = {
    "identifier": "names a row, and says nothing about a new one",
    "constant": "has one value in every row",
    "text": "is free text, which this version does not read inside a table",
}


class Tabular(Modality):
    """A table: one row, one example."""

    name = "tabular"
    version = 1
    requires = ()

    def recognises(self, source: Any, roles: Mapping[str, Any]) -> float:
        if isinstance(source, str | Path):
            return 0.8 if Path(source).suffix.lower() in (".csv", ".tsv", ".txt", ".parquet", ".pq") else 0.3
        return 0.9 if hasattr(source, "columns") else 0.0

    def read(self, source: Any, roles: Mapping[str, Any]) -> tuple[Task, pd.DataFrame]:
        """Read a file or frame; `roles`: target, types {column: kind}, group, time; or task, where it is known."""
        if roles.get("task"):
            known = roles["task"].columns
            return roles["task"], _frame(source, {c.name: "category" for c in known if c.kind in AS_WRITTEN})
        frame = _frame(source, roles.get("types") or {})
        columns = _find_columns(frame, roles)
        made = {f"{c.name}:{part}" for c in columns if c.kind == "time" for part in PARTS}
        if made & set(frame.columns):
            raise DataError(
                f"The column '{min(made & set(frame.columns))}' is named as a part of a date will be. Rename it."
            )
        return Task("", self.name, tuple(columns)), frame

    def decode(self, rows: Any, task: Task) -> Columns:
        """Rows in (a frame, columns by name, or dicts), arrays by input column out.

        Numbers and booleans become float32, rounded here once for training and serving alike; categories their code
        (0 missing or unseen); times float64 seconds since 1970. A missing column is refused by name.
        """
        table, n = by_column(rows)
        columns = {}
        for column in task.inputs:
            if column.name not in table:
                raise DataError(
                    f"The column '{column.name}' is missing. {nearest(column.name, table)}"
                    f"The model reads: {', '.join(c.name for c in task.inputs)}."
                )
            columns[column.name] = DECODERS[column.kind](table[column.name], column)
        return Columns(columns, n)

    def features(self, examples: Examples, task: Task) -> dict[str, np.ndarray]:
        """Numbers as they are, categories as codes, times as calendar parts and days."""
        assert isinstance(examples, Columns)
        features: dict[str, np.ndarray] = {}
        for column in task.inputs:
            array = examples.arrays[column.name]
            if column.kind == "time":
                features.update(_calendar(array, column))
            else:
                features[column.name] = array
        return features

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


def _frame(source: Any, types: Mapping[str, str]) -> pd.DataFrame:
    import pandas as pd

    if isinstance(source, str | Path):
        frame = read_table(Path(source), [name for name, kind in types.items() if kind != "number"])
    else:
        frame = source.copy(deep=False) if hasattr(source, "columns") else pd.DataFrame(source)
        frame.columns = [str(c) for c in frame.columns]
        check_names(list(frame.columns), "The frame")
        frame = frame.reset_index(drop=True)
    if len(frame) == 0:
        name = f"'{source}'" if isinstance(source, str | Path) else "The frame"
        raise DataError(f"{name} has a header but no rows. Export it again, with its rows.")
    return _tidy(frame, {name for name, kind in types.items() if kind in AS_WRITTEN})


def _tidy(frame: pd.DataFrame, as_written: Collection[str]) -> pd.DataFrame:
    """Strip text, read the missing marks, and turn columns of numbers written as text into numbers, but those to stay as written."""
    import pandas as pd

    for name in frame.columns:
        series = frame[name]
        if isinstance(series.dtype, pd.CategoricalDtype):
            series = series.astype(object)
        if series.dtype.kind not in "OU" and not isinstance(series.dtype, pd.StringDtype):
            frame[name] = _plain(series)
            continue
        _refuse_nested(series)
        text = series.map(lambda v: v.strip() if isinstance(v, str) else v)
        text = text.astype(object).where(text.notna() & ~text.isin(MISSING), None)
        numbers = pd.to_numeric(text, errors="coerce") if name not in as_written and _numeric_looking(text) else None
        whole = numbers is not None and bool((numbers.notna() == text.notna()).all()) and bool(text.notna().any())
        frame[name] = numbers if whole else text
    return frame


def _plain(series: pd.Series) -> pd.Series:
    """Nullable integers, floats and booleans become NumPy's own; infinite numbers are refused."""
    import pandas as pd

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
    nested = next((v for v in series.iloc[:1000] if isinstance(v, dict | list | set | tuple | np.ndarray)), None)
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
        return replace(column, role=role)
    if column.kind in INPUT_KINDS:
        return column
    return replace(column, role="key" if column.kind == "identifier" else "about", why=WHY[column.kind])


def _calendar(seconds: np.ndarray, column: Column) -> dict[str, np.ndarray]:
    """Month, day and weekday; the hour where times of day were seen; year and days gone by, unless it is the clock.

    A model judged on later rows has never seen their year: what only grows is no feature of a clock.
    """
    known = ~np.isnan(seconds)
    stamps = np.where(known, seconds, 0.0).astype(np.int64).astype("datetime64[s]")
    days, months = stamps.astype("datetime64[D]"), stamps.astype("datetime64[M]")
    parts: Sequence[tuple[str, np.ndarray]] = (
        ("month", months.astype(np.int64) % 12 + 1),
        ("day", (days - months.astype("datetime64[D]")).astype(np.int64) + 1),
        ("weekday", (days.astype(np.int64) + 3) % 7),
    )
    if column.role != "time":
        parts = (
            *parts,
            ("year", months.astype("datetime64[Y]").astype(np.int64) + 1970),
            ("days", (seconds - (column.low or 0.0)) / DAY),
        )
    if (column.low or 0.0) % DAY or (column.high or 0.0) % DAY:
        parts = (*parts, ("hour", (stamps - days).astype(np.int64) / 3600.0))
    return {f"{column.name}:{part}": np.where(known, values, np.nan).astype(np.float32) for part, values in parts}
