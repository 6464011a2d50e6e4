"""The command `review`: what people decided of a server's answers, to and from Label Studio, and what it says of the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from deepenough.commands._options import Json
from deepenough.commands._speech import console, print_json
from deepenough.errors import DataError, SettingError

ORDER = 68
DOES = ("report", "export", "import")


def review(
    what: Annotated[str, typer.Argument(metavar="WHAT", help="report, export or import.", show_default=False)],
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Label Studio's JSON, to write or to read.", show_default=False),
    ] = None,
    log: Annotated[
        str, typer.Option(metavar="PATH|URL", help="The server's log: a file, or postgresql://...", show_default=False)
    ] = "",
    as_json: Json = False,
) -> None:
    """Say how the review of a server's answers goes; export it for Label Studio, or import what was decided there."""
    from deepenough.traffic import Reviews, open_log

    if what not in DOES:
        raise SettingError(f"'{what}' is not known. Write one of: {', '.join(DOES)}.")
    if not log or ("://" not in log and not Path(log).is_file()):
        raise SettingError("Name the log of the server, which is there already: --log PATH, or --log postgresql://...")
    if what != "report" and file is None:
        raise SettingError(f"Name the file: deepenough review {what} tasks.json --log {Path(log).name}")
    opened = open_log(log)
    try:
        said = _do(what, file, Reviews(opened))
    finally:
        opened.close()
    if as_json:
        print_json({"schema": "deepenough.review/1", **said})
    for line in _lines(said):
        console(as_json).print(line, highlight=False, markup=False, soft_wrap=True)


def _do(what: str, file: Path | None, reviews: Any) -> dict[str, Any]:
    from deepenough.files import write_bytes
    from deepenough.traffic import exported, imported

    if file is None or what == "report":
        said: dict[str, Any] = reviews.report()
        return said
    if what == "export":
        everything = reviews.everything()
        write_bytes(file, exported(everything))
        return {"items": len(everything), "decisions": sum(len(decided) for _, decided in everything)}
    try:
        read = list(imported(file.read_bytes()))
    except OSError as error:
        raise DataError(f"'{file}' cannot be read ({error.strerror}).") from error
    reviews.add([item for item, _ in read])
    kept = refused = 0
    for decision in (decision for _, decided in read for decision in decided):
        try:
            reviews.decide(decision)
            kept += 1
        except DataError:  # others have decided it here meanwhile
            refused += 1
    return {"items": len(read), "decisions": kept, "decided_by_others": refused}


def _lines(said: dict[str, Any]) -> list[str]:
    if "judged" not in said:
        more = said.get("decided_by_others")
        return [
            f"{said['items']:,} items, {said['decisions']:,} decisions"
            + (f"; {more:,} left out, which others have decided" if more else "")
        ]
    reasons = ", ".join(f"{reason} {n:,}" for reason, n in said["reasons"].items()) or "none"
    lines = [f"given to people    {reasons}"]
    if said["automated"] is not None:
        lines.append(f"without a person   {said['automated']:.1%} of {said['rows']:,} rows")
    if said["error_at_most"] is not None:
        lines.append(
            f"wrong among these  {said['wrong']:,} of {said['judged']:,} drawn by lot: at most {said['error_at_most']:.1%} "
            f"({said['level']:.0%})"
        )
    if said["decided_twice"]:
        lines.append(f"decided twice      {said['agreed']:,} of {said['decided_twice']:,} alike")
    return lines
