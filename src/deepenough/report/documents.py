"""The documents of a run's folder, as the report reads them."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from deepenough.errors import DataError

Document = dict[str, Any]


@dataclass(frozen=True)
class Documents:
    """What a run has written so far; only `run` is always there. `folder` is what the person called its place."""

    run: Document
    folder: str
    audit: Document | None = None
    split: Document | None = None
    verdict: Document | None = None
    figures: dict[str, Document] = field(default_factory=dict)


def read(folder: Path) -> Documents:
    """Read what stands in a run's folder.

    Raises `DataError` where there is no run, or where a document is not what we write.
    """
    run = _document(folder / "run.json")
    if run is None:
        raise DataError(f"{folder} holds no run.json, so it is not a run. Give the folder that `--out` named.")
    figures = {p.stem: _document(p) or {} for p in sorted((folder / "figures").glob("*.json"))}
    audit, split, verdict = (_document(folder / f"{name}.json") for name in ("audit", "split", "verdict"))
    return Documents(run, _called(run, folder.resolve().name), audit, split, verdict, figures)


def _called(run: Document, fallback: str) -> str:
    """Return the run's folder as the person called it: what `--out` said."""
    try:
        words = shlex.split(str(run.get("command") or ""))
    except ValueError:  # an unclosed quote: then the folder's own name will do
        words = []
    named = [b for a, b in pairwise(words) if a == "--out"]
    return str(run.get("folder") or (named[-1] if named else fallback))


def _document(path: Path) -> Document | None:
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise DataError(f"{path} cannot be read: {error}. Delete it and run the same command again.") from error
    if not isinstance(found, dict):
        raise DataError(f"{path} holds {type(found).__name__}, not a document. Delete it and run again.")
    return found


def chosen_trial(verdict: Document) -> Document | None:
    """Return the trial the verdict chose: of several with its name, the one the seal was opened for."""
    name = verdict.get("chosen_trial") or verdict.get("chosen")
    named = [t for t in trials(verdict) if name is not None and name in (t.get("key"), t.get("candidate"))]
    named.sort(key=lambda t: (t.get("key") != name, not t.get("shown"), not t.get("test"), t.get("status") != "ok"))
    return named[0] if named else None


def trials(verdict: Document) -> list[Document]:
    """Return the trials as the ladder stands: by rung, in the order they were written within one."""
    return sorted(verdict.get("trials") or [], key=lambda t: t.get("rung") or 0)


def title_of(verdict: Document, candidate: str | None) -> str:
    """Return what a person calls a candidate: its title where a trial gives one."""
    for trial in trials(verdict):
        if candidate is not None and candidate in (trial.get("key"), trial.get("candidate")) and trial.get("title"):
            return str(trial["title"])
    return (candidate or "").replace("_", " ").capitalize()


def count(audit: Document | None, severity: str) -> int:
    """Return how many findings are of one severity."""
    return sum(f.get("severity") == severity for f in (audit or {}).get("findings") or [])
