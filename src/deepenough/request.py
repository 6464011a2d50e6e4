"""Request: what was asked of a run, so that the same question is known again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Request:
    """Every option of `runs.run` that can change its verdict; what each means stands there.

    What cannot (where the run stands, its report, what it says on its way) is no part of it. A run that was killed is gone
    on with where the same is asked again.
    """

    target: str | None = None
    bar: str | None = None
    metric: str | None = None
    latency: str | None = None
    size: str | None = None
    cost: float | None = None
    types: Mapping[str, str] | None = None
    group: str | None = None
    time: str | None = None
    task: str | None = None
    positive: str | None = None
    worth: float | None = None
    budget: str | float = "10m"
    cores: int | None = None
    seed: int = 0
    full: bool = False
    despite: Collection[str] = ()
    open_again: str | None = None
    rules: Any = None
    tune: int = 0
    explainable: bool = False
    value: str | None = None
    price: str | None = None
    how_much_data: bool = False
    weights: str | Path | None = None
    allow_download: bool = False
    keep: Collection[str] = ()

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Request:
        """Pick the fields out of the arguments of a call."""
        return cls(**{f.name: given[f.name] for f in fields(cls)})

    @property
    def threads(self) -> int:
        return self.cores or 1

    @property
    def budget_seconds(self) -> float:
        """CPU seconds of the whole climb: of a budget in seconds, on each core."""
        return float(self.budget) * self.threads

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON takes it.

        >>> Request("churned", despite={"DE003", "DE001"}).document()["despite"]
        ['DE001', 'DE003']
        """
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}


def _plain(value: Any) -> Any:
    """A file counts by what stands in it; the order of a mapping or a set says nothing; what is empty was not given."""
    if isinstance(value, Path):
        return (
            {"file": str(value), "sha256": hashlib.sha256(value.read_bytes()).hexdigest()}
            if value.is_file()
            else str(value)
        )
    if isinstance(value, Collection) and not isinstance(value, str) and len(value) == 0:
        return None
    if isinstance(value, Mapping):
        return {str(k): _plain(value[k]) for k in sorted(value, key=str)}
    if isinstance(value, set | frozenset):
        return sorted(_plain(v) for v in value)
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def stamp(asked: Mapping[str, Any]) -> str:
    """Return one hash of what was asked, of what data, with what versions."""
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode("utf-8")).hexdigest()[:16]


def difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str | None:
    """Return the first thing in which two askings differ, in words; None where they are the same.

    Each is a mapping of ``request``, ``data`` (a hash) and ``versions``.
    """
    if before.get("data") != now["data"]:
        return "the table or its columns changed"
    for what, sign in (("request", "--"), ("versions", "")):
        old, new = before.get(what) or {}, now[what]
        for name in [*new, *(n for n in old if n not in new)]:
            if old.get(name) != new.get(name):
                return f"{sign}{name.replace('_', '-') if sign else name} was {_said(old.get(name))} and is {_said(new.get(name))}"
    return None


def _said(value: Any) -> str:
    if value is None or value is False:
        return "not given"
    if value is True:
        return "given"
    if isinstance(value, Mapping) and "file" in value:
        return f"'{value['file']}' with what stood in it then"
    return (
        f"'{value}'"
        if isinstance(value, str)
        else ", ".join(map(str, value))
        if isinstance(value, list)
        else str(value)
    )
