"""What drift is measured against: how each input, and the answer, was spread where the model was made."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from deepenough.dataset import Answer, Dataset
from deepenough.examples import Columns
from deepenough.task import Column

SCHEMA = "deepenough.reference/1"
ROWS = 20_000  # of more, evenly spaced ones
LEVELS = np.linspace(0.0, 1.0, 41)
BINS = np.linspace(0.0, 1.0, 21)[1:-1]  # twenty bins of about equal share
DIGITS = 9
MEASURED = 24  # features of examples that are no rows: the first ones, which are those that people can read

_inputs: WeakKeyDictionary[Dataset, dict[str, Any]] = WeakKeyDictionary()  # every trial ships from the same rows


def describe(learnt: Dataset, answer: Answer | None = None) -> dict[str, Any]:
    """Return the document of reference.json.

    Parameters
    ----------
    learnt : rows the model was made from.
    answer : what it said of rows it had not learnt from (out of fold); None where nobody asked yet.

    Returns
    -------
    ``inputs`` by column, or by feature where an example is no row of a table: share ``missing``; of numbers, times and booleans
    the ``quantiles`` (41, from 0 to 1), and ``edges`` with the ``shares`` of known cells up to the first edge, between each two,
    and beyond the last; of categories the ``shares`` of all rows by category, and that of the missing or unseen. ``answers``
    likewise, a class or the value each.
    """
    if learnt not in _inputs:
        _inputs[learnt] = _of_inputs(learnt)
    answers = None if answer is None else _of_answers(answer, learnt.task.labels)
    return {"schema": SCHEMA, "rows": len(learnt), "inputs": _inputs[learnt], "answers": answers}


def _of_inputs(learnt: Dataset) -> dict[str, Any]:
    if not isinstance(learnt.examples, Columns):
        rows = np.linspace(0, len(learnt) - 1, min(ROWS, len(learnt))).astype(np.intp)
        first = list(learnt.features.items())[:MEASURED]
        return {name: {"kind": "number", **spread(values[rows])} for name, values in first if values.dtype.kind == "f"}
    rows = np.linspace(0, len(learnt) - 1, min(ROWS, len(learnt))).astype(np.intp)
    arrays = learnt.examples.arrays
    return {c.name: _of_column(arrays[c.name][rows], c) for c in learnt.task.inputs if c.name in arrays}


def _of_column(values: np.ndarray, column: Column) -> dict[str, Any]:
    if values.dtype.kind == "f":
        return {"kind": column.kind, **spread(values)}
    if values.dtype.kind not in "iu":
        return {"kind": column.kind, "missing": _plain(np.mean([not text for text in values]))}
    counts = np.bincount(values, minlength=len(column.categories) + 1) / max(1, len(values))
    shares = {name: _plain(share) for name, share in zip(column.categories, counts[1:], strict=True)}
    return {"kind": column.kind, "missing_or_unseen": _plain(counts[0]), "shares": shares}


def _of_answers(answer: Answer, labels: tuple[str, ...]) -> dict[str, Any]:
    if "probability" in answer:
        chance = answer["probability"]
        named = np.bincount(chance.argmax(axis=1), minlength=len(labels)) / max(1, len(chance))
        return {
            label: {"predicted": _plain(named[i]), "mean": _plain(chance[:, i].mean()), **spread(chance[:, i])}
            for i, label in enumerate(labels)
        }
    return {name: spread(values) for name, values in answer.items() if values.ndim == 1}


def spread(values: np.ndarray) -> dict[str, Any]:
    """Return how (n,) numbers are spread: the share missing, quantiles, and a histogram of about equal shares."""
    known = np.sort(values[~np.isnan(values)].astype(np.float64))
    gone = 1.0 - len(known) / max(1, len(values))
    if not len(known):
        return {"missing": _plain(gone), "quantiles": [], "edges": [], "shares": []}
    edges = np.unique(np.quantile(known, BINS))
    below = np.concatenate([[0], np.searchsorted(known, edges, side="right"), [len(known)]])
    return {
        "missing": _plain(gone),
        "quantiles": [_plain(q) for q in np.quantile(known, LEVELS)],
        "edges": [float(e) for e in edges],
        "shares": [_plain(s) for s in np.diff(below) / len(known)],
    }


def _plain(value: Any) -> float:
    return float(f"{value:.{DIGITS}g}")
