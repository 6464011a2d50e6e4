"""The words of docs/truth.md: what was tried, how to read it, and why some of it falls short."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

HEAD = """# How often a verdict is wrong

*Written by `make truth`; the figures stand in [figures/truth.json](figures/truth.json).*

A verdict says "met", "missed", "yes" or "no" with an interval, and means: this is wrong at most so often. Here that is
held against worlds in which the truth is known, because we made them. Rows are drawn, two models answer them, the same
functions that judge a run judge these answers, and the claim is compared with the truth. Then again, hundreds of times.

- **{cells:,} cells** were tried, {tries} times in all, on {date} (commit {commit}, seed {seed}, {machine}, {hours} CPU
  hours). **{held:,} hold** what is promised. The others stand in the next section, each with its figure.
- **A figure is times in 100.** An interval of 95 % should hold the truth 95 times in 100. Promised are at least 93, and at
  most 97 where there are 1,000 rows and 100 of the smallest class: an interval that is too wide hides what could be seen.
  A false claim may be made at most 5 times in 100.
- **Chance.** A figure from R repetitions may stray by 2 sqrt(p (1 - p) / R) before it counts as falling short: 1.1 points
  for 93 of 100 and R = 2,000, 1.6 for 1,000, 2.9 for 300.
- **°** more than half of these intervals carry a flag that says they are weak: `widened`, `few`, `heavy_tail`. **bold**
  falls short, or is too wide. **given**: of 100, how often an interval was given at all; the others said "too few rows"."""

FIRST_LOOK = """- **A first look**: {share} % of the repetitions of the long form, so that chance strays about three times as far."""

SHORTFALLS = """## What falls short

Each line is a cell that does not hold what is promised, with what it does instead."""

CLAIMS = """## False claims

The bar, or the worth, stands exactly at the truth: every "met" and every "yes" is false, as it would be were the truth a
little worse. At most 5 in 100 may be. Every metric in every world and at every size of the tables at the end; first the
mean of these cells, in brackets the worst. The last lines are no errors but power: how often a gain of twice the worth is
called worth it, in the mean of these worlds."""

CHOICE = """## The choice

Two to twelve trials of equal worth, on rungs 0 to 4: the simplest should be chosen, in at least 95 of 100. Then one of
them, drawn by lot, is better by twice the worth and by 4.5 standard errors: it should be chosen in at least 95 of 100."""

LOOKS = """## Many looks at the same sealed rows

Six models, each exactly at the bar, are judged one after the other on the same 500 sealed rows. Look j is judged at
0.05 / 2^(j - 1): something false may be said in 10 of 100 at most, however many looks there are. The last column shows what
would happen if every look were judged as the first is."""

SETTLE = """## How many rows would settle it

500 rows are judged; where they leave the question open, the verdict says how many rows would do. What is needed is known:
the rows at which a fresh draw settles it 80 times in 100, found by drawing them. `rows_to_settle` is right in the median
and far off in the single case. So it has a range beside it, `rows_between`, which should hold the truth in 80 of 100
undecided verdicts. A range without an upper end says "at least so many"; no answer counts as infinite. The truth lies 0.5
to 2.8 standard errors of the 500 rows from the line."""

NULLS = """## Nothing to find

The labels of three real tables are put in an order drawn by lot, and the whole corridor runs: audit, split, climb, seal,
verdict. With the bar `roc_auc >= 0.6` every "met" would be false. Without one, anything but the trivial model is chosen for
nothing; such a choice is by the scores out of fold, whose folds share most of their rows, and so the interval that the sealed
rows give stands beside it in the report."""

TOGETHER = """## The rules together

Tables with a trivial model, a linear one, trees and a network, whose true areas under the curve are known (all alike: .80,
.80, .80; small steps: .80, .81, .82; trees better: .78, .84, .84; exactly the worth: .78, .82, .84; only the network sees
it: .78, .79, .88). The choice, the opening of the seal and the one-way rule (without a bar a network ships only on a "yes")
run one after the other. Columns: what ships, what became of the bar, whether deep learning is said to be worth it, and the
most frequent of the four false claims. A score exactly on the bar counts as missing it."""

GROUPS = """## Rows in groups, and after a stratified split

1,000 rows in groups of unequal size, half of an error's variance being the group's. Whole groups are left out one after the
other. Third figure: how often an interval would hold that took the rows for independent."""

MORE_ROWS = """## Would more rows help?

Learning curves over a quarter of the rows of real tables foresee the score at all of them, with an 80 % interval: it should
hold what came true in at least 75 of 100 ([figures/learning_curves.json](figures/learning_curves.json), written by
`benchmarks/learning_curves.py`)."""

COVERAGE = """## How often each interval holds the truth

Every metric of the shelf, in every world it can judge, with 200, 1,000 and 5,000 rows: first the interval of a score, then
that of a paired gain. The truth comes from a closed form, or from two million rows."""


def _heavy(row: dict[str, Any]) -> bool:
    return row["family"] == "score" and row["metric"] in ("rmse", "r2") and "heavy_tail" in row["figures"]


def _few_groups(row: dict[str, Any]) -> bool:
    return row["family"] == "grouped" and row["groups"] < 20


def _tails_of_groups(row: dict[str, Any]) -> bool:
    return row["family"] == "grouped"


def _rare(row: dict[str, Any]) -> bool:
    return row.get("world") == "10 classes, some rare" and row["n"] == 200


REASONS: tuple[tuple[str, Callable[[dict[str, Any]], bool]], ...] = (
    (
        "- **Squared errors with long tails.** Where a few rows carry most of the squared error, its variance is unknown or\n"
        "  infinite, and no method of those tried holds: percentile, BCa and studentised bootstrap. The interval says\n"
        "  `heavy_tail` where that can be seen, and a bar on rmse or r2 is then never called met. It cannot be seen in the very\n"
        "  draws that mislead, those in which no large row came up: a stricter screen, a fifth instead of a quarter of the\n"
        '  squared error, let as many false "met" pass. The mean absolute error has no such trouble, and neither has a *gain* in\n'
        "  rmse: set the bar on mae where a few rows may be far off.",
        _heavy,
    ),
    (
        "- **Few groups.** What chance draws are the groups, and eight say little about all groups. The interval says `few`.",
        _few_groups,
    ),
    (
        "- **Groups of unequal weight.** The spread between groups is itself skewed.",
        _tails_of_groups,
    ),
    (
        "- **Classes of two rows.** With 200 rows the rarest of ten classes has two, or none; a class that no row has counts\n"
        "  for nothing, in the score and in its interval. The interval says `few`.",
        _rare,
    ),
)
