"""Numbers and days that stand for 'not known': -999, 9999, the first day of a calendar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FAR = 0.5  # gap to the next value over the range of all the others, from which a number stands alone
LEAST_TIMES = 3  # rows; fewer are a slip, not a habit
LEAST_DIFFERENT = 10  # other values; among fewer, every number is a code
MOST_SENTINELS = 4
BELOW_NOTHING = {-1.0, -9.0, -99.0}  # stand for 'not known' where nothing else is below zero
ZERO_APART = 0.5  # smallest other value over their median, from which a zero among them stands alone
YEAR = 365.25 * 86400
FIRST_AND_LAST = (
    *("1753-01-01", "1800-01-01", "1899-12-30", "1899-12-31", "1900-01-01", "1901-01-01", "1970-01-01"),
    *("2099-12-31", "2100-01-01", "2199-12-31"),
)
DAYS = {day: float(np.datetime64(day, "s").astype(np.int64)) for day in FIRST_AND_LAST}


@dataclass(frozen=True)
class Sentinel:
    """One value that stands for 'not known', and the rows that have it."""

    value: float
    rows: np.ndarray
    sure: bool = True


def _looks_made_up(value: float) -> bool:
    """Whether a number is made of one digit three times or more, or a habit: 999, -9999, -77777.

    >>> [v for v in (-999, 9999, 888, -1, 1234, 99, 1e6 - 1, 55.5) if _looks_made_up(float(v))]
    [-999, 9999, 888, 999999.0]
    """
    digits = f"{abs(value):.0f}"
    return value == round(value) and len(digits) >= 3 and digits[0] in "789" and set(digits) == {digits[0]}


def sentinels(values: np.ndarray) -> list[Sentinel]:
    """Return the numbers that stand for 'not known', from the outside in, and a zero that no other value comes near."""
    known = np.flatnonzero(~np.isnan(values))
    if not _worth_sorting(values[known]):
        return []
    order = known[np.argsort(values[known], kind="stable")]
    found: list[Sentinel] = []
    while len(found) < MOST_SENTINELS and len(order):
        ordered = values[order].astype(np.float64)
        hit = _at_an_end(ordered)
        if hit is None:
            break
        rows = order[ordered == hit]
        found.append(Sentinel(hit, np.sort(rows)))
        order = order[ordered != hit]
    zero = _lonely_zero(values[order].astype(np.float64))
    return [*found, Sentinel(0.0, np.sort(order[values[order] == 0]), sure=False)] if zero else found


def _worth_sorting(values: np.ndarray) -> bool:
    """Whether an end is made up or zero, so that the rest must be looked at; most columns are done with here."""
    if len(values) == 0:
        return False
    low, high = float(values.min()), float(values.max())
    return low == 0 or low in BELOW_NOTHING or _looks_made_up(low) or _looks_made_up(high)


def _at_an_end(ordered: np.ndarray) -> float | None:
    """Return the made-up number at one end, where it stands alone and comes several times."""
    for low in (True, False):
        value = float(ordered[0] if low else ordered[-1])
        negative = low and value in BELOW_NOTHING
        if not negative and not _looks_made_up(value):
            continue
        cut = np.searchsorted(ordered, value, side="right" if low else "left")
        rest = ordered[cut:] if low else ordered[:cut]
        if len(ordered) - len(rest) < LEAST_TIMES or len(rest) < len(ordered) // 2 or not _varied(rest):
            continue
        span, gap = float(rest[-1] - rest[0]), abs(float(rest[0] if low else rest[-1]) - value)
        if gap >= FAR * span or (low and rest[0] >= 0):
            return value
    return None


def _varied(ordered: np.ndarray) -> bool:
    """Whether sorted numbers hold some ten different values."""
    return 1 + int((np.diff(ordered) > 0).sum()) >= LEAST_DIFFERENT


def _lonely_zero(ordered: np.ndarray) -> bool:
    """Whether zeros stand among positive numbers that are all far from it."""
    if len(ordered) == 0 or ordered[0] != 0:
        return False
    rest = ordered[np.searchsorted(ordered, 0.0, side="right") :]
    zeros = len(ordered) - len(rest)
    if not LEAST_TIMES <= zeros <= len(rest) or not _varied(rest):
        return False
    return bool(rest[0] >= ZERO_APART * rest[len(rest) // 2])


def default_days(seconds: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Return (day, rows) of dates that computers fill in by themselves, where all others are years away."""
    found = []
    for day, second in DAYS.items():
        rows = np.flatnonzero(seconds == second)
        if len(rows) == 0:
            continue
        others = seconds[(seconds != second) & ~np.isnan(seconds)]
        if len(others) > len(rows) and np.abs(others - second).min() >= YEAR:
            found.append((day, rows))
    return found
