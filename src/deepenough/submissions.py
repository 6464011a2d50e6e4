"""Answers that somebody else made: checked row by row, and put as the metrics take them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepenough.dataset import Answer
from deepenough.errors import DataError, nearest
from deepenough.modalities._files import read_table

if TYPE_CHECKING:
    import pandas as pd

SUMS = 1e-3  # how far probabilities that were rounded for a file may be off 1, of two classes
EDGE = 1e-6  # how far rounding may push one beyond 0 or 1
PREFIX = "probability_"
NameRow = Callable[[int], str]


@dataclass(frozen=True)
class Given:
    """What somebody answered, and whether it names classes only, without saying how sure it is."""

    answer: Answer
    classes_only: bool = False


def counted(i: int) -> str:
    """Name a row of an array."""
    return f"row {i} (counted from 0)"


def label_text(value: Any) -> str:
    """Return a class as tables write it: a whole float is the whole number.

    >>> label_text(1.0), label_text("1"), label_text(True), label_text(" a ")
    ('1', '1', 'True', 'a')
    """
    if isinstance(value, float | np.floating) and value == round(value, 0):
        return str(int(value))
    return str(value).strip()


def is_missing(value: Any) -> bool:
    """Whether a cell is empty: None, NaN, NaT, NA."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value


def in_order(labels: Sequence[str]) -> tuple[str, ...]:
    """Sort classes as scikit-learn's `classes_` are: numbers by size, text by letter.

    >>> in_order(["10", "9", "1"]), in_order(["yes", "no"])
    (('1', '9', '10'), ('no', 'yes'))
    """
    try:
        return tuple(sorted(labels, key=float))
    except ValueError:
        return tuple(sorted(labels))


def array_of(values: Any, who: str) -> np.ndarray:
    """Return values as an array; refuse rows of different lengths."""
    try:
        return np.asarray(values)
    except ValueError:
        raise DataError(f"{who} has rows of different lengths. Give as many values a row.") from None


def column_of(values: Any, who: str) -> np.ndarray:
    """Return one-dimensional values as an array of numbers, booleans or objects; refuse any other shape."""
    array = array_of(values, who)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(f"{who} has the shape {array.shape}. Give one value a row.")
    if array.dtype.kind == "O":
        numbers = [v for v in array.tolist() if not is_missing(v)]
        if numbers and all(isinstance(v, int | float | np.number) and not isinstance(v, bool) for v in numbers):
            return np.array([np.nan if is_missing(v) else float(v) for v in array.tolist()])
    return array


def refuse_missing(array: np.ndarray, who: str, row: NameRow) -> None:
    """Refuse an empty or infinite value by its row."""
    bad = (
        ~np.isfinite(array)
        if array.dtype.kind in "fc"
        else np.array([is_missing(v) for v in array.tolist()], bool)
        if array.dtype.kind == "O"
        else np.zeros(len(array), bool)
    )
    if bad.any():
        i = int(bad.argmax())
        what = "is empty" if is_missing(array[i]) else f"is {array[i]}"
        raise DataError(f"{who} {what} in {row(i)}{_more(bad)}. Give every row a finite value.")


def _more(bad: Any) -> str:
    count = int(bad.sum())
    return "" if count == 1 else f", and in {count - 1:,} more"


def of_numbers(values: Any, who: str, row: NameRow = counted) -> Given:
    """Return a number a row as the answer of a regression."""
    array = column_of(values, who)
    try:
        numbers = array.astype(float)
    except (TypeError, ValueError):
        i = next(i for i, v in enumerate(array.tolist()) if not _reads_as_number(v))
        raise DataError(f"{who} holds '{array[i]}' in {row(i)}, which is no number. Give a number a row.") from None
    refuse_missing(numbers, who, row)
    return Given({"value": numbers})


def _reads_as_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def of_classes(values: Any, labels: tuple[str, ...], who: str, row: NameRow = counted) -> Given:
    """Return probabilities (n, C), or (n,) of the second of two classes, or classes by name, as (n, C) probabilities."""
    array = array_of(values, who)
    if array.ndim == 2 and array.shape[1] > 1:
        return Given({"probability": _checked(array, labels, who, row)})
    array = column_of(values, who)
    refuse_missing(array, who, row)
    if array.dtype.kind == "b":
        array = array.astype(int) if labels == ("0", "1") else array
    if array.dtype.kind not in "iuf":
        return Given({"probability": _one_hot(array, labels, who, row)}, True)
    if labels != ("0", "1") and {label_text(v) for v in np.unique(array)} <= set(labels):
        return Given({"probability": _one_hot(array, labels, who, row)}, True)
    if len(labels) == 2:
        positive = array.astype(float)
        return Given({"probability": _checked(np.stack([1.0 - positive, positive], axis=1), labels, who, row)})
    if array.dtype.kind in "iu" or (array == np.round(array)).all():
        return Given({"probability": _one_hot(array, labels, who, row)}, True)
    raise DataError(
        f"{who} holds one number a row, and there are {len(labels)} classes ({', '.join(labels[:10])}). "
        "Give one column of probabilities a class, or name the class."
    )


def _one_hot(array: np.ndarray, labels: tuple[str, ...], who: str, row: NameRow) -> np.ndarray:
    codes = {label: i for i, label in enumerate(labels)}
    found = np.array([codes.get(label_text(v), -1) for v in array.tolist()])
    if (found < 0).any():
        i = int((found < 0).argmax())
        value = label_text(array[i])
        raise DataError(
            f"{who} names the class '{value}' in {row(i)}{_more(found < 0)}. {nearest(value, labels)}"
            f"The classes are: {', '.join(labels[:20])}."
        )
    return np.asarray(np.eye(len(labels))[found])


def _checked(array: np.ndarray, labels: tuple[str, ...], who: str, row: NameRow) -> np.ndarray:
    """Return probabilities as float64, or say which row holds what is none."""
    if array.shape[1] != len(labels):
        raise DataError(
            f"{who} has {array.shape[1]} columns, and there are {len(labels)} classes ({', '.join(labels[:10])}). "
            "Give one column a class, in that order."
        )
    try:
        p = array.astype(float)
    except (TypeError, ValueError):
        raise DataError(f"{who} holds text where probabilities should stand. Give numbers from 0 to 1.") from None
    refusals: tuple[tuple[Callable[[], Any], str], ...] = (
        (lambda: ~np.isfinite(p).all(axis=1), "is empty or infinite in {row}{more}. Give every row its probabilities."),
        (
            lambda: ((p < -EDGE) | (p > 1 + EDGE)).any(axis=1),
            "says {said} in {row}{more}: a probability lies between 0 and 1. Turn scores into probabilities first.",
        ),
        (
            lambda: np.abs(p.sum(axis=1) - 1.0) > SUMS * max(1.0, len(labels) / 2),
            "says {said} in {row}{more}, which adds up to {total:.4g}, not 1. Give the probabilities of all classes.",
        ),
    )
    for find, sentence in refusals:
        bad = find()
        if bad.any():
            i = int(bad.argmax())
            said = ", ".join(f"{v:.4g}" for v in p[i, :5])
            total = float(p[i].sum()) if np.isfinite(p[i]).all() else np.nan
            if len(labels) == 2 and abs(total - 1.0) <= SUMS:
                said = f"{p[i, 1]:.6g}"
            raise DataError(f"{who} " + sentence.format(row=row(i), more=_more(bad), said=said, total=total))
    return np.asarray(np.clip(p, 0.0, 1.0))


def read(source: Any) -> pd.DataFrame:
    """Read a file of answers, every cell as it is written; a frame is taken as it is."""
    import pandas as pd

    if not isinstance(source, str | Path):
        frame = pd.DataFrame(source).copy(deep=False)
        frame.columns = [str(c) for c in frame.columns]
        return frame.reset_index(drop=True)
    frame = read_table(Path(source))
    return read_table(Path(source), list(frame.columns))


def numbers_in(frame: pd.DataFrame, names: Sequence[str], who: str, row: NameRow) -> np.ndarray:
    """Return columns of numbers (n, len(names)), which a file holds as text; a cell that is none is refused by its row."""
    columns = []
    for name in names:
        cells = frame[name].tolist()
        bad = next((i for i, v in enumerate(cells) if not is_missing(v) and not _reads_as_number(v)), None)
        if bad is not None:
            raise DataError(f"{who} '{name}' holds '{cells[bad]}' in {row(bad)}, which is no number. Mend that cell.")
        columns.append([np.nan if is_missing(v) else float(v) for v in cells])
    return np.array(columns, float).T


def plain(column: pd.Series) -> np.ndarray:
    """Return a column as numbers where every cell that is not empty reads as one, else as text."""
    cells = column.tolist()
    if all(is_missing(v) or _reads_as_number(v) for v in cells):
        return np.array([np.nan if is_missing(v) else float(v) for v in cells])
    return np.array([None if is_missing(v) else label_text(v) for v in cells], dtype=object)


def of_table(
    frame: pd.DataFrame,
    labels: tuple[str, ...],
    who: str,
    row: NameRow,
    columns: Mapping[str, str] | None = None,
    prediction: str = "prediction",
) -> Given:
    """Return the answers a table holds.

    Parameters
    ----------
    labels : the classes in order; none where the answer is a number.
    columns : the column of each class's probability, where they are not called ``probability_<class>``.
    prediction : the column of the number, or of the class where there are no probabilities.
    """
    if not labels:
        if prediction not in frame:
            raise DataError(f"{who} has no column '{prediction}'. {nearest(prediction, frame.columns)}Add it.")
        values = numbers_in(frame, [prediction], who, row)[:, 0]
        return of_numbers(values, f"{who} '{prediction}'", row)
    named = dict(columns or _probability_columns(frame, labels, who))
    if prediction in frame:
        cells = np.array(frame[prediction].tolist(), dtype=object)
        refuse_missing(cells, f"{who} '{prediction}'", row)
        classes = Given({"probability": _one_hot(cells, labels, f"{who} '{prediction}'", row)}, True)
        if not named:
            return classes
    if not named:
        raise DataError(
            f"{who} holds no answer. Add a column '{PREFIX}{labels[-1]}'"
            + (f", and one for each other class ({', '.join(labels[:10])})." if len(labels) > 2 else ".")
        )
    p = numbers_in(frame, list(named.values()), who, row)
    if len(labels) == 2 and len(named) == 1:
        p = np.stack([1.0 - p[:, 0], p[:, 0]] if labels[1] in named else [p[:, 0], 1.0 - p[:, 0]], axis=1)
        return Given({"probability": _checked(p, labels, f"{who} '{next(iter(named.values()))}'", row)})
    return Given({"probability": _checked(p[:, [list(named).index(v) for v in labels]], labels, who, row)})


def _probability_columns(frame: pd.DataFrame, labels: tuple[str, ...], who: str) -> dict[str, str]:
    """Return the column of each class; refuse one of an unknown class, and a class that is left out."""
    found = {c.removeprefix(PREFIX): c for c in frame.columns if c.startswith(PREFIX)}
    unknown = [c for c in found if c not in labels]
    if unknown:
        raise DataError(
            f"{who} has a column '{PREFIX}{unknown[0]}', and no class is called so. {nearest(unknown[0], labels)}"
            f"The classes are: {', '.join(labels[:20])}."
        )
    if not found and set(labels) <= set(frame.columns):
        return {label: label for label in labels}
    lacking = [label for label in labels if label not in found]
    if found and lacking and not (len(labels) == 2 and len(found) == 1):
        raise DataError(f"{who} lacks a column '{PREFIX}{lacking[0]}'. Give the probabilities of all classes.")
    return found
