"""The command `judge`: anybody's predictions before the same court."""

from __future__ import annotations

import typer

from deepenough.commands import _options as options
from deepenough.commands._options import Json
from deepenough.commands._speech import console, print_json
from deepenough.errors import SettingError

ORDER = 50


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

    page = console(as_json)
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
            print_json({"rows": n, "out": str(file)})
        page.print(f"{n:,} rows without their target: {file}", highlight=False, markup=False, soft_wrap=True)
        return
    if against is not None:
        document = judging.judge(against, file, latency=their_latency, price=their_price, data=data).document
        judgement.judgement(document, page)
    else:
        lacking = next((option for option, column in columns.items() if column is None), None)
        if truth is None or simple is None or complex is None:
            raise SettingError(f"{lacking} is missing: name the column. All three are needed: {', '.join(columns)}.")
        document = judging.judge_columns(
            file, truth, simple, complex, group=group, metric=metric, worth=worth, positive=positive
        ).document()
        judgement.comparison(document, page)
    if as_json:
        print_json(document)
    raise typer.Exit(0 if document["worth_it"] == "yes" else 1)
