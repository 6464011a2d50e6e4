"""How often an interval holds the true score or gain, and how often a claim is made that is not true."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from cells import HELD, SAID, SHORT, WIDE, Cell, Figures, at_most, stray
from worlds import EQUAL, GROUPED, GROUPS, ROWS, ROWS_IN_GROUPS, Drawn, World, judging, metric, truth

from deepenough.bar import Bar
from deepenough.candidates._climb import gain_of, worth_of
from deepenough.candidates._trial import Trial, score_of
from deepenough.stats import Estimate, strata_of
from deepenough.verdict import claim, outcome_of

LOWEST, HIGHEST = 0.93, 0.97
FALSE = 0.05
IN_COSTLY = ("balanced", "5 % positive", "very good, balanced", "very good, 5 % positive")
RESAMPLING = ("log_loss", "rmse", "mae", "r2")
SIZES = (200, 1000, 5000)
SHIPPED = Trial("model", "Model", 1, status="ok")


def cells(long: bool) -> list[Cell]:
    """Every metric of the shelf in every world that it can judge, at every size."""
    found = [
        Cell(family, {"metric": name, "world": world.name, "n": n}, often(family, name, n))
        for family, worlds in (("score", ROWS), ("gain", ROWS), ("equal", EQUAL))
        for world in worlds.values()
        for name in judging(world.reads)
        for n in SIZES
        if not (costly(name) and world.name not in IN_COSTLY)
    ]
    for count, world in zip(np.repeat(GROUPS, 2).tolist(), GROUPED.values(), strict=True):
        facts = {"n": ROWS_IN_GROUPS, "groups": count}
        named = [m for m in judging(world.reads) if not costly(m)]
        found += [Cell("grouped", {"metric": m, "world": world.name, **facts}, 1000) for m in named]
    found += [Cell("strata", {"metric": "log_loss", "world": w, "n": 600}, 1000) for w in ("balanced", "5 % positive")]
    return found if long else [small(c) for c in found if c.facts["n"] == 1000 and in_small(c)]


def costly(name: str) -> bool:
    """Return whether a metric resamples for its gain, too: recall at a precision, and precision at a recall."""
    return bool(metric(name).parameters)


def often(family: str, name: str, n: int) -> int:
    """Return how often it is tried: what resamples costs more."""
    if costly(name):
        return 300 if n < 2000 else 150
    if family != "score" or name not in RESAMPLING:
        return 2000
    return 500 if n > 2000 or name == "r2" else 1000


def in_small(cell: Cell) -> bool:
    """Return whether the quick suite tries it, too."""
    world, name = cell.facts["world"], cell.facts["metric"]
    if costly(name):
        return False
    if cell.family == "grouped":
        return cell.facts["groups"] == 50 and name in ("roc_auc", "mae")
    if "10 classes" in world or (cell.family == "equal" and name not in ("roc_auc", "rmse")):
        return False
    return world in ("5 % positive", "3 classes", "long tails, t(5)") or name in ("roc_auc", "rmse")


def small(cell: Cell) -> Cell:
    """Return the same, tried less often."""
    if cell.family == "score" and cell.facts["metric"] in RESAMPLING:
        return Cell(cell.family, cell.facts, 40 if cell.facts["metric"] == "r2" else 100)
    return Cell(cell.family, cell.facts, 100 if cell.family == "grouped" else 300)


def measure(cell: Cell) -> Figures:
    """Try it as often as it says."""
    tried = {"score": scores, "gain": gains, "equal": equals, "grouped": grouped, "strata": strata}
    return tried[cell.family](cell)


# --- what is tried -------------------------------------------------------------------------------------------------


class Count:
    """How often an interval held the truth, and what it said of itself."""

    def __init__(self) -> None:
        self.tally: Counter[str] = Counter()

    def add(self, found: Estimate, true: float) -> None:
        """Add one interval. One that was not given holds nothing and misses nothing."""
        self.tally.update(found.flags)
        if found.low is None or found.high is None:
            self.tally["none"] += 1
            return
        self.tally["low_above"] += found.low > true
        self.tally["high_below"] += found.high < true
        self.tally["marked"] += bool(found.flags)

    def figures(self, repeats: int) -> Figures:
        """Return shares: of the intervals that were given, and of all for the flags."""
        given = repeats - self.tally["none"]
        low, high = (self.tally[k] / max(given, 1) for k in ("low_above", "high_below"))
        flags = {k: self.tally[k] / repeats for k in ("widened", "few", "heavy_tail") if self.tally[k]}
        return {
            "holds": 1 - low - high if given else None,
            "low_above": low,
            "high_below": high,
            "given": given / repeats,
            "marked": (self.tally["marked"] + self.tally["none"]) / repeats,
            **flags,
        }


def scores(cell: Cell) -> Figures:
    """The interval of the complex model's score; the bar stands exactly at its true score."""
    judge, world, rng = metric(cell.facts["metric"]), ROWS[cell.facts["world"]], cell.rng
    true, count, said = truth(judge.name, world)[0], Count(), Counter[str]()
    bar = Bar("", judge.name, judge.high_is_good, true)
    for step in range(cell.repeats):
        rows = world.draw(rng, cell.facts["n"])
        found = judge.interval(judge.evidence(rows.target, rows.complex), seed=step)
        count.add(found, true)
        said[outcome_of(SHIPPED, found, bar)] += 1
    return count.figures(cell.repeats) | {k: said[k] / cell.repeats for k in ("met", "missed")}


def pair(cell: Cell, rows: Drawn) -> tuple[Any, Any]:
    """Return the evidence of both answers."""
    judge = metric(cell.facts["metric"])
    return judge.evidence(rows.target, rows.simple), judge.evidence(rows.target, rows.complex)


def gains(cell: Cell) -> Figures:
    """The interval of the paired gain; the worth is exactly the true gain, twice it, or half of it."""
    judge, world, rng = metric(cell.facts["metric"]), ROWS[cell.facts["world"]], cell.rng
    true, count, said = truth(judge.name, world)[1], Count(), Counter[str]()
    for _ in range(cell.repeats):
        found = judge.gain(*pair(cell, world.draw(rng, cell.facts["n"])))
        count.add(found, true)
        for name, worth in (("once", true), ("half", 2 * true), ("twice", true / 2)):
            said[f"{claim(found, worth)[0]}_{name}"] += 1
    asked = ("yes_once", "yes_half", "no_once", "no_twice", "yes_twice")
    return count.figures(cell.repeats) | {k: said[k] / cell.repeats for k in asked}


def equals(cell: Cell) -> Figures:
    """Two answers of the same worth: the gain is nothing, the worth what the house takes where none is named."""
    judge, world, rng, said = metric(cell.facts["metric"]), EQUAL[cell.facts["world"]], cell.rng, Counter[str]()
    worth = worth_of(judge, truth(judge.name, world)[0], None)
    for _ in range(cell.repeats):
        said[claim(judge.gain(*pair(cell, world.draw(rng, cell.facts["n"]))), worth)[0]] += 1
    return {k: said[k] / cell.repeats for k in ("yes", "no", "undecided")}


def grouped(cell: Cell) -> Figures:
    """Score and gain where rows come in groups, by leaving out one group after the other; and what plain rows would do."""
    judge, world, rng = metric(cell.facts["metric"]), GROUPED[cell.facts["world"]], cell.rng
    (score, gain), counts = truth(judge.name, world), [Count(), Count(), Count()]
    for _ in range(cell.repeats):
        rows = world.draw(rng, cell.facts["n"])
        a, b = pair(cell, rows)
        counts[0].add(score_of(judge, b, rows.groups), score)
        counts[1].add(gain_of(judge, a, b, rows.groups), gain)
        counts[2].add(judge.interval(b, quick=True), score)
    found = [c.figures(cell.repeats) for c in counts]
    return found[0] | {"gain": found[1]["holds"], "rows": found[2]["holds"]}


def strata(cell: Cell) -> Figures:
    """Rows sealed after a stratified split, a fifth of all: with the post-stratified error, and without."""
    judge, world, rng = metric(cell.facts["metric"]), ROWS[cell.facts["world"]], cell.rng
    true, counts = truth(judge.name, world)[0], [Count(), Count()]
    for step in range(cell.repeats):
        rows = world.draw(rng, 5 * cell.facts["n"])
        classes = [np.flatnonzero(rows.target == c) for c in np.unique(rows.target)]
        kept = np.concatenate([rng.permutation(r)[: round(len(r) / 5)] for r in classes])
        evidence = judge.evidence(rows.target[kept], {k: v[kept] for k, v in rows.complex.items()})
        for count, drawn in zip(counts, (strata_of(rows.target[kept], rows.target), None), strict=True):
            count.add(judge.interval(evidence, seed=step, strata=drawn), true)
    found = [c.figures(cell.repeats) for c in counts]
    return found[0] | {"plain": found[1]["holds"]}


# --- how it is judged ----------------------------------------------------------------------------------------------


def judge(cell: Cell, found: Figures) -> str:
    """Return whether a cell holds what is promised; where it does not, whether the estimate says so itself."""
    if cell.family == "equal":
        return at_most(found["yes"], FALSE, cell.repeats)
    claims = {"score": ("met", "missed"), "gain": ("yes_once", "yes_half", "no_once", "no_twice")}
    if any(at_most(found[k], FALSE, cell.repeats) == SHORT for k in claims.get(cell.family, ())):
        return SAID if found["marked"] > 0.5 else SHORT
    return covers(cell, found)


def covers(cell: Cell, found: Figures) -> str:
    """Judge coverage: at least 93 in 100, and at most 97 where rows are many and nothing is marked."""
    given = cell.repeats * found["given"]
    shares = [found[k] for k in ("holds", "gain") if found.get(k) is not None]
    marked = found["marked"] > 0.5
    if any(s < LOWEST - stray(LOWEST, given) for s in shares):
        return SAID if marked else SHORT
    if not marked and many(cell) and any(s > HIGHEST + stray(HIGHEST, given) for s in shares):
        return WIDE
    return HELD


def many(cell: Cell) -> bool:
    """Whether the rows are so many that the interval may not be too wide either: 1,000, and 100 of the smallest class."""
    world: World = (ROWS | GROUPED)[cell.facts["world"]]
    return cell.facts["n"] >= 1000 and cell.facts["n"] * world.smallest >= 100
