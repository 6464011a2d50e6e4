"""What would change the answer: one column at a time, over values that rows learnt from had."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepenough.bundle import Bundle
from deepenough.dataset import Dataset
from deepenough.examples import Columns

from ._cells import shown
from ._neighbours import Space

STEPS = 19  # quantiles of a number or a date that are tried
LEVELS = 30  # categories that are tried: the most frequent
COLUMNS = 30  # those that add most to the answer
MOST = 5


def changes(bundle: Bundle, row: Dataset, space: Space, first: list[str]) -> list[dict[str, Any]]:
    """Return, by column, the nearest value that alone would turn the class that is answered; the smallest change first.

    Parameters
    ----------
    row : one row. first : columns in the order of what they add; at most 30 are tried.
    """
    here, learnt = space.arrays(row), space.arrays(space.learnt)
    ranges, columns = space.ranges, {c.name: c for c in row.task.inputs}
    tried = [(name, value) for name in first[:COLUMNS] for value in _values(learnt[name])]
    if not tried:
        return []
    mixed = {name: np.repeat(values, len(tried)) for name, values in here.items()}
    for i, (name, value) in enumerate(tried):
        mixed[name][i] = value
    chance = bundle.answer(Columns(mixed, len(tried)))["probability"]
    now = int(bundle.answer(row.examples)["probability"][0].argmax())
    found: dict[str, dict[str, Any]] = {}
    for (name, value), said in zip(tried, chance, strict=True):
        to = int(said.argmax())
        size = _size(here[name][0], value, ranges[name])
        if to == now or (name in found and found[name]["size"] <= size):
            continue
        found[name] = {
            "column": name,
            "from": shown(here[name][0], columns[name]),
            "to": shown(value, columns[name]),
            "prediction": row.task.labels[to],
            "probability": float(said[to]),
            "size": size,
        }
    return sorted(found.values(), key=lambda c: (c["size"], c["column"]))[:MOST]


def _values(values: np.ndarray) -> list[Any]:
    """Return the values to try: quantiles that occur, most frequent categories; no text."""
    if values.dtype.kind == "O":  # of a text, only that there is none: another one would be somebody else's
        return [""]
    if values.dtype.kind != "f":
        codes, counts = np.unique(values[values > 0], return_counts=True)
        return list(codes[np.argsort(-counts, kind="stable")[:LEVELS]])
    known = values[~np.isnan(values)]
    if not len(known):
        return []
    return list(np.unique(np.quantile(known, np.linspace(0.05, 0.95, STEPS), method="inverted_cdf")))


def _size(before: Any, after: Any, span: float) -> float:
    if isinstance(before, np.integer | str):
        return float(before != after)
    if np.isnan(before):
        return 1.0
    return min(1.0, abs(float(after) - float(before)) / span)
