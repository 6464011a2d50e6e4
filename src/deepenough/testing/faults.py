"""Faults to put into a table of one's own, as they happen in real ones: does the audit find them, and how many does it take?

They know nothing of the checks: a fault is made from what goes wrong where tables come from, and says which code should
tell of it. `strength` is the share of rows (or cells of a column) that are hit.

>>> import pandas as pd
>>> frame = pd.DataFrame({"city": ["Rome", "Oslo"] * 50, "sold": ["yes", "no"] * 50})
>>> spoilt = plant("inconsistent_categories", frame, "sold", strength=0.05)
>>> spoilt.column, int((spoilt.frame["city"] != frame["city"]).sum())
('city', 5)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from deepenough.errors import NotApplicable, SettingError, nearest

if TYPE_CHECKING:
    import pandas as pd

LEAST_DIFFERENT = 20  # values of a column of numbers that measures something
FIRST_NAMES = ("anna", "bo", "chen", "dara", "emil", "fatou", "goran", "hana")


@dataclass(frozen=True)
class Spoilt:
    """A frame with a fault in it.

    Attributes
    ----------
    column : the column at fault; None where rows are.
    rows : positions of what was hit, in `frame`.
    code : the finding that should tell of it.
    """

    frame: pd.DataFrame
    column: str | None
    rows: np.ndarray
    code: str


@dataclass(frozen=True)
class _Case:
    """What a fault is put into: a copy of the frame that it may change."""

    frame: pd.DataFrame
    target: str
    strength: float
    rng: np.random.Generator

    def some(self, among: np.ndarray | None = None) -> np.ndarray:
        """Return the positions to hit: a share of all rows, drawn from those at `among`."""
        count = max(1, round(self.strength * len(self.frame)))
        pool = np.arange(len(self.frame)) if among is None else among
        return np.sort(self.rng.choice(pool, min(count, len(pool)), replace=False))

    def numbers(self) -> str:
        """Return the name of a column that measures something."""
        return self._one([n for n in self._inputs() if self._measures(n)], "column of numbers")

    def words(self) -> str:
        """Return the name of a column of words that come back."""
        frame = self.frame
        return self._one(
            [
                n
                for n in self._inputs()
                if frame[n].dtype.kind not in "biufcM"
                and 1 < frame[n].nunique() <= 0.1 * len(frame)
                and frame[n].dropna().map(lambda v: isinstance(v, str) and len(v) > 1 and v.lower() != v.upper()).all()
            ],
            "column of words",
        )

    def _inputs(self) -> list[str]:
        return [str(n) for n in self.frame.columns if n != self.target]

    def _measures(self, name: str) -> bool:
        column = self.frame[name]
        named = column.nunique() == len(column) and column.dtype.kind in "iu"  # a running number
        return column.dtype.kind in "iuf" and column.nunique() >= LEAST_DIFFERENT and not named

    def _one(self, names: list[str], wanted: str) -> str:
        if not names:
            raise NotApplicable(f"The table has no {wanted} to put this fault into.")
        return names[int(self.rng.integers(len(names)))]

    def spoilt(self, code: str, column: str | None, rows: np.ndarray) -> Spoilt:
        return Spoilt(self.frame, column, rows, code)


def plant(fault: str, frame: pd.DataFrame, target: str, strength: float = 0.05, seed: int = 0) -> Spoilt:
    """Return a copy of the frame with a fault in it.

    Parameters
    ----------
    fault : one of `FAULTS`.
    strength : share of the rows that are hit, 0..1; at least one row is.

    Raises
    ------
    NotApplicable : where the table has no column that could have this fault.
    """
    if fault not in FAULTS:
        raise SettingError(f"There is no fault '{fault}'. {nearest(fault, FAULTS)}There are: {', '.join(FAULTS)}.")
    if not 0 < strength <= 1:
        raise SettingError(f"The strength {strength} is no share. Give a number above 0 and up to 1.")
    whole = frame.reset_index(drop=True).copy()
    return FAULTS[fault](_Case(whole, target, strength, np.random.default_rng(seed)))


def _flipped_labels(case: _Case) -> Spoilt:
    """Somebody clicked on the wrong answer."""
    truth = case.frame[case.target].to_numpy(dtype=object)
    rows, answers = case.some(), case.frame[case.target].dropna().unique()
    if len(answers) > 50:
        raise NotApplicable("The answer is a number, or one of very many: nothing to confuse.")
    for row in rows:
        truth[row] = case.rng.choice([a for a in answers if a != truth[row]])
    case.frame[case.target] = truth
    return case.spoilt("DE014", case.target, rows)


def _copied_rows(case: _Case) -> Spoilt:
    """An export ran twice for a part of the rows."""
    return _appended(case, case.frame.iloc[case.some()], "DE001")


def _near_copies(case: _Case) -> Spoilt:
    """The same rows once more, after a detour through other units: equal up to the last digits."""
    names = [n for n in case._inputs() if case.frame[n].dtype.kind == "f" and case._measures(n)]
    case._one(names, "column of decimal numbers")
    copies = case.frame.iloc[case.some()].copy()
    for name in names:
        copies[name] *= 1 + 1e-5 * case.rng.normal(size=len(copies))
    return _appended(case, copies, "DE015")


def _appended(case: _Case, copies: pd.DataFrame, code: str) -> Spoilt:
    import pandas as pd

    n = len(case.frame)
    longer = pd.concat([case.frame, copies], ignore_index=True)
    return Spoilt(longer, None, np.arange(n, len(longer)), code)


def _inconsistent_categories(case: _Case) -> Spoilt:
    """Another office writes the same in capitals, or with a stop behind it."""
    name = case.words()
    rows = case.some(np.flatnonzero(case.frame[name].notna()))
    cells = case.frame[name].to_numpy(dtype=object)
    for row in rows:
        cells[row] = cells[row].swapcase() if case.rng.random() < 0.5 else f" {cells[row]}."
    case.frame[name] = cells
    return case.spoilt("DE009", name, rows)


def _sentinel_values(case: _Case) -> Spoilt:
    """The old system wrote -999 where it knew nothing."""
    name = case.numbers()
    rows = case.some()
    case.frame[name] = case.frame[name].astype(float)
    case.frame.loc[rows, name] = -999.0
    return case.spoilt("DE010", name, rows)


def _default_dates(case: _Case) -> Spoilt:
    """A date that nobody filled in became the first day of its counter."""
    name = case._one([n for n in case._inputs() if case.frame[n].dtype.kind == "M"], "column of dates")
    rows = case.some()
    case.frame.loc[rows, name] = np.datetime64("1970-01-01")
    return case.spoilt("DE010", name, rows)


def _doubled_column(case: _Case) -> Spoilt:
    """The same measure twice, once in other units; the strength does not matter."""
    name = case.numbers()
    case.frame[f"{name}_in_other_units"] = 2.54 * case.frame[name] + 10.0
    return case.spoilt("DE011", f"{name}_in_other_units", np.arange(len(case.frame)))


def _personal_data(case: _Case) -> Spoilt:
    """People left their address in a field for remarks."""
    cells = np.array([f"remark {i} on the order, nothing else" for i in range(len(case.frame))], dtype=object)
    rows = case.some()
    for row in rows:
        who, number = case.rng.choice(FIRST_NAMES), case.rng.integers(1000, 9999)
        cells[row] = f"please write to {who}.{number}@example.org about this"
    case.frame["remarks"] = cells
    return case.spoilt("DE012", "remarks", rows)


def _missing_by_target(case: _Case) -> Spoilt:
    """A measure that is not taken any more once the outcome is clear."""
    name, truth = case.numbers(), case.frame[case.target]
    if truth.dtype.kind in "iuf" and truth.nunique() > 50:
        order = np.argsort(-truth.to_numpy(dtype=float))
        rows = np.sort(order[: max(1, round(case.strength * len(case.frame)))])
    else:
        shares = truth.value_counts()
        rows = case.some(np.flatnonzero((truth == shares.index[-1]).to_numpy()))
    case.frame[name] = case.frame[name].astype(float)
    case.frame.loc[rows, name] = np.nan
    return case.spoilt("DE013", name, rows)


def _leaked_column(case: _Case) -> Spoilt:
    """The answer itself under another name, written down wrongly in a share of the rows."""
    codes = case.frame[case.target].rank(method="dense").to_numpy(dtype=float)
    rows = case.some()
    known = 7.0 + 3.0 * codes
    known[rows] = case.rng.permutation(known)[: len(rows)]
    case.frame["settled"] = known
    return case.spoilt("DE003", "settled", rows)


def _far_values(case: _Case) -> Spoilt:
    """Grams instead of tonnes."""
    name = case.numbers()
    rows = case.some()
    case.frame[name] = case.frame[name].astype(float)
    case.frame.loc[rows, name] *= 1e6
    return case.spoilt("DE016", name, rows)


def _words_among_numbers(case: _Case) -> Spoilt:
    """Somebody wrote why there is no number."""
    name = case.numbers()
    rows = case.some()
    cells = case.frame[name].map(lambda v: None if v != v else f"{v:g}").to_numpy(dtype=object)
    cells[rows] = case.rng.choice(["not measured", "broken", "see file"], len(rows))
    case.frame[name] = cells
    return case.spoilt("DE018", name, rows)


def _drift_in_time(case: _Case) -> Spoilt:
    """Rows from years in which the answer became ever more frequent; the strength is that of the trend."""
    import pandas as pd

    n = len(case.frame)
    level = case.frame[case.target].rank(method="dense").to_numpy(dtype=float)
    level = (level - level.mean()) / (level.std() or 1.0)
    order = np.argsort(case.strength * 4.0 * level + case.rng.normal(size=n))
    days = np.empty(n)
    days[order] = np.linspace(0.0, 1400.0, n)
    case.frame["recorded"] = pd.Timestamp("2021-03-01") + pd.to_timedelta(np.floor(days), unit="D")
    return case.spoilt("DE017", "recorded", np.arange(n))


def _names_that_return(case: _Case) -> Spoilt:
    """Several rows a customer, whose number stands among the inputs; the strength does not matter."""
    case.frame["customer_id"] = case.rng.integers(10_000, 10_000 + max(20, len(case.frame) // 5), len(case.frame))
    return case.spoilt("DE004", "customer_id", np.arange(len(case.frame)))


FAULTS: dict[str, Callable[[_Case], Spoilt]] = {
    "copied_rows": _copied_rows,
    "default_dates": _default_dates,
    "doubled_column": _doubled_column,
    "drift_in_time": _drift_in_time,
    "far_values": _far_values,
    "flipped_labels": _flipped_labels,
    "inconsistent_categories": _inconsistent_categories,
    "leaked_column": _leaked_column,
    "missing_by_target": _missing_by_target,
    "names_that_return": _names_that_return,
    "near_copies": _near_copies,
    "personal_data": _personal_data,
    "sentinel_values": _sentinel_values,
    "words_among_numbers": _words_among_numbers,
}
