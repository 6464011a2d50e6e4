"""Examples that a bundle brings along: rows nobody ever was, and the answers to them, replayed wherever it is loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from deepenough.examples import Examples, Lazy
from deepenough.task import Column, Task

ROWS = 8
WORDS = ("", "a few words", "Zoë – 北京", "more of the same, and then some")  # of text, whatever it is about
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86400.0
LATEST = 9.2e9  # the year 2261, beyond which no column of times goes


def make_up(task: Task, reference: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return rows as somebody would send them, each cell from what is usual in its column, and combined at random.

    So no row of the data leaves the house with the bundle. The last row is empty throughout.
    """
    rng = np.random.default_rng(0)
    columns = {c.name: _cells(c, reference.get(c.name, {}), rng) for c in task.inputs}
    rows = [{name: cells[i] for name, cells in columns.items()} for i in range(ROWS - 1)]
    return [*rows, dict.fromkeys(columns)]


def _cells(column: Column, known: Mapping[str, Any], rng: np.random.Generator) -> list[Any]:
    if column.categories:
        usual = sorted(column.categories, key=lambda name: -known.get("shares", {}).get(name, 0.0))[: ROWS - 1]
        return [usual[i % len(usual)] for i in rng.permutation(ROWS - 1)]
    if column.kind == "time":  # as it will be asked: after all that is known
        days = (1 + rng.permutation(ROWS - 1)) * DAY
        last = column.high or 0.0
        return [as_cell(v, column) for v in (last + days if last < LATEST else last - days).tolist()]
    if column.kind not in ("number", "boolean"):
        return [WORDS[i % len(WORDS)] for i in rng.permutation(ROWS - 1)]
    quantiles = known.get("quantiles") or [column.low or 0.0, column.high or 0.0]
    picked = np.quantile(quantiles, (np.arange(ROWS - 1) + 0.5) / (ROWS - 1))[rng.permutation(ROWS - 1)]
    return [as_cell(float(f"{value:.3g}"), column) for value in picked.tolist()]


def as_cell(value: float, column: Column) -> Any:
    """Return a decoded number, time or boolean as somebody would send it; None where it is missing."""
    if value != value:
        return None
    if column.kind == "boolean":
        return value >= 0.5
    if column.kind != "time":
        return float(value)
    when = EPOCH + timedelta(seconds=int(value))
    return when.strftime(column.format) if column.format else when.replace(tzinfo=None).isoformat()


def sent(examples: Examples, i: int, task: Task) -> dict[str, Any]:
    """Return one of some decoded examples as somebody would send it: a row by name."""
    return examples.sent(i) if isinstance(examples, Lazy) else as_request(examples[i], task)


def as_request(decoded: Mapping[str, Any], task: Task) -> dict[str, Any]:
    """Return one decoded example as somebody would send it: text for categories and dates, plain numbers."""
    row: dict[str, Any] = {}
    for column in task.inputs:
        value = decoded[column.name]
        if column.categories:
            row[column.name] = column.categories[int(value) - 1] if value > 0 else None
        else:
            row[column.name] = value if isinstance(value, str) else as_cell(float(value), column)
    return row


def document(schema: str, rows: list[dict[str, Any]], answer: Mapping[str, np.ndarray]) -> bytes:
    """Return the file examples.json."""
    said = {name: [_digits(v) for v in values.tolist()] for name, values in answer.items()}
    text = json.dumps({"schema": schema, "rows": rows, "answers": said}, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8")


def _digits(value: Any) -> Any:
    return [_digits(v) for v in value] if isinstance(value, list) else float(f"{value:.9g}")
