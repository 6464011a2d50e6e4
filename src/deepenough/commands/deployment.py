"""The command `deployment`: which version a running server answers with, changed while it answers."""

from __future__ import annotations

import http.client
import json
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from deepenough.commands._options import Json
from deepenough.commands._speech import console, print_json
from deepenough.commands._token import TokenFile, token
from deepenough.errors import SettingError, StorageError

ORDER = 67


def deployment(
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="Of the server: 127.0.0.1:8000.", show_default=False)
    ],
    attempt: Annotated[
        str | None,
        typer.Option("--try", metavar="MODEL", help="Try this version beside the champion.", show_default=False),
    ] = None,
    mode: Annotated[
        str, typer.Option(help="How it is tried: shadow (asked too, only compared), or canary (answers a share).")
    ] = "shadow",
    percent: Annotated[float, typer.Option(help="Share of the requests that a canary answers.")] = 5.0,
    switch: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Answer with this version.", show_default=False)
    ] = None,
    promote: Annotated[bool, typer.Option("--promote", help="Make what is tried the champion.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="Try nothing any more.")] = False,
    rollback: Annotated[bool, typer.Option("--rollback", help="Answer with the champion before this one.")] = False,
    token_file: TokenFile = None,
    as_json: Json = False,
) -> None:
    """Say which version a running server answers with, or change that: one thing at a time."""
    asked: list[tuple[Any, dict[str, Any]]] = [
        (attempt, {"do": "try", "model": attempt, "mode": mode, "percent": percent}),
        (switch, {"do": "switch", "model": switch}),
        (promote, {"do": "promote"}),
        (stop, {"do": "stop"}),
        (rollback, {"do": "rollback"}),
    ]
    changes = [change for wanted, change in asked if wanted]
    if len(changes) > 1:
        raise SettingError("Ask one thing at a time: --try, --switch, --promote, --stop or --rollback.")
    said = _ask(address, changes[0] if changes else None, token(token_file))
    if as_json:
        print_json({"schema": "deepenough.deployment/1", **said})
    for line in _lines(said):
        console(as_json).print(line, highlight=False, markup=False, soft_wrap=True)


def _ask(address: str, change: dict[str, Any] | None, secret: str | None) -> dict[str, Any]:
    place = urlsplit(address if "//" in address else f"//{address}", scheme="http")
    if place.scheme not in ("http", "https") or not place.hostname:
        raise SettingError(f"'{address}' is no address of a server. Write 127.0.0.1:8000.")
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {secret}"} if secret else {})
    try:
        connection = kind(place.hostname, place.port, timeout=60)
        connection.request("POST" if change else "GET", "/deployment", json.dumps(change) if change else None, headers)
        reply = connection.getresponse()
        said: dict[str, Any] = json.loads(reply.read())
        connection.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise StorageError(
            f"No server of deepenough answers at {address} ({type(error).__name__}). Is it running?"
        ) from error
    if reply.status != 200:
        raise SettingError(f"The server refused: {said.get('error', reply.reason)}")
    return said


def _lines(said: dict[str, Any]) -> list[str]:
    champion, challenger = said["champion"], said["challenger"]
    lines = [f"champion     version {champion['version']} ({champion['reference']})"]
    if challenger is not None:
        how = f"canary, {challenger['percent']:g} % of the requests" if challenger["mode"] == "canary" else "shadow"
        lines.append(f"challenger   version {challenger['version']} ({challenger['reference']}), {how}")
        if challenger.get("agreement") is not None:
            lines.append(f"             says the same on {challenger['agreement']:.1%} of {challenger['rows']:,} rows")
    if said["stopped"]:
        lines.append(f"stopped      {said['stopped']}")
    if said["previous"]:
        lines.append(f"before       {said['previous'][-1]}")
    return lines
