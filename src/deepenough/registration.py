"""Registering what a run ships: under a name, with where it came from, and on an MLflow server where one is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepenough import seal, tracking
from deepenough.bundle import Bundle
from deepenough.bundle._archive import open_source
from deepenough.bundle._contents import MOST_MANIFEST, Contents
from deepenough.errors import DeepEnoughError, PublishError
from deepenough.ledger import Ledger, digest
from deepenough.registry import Move, Registry, Version, parse
from deepenough.runs import Run, open_bundle
from deepenough.tracking import Facts, Published

DOCUMENTS = (
    "run.json",
    "verdict.json",
    "audit.json",
    "sealed.jsonl",
    "leaderboard.csv",
    "report.html",
)  # no salt in them
SCHEMA = "deepenough.lineage/1"


@dataclass(frozen=True)
class Registered:
    """What registering did.

    Attributes
    ----------
    version : the version. new : False where the name had this bundle already.
    move : of the alias; None where it pointed there already, or none was named. notes : what one should know, as sentences.
    published : what is on the MLflow server; None where none is named.
    """

    version: Version
    new: bool
    move: Move | None
    notes: tuple[str, ...]
    published: Published | None

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON takes it."""
        return {
            "schema": "deepenough.registered/1",
            **self.version.document(),
            "new": self.new,
            "move": self.move.document() if self.move else None,
            "notes": list(self.notes),
            "mlflow": self.published.document() if self.published else None,
        }


def register(
    source: Run | str | Path, name: str, alias: str | None = None, registry: Registry | None = None
) -> Registered:
    """Keep a whole copy of what a run ships as the next version of a name; the same bundle again is the same version.

    Parameters
    ----------
    source : a run, its folder, a bundle, or a version that is registered already (``churn@challenger``).
    alias : a name that moves, pointed at this version.
    registry : the default is the one that ``DEEPENOUGH_REGISTRY`` names, else the folder ``registry``.

    Where ``MLFLOW_TRACKING_URI`` names a server, run, numbers and bundle are published there, too. Raises `DataError` where a
    run ships no model, `BundleError` where its bundle is not whole, `PublishError` where the server fails; the version is
    registered here then.

    Examples
    --------
    >>> register("runs/churn", "churn", alias="champion").version.reference   # doctest: +SKIP
    'churn/1'
    """
    kept = registry or Registry()
    if tracking.asked():
        tracking.must_be_installed()
    bundle = source.bundle if isinstance(source, Run) else open_bundle(source)
    run = source if isinstance(source, Run) else _run_of(bundle)
    lineage = _lineage(bundle, run, source, kept)
    added = kept.add(name, _files(bundle.folder), lineage, alias)
    notes = [*_notes(lineage), *_twins(added.version, kept)]
    published = _publish(added.version, run, alias) if tracking.asked() else None
    return Registered(added.version, added.new, added.move, tuple(notes), published)


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    contents = Contents(path)
    yield from ((name, contents.read(name)) for name in contents.files)
    yield "manifest.json", open_source(path).read("manifest.json", MOST_MANIFEST)


def _run_of(bundle: Bundle) -> Run | None:
    """Return the run in whose folder a bundle stands."""
    home = bundle.folder.parent
    return Run.load(home) if bundle.folder.name == "bundle" and (home / "verdict.json").is_file() else None


# --- where it came from ------------------------------------------------------------------------------------------------


def _lineage(bundle: Bundle, run: Run | None, source: Any, registry: Registry) -> dict[str, Any]:
    """Return which run, data, verdict and seal a bundle came from; that of a registered version goes on with its copy."""
    about: dict[str, Any] = {
        "schema": SCHEMA,
        "model": bundle.digest,
        "from": None,
        "run": None,
        "verdict": None,
        "seal": None,
    }
    if run is not None:
        return about | {"run": _of_run(run), "verdict": _of_verdict(run), "seal": _of_seal(run.folder)}
    reference = parse(str(source)) if isinstance(source, str | Path) else None
    if reference is not None and bundle.folder.parent.name == "bundles":
        earlier = registry.resolve(reference)
        return earlier.lineage | {"from": earlier.reference}
    return about


def _of_run(run: Run) -> dict[str, Any]:
    path = run.folder / "run.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    said = {key: document.get(key) for key in ("name", "created", "fingerprint", "source", "seed")}
    return said | {"folder": str(run.folder.resolve()), "sha256": digest(path.read_bytes())}


def _of_verdict(run: Run) -> dict[str, Any]:
    said, bar = run.verdict, run.verdict.get("bar")
    known = {key: said.get(key) for key in ("outcome", "chosen", "metric", "sentence")}
    score = (_chosen(run) or {}).get("test")
    return known | {
        "bar": bar["text"] if bar else None,
        "score": score,
        "sha256": digest((run.folder / "verdict.json").read_bytes()),
    }


def _of_seal(folder: Path) -> dict[str, Any]:
    try:
        proof = seal.verify(folder)
        fault = str(proof.faults[0]) if proof.faults else None
        return {"head": proof.head, "openings": proof.openings, "fault": fault}
    except DeepEnoughError as error:  # a folder that is damaged proves nothing, and its model can be registered still
        return {"head": Ledger(folder / seal.LEDGER).head, "openings": None, "fault": str(error)}


def _chosen(run: Run) -> dict[str, Any] | None:
    key = run.verdict.get("chosen_trial")
    return next((trial for trial in run.verdict.get("trials", ()) if trial.get("key") == key), None)


# --- what one should know ----------------------------------------------------------------------------------------------


def _notes(lineage: dict[str, Any]) -> Iterator[str]:
    verdict, proof = lineage["verdict"], lineage["seal"]
    if verdict is None:
        yield "It came without a run: nothing here says how good it is."
    elif verdict["outcome"] in ("missed", "undecided"):
        yield f"The verdict on it is '{verdict['outcome']}': {verdict['sentence']}"
    if proof is not None and proof["fault"]:
        yield f"The seal of its run does not hold: {proof['fault']}"


def _twins(version: Version, registry: Registry) -> Iterator[str]:
    """Name an earlier version that is the same model with other evidence."""
    for other in registry.versions(version.name):
        if other.version != version.version and other.lineage.get("model") == version.lineage.get("model"):
            yield f"{other.reference} is the same model, with the evidence of another look."


# --- MLflow ------------------------------------------------------------------------------------------------------------


def _publish(version: Version, run: Run | None, alias: str | None) -> Published:
    try:
        return tracking.publish(version, _facts(run) if run else Facts(), alias)
    except PublishError as error:
        raise PublishError(
            f"{version.reference} is registered here, and not published: {error} Then run the same command again."
        ) from error


def _facts(run: Run) -> Facts:
    trial, verdict = _chosen(run) or {}, run.verdict
    numbers: dict[str, Any] = {
        f"{part}_{verdict['metric']}{'' if key == 'value' else '_' + key}": (trial.get(part) or {}).get(key)
        for part in ("validation", "test")
        for key in ("value", "low", "high")
    }
    numbers |= {f"latency_ms_{key}": (trial.get("latency_ms") or {}).get(key) for key in ("p50", "p95")}
    numbers |= {key: trial.get(key) for key in ("size_bytes", "fit_seconds", "cpu_seconds")}
    bar, document = verdict.get("bar"), json.loads((run.folder / "run.json").read_text(encoding="utf-8"))
    params = {"outcome": verdict["outcome"], "chosen": verdict["chosen"], "bar": bar["text"] if bar else "none"}
    params |= {key: str(document.get(key)) for key in ("fingerprint", "seed")}
    documents = [run.folder / name for name in DOCUMENTS if (run.folder / name).is_file()]
    metrics = {key: float(value) for key, value in numbers.items() if value is not None}
    return Facts(metrics, params, verdict["sentence"], documents)
