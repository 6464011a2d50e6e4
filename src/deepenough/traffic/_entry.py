"""What is kept of a request, and of a truth that comes later."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

ENCODE = msgspec.json.Encoder(order="sorted").encode
REDACTED = "[redacted]"


class Entry(NamedTuple):
    """One request that was answered.

    Attributes
    ----------
    id : under which truth is joined later. when : seconds since 1970. key : whom it is about, for erasure; None: unknown.
    variant : champion, challenger, fallback: which of the models of a server answered. route : predict or infer.
    in_range : whether every row lay inside of what training saw. rows : the cells as they came. answer : columns of the answer.
    """

    id: str
    when: float
    key: str | None
    model: str
    version: str
    variant: str
    route: str
    latency_ms: float
    in_range: bool
    rows: Sequence[Mapping[str, Any]]
    answer: Mapping[str, Sequence[Any]]


class Label(NamedTuple):
    """What turned out to be true of one row of a request."""

    id: str
    row: int
    truth: str | float | None
    when: float
    source: str = "api"
    weight: float = 1.0


Record = tuple[str, float, str | None, str, str, str, str, float, int, int, str | None, str]


def record(entry: Entry, inputs: str, redact: Collection[str] = ()) -> Record:
    """Return an entry as a line of the table; `inputs` is none, hash or full."""
    kept: str | None = None
    if inputs == "full":
        rows = (
            [{n: REDACTED if n in redact else v for n, v in row.items()} for row in entry.rows]
            if redact
            else entry.rows
        )
        kept = ENCODE(rows).decode()
    elif inputs == "hash":
        kept = fingerprint(entry.rows)
    plain = tuple(entry[:8])
    return (*plain, int(entry.in_range), len(entry.rows), kept, ENCODE(entry.answer).decode())  # type: ignore[return-value]


def fingerprint(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the sha256 of rows: equal cells by name, equal fingerprint.

    >>> fingerprint([{"a": 1, "b": None}]) == fingerprint([{"b": None, "a": 1}])
    True
    """
    return hashlib.sha256(ENCODE(rows)).hexdigest()
