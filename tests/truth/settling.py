"""How often the rows that are said to be enough are: for a gain against the worth, and for a score against the bar."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from cells import Cell, Figures, at_least
from scipy.special import ndtri
from worlds import ROWS, metric, truth

from deepenough.bar import Bar
from deepenough.stats import Estimate, rows_between, rows_planning, rows_to_settle
from deepenough.verdict import claim

SHARE, POWER = 0.8, 0.8
AWAY = (0.5, 1.0, 1.5, 2.0, 2.8)
TRIED = (("roc_auc", "balanced"), ("accuracy", "balanced"), ("rmse", "normal errors"))
N = 500
DRAWS = 2000
MOST = 20_000  # rows that are drawn to see whether they settle it


def cells(long: bool) -> list[Cell]:
    """The truth lies so many standard errors of the rows at hand from the line."""
    if not long:
        return [
            Cell("settle", {"of": of, "metric": "roc_auc", "world": "balanced", "away": 1.5}, 600)
            for of in ("gain", "score")
        ]
    return [
        Cell("settle", {"of": of, "metric": m, "world": w, "away": away}, 4000)
        for of in ("gain", "score")
        for m, w in TRIED
        for away in AWAY
    ]


@cache
def estimates(of: str, name: str, world: str, n: int, repeats: int) -> list[Estimate]:
    """Return the gains, or the scores, that so many draws of n rows show."""
    judge, rng, found = metric(name), np.random.default_rng([n, repeats]), []
    for _ in range(repeats):
        rows = ROWS[world].draw(rng, n)
        complex = judge.evidence(rows.target, rows.complex)
        if of == "gain":
            found.append(judge.gain(judge.evidence(rows.target, rows.simple), complex))
        else:
            found.append(judge.interval(complex, quick=True))
    return found


def line(cell: Cell, error: float) -> float:
    """Return where the worth, or the bar, stands: `away` standard errors on the easier side of the truth."""
    of, name, world = (cell.facts[k] for k in ("of", "metric", "world"))
    score, gain = truth(name, ROWS[world])
    if of == "gain":
        return gain - cell.facts["away"] * error
    sign = 1 if metric(name).high_is_good else -1
    return score - sign * cell.facts["away"] * error


def open_still(of: str, name: str, found: Estimate, at: float) -> bool:
    """Whether these rows leave the question open."""
    if of == "gain":
        return claim(found, at)[0] == "undecided"
    high = metric(name).high_is_good
    return Bar("", name, high, at).meets(found) is None


def measure(cell: Cell) -> Figures:
    """Draw N rows; where they leave it open, hold what is said to be needed against what is."""
    of, name, world = (cell.facts[k] for k in ("of", "metric", "world"))
    found = estimates(of, name, world, N, cell.repeats)
    spread = float(np.std([e.value for e in found]))  # the standard error as it is, not as an estimate says it is
    at = line(cell, spread)
    needed = rows_needed(cell, at)
    left = [e for e in found if open_still(of, name, e, at)]
    ranges = [rows_between(e, at) for e in left]
    points = [rows_to_settle(e, at) or math.inf for e in left]
    within = [low <= needed <= high for low, high in map(ends, ranges)]
    figures = {
        "open": len(left) / len(found),
        "undecided": len(left),
        "inside": float(np.mean(within)),
        "enough": float(np.mean([p >= needed for p in points])),
        "median": finite(float(np.median(points)) / needed),
        "no_upper_end": float(np.mean([math.isinf(high) for _, high in map(ends, ranges)])),
        "needed": round(needed),
    }
    if of == "gain" and at > 0:
        figures["planning"] = finite(float(np.median([rows_planning(e, at) or math.inf for e in left])))
    return figures


def ends(found: tuple[int, int | None] | None) -> tuple[float, float]:
    """Return the range as numbers; no answer, and no upper end, count as infinite."""
    if found is None:
        return math.inf, math.inf
    return found[0], math.inf if found[1] is None else found[1]


def finite(value: float) -> float | None:
    """Return the number, None where it is infinite: JSON has no word for it."""
    return value if math.isfinite(value) else None


def rows_needed(cell: Cell, at: float) -> float:
    """Return the rows at which a fresh draw settles it 80 times in 100, never fewer than were judged.

    What the formula says, then one step by how often so many rows really settle it, where these are not too many to draw.
    """
    of, name, world = (cell.facts[k] for k in ("of", "metric", "world"))
    needed = max(N, N * (2.80 / cell.facts["away"]) ** 2)
    if needed > MOST:
        return needed
    found = estimates(of, name, world, round(needed), min(DRAWS, cell.repeats))
    power = 1 - float(np.mean([open_still(of, name, e, at) for e in found]))
    return max(N, needed * ((ndtri(0.975) + ndtri(POWER)) / (ndtri(0.975) + ndtri(power))) ** 2)


def judge(cell: Cell, found: Figures) -> str:
    """The stated range holds the rows needed in at least 80 of 100 undecided verdicts."""
    return at_least(found["inside"], SHARE, found["undecided"])
