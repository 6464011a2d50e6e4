"""docs/truth.md, written from docs/figures/truth.json, the back-test of the learning curves, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from page_words import (
    CHOICE,
    CLAIMS,
    COVERAGE,
    FIRST_LOOK,
    GROUPS,
    HEAD,
    LOOKS,
    MORE_ROWS,
    NULLS,
    REASONS,
    SETTLE,
    SHORTFALLS,
    TOGETHER,
)

Row = dict[str, Any]
SIZES = (200, 1000, 5000)


def written(figures: Path) -> str:
    """Return the page from the figures in a folder: truth.json, and learning_curves.json where it is."""
    curves = figures / "learning_curves.json"
    backtest = json.loads(curves.read_text(encoding="utf-8")) if curves.exists() else None
    return render(json.loads((figures / "truth.json").read_text(encoding="utf-8")), backtest)


def render(document: dict[str, Any], backtest: dict[str, Any] | None = None) -> str:
    """Return the page; `backtest` is what became of forecasts of "would more rows help?"."""
    rows = document["cells"]
    head = HEAD if document["share"] == 1.0 else HEAD + "\n" + FIRST_LOOK.format(share=f"{100 * document['share']:.0f}")
    parts = [
        head.format(
            cells=len(rows),
            held=sum(r["held"] == "held" for r in rows),
            date=document["date"],
            commit=document["commit"],
            seed=document["seed"],
            machine=f"{document['machine']['processor'] or document['machine']['system']}, {document['machine']['cores']} cores",
            hours=f"{sum(r['cpu_seconds'] for r in rows) / 3600:.1f}",
            tries=f"{sum(r['repeats'] for r in rows):,}",
        ),
        SHORTFALLS + "\n\n" + shortfalls(rows),
        CLAIMS + "\n\n" + claims(rows),
        CHOICE + "\n\n" + choice(rows),
        LOOKS + "\n\n" + looks(rows),
        SETTLE + "\n\n" + settle(rows),
        NULLS + "\n\n" + nulls(rows),
        TOGETHER + "\n\n" + together(rows),
        GROUPS + "\n\n" + groups(rows),
        *([MORE_ROWS + "\n\n" + more_rows(backtest)] if backtest else []),
        COVERAGE + "\n\n" + coverage(rows),
    ]
    return "\n\n".join(parts) + "\n"


def of(rows: Iterable[Row], *families: str, **facts: Any) -> list[Row]:
    """Return the cells of some families with these facts."""
    return [r for r in rows if r["family"] in families and all(r.get(k) == v for k, v in facts.items())]


def in_order(rows: Iterable[Row], fact: str) -> list[Any]:
    """Return the values of a fact: numbers by size, words by the alphabet."""
    return sorted({r[fact] for r in rows}, key=lambda v: (v is not None, v))


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown; the first column is words, the others are numbers."""
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *lines))


def share(value: float | None, digits: int = 1) -> str:
    """Return a share as times in 100.

    >>> share(0.9512), share(None)
    ('95.1', '–')
    """
    return "–" if value is None else f"{100 * value:.{digits}f}"


# --- what falls short ----------------------------------------------------------------------------------------------


def shortfalls(rows: list[Row]) -> str:
    """Return a list of every cell that does not hold, grouped by why."""
    open_ = [r for r in rows if r["held"] != "held"]
    found = []
    for reason, belongs in REASONS:
        here = [r for r in open_ if belongs(r)]
        open_ = [r for r in open_ if not belongs(r)]
        if here:
            found.append(reason + "\n" + "\n".join(f"  - {told(r)}" for r in here))
    if open_:
        found.append(
            "- **No reason known.** Of so many cells chance alone makes one or two stray.\n"
            + "\n".join(f"  - {told(r)}" for r in open_)
        )
    return "\n".join(found) if found else "Nothing does."


def told(row: Row) -> str:
    """Return one cell that falls short, in words and figures."""
    figures, names = row["figures"], ("metric", "world", "table", "n", "rows", "trials", "bar", "away", "of")
    facts = ", ".join(
        f"{row[k]:,} {k}" if isinstance(row[k], int) else str(row[k]) for k in names if row.get(k) is not None
    )
    facts = facts.replace(" n,", " rows,").removesuffix(" n") + (" rows" if facts.endswith(" n") else "")
    shown = (
        "holds",
        "gain",
        "met",
        "missed",
        "yes_once",
        "yes_half",
        "no_once",
        "no_twice",
        "yes",
        "right",
        "inside",
    )
    said = ", ".join(f"{SAID[k]} {share(figures[k])}" for k in shown if figures.get(k) is not None)
    flags = ", ".join(f"`{k}` in {share(figures[k], 0)}" for k in ("widened", "few", "heavy_tail") if k in figures)
    what = {"score": "score", "gain": "gain", "grouped": "groups", "strata": "after a stratified split"}.get(
        row["family"], row["family"]
    )
    return f"{what}: {facts}: {said}{'; ' + flags if flags else ''}"


SAID = {
    "holds": "holds the truth in",
    "gain": "the gain's in",
    "met": 'false "met"',
    "missed": 'false "missed"',
    "yes_once": '"yes" at the worth',
    "yes_half": '"yes" at half the worth',
    "no_once": '"no" at the worth',
    "no_twice": '"no" at twice the worth',
    "yes": 'false "yes"',
    "right": "rightly chosen in",
    "inside": "inside the range in",
}


# --- coverage ------------------------------------------------------------------------------------------------------


def coverage(rows: list[Row]) -> str:
    """Return a table a metric: how often the intervals of its score and of its gain hold the truth."""
    found = []
    for name in in_order(of(rows, "score"), "metric"):
        mine = of(rows, "score", "gain", metric=name)
        lines = []
        for world in dict.fromkeys(r["world"] for r in mine):
            cells = [of(mine, family, world=world, n=n) for family in ("score", "gain") for n in SIZES]
            lines.append([world, *(held(c[0]) if c else "–" for c in cells)])
        head = [f"`{name}`", *(f"{what} {n:,}" for what in ("score", "gain") for n in SIZES)]
        found.append(table(head, lines))
    return "\n\n".join(found)


def held(row: Row) -> str:
    """Return how often an interval held, with what there is to say of it."""
    figures = row["figures"]
    if figures["holds"] is None:
        return "none"
    text = share(figures["holds"]) + ("°" if figures["marked"] > 0.5 else "")
    text = f"**{text}**" if row["held"] in ("short", "said", "wide") else text
    return text + (f" ({share(figures['given'], 0)} given)" if figures["given"] < 0.95 else "")


def groups(rows: list[Row]) -> str:
    """Return how often intervals of rows in groups hold, and what plain ones would do."""
    mine, lines = of(rows, "grouped"), []
    for name in in_order(mine, "metric"):
        found = [of(mine, "grouped", metric=name, groups=g)[0] for g in in_order(mine, "groups")]
        lines += [
            [
                f"`{name}`",
                *(f"{held(r)} / {share(r['figures']['gain'])} / {share(r['figures']['rows'], 0)}" for r in found),
            ]
        ]
    text = table(["score / gain / as if rows were apart", *(f"{g} groups" for g in in_order(mine, "groups"))], lines)
    strata = [[r["world"], held(r), share(r["figures"]["plain"])] for r in of(rows, "strata")]
    return text + "\n\n" + table(["`log_loss` of 600 rows, after a stratified split", "as it is done", "plain"], strata)


# --- claims --------------------------------------------------------------------------------------------------------


def claims(rows: list[Row]) -> str:
    """Return, for each claim and metric, how often it is false: in the mean of all worlds and sizes, and at worst."""
    asked: tuple[tuple[str, str, str], ...] = (
        ("score", "met", "met, at exactly the bar"),
        ("equal", "yes", "yes, at a gain of nothing"),
        ("gain", "yes_half", "yes, at half the worth"),
        ("gain", "yes_once", "yes, at exactly the worth"),
        ("gain", "no_once", "no, at exactly the worth"),
    )
    names = in_order(of(rows, "score"), "metric")
    lines = []
    for family, figure, words in asked:
        shown = []
        for name in names:
            found = [r["figures"][figure] for r in of(rows, family, metric=name)]
            shown.append(f"{share(sum(found) / len(found))} ({share(max(found))})" if found else "–")
        lines.append([words, *shown])
    for n in SIZES:
        found = [[r["figures"]["yes_twice"] for r in of(rows, "gain", metric=name, n=n)] for name in names]
        lines.append(
            [f"*rightly* yes, at twice the worth, {n:,} rows", *(share(sum(f) / len(f)) if f else "–" for f in found)]
        )
    return table(["claims, in 100: mean (worst)", *(f"`{n}`" for n in names)], lines)


def choice(rows: list[Row]) -> str:
    """Return how often the simplest of equals, and a clear winner, is chosen."""
    mine = of(rows, "alike", "winner")
    lines = []
    for name in in_order(mine, "metric"):
        for n in in_order(of(mine, "alike", metric=name), "n"):
            here = [of(mine, "alike", "winner", metric=name, n=n, trials=k) for k in in_order(mine, "trials")]
            lines.append(
                [
                    f"`{name}`, {n:,} rows",
                    *(" / ".join(bold(r, share(r["figures"]["right"])) for r in c) or "–" for c in here),
                ]
            )
    return table(["equals / winner", *(f"{k} trials" for k in in_order(mine, "trials"))], lines)


def bold(row: Row, text: str) -> str:
    """Return a figure, in bold where it does not hold."""
    return text if row["held"] == "held" else f"**{text}**"


def looks(rows: list[Row]) -> str:
    """Return how often something false was said by each look, and had every look been judged as the first."""
    lines = []
    for r in of(rows, "looks"):
        kind = "errors alike" if r["alike"] else "errors their own"
        by_look = [share(v) for v in r["figures"]["met_by_look"]]
        lines.append([f"`{r['metric']}`, {kind}", *by_look, share(r["figures"]["careless"])])
    return table(['false "met" up to look', *(str(j) for j in range(1, 7)), "all at 5 %"], lines)


def settle(rows: list[Row]) -> str:
    """Return how the rows that are said to be enough compare with those that are."""
    head = [
        "the truth lies away",
        "undecided",
        "rows needed",
        "said / needed, median",
        "inside the range",
        "no upper end",
    ]
    lines = []
    for r in of(rows, "settle"):
        f = r["figures"]
        median = "infinite" if f["median"] is None else f"{f['median']:.2f}"
        lines.append(
            [
                f"{r['of']}, `{r['metric']}`, {r['away']} SE",
                share(f["open"], 0),
                f"{f['needed']:,}",
                median,
                bold(r, share(f["inside"])),
                share(f["no_upper_end"], 0),
            ]
        )
    return table(head, lines)


def nulls(rows: list[Row]) -> str:
    """Return what the whole corridor said of tables whose labels were shuffled."""

    def line(r: Row) -> list[str]:
        f = r["figures"]
        chosen = ", ".join(f"{k} {v}" for k, v in sorted(f["chosen"].items(), key=lambda i: -i[1]))
        return [
            f"{r['table']}, {f['rows']:,} rows, {'no bar' if r['bar'] is None else r['bar']}, {r['repeats']} orders",
            *("-" if r["bar"] is None else share(f[k]) for k in ("met", "missed", "undecided")),
            *(share(f[k]) for k in ("not_ready", "yes")),
            "-" if r["bar"] is not None else bold(r, share(f["learnt"])),
            chosen,
        ]

    return table(
        ["labels shuffled", "met", "missed", "undecided", "not ready", "worth it: yes", "not trivial", "chosen"],
        map(line, sorted(of(rows, "null"), key=lambda r: (r["table"], r["bar"] is None))),
    )


def together(rows: list[Row]) -> str:
    """Return what was decided on tables whose true scores are known."""
    head = ["table, rows, bar", "linear", "trees", "deep", "met", "missed", "undecided", "yes", "no", "open", "false"]
    names: list[str] = ["linear", "trees", "deep", "met", "missed", "undecided", "yes", "no", "open"]

    def false(figures: Row) -> float:
        return max(v for k, v in figures.items() if k.startswith("false_"))

    return table(
        head,
        [
            [
                f"{r['table']}, {r['rows']:,}, {'no bar' if r['bar'] is None else r['bar']}",
                *(share(r["figures"][k], 0) for k in names),
                bold(r, share(false(r["figures"]))),
            ]
            for r in sorted(of(rows, "together"), key=lambda r: (r["table"], r["bar"] or 0, r["rows"]))
        ],
    )


def more_rows(backtest: dict[str, Any]) -> str:
    """Return how often the score at all rows lay inside the interval foreseen from a quarter of them."""
    kinds = [("all tables", backtest["all"]), ("tables that nothing was tuned on", backtest["not_tuned_on"])]
    lines = [
        [name, f"{found['pairs']}", share(found["share"], 0), f"{found['no_answer']}"]
        for name, found in (*kinds, *backtest["tables"].items())
    ]
    return table(["foreseen from a quarter of the rows", "forecasts", "inside", "no answer"], lines)
