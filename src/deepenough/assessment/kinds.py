"""How an answer is read: a text, a choice, a number or a range; what it cannot be is said in a sentence."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from deepenough import shelves
from deepenough.assessment.questions import Question
from deepenough.assessment.ranges import Range, plain
from deepenough.bar import parse
from deepenough.errors import BarError, SettingError, nearest

LARGEST = 1e15


def read(question: Question, raw: Any, today: date) -> Any:
    """Return an answer as it is used; `SettingError` says what was seen and the mend, but not where."""
    if question.kind == "date":
        return _date(question, raw, today)
    return READERS[question.kind](question, raw)


def _text(question: Question, raw: Any) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise SettingError(
            f"{question.key} = {_seen(raw)} is no text. Write it in quotes: {question.key} = {question.example}."
        )
    return " ".join(raw.split())


def _choice(question: Question, raw: Any) -> str:
    if isinstance(raw, bool) and "yes" in question.options:
        return "yes" if raw else "no"
    if not isinstance(raw, str) or raw not in question.options:
        hint = nearest(raw, question.options) if isinstance(raw, str) else ""
        raise SettingError(
            f"{question.key} = {_seen(raw)} is none of the answers. {hint}Write one of: {', '.join(question.options)}."
        )
    return raw


def _metric(question: Question, raw: Any) -> str:
    known = shelves.shelf("metrics")
    if not isinstance(raw, str) or raw not in known:
        hint = nearest(raw, known) if isinstance(raw, str) else ""
        raise SettingError(f"{question.key} = {_seen(raw)} is no metric. {hint}Write one of: {', '.join(known)}.")
    return raw


def _latency(question: Question, raw: Any) -> str:
    if not isinstance(raw, str):
        raise SettingError(
            f'{question.key} = {_seen(raw)} has no unit. Write a time with its unit: {question.key} = "50ms".'
        )
    try:
        parse(None, "classification", latency=raw)
    except BarError as error:
        raise SettingError(str(error).replace("--latency", f"{question.key} =")) from error
    return "".join(raw.split())


def _date(question: Question, raw: Any, today: date) -> date:
    if isinstance(raw, datetime) or not isinstance(raw, date):
        raise SettingError(
            f"{question.key} = {_seen(raw)} is no date. Write it without quotes: {question.key} = 2027-06-30."
        )
    if raw <= today:
        raise SettingError(f"{question.key} = {raw} lies in the past (today is {today}). Write a date to come.")
    return raw


def _numbers(question: Question, raw: Any) -> Range:
    ends = raw if isinstance(raw, list) else [raw]
    if len(ends) not in (1, 2) or not all(_finite(v) for v in ends):
        mend = f"Write a number, or a range [low, high]: {question.key} = {question.example}."
        raise SettingError(f"{question.key} = {_seen(raw)} is no number. {mend}")
    low, high = float(ends[0]), float(ends[-1])
    if low > high:
        raise SettingError(
            f"{question.key} = {_seen(raw)} runs backwards. Write the lower end first: [{plain(high)}, {plain(low)}]."
        )
    return Range(low, high)


def _finite(value: Any) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and abs(value) < LARGEST
    )


def _within(low: float, high: float, mend: str, above: bool = False) -> Callable[[Question, Any], Range]:
    """Return a reader of numbers between two ends; `above`: the lower end itself is too low."""

    def reader(question: Question, raw: Any) -> Range:
        found = _numbers(question, _percent(raw) if high == 100 else raw)
        if found.low < low or (above and found.low == low) or found.high > high:
            raise SettingError(f"{question.key} = {_seen(raw)} {mend}")
        return found

    return reader


def _single(reader: Callable[[Question, Any], Range]) -> Callable[[Question, Any], Range]:
    """Return a reader of one number, where a range has no meaning."""

    def one(question: Question, raw: Any) -> Range:
        found = reader(question, raw)
        if found.low != found.high:
            raise SettingError(
                f"{question.key} = {_seen(raw)} is a range, and one number is wanted: write {question.example}."
            )
        return found

    return one


def _percent(raw: Any) -> Any:
    """Read "85 %" as 85."""
    if isinstance(raw, str) and raw.strip().endswith("%"):
        try:
            return float(raw.strip()[:-1])
        except ValueError:
            return raw
    return raw


def _score(question: Question, raw: Any) -> Range:
    """A quality in the metric; whether the metric can have it is asked once the metric is known. "85 %" is 0.85."""
    if isinstance(raw, str) and raw.strip().endswith("%"):
        found = _numbers(question, _percent(raw))
        return Range(found.low / 100, found.high / 100)
    return _numbers(question, raw)


def _whole(least: int, mend: str) -> Callable[[Question, Any], Range]:
    def reader(question: Question, raw: Any) -> Range:
        found = _numbers(question, raw)
        if found.low < least or found.low != int(found.low) or found.high != int(found.high):
            raise SettingError(f"{question.key} = {_seen(raw)} {mend}")
        return found

    return reader


def _seen(raw: Any) -> str:
    """Return a value as it would stand in the file, cut where it is long."""
    text = f'"{raw}"' if isinstance(raw, str) else str(raw).lower() if isinstance(raw, bool) else str(raw)
    return text if len(text) <= 60 else f"{text[:57]}..."


INF = math.inf
READERS: dict[str, Callable[[Question, Any], Any]] = {
    "text": _text,
    "file": _text,
    "choice": _choice,
    "metric": _metric,
    "latency": _latency,
    "score": _score,
    "count": _whole(1, "is no count. Write a whole number, 1 or more, or leave the line out where it is not known."),
    "count_or_none": _whole(0, "is no count. Write a whole number, 0 or more."),
    "classes": _whole(
        2, "cannot be: a question has two answers or more. Leave the line out where the answer is a number."
    ),
    "money": _within(0, INF, "is negative money. Write what it costs or brings, 0 or more."),
    "percent": _within(0, 100, "is no percentage. Write a number from 0 to 100."),
    "weeks": _within(0, INF, "lies in the past. Write a number of weeks from now, above 0.", above=True),
    "above_zero": _within(0, INF, "is not above 0. Write a positive number, or leave the line out.", above=True),
    "step": _single(_within(0, INF, "is not above 0. Write a positive number.", above=True)),
    "weight": _single(_within(0, INF, "is negative. Write 0 or more.")),
    "grade": _within(1, 5, "is no grade. Write a number from 1 (bad) to 5 (good)."),
}
