"""What each rule did: the rows it decided, how often it was right there, and the rules that never came to a decision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deepenough.dataset import Dataset
from deepenough.rules._attaching import SETTING, bound
from deepenough.rules._binding import Bound
from deepenough.rules._reading import Rules, read
from deepenough.stats import Estimate, share, symmetric, unknown

LEVEL = 0.95


def firing(development: Dataset, sealed: Dataset) -> dict[str, Any] | None:
    """Return, for each rule and for the rows that none decides, what it did on both sets of rows; None without rules.

    Where a class is the answer: the share of rows in which the rule was right, with Wilson's interval. Where a number is:
    the mean of the truth in its rows. In groups, rows are no independent draws, and no interval is given.
    """
    carried = development.task.settings.get(SETTING)
    found = bound(development.task, list(development.features))
    if carried is None or found is None:
        return None
    stated = read(carried)
    answers = [float(a) for a in found.answers[:-1] if a is not None] + [_otherwise(found, development)]
    columns = {name: _on(found, answers, rows) for name, rows in (("development", development), ("sealed", sealed))}
    lines = [
        _line(stated, i, answer, development) | {name: column[i] for name, column in columns.items()}
        for i, answer in enumerate(answers)
    ]
    both = [(found.holding(d.features), found.deciding(d.features)) for d in (development, sealed)]
    held, decided = np.hstack([h for h, _ in both]), np.concatenate([d for _, d in both])
    for i, line in enumerate(lines[:-1]):
        line |= _silence(i, held, decided)
    return {"kind": development.task.kind, "rules": lines[:-1], "rest": lines[-1]}


def _line(stated: Rules, i: int, answer: float, rows: Dataset) -> dict[str, Any]:
    labels = rows.task.labels
    then = labels[int(answer)] if labels else answer
    if i == len(stated.rules):
        return {"then": then, "learnt": stated.otherwise is None}
    rule = stated.rules[i]
    return {"name": rule.name, "when": rule.when, "then": then, "why": rule.why}


def _otherwise(found: Bound, rows: Dataset) -> float:
    """Return the answer where no rule decides: as stated, or what is most frequent (the mean) there."""
    if found.answers[-1] is not None:
        return found.answers[-1]
    left = rows.truth[found.deciding(rows.features) == len(found.conditions)]
    left = left if len(left) else rows.truth
    return float(np.bincount(left).argmax()) if rows.task.labels else float(left.mean())


def _on(found: Bound, answers: Sequence[float], rows: Dataset) -> list[dict[str, Any]]:
    held = [*found.holding(rows.features).sum(axis=1).tolist(), None]
    decided = found.deciding(rows.features)
    return [
        {"rows": int((decided == i).sum()), "holds": held[i], **_truth(rows, decided == i, answer)}
        for i, answer in enumerate(answers)
    ]


def _truth(rows: Dataset, where: np.ndarray, answer: float) -> dict[str, Any]:
    truth, n = rows.truth[where], int(where.sum())
    if n == 0:
        return {"right": None} if rows.task.labels else {"mean": None}
    if rows.task.labels:
        return {"right": _spared(share(int((truth == answer).sum()), n, LEVEL), rows).document()}
    error = float(truth.std(ddof=1) / np.sqrt(n)) if n > 1 else 0.0
    return {"mean": _spared(symmetric(float(truth.mean()), error, level=LEVEL, n=n, df=n - 1), rows).document()}


def _spared(estimate: Estimate, rows: Dataset) -> Estimate:
    return estimate if rows.groups is None else unknown(estimate.value, LEVEL, estimate.n)


def _silence(i: int, held: np.ndarray, decided: np.ndarray) -> dict[str, Any]:
    """Return whether a rule holds nowhere, and which rules before it, counted from 0, took every row in which it holds."""
    where = held[i]
    shadowed = where.any() and not (decided == i).any()
    return {
        "never": not where.any(),
        "behind": np.unique(decided[where]).tolist() if shadowed else [],
    }
