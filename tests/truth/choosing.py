"""How often the simplest of equals is chosen, and how often a clear winner is."""

from __future__ import annotations

import math

import numpy as np
from cells import Cell, Figures, at_least
from trials import metric, rows, trial
from worlds import Answer, probabilities

from deepenough.candidates._climb import choose, gain_between, worth_of
from deepenough.dataset import Dataset

SHARE = 0.95
RUNGS = {2: (0, 4), 3: (0, 1, 4), 4: (0, 1, 2, 4), 6: (0, 1, 2, 2, 3, 4), 8: (0, 1, 1, 2, 2, 3, 4, 4)} | {
    12: (0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4)
}
BASE = {"roc_auc": 0.80, "accuracy": 0.80, "rmse": 1.0, "mae": 1.0}


def cells(long: bool) -> list[Cell]:
    """2 to 12 trials, few rows and many, four metrics; without a winner, and with one in a place drawn by lot."""
    if not long:
        return [Cell(f, {"metric": m, "trials": 6, "n": 400}, 150) for f in ("alike", "winner") for m in BASE]
    every = [("roc_auc", k, n) for k in RUNGS for n in (400, 2000, 8000)]
    every += [(m, k, n) for m in BASE if m != "roc_auc" for k in (2, 6, 12) for n in (400, 2000)]
    return [
        Cell(f, {"metric": m, "trials": k, "n": n}, 1000 if n < 8000 else 500)
        for f in ("alike", "winner")
        for m, k, n in every
    ]


def answers(
    by: str, truth: np.ndarray, scores: list[float], rng: np.random.Generator, alike: float = 0.8
) -> list[Answer]:
    """Return answers of these true scores, the share `alike` of the variance of their noise in common."""
    from scipy.special import ndtri

    common, n = rng.normal(size=len(truth)), len(truth)
    noise = [math.sqrt(alike) * common + math.sqrt(1 - alike) * rng.normal(size=n) for _ in scores]
    if by in ("rmse", "mae"):
        return [{"value": truth + s * e} for s, e in zip(scores, noise, strict=True)]
    apart = [float(ndtri(s)) * (math.sqrt(2) if by == "roc_auc" else 2) for s in scores]
    return [probabilities(d * (d * (truth - 0.5) + e)) for d, e in zip(apart, noise, strict=True)]


def rows_of(by: str, n: int, rng: np.random.Generator) -> Dataset:
    """Return development rows of which only the truth is known."""
    return rows(rng.normal(size=n) if by in ("rmse", "mae") else rng.integers(0, 2, n))


def margin(by: str, n: int, worth: float) -> float:
    """Return by how much a winner must be better to be clear: twice the worth, 4.5 standard errors of the gain."""
    rng, errors = np.random.default_rng(n), []
    for _ in range(20):
        data = rows_of(by, n, rng)
        pair = [
            trial(data, by, a, r) for a, r in zip(answers(by, data.truth, [BASE[by]] * 2, rng), (1, 2), strict=True)
        ]
        errors.append(gain_between(*pair, data, metric(by)).se)
    return max(2 * worth, 4.5 * float(np.mean(errors)))


def measure(cell: Cell) -> Figures:
    """Choose, again and again; of the winners, their place above the first is drawn by lot."""
    by, rungs, rng = cell.facts["metric"], RUNGS[cell.facts["trials"]], cell.rng
    judge, base, n = metric(by), BASE[by], cell.facts["n"]
    ahead = margin(by, n, worth_of(judge, base, None)) if cell.family == "winner" else 0.0
    chosen = 0
    for _ in range(cell.repeats):
        winner = int(rng.integers(1, len(rungs))) if cell.family == "winner" else 0
        scores = [base] * len(rungs)
        scores[winner] += ahead if judge.bounded else -ahead * base
        data = rows_of(by, n, rng)
        said = answers(by, data.truth, scores, rng)
        ladder = [trial(data, by, a, r, i) for i, (a, r) in enumerate(zip(said, rungs, strict=True))]
        chosen += choose(ladder, data, judge, bar=None, n_sealed=n // 4, worth=None) is ladder[winner]
    return {"right": chosen / cell.repeats, "ahead": ahead}


def judge(cell: Cell, found: Figures) -> str:
    """The simplest of equals, or the winner, in at least 95 of 100."""
    return at_least(found["right"], SHARE, cell.repeats)
