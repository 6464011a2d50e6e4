"""The command line: one function a command."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deepenough import ending, options, shelves
from deepenough.errors import SettingError
from deepenough.files import to_csv
from deepenough.options import Folder, Group, Json, Kind, Positive, Table, Target, Time, Types

if TYPE_CHECKING:
    from rich.console import Console

# Imports of our own inside functions: the command line must start and answer --help without pandas and the like.

NEGATIVE = ("missed", "undecided", "not_ready")
PLAIN = {
    "no_args_is_help": True,
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
app = typer.Typer(help="Find the simplest model that meets your bar, prove it, and ship it.", **PLAIN)  # type: ignore[arg-type]


@app.callback(invoke_without_command=True)
def start(version: Annotated[bool, typer.Option("--version", help="Say the version and end.")] = False) -> None:
    """Say the version; the commands do the rest."""
    if version:
        from importlib.metadata import version as installed

        sys.stdout.write(f"deepenough {installed('deepenough')}\n")
        raise typer.Exit


# fmt: off
@app.command()
def run(
    table: Table, target: Target = None,
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
    report: Annotated[bool, typer.Option("--report/--no-report", help="Write report.html.")] = True,
    as_json: Json = False,
) -> None:
    # fmt: on
    """Audit the data, seal a test set, climb the ladder, and decide."""
    from deepenough import runs

    with _progress() as say:
        done = runs.run(
            table,
            target,
            bar=bar,
            metric=metric,
            test=test,
            latency=latency,
            size=size,
            cost=cost,
            types=_types(types),
            group=group,
            time=time,
            task=task,
            positive=positive,
            worth=worth,
            budget=budget,
            cores=cores,
            seed=seed,
            full=full,
            despite=despite or (),
            out=out,
            overwrite=overwrite,
            open_again=open_again,
            report=report,
            command=shlex.join(["deepenough", *sys.argv[1:]]),
            say=say,
        )
    _show_run(done, as_json)
    raise typer.Exit(1 if done.verdict["outcome"] in NEGATIVE else 0)


@app.command()
def audit(
    table: Table,
    target: Target = None,
    types: Types = None,
    group: Group = None,
    time: Time = None,
    task: Kind = None,
    positive: Positive = None,
    as_json: Json = False,
) -> None:
    """Look for what can be wrong with the data; exit 1 when a blocker stands."""
    from deepenough import checks
    from deepenough.loading import load
    from deepenough.report import terminal

    dataset = load(table, target, types=_types(types), group=group, time=time, task=task, positive=positive)
    found = checks.audit(dataset)
    if as_json:
        _print_json(found.document())
    terminal.audit(found.document(), _console(as_json))
    raise typer.Exit(1 if found.blockers(()) else 0)


@app.command()
def report(
    folder: Folder,
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    as_json: Json = False,
) -> None:
    """Write a run's report.html again."""
    from deepenough.report import render

    path = render(folder)
    if as_json:
        _print_json({"report": str(path)})
    _console(as_json).print(f"Written: {path}", highlight=False, markup=False, soft_wrap=True)
    if open_it:
        typer.launch(path.resolve().as_uri())


@app.command()
def predict(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder of a run or of a bundle.", show_default=False)
    ],
    table: Table,
    out: Annotated[
        Path | None, typer.Option(help="CSV or Parquet file to write. Default: CSV on stdout.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Answer new rows with what a run ships. Columns go by name, in any order."""
    from deepenough import predictions, runs

    columns = predictions.predict(runs.open_bundle(folder), table)
    n = len(columns["prediction"])
    if out is None and not as_json:
        sys.stdout.write(to_csv(columns))
        return
    if out is not None:
        predictions.write(out, columns)
        _console(as_json).print(f"{n:,} rows answered: {out}", highlight=False, markup=False, soft_wrap=True)
    if as_json:
        _print_json(
            {"rows": n, "out": str(out)} if out else {name: values.tolist() for name, values in columns.items()}
        )


@app.command()
def judge(
    file: options.Judged,
    against: options.Against = None,
    export: options.Export = None,
    truth: options.Truth = None,
    simple: options.Simple = None,
    complex: options.Complex = None,
    group: options.Together = None,
    metric: options.Metric = None,
    worth: options.Worth = None,
    positive: options.Likely = None,
    their_latency: options.TheirLatency = None,
    their_price: options.TheirPrice = None,
    data: options.Data = None,
    as_json: Json = False,
) -> None:
    """Put anybody's predictions before the same court; exit 0 only when they are worth it."""
    from deepenough import judging, sealed_rows
    from deepenough.report import judgement

    console = _console(as_json)
    columns = {"--truth": truth, "--simple": simple, "--complex": complex}
    ways = [against is not None, export is not None, any(columns.values())]
    if sum(ways) != 1:
        raise SettingError(
            "Say what to judge by, one of three: --against RUN; --export RUN, to get the rows; or --truth, --simple and --complex."
        )
    of_columns = {"--group": group, "--metric": metric, "--worth": worth, "--positive": positive}
    of_run = {"--their-latency": their_latency, "--their-price": their_price, "--data": data}
    astray = [o for o, v in (of_run if any(columns.values()) else of_columns).items() if v is not None]
    if astray:
        why = "the run says it" if astray[0] in of_columns else "it is for --against RUN alone"
        raise SettingError(f"{astray[0]} does not go with these: {why}. Leave it out.")
    if export is not None:
        n = sealed_rows.export(export, file, data)
        if as_json:
            _print_json({"rows": n, "out": str(file)})
        console.print(f"{n:,} rows without their target: {file}", highlight=False, markup=False, soft_wrap=True)
        return
    if against is not None:
        document = judging.judge(against, file, latency=their_latency, price=their_price, data=data).document
        judgement.judgement(document, console)
    else:
        lacking = next((option for option, column in columns.items() if column is None), None)
        if truth is None or simple is None or complex is None:
            raise SettingError(f"{lacking} is missing: name the column. All three are needed: {', '.join(columns)}.")
        document = judging.judge_columns(
            file, truth, simple, complex, group=group, metric=metric, worth=worth, positive=positive
        ).document()
        judgement.comparison(document, console)
    if as_json:
        _print_json(document)
    raise typer.Exit(0 if document["worth_it"] == "yes" else 1)


@app.command()
def verify(folder: Folder, head: options.Head = None, as_json: Json = False) -> None:
    """Recompute the ledger of a run, and hold its models, sealed rows and verdict against it; exit 1 on any change."""
    from deepenough import seal
    from deepenough.report import judgement

    proof = seal.verify(folder, head)
    if as_json:
        _print_json(proof.document())
    judgement.proof(proof.document(), _console(as_json))
    raise typer.Exit(1 if proof.faults else 0)


# fmt: off
@app.command()
def assess(
    file: Annotated[Path | None, typer.Argument(help="assessment.toml. Without one, the terminal asks.", show_default=False)] = None,
    template: Annotated[bool, typer.Option("--template", help="Write an assessment.toml to fill in, and end.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for the files. Default: that of FILE.", show_default=False)] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the simulations.")] = 0,
    as_json: Json = False,
) -> None:
    # fmt: on
    """Before any model: is it worth it, by which way, and what would it take?"""
    from deepenough.assessment import command

    raise typer.Exit(command.run(file, template, out, seed, as_json))


@app.command("list")
def list_shelf(
    shelf: Annotated[
        str | None, typer.Argument(metavar="SHELF", help=f"One of: {', '.join(shelves.SHELVES)}.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """List what stands on a shelf, and what of it is installed."""
    chosen = [shelf] if shelf else list(shelves.SHELVES)
    books = {
        name: [
            {
                "name": b.name,
                "summary": b.summary,
                "missing": b.missing(),
                **{
                    k: v for k, v in b.facts.items() if k in ("rung", "code", "tasks", "answers", "modalities", "extra")
                },
            }
            for b in shelves.shelf(name).values()
        ]
        for name in chosen
    }
    if as_json:
        _print_json(books)
        return
    console = _console(False)
    for name, rows in books.items():
        console.print(f"[bold]{name}[/bold]")
        for row in rows:
            absent = f" (needs {', '.join(row['missing'])})" if row["missing"] else ""
            label = f"{row['code']} {row['name']}" if "code" in row else row["name"]
            console.print(f"  {label:<28}{row['summary']}{absent}", highlight=False, markup=False)


@app.command()
def demo(folder: Annotated[Path, typer.Option("--out", help="Where the demo's files go.")] = Path("demo")) -> None:
    """Two questions on real data that ship with scikit-learn, each to a verdict and a report."""
    from deepenough.demo import COMMANDS, write_tables

    console = _console(False)
    folder.mkdir(parents=True, exist_ok=True)
    write_tables(folder)
    for question, words in COMMANDS:
        command = [word.format(folder=folder) for word in words]
        console.print(
            f"\n{question}\n\n  $ {shlex.join(['deepenough', *command])}\n",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        sys.argv[1:] = command
        code = app(command, standalone_mode=False)
        if code not in (None, 0, 1):  # a run that ends in "undecided" is an answer, too
            raise typer.Exit(code)
    console.print(
        f"\nThe reports: {', '.join(str(p) for p in sorted(folder.glob('runs/*/report.html')))}",
        highlight=False,
        soft_wrap=True,
    )
    console.print(
        "Open one in a browser. Then try your own table:  deepenough run TABLE.csv --target COLUMN", highlight=False
    )


def _show_run(done: Any, as_json: bool) -> None:
    from deepenough.report import terminal

    if as_json:
        _print_json(done.verdict)
    console = _console(as_json)
    terminal.verdict(done.verdict, console, str(done.folder))
    if done.verdict["trials"]:
        console.print()
        terminal.leaderboard(done.verdict, console)
    console.print(
        f"\nEverything is in {done.folder}" + ("; read report.html first." if done.report.exists() else "."),
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def _types(given: list[str] | None) -> dict[str, str]:
    types = {}
    for item in ",".join(given or []).split(","):
        name, sign, kind = item.rpartition("=")
        if item and not (sign and name):
            raise SettingError(f"--types '{item}' cannot be read. Write COLUMN=KIND: zip=category.")
        if item:
            types[name.strip()] = kind.strip()
    return types


def _print_json(document: Any) -> None:
    sys.stdout.write(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def _console(to_stderr: bool) -> Console:
    from rich.console import Console

    return Console(stderr=to_stderr)


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Give `say`: what runs now, on one line of a terminal; silent elsewhere."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _message: None
        return
    with console.status("Starting") as status:
        yield lambda message: status.update(escape(message))


def main() -> None:
    """Run the command line; an error of ours is a sentence on stderr and an exit code, never a trace."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is imported: see runs._pinned
    ending.run(app)
