"""The command `run`: a table in, a verdict out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from deepenough.commands import _options as options
from deepenough.commands._options import (
    Db,
    Group,
    Json,
    Kind,
    Positive,
    Source,
    Sql,
    Target,
    Time,
    Types,
    command_line,
    source_of,
    types_of,
)
from deepenough.commands._speech import console, print_json, progress

ORDER = 10
NAMED = ("table", "sql", "db", "as_json", "types", "despite", "keep")
NEGATIVE = ("missed", "undecided", "not_ready")


# fmt: off
def run(
    context: typer.Context,
    table: Source = None, sql: Sql = None, db: Db = None, target: Target = None,
    bar: Annotated[str | None, typer.Option(help='How good is good enough: "roc_auc >= 0.85".', show_default=False)] = None,
    metric: Annotated[str | None, typer.Option(help="What to judge by where there is no bar.", show_default=False)] = None,
    test: Annotated[Path | None, typer.Option(help="File whose rows become the sealed set.", show_default=False)] = None,
    latency: Annotated[str | None, typer.Option(help="Longest time of one answer: 20ms.", show_default=False)] = None,
    size: Annotated[str | None, typer.Option(help="Largest model: 5MB.", show_default=False)] = None,
    cost: Annotated[float | None, typer.Option(help="Highest price of 1,000 answers.", show_default=False)] = None,
    types: Types = None, group: Group = None, time: Time = None, task: Kind = None, positive: Positive = None,
    worth: Annotated[float | None, typer.Option(
        help="Smallest gain worth a more complex model: points, or share of an error.", show_default=False)] = None,
    budget: Annotated[str, typer.Option(help="Time a core may spend: 90s, 10m, 1h.")] = "10m",
    cores: Annotated[int | None, typer.Option(min=1, help="Threads to fit with. Default: the cores found.", show_default=False)] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the split and of every fit.")] = 0,
    full: Annotated[bool, typer.Option("--full", help="Climb on past the bar.")] = False,
    despite: Annotated[list[str] | None, typer.Option(help="Go on despite a blocker: DE003.", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run. Default: runs/<name>.", show_default=False)] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run that is in --out.")] = False,
    open_again: options.OpenAgain = None,
    rules: Annotated[Path | None, typer.Option(help="What an expert says, as rung 0: a rules.toml.", show_default=False)] = None,
    value: Annotated[str | None, typer.Option(
        help='What decisions are worth: "fn=50, fp=1, rows_per_month=20000".', show_default=False)] = None,
    price: Annotated[str | None, typer.Option(help='What seconds cost: "cpu_hour=0.08, currency=EUR".', show_default=False)] = None,
    explainable: Annotated[bool, typer.Option("--explainable", help="Choose among models that a person can follow.")] = False,
    tune: Annotated[int, typer.Option(min=0, help="Settings to search for each family, besides its own.")] = 0,
    how_much_data: Annotated[bool, typer.Option(
        "--how-much-data", help="Say what more rows would bring, whatever it takes.")] = False,
    weights: Annotated[str | None, typer.Option(
        help="Pretrained network: a folder with safetensors, or a name. Default: DEEPENOUGH_WEIGHTS.", show_default=False)] = None,
    allow_download: Annotated[bool, typer.Option("--allow-download", help="Fetch the network that --weights names.")] = False,
    keep: Annotated[list[str] | None, typer.Option(
        help="What changed pictures must keep: orientation, colour, scale.", show_default=False)] = None,
    onnx_raw: Annotated[bool, typer.Option("--onnx-raw", help="Write raw.onnx, too: the columns themselves are its inputs.")] = False,
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html.")] = True,
    as_json: Json = False,
) -> None:
    # fmt: on
    """Audit the data, seal a test set, climb the ladder, and decide."""
    from deepenough import runs

    asked = {name: value for name, value in context.params.items() if name not in NAMED}
    with progress() as say:
        done = runs.run(
            source_of(table, sql, db),
            types=types_of(types),
            despite=despite or (),
            keep=[word.strip() for words in keep or () for word in words.split(",")],
            command=command_line(db),
            say=say,
            **asked,
        )
    _show_run(done, as_json)
    raise typer.Exit(1 if done.verdict["outcome"] in NEGATIVE else 0)


def _show_run(done: Any, as_json: bool) -> None:
    from deepenough.report import terminal

    if as_json:
        print_json(done.verdict)
    page = console(as_json)
    terminal.verdict(done.verdict, page, str(done.folder))
    if done.verdict["trials"]:
        page.print()
        terminal.leaderboard(done.verdict, page)
    page.print(
        f"\nEverything is in {done.folder}" + ("; read report.html first." if done.report.exists() else "."),
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
