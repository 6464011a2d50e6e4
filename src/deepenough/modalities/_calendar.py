"""Times as features: parts of the calendar, in UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from deepenough.task import Column

DAY = 86400.0
PARTS = ("month", "day", "weekday", "year", "days", "hour")
EPOCH = date(1970, 1, 1).toordinal()


def has_hours(column: Column) -> bool:
    """Whether times of day were seen."""
    return bool((column.low or 0.0) % DAY or (column.high or 0.0) % DAY)


def calendar(seconds: np.ndarray, column: Column) -> dict[str, np.ndarray]:
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
    if has_hours(column):
        parts = (*parts, ("hour", (stamps - days).astype(np.int64) / 3600.0))
    return {f"{column.name}:{part}": np.where(known, values, np.nan).astype(np.float32) for part, values in parts}


def one_date(seconds: float, column: Column) -> list[float]:
    """Return what `calendar` gives for one time, in its order."""
    parts = 3 + 2 * (column.role != "time") + has_hours(column)
    if seconds != seconds:
        return [seconds] * parts
    whole = int(seconds)
    day = whole // 86400
    when = date.fromordinal(day + EPOCH)
    found: list[float] = [when.month, when.day, when.weekday()]
    if column.role != "time":
        found += [when.year, (seconds - (column.low or 0.0)) / DAY]
    return [*found, (whole - day * 86400) / 3600.0] if has_hours(column) else found
