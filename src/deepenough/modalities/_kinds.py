"""Find out what each column of a table is: once, when the data is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from deepenough.errors import DataError, SettingError, nearest
from deepenough.modalities import _prose
from deepenough.modalities._files import MISSING
from deepenough.modalities._patterns import patterns
from deepenough.task import Column

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("number", "category", "high_cardinality", "boolean", "time", "text", "identifier", "constant")
FEW_CATEGORIES = 50  # more make a category `high_cardinality`
MOST_CATEGORIES = 1000  # the rarest beyond share the code of the unseen
LEAST_FOR_IDENTIFIER = 20  # all different means nothing in a handful of rows
TIME_FORMATS = (
    None,
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%d.%m.%Y %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%d-%b-%Y",
    "%b %d, %Y",
)
LOOKED_AT = ("category", "high_cardinality", "identifier", "text", "number")  # for what their cells look like
ID_NAME = re.compile(r"(^|[_\W])(?i:id|uuid|guid|key|index|rownum|row|nr|no|number)$|[a-z0-9]I[dD]$")
WHOLE_FLOAT = re.compile(r"-?(0|[1-9]\d*)\.0")
MOST_SPELLINGS = 12  # of true and false in one column: True, TRUE, true ...
FIRST_YEAR, LAST_YEAR = 1678, 2261  # what a column of times can hold, to the nanosecond
TRUE_FALSE = {"true": 1.0, "false": 0.0}


def find_column(series: pd.Series, wanted: str | None) -> Column:
    """Return what a raw column is; `wanted` is the kind the user gave, if any."""
    name = str(series.name)
    cells = series[series.notna()]
    missing = len(cells) < len(series)
    kind, extra = _kind(cells, name, wanted, missing)
    if kind == "number":
        extra = (
            {"low": float(cells.astype(float).min()), "high": float(cells.astype(float).max())} if len(cells) else {}
        )
    if kind == "category":
        known = categories(cells)
        kind = kind if len(known) <= FEW_CATEGORIES else "high_cardinality"
        extra = {"categories": known}
    if kind == "text":
        extra = _prose.about(name, cells, wanted)
    if kind in LOOKED_AT:
        extra = {**extra, "patterns": patterns(cells)}
    return Column(name, kind, missing=missing, **extra)


def _kind(cells: pd.Series, name: str, wanted: str | None, missing: bool) -> tuple[str, dict[str, Any]]:
    if wanted is not None:
        return _as_wanted(cells, name, wanted)
    distinct = cells.nunique()
    if distinct == 0 or (distinct == 1 and not missing):
        return "constant", {}
    if cells.dtype.kind == "b" or _all_true_false(cells):
        return "boolean", {}
    if cells.dtype.kind in "iufc":
        return ("identifier" if _counts_rows(cells, name, distinct) else "number"), {}
    if cells.dtype.kind == "M":
        return "time", _time_range(cells)
    return _kind_of_text(cells, distinct)


def _as_wanted(cells: pd.Series, name: str, wanted: str) -> tuple[str, dict[str, Any]]:
    if wanted not in KINDS:
        raise SettingError(
            f"--types {name}={wanted}: there is no kind '{wanted}'. "
            f"{nearest(wanted, KINDS)}There are: {', '.join(KINDS)}."
        )
    if wanted == "time":
        found = _find_time(cells)
        if found is None:
            raise DataError(
                f"--types {name}=time: '{cells.iloc[0]}' and others read as no one date format. "
                "Write dates as 2026-11-20 or 2026-11-20 13:45:00."
            )
        return "time", found
    if wanted == "number" and cells.dtype.kind not in "iuf":
        raise DataError(
            f"--types {name}=number: the column holds text such as '{cells.iloc[0]}'. "
            f"Leave its type to be found out, or use {name}=category."
        )
    return ("category" if wanted == "high_cardinality" else wanted), {}


def _all_true_false(cells: pd.Series) -> bool:
    distinct = cells.unique() if cells.dtype.kind not in "iufcM" else ()
    return 0 < len(distinct) <= MOST_SPELLINGS and {str(v).casefold() for v in distinct} <= set(TRUE_FALSE)


def _counts_rows(cells: pd.Series, name: str, distinct: int) -> bool:
    if distinct < len(cells) or len(cells) < LEAST_FOR_IDENTIFIER or cells.dtype.kind == "f":
        return False
    return bool(ID_NAME.search(name)) or int(cells.max()) - int(cells.min()) == len(cells) - 1


def _kind_of_text(cells: pd.Series, distinct: int) -> tuple[str, dict[str, Any]]:
    times = _find_time(cells)
    if times is not None:
        return "time", times
    if len(cells) >= LEAST_FOR_IDENTIFIER:
        different = distinct > 0.5 * len(cells) or distinct > MOST_CATEGORIES
        if different and _prose.mean_words(cells) >= _prose.WORDS:
            return "text", {}
        if distinct == len(cells):
            return "identifier", {}
    return "category", {}


def _find_time(cells: pd.Series) -> dict[str, Any] | None:
    """Return format and range where every cell reads as a date in one format; a sample is tried first."""
    import pandas as pd

    if cells.dtype.kind == "M":
        return _time_range(cells)
    text = cells.astype(str).str.strip()
    sample = text.drop_duplicates().iloc[:200]
    if not sample.str.contains(r"\d", regex=True).all() or not sample.str.contains(r"[-/.: ]", regex=True).all():
        return None
    for written in TIME_FORMATS:
        as_format = written or "ISO8601"
        if pd.to_datetime(sample, format=as_format, errors="coerce", utc=True).notna().all():
            times = pd.to_datetime(text.drop_duplicates(), format=as_format, errors="coerce", utc=True)
            if times.notna().all() and times.dt.year.between(FIRST_YEAR, LAST_YEAR).all():
                return {"format": written, **_time_range(times)}
    return None


def _time_range(times: pd.Series) -> dict[str, Any]:
    seconds = epoch_seconds(times)
    return {"low": float(np.nanmin(seconds)), "high": float(np.nanmax(seconds))}


def epoch_seconds(times: pd.Series) -> np.ndarray:
    """Return (n,) seconds since 1970, NaN where missing, of a column of times; without a zone they are UTC."""
    import pandas as pd

    utc = pd.to_datetime(times, utc=True).dt.tz_localize(None).to_numpy("datetime64[us]")
    seconds = utc.astype(np.int64) / 1e6
    seconds[np.isnat(utc)] = np.nan
    return np.asarray(seconds, dtype=np.float64)


def categories(cells: pd.Series) -> tuple[str, ...]:
    """Return the known values as text, in order of the text; the rarest beyond a thousand are left out."""
    counts = by_value(cells, category_text).value_counts(sort=False)
    counts = counts[counts.index != ""]
    if len(counts) > MOST_CATEGORIES:
        counts = counts.sort_index().sort_values(ascending=False, kind="stable").iloc[:MOST_CATEGORIES]
    return tuple(sorted(str(c) for c in counts.index))


def by_value(cells: pd.Series, change: Callable[[Any], Any]) -> pd.Series:
    """Return each cell changed; where all are text, or missing, once for each of the texts and not once a cell.

    Other cells are changed one by one: among them 1, 1.0 and True are the same to a hash, and not the same to us.
    """
    import pandas as pd

    if pd.api.types.infer_dtype(cells, skipna=True) != "string":
        return cells.map(change)
    codes, texts = pd.factorize(cells)
    changed = np.empty(len(texts) + 1, dtype=object)
    changed[:] = [*map(change, texts), change(None)]  # the last is reached by -1, the code of what is missing
    return pd.Series(changed[codes], index=cells.index, name=cells.name)


def category_text(value: Any) -> str:
    """Return the one text a category is known by, "" where missing: 1, 1.0, "1" and "1.0" are the same, "01" is not.

    >>> [category_text(v) for v in (1, 1.0, "1", "1.0", "01", " a ", None, "NA", True)]
    ['1', '1', '1', '1', '01', 'a', '', '', 'True']
    """
    if isinstance(value, str):
        text = str(value).strip()
        if text.endswith(".0") and WHOLE_FLOAT.fullmatch(text):
            return text[
                :-2
            ]  # whole numbers beside empty cells are written so by others, and come as 1.0 or 1 from elsewhere
        return "" if text in MISSING else text
    if is_empty(value):
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def is_empty(value: Any) -> bool:
    """Whether a cell that is no text is empty: None, NaN, and pandas' NaT and NA.

    >>> [is_empty(v) for v in (None, float("nan"), 0, False)]
    [True, True, False, False]
    """
    try:
        return value is None or bool(value != value)  # NaN and NaT differ from themselves
    except TypeError:  # NA says neither yes nor no
        return True
    except ValueError:  # an array
        return False


def parse_types(types: Mapping[str, str], columns: list[str]) -> dict[str, str]:
    """Check that every column named in `types` is there."""
    for name in types:
        if name not in columns:
            raise SettingError(
                f"--types names a column '{name}' that is not there. {nearest(name, columns)}"
                f"The columns are: {', '.join(columns[:12])}{' ...' if len(columns) > 12 else ''}."
            )
    return dict(types)
