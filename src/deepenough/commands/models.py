"""The command `models`: what is registered, and where its aliases point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from deepenough.commands._options import Json
from deepenough.commands._speech import console, print_json
from deepenough.errors import SettingError

if TYPE_CHECKING:
    from deepenough.registry import Move, Registry, Version

ORDER = 64
CALLS = "churn/3 --alias champion, churn@champion --rollback, churn@champion --remove"


def models(
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="churn, churn/3 or churn@champion.", show_default=False)
    ] = None,
    alias: Annotated[
        str | None, typer.Option(help="Point this alias at the version: churn/3 --alias champion.", show_default=False)
    ] = None,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Point the alias where it pointed before: churn@champion --rollback.")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take the alias away: churn@champion --remove. The version stays.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Hold every copy against its hashes; exit 1 where one was changed.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List what is registered, its versions and history, or move an alias."""
    from deepenough.registry import Registry

    asked = [alias is not None, rollback, remove, verify]
    if sum(asked) > 1 or (any(asked[:3]) and model is None) or (verify and model is not None):
        raise SettingError(f"Ask one thing at a time: {CALLS}; or --verify, of all.")
    registry = Registry()
    if alias is not None or rollback or remove:
        document, lines = _moved(registry, str(model), alias, rollback)
    elif verify:
        document, lines = _verified(registry)
    elif model is None:
        document, lines = _all(registry)
    elif "@" in model or "/" in model:
        document, lines = _version(registry.resolve(model))
    else:
        document, lines = _model(registry, model)
    if as_json:
        print_json(document)
    for line in lines:
        console(as_json).print(line, highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(1 if document.get("faults") else 0)


Answer = tuple[dict[str, Any], list[str]]


def _all(registry: Registry) -> Answer:
    rows: list[dict[str, Any]] = [
        {"name": name, "newest": registry.versions(name)[0].version, "aliases": registry.aliases(name)}
        for name in registry.names()
    ]
    lines = [f"{r['name']:<24} newest: {r['newest']:<6} {_pointing(r['aliases'])}".rstrip() for r in rows]
    document = {"schema": "deepenough.models/1", "registry": str(registry.folder), "models": rows}
    return document, lines or [f"Nothing is registered in '{registry.folder}' yet: deepenough register RUN --name NAME"]


def _model(registry: Registry, name: str) -> Answer:
    versions, history = registry.versions(name), registry.history(name)
    document = {
        "schema": "deepenough.model/1",
        "name": name,
        "aliases": registry.aliases(name),
        "versions": [v.document() for v in versions],
        "history": [m.document() for m in history],
    }
    lines = [
        f"{v.reference:<16} {v.created}  {_verdict(v)}  {' '.join('@' + a for a in v.aliases)}".rstrip()
        for v in versions
    ]
    lines += (
        ["", "Moves of aliases, the latest first:", *(f"  {m.moved}  {_move(m)}, by {m.who}" for m in history)]
        if history
        else []
    )
    return document, lines


def _version(version: Version) -> Answer:
    run, proof = version.lineage["run"] or {}, version.lineage["seal"] or {}
    facts = {
        "verdict": _verdict(version),
        "aliases": " ".join(version.aliases),
        "run": run.get("folder"),
        "data": run.get("fingerprint"),
        "seal": proof.get("head"),
        "parent": version.parent and f"{version.name}/{version.parent}",
        "from": version.lineage["from"],
        "registered": f"{version.created}, by {version.who}, with deepenough {version.made_by}",
        "copy": f"{version.folder} (whole)",
    }
    lines = [version.reference, *(f"  {key:<12}{value}" for key, value in facts.items() if value)]
    return {"schema": "deepenough.version/1", **version.document()}, lines


def _moved(registry: Registry, model: str, alias: str | None, rollback: bool) -> Answer:
    from deepenough import tracking

    if alias is not None:
        move = registry.point(alias, model)
    else:
        move = registry.roll_back(model) if rollback else registry.remove(model)
    lines = [f"{_move(move)}." if move else f"'{alias}' points at {model} already."]
    name, _, moved = model.partition("@")
    notes = tracking.follow(registry, name.split("/")[0], alias or moved) if tracking.asked() else []
    document = {"schema": "deepenough.moved/1", "move": move.document() if move else None, "notes": notes}
    return document, [*lines, *notes]


def _verified(registry: Registry) -> Answer:
    faults = registry.faults()
    n = sum(len(registry.versions(name)) for name in registry.names())
    lines = [f"[x] {fault}" for fault in faults] or [f"All {n} versions are whole."]
    return {"schema": "deepenough.verified/1", "versions": n, "faults": faults}, lines


def _verdict(version: Version) -> str:
    verdict = version.lineage["verdict"]
    return f"{verdict['chosen']}, {verdict['outcome']}" if verdict else "without a run"


def _move(move: Move) -> str:
    before = f"{move.name}/{move.previous}" if move.previous else "nowhere"
    if move.version is None:
        return f"{move.name}@{move.alias} is removed (before: {before})"
    said = "is rolled back to" if move.what == "rollback" else "points at"
    return f"{move.name}@{move.alias} {said} {move.name}/{move.version} (before: {before})"


def _pointing(aliases: dict[str, int]) -> str:
    return ", ".join(f"@{alias}: {number}" for alias, number in aliases.items())
