"""What a person reads in the terminal: at 80 columns, and with a word wherever there is a colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deepenough.report import tables, words
from deepenough.report.answers import Answers, answer
from deepenough.report.documents import Document

if TYPE_CHECKING:
    from rich.console import Console

COLOURS = {
    "met": "green",
    "chosen": "cyan",
    "missed": "red",
    "not_ready": "red",
    "undecided": "yellow",
    "blocker": "red",
    "warning": "yellow",
    "note": "dim",
}
MARKS = {"met": "+", "chosen": "+", "missed": "x", "not_ready": "x"}


def verdict(verdict: Document, console: Console, folder: str = "") -> None:
    """Print the verdict's first screen: which model, how sure, what it costs, what next."""
    from rich.padding import Padding
    from rich.text import Text

    first = answer(verdict, None, folder)
    console.print()
    head = Text(f"[{MARKS.get(first.state, '?')}] {first.status}: ", style=_loud(first.state))
    console.print(head.append(first.headline, style="bold default"))
    console.print(Padding(Text(str(verdict.get("sentence") or "")), (0, 0, 1, 4)))
    console.print(grid(_facts(first)))
    _steps(first, console)


def _loud(state: str) -> str:
    return f"bold {COLOURS.get(state, '')}".strip()


def _facts(first: Answers) -> list[tuple[str, str]]:
    costs = "\n".join(f"{figure} {what}" for figure, what in first.costs) or words.NONE
    rows = [("Model", f"{first.model}. {first.model_note}"), ("How sure", f"{first.sure}. {first.sure_note}")]
    rows += [("", caveat) for caveat in first.caveats]
    return [*rows, ("Costs", costs), ("Deep learning", f"{first.deep}. {first.deep_why}")]


def _steps(first: Answers, console: Console) -> None:
    from rich.text import Text

    console.print(Text("\nWhat to do next", style="bold"))
    for step in first.steps:
        console.print(grid([("-", step.text)], 1))
        if step.command:
            console.print(Text(f"    $ {step.command}"), soft_wrap=True)  # one line, to copy


def grid(rows: list[tuple[str, str]], width: int = 13) -> object:
    """Return names and what is said of each, in two columns that stay apart however narrow the terminal."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(width=width, style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, said in rows:
        table.add_row(Text(name), Text(said))
    return table


def audit(audit: Document, console: Console) -> None:
    """Print the findings, worst first."""
    from rich.padding import Padding
    from rich.text import Text

    found = tables.findings(audit)
    for finding in found:
        severity = finding["severity"]
        head = Text(f"{severity.upper():<8}", style=_loud(severity))
        console.print(head.append(f" {finding['code']}  {finding['subject']}", style="bold default"))
        console.print(Padding(Text(finding["message"]), (0, 0, 0, 9)))
        if finding["remedy"]:
            console.print(Padding(Text(f"Mend: {finding['remedy']}"), (0, 0, 0, 9)))
    counts = [words.plural(n, s) for s in ("blocker", "warning", "note") if (n := _count(found, s))]
    console.print(Text(f"\n{', '.join(counts)}." if counts else "Nothing that needs your attention.", style="bold"))
    if skipped := len(audit.get("not_applicable") or []):
        console.print(Text(f"{words.plural(skipped, 'check does', 'checks do')} not apply here."))


def _count(found: list[dict[str, str]], severity: str) -> int:
    return sum(f["severity"] == severity for f in found)


def leaderboard(verdict: Document, console: Console) -> None:
    """Print two lines a trial, by rung; the chosen one is marked with an arrow."""
    from rich.rule import Rule
    from rich.text import Text

    lines = tables.leaderboard(verdict)
    better = "higher" if verdict.get("higher_is_better", True) else "lower"
    metric = str(verdict.get("metric_title") or verdict.get("metric") or "score")
    console.print(Text(f"{words.capital(metric)}, {better} is better", style="bold"))
    names = ["Validation", "Sealed test", "Gain over simpler"]
    _row(console, ["", "Model", "an answer", "to train", "size"], names, "dim")
    console.print(Rule(style="dim"))
    for line in (found for found in lines if found.ok):
        head = ["->" if line.chosen else "", f"{line.title}, rung {line.rung}", line.p95, line.seconds, line.size]
        facts = (line.validation, line.test if line.opened else ("not opened", ""), line.gain)
        _row(console, head, [_with_range(fact) for fact in facts], "bold" if line.chosen else "")
    for line in (found for found in lines if not found.ok):
        console.print(grid([("", f"{line.title}: {line.status}. {line.reason}".rstrip())], 1))
    console.print(Text("-> chosen. Ranges hold 95 of 100 times; 95 of 100 answers come faster.", style="dim"))


def _row(console: Console, head: list[str], values: list[str], style: str) -> None:
    from rich.table import Table
    from rich.text import Text

    above, below = Table.grid(padding=(0, 1), expand=True), Table.grid(padding=(0, 2, 0, 0), expand=True)
    for width in (2, None, 10, 9, 7):
        above.add_column(width=width, ratio=None if width else 1, justify="right" if (width or 0) > 2 else "left")
    below.add_column(width=1)
    for _ in values:
        below.add_column(ratio=1)
    above.add_row(*(Text(cell, style=style) for cell in head))
    below.add_row("", *(Text(cell, style="dim" if style == "dim" else "") for cell in values))
    console.print(above, below, sep="", end="")


def _with_range(fact: tuple[str, str]) -> str:
    """Return "0.85 (0.83..0.87)": it can break in two places only, between the score and its range."""
    return f"{fact[0]} ({fact[1].replace(' to ', '..')})" if fact[1] else fact[0]
