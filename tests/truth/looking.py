"""How often something false is said at least once, where the same sealed rows are looked at again and again."""

from __future__ import annotations

import math

import numpy as np
from cells import Cell, Figures, at_most
from choosing import BASE, answers, rows_of
from worlds import metric, truth_of_answers

from deepenough.bar import Bar
from deepenough.ledger import level_of

LOOKS, FALSE = 6, 0.10
N = 500


def cells(long: bool) -> list[Cell]:
    """Six models, each exactly at the bar; their errors alike, or their own."""
    tried = [(m, alike) for m in ("roc_auc", "accuracy", "mae") for alike in (0.8, 0.0)]
    return [
        Cell("looks", {"metric": m, "alike": alike, "n": N}, 4000 if long else 300)
        for m, alike in (tried if long else tried[:1])
    ]


def measure(cell: Cell) -> Figures:
    """Look six times, each at half the level of the look before; and, beside it, each at the full level."""
    by, rng, high = cell.facts["metric"], cell.rng, metric(cell.facts["metric"]).high_is_good
    bar = Bar("", by, high, truth_of_answers(by, BASE[by]))
    wrong, careless = np.zeros(LOOKS), 0
    for _ in range(cell.repeats):
        data = rows_of(by, N, rng)
        said = answers(by, data.truth, [BASE[by]] * LOOKS, rng, cell.facts["alike"])
        seen = [metric(by).evidence(data.truth, a) for a in said]
        found = [metric(by).interval(e, 1 - level_of(j), quick=True) for j, e in enumerate(seen, 1)]
        met = [bar.meets(f) is True for f in found]
        wrong += np.maximum.accumulate(met)
        careless += any(bar.meets(metric(by).interval(e, quick=True)) is True for e in seen)
    return {
        "met_by_look": (wrong / cell.repeats).tolist(),
        "met": float(wrong[-1] / cell.repeats),
        "careless": careless / cell.repeats,
        "allowed": math.fsum(level_of(j) for j in range(1, LOOKS + 1)),
    }


def judge(cell: Cell, found: Figures) -> str:
    """A false "met" in all looks together: in at most a tenth."""
    return at_most(found["met"], FALSE, cell.repeats)
