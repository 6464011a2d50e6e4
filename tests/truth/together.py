"""The rules together: what is chosen, met and called worth it on tables whose true scores are known."""

from __future__ import annotations

from collections import Counter

import numpy as np
from cells import HELD, SHORT, Cell, Figures, at_most
from choosing import answers, rows_of
from trials import metric, trial
from worlds import Answer, probabilities

from deepenough.bar import Bar
from deepenough.candidates._climb import gain_of
from deepenough.dataset import Dataset
from deepenough.verdict import claim, outcome_of, plan

FALSE = 0.05
BY = "roc_auc"
RUNGS = (0, 1, 2, 4)
NAMES = {0: "trivial", 1: "linear", 2: "trees", 4: "deep"}
TABLES = {
    "all alike": (0.80, 0.80, 0.80),
    "small steps": (0.80, 0.81, 0.82),
    "trees better, the network as they are": (0.78, 0.84, 0.84),
    "the network gains exactly the worth": (0.78, 0.82, 0.84),
    "only the network sees it": (0.78, 0.79, 0.88),
}
BARS = (None, 0.80, 0.84)
SIZES = (1000, 7000, 30_000)


def cells(long: bool) -> list[Cell]:
    """Five tables of three sizes, without a bar and with two."""
    if not long:
        return [
            Cell("together", {"table": t, "rows": 1000, "bar": b}, 60)
            for t in ("all alike", "only the network sees it")
            for b in (None, 0.84)
        ]
    return [
        Cell("together", {"table": t, "rows": n, "bar": b}, 500 if n < 10_000 else 100)
        for t in TABLES
        for b in BARS
        for n in SIZES
    ]


def sealed_rows(n: int) -> int:
    """Return how many of n rows are sealed: a fifth, more where that leaves under 500, at most three tenths."""
    return max(n // 5, min(500, 3 * n // 10))


def measure(cell: Cell) -> Figures:
    """Choose by the development rows, open the sealed ones, and hold what is said against the truth."""
    counts, sealed = Counter[str](), sealed_rows(cell.facts["rows"])
    bar = None if cell.facts["bar"] is None else Bar("", BY, True, cell.facts["bar"])
    for time in range(cell.repeats):
        counts.update(once(cell, cell.rng_of(time), sealed, bar))
    said = (
        "met",
        "missed",
        "undecided",
        "chosen",
        "yes",
        "no",
        "open",
        "false_met",
        "false_missed",
        "false_yes",
        "false_no",
    )
    return {k: counts[k] / cell.repeats for k in (*said, *NAMES.values())}


def once(cell: Cell, rng: np.random.Generator, n_sealed: int, bar: Bar | None) -> list[str]:
    """Return what one table was told, and what of it was false."""
    true = dict(zip(RUNGS, (0.5, *TABLES[cell.facts["table"]]), strict=True))
    development, held = rows_of(BY, cell.facts["rows"] - n_sealed, rng), rows_of(BY, n_sealed, rng)
    ladder = [trial(development, BY, a, r) for r, a in said(development, true, rng).items()]
    planned = plan(ladder, development, metric(BY), bar=bar, n_sealed=n_sealed, worth=None)
    by_key = {t.key: t for t in ladder}
    evidence = {
        t.key: metric(BY).evidence(held.truth, a) for t, a in zip(ladder, said(held, true, rng).values(), strict=True)
    }
    simple, deep = by_key[str(planned.classical)], by_key[str(planned.deep)]
    worth_it, _ = claim(gain_of(metric(BY), evidence[simple.key], evidence[deep.key], None), planned.worth)
    shipped = by_key[planned.otherwise if planned.otherwise and worth_it != "yes" else planned.chosen]
    outcome = outcome_of(shipped, metric(BY).interval(evidence[shipped.key]), bar)
    gain = true[deep.rung] - true[simple.rung]
    return [
        outcome,
        worth_it.replace("undecided", "open"),
        NAMES[shipped.rung],
        *wrong(outcome, worth_it, true[shipped.rung], gain, planned.worth, bar),
    ]


def wrong(outcome: str, worth_it: str, score: float, gain: float, worth: float, bar: Bar | None) -> list[str]:
    """Return what was said and is not so; a claim exactly on the line is as false as one beyond it."""
    found = []
    if bar is not None and bar.threshold is not None:
        found += ["false_met"] * (outcome == "met" and score <= bar.threshold)
        found += ["false_missed"] * (outcome == "missed" and score > bar.threshold)
    found += ["false_yes"] * (worth_it == "yes" and gain <= worth + 1e-9)
    found += ["false_no"] * (worth_it == "no" and gain > worth + 1e-9)
    return found


def said(data: Dataset, true: dict[int, float], rng: np.random.Generator) -> dict[int, Answer]:
    """Return what each rung says of these rows; the trivial one says the same of all."""
    above = answers(BY, data.truth, [true[r] for r in RUNGS[1:]], rng)
    return {0: probabilities(np.zeros(len(data))), **dict(zip(RUNGS[1:], above, strict=True))}


def judge(cell: Cell, found: Figures) -> str:
    """No false claim in more than 5 of 100."""
    claims = ("false_met", "false_missed", "false_yes", "false_no")
    return HELD if all(at_most(found[k], FALSE, cell.repeats) == HELD for k in claims) else SHORT
