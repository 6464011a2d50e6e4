"""What is to be predicted from what: fixed once when the data is read, and carried by every bundle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

INPUT_KINDS = ("number", "category", "high_cardinality", "boolean", "time", "text", "image")


@dataclass(frozen=True)
class Column:
    """One column as it was found, and what it is for.

    Attributes
    ----------
    kind : number, category, high_cardinality, boolean, time, text, image, identifier or constant.
    role : input, target, key (names a row), group, time (the clock of a split) or about (never an input).
    categories : the known values, as text, in the order of their codes 1..k (0 is missing or unseen).
    low, high : range seen in training, of numbers and of times (seconds since 1970).
    missing : whether empty cells were seen.
    format : how a time is written (strftime), None for ISO 8601; how a number is (``1.234,5``), None for 1234.5.
    why : one sentence for people, where a column is not an input.
    patterns : what its cells look like, counted when they were read: (name, cells), first ``cells`` looked at, then
        ``e-mail``, ``phone``, ``card``, ``account`` (IBAN), and ``numbers`` among words; the cells themselves are not kept.
    """

    name: str
    kind: str
    role: str = "input"
    categories: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    missing: bool = False
    format: str | None = None
    why: str | None = None
    patterns: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Task:
    """The question: kind of answer, kind of example, columns, and the order of the labels.

    For two classes `labels[1]` is the positive one.
    """

    kind: str
    modality: str
    columns: tuple[Column, ...]
    labels: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict, hash=False)

    @property
    def inputs(self) -> tuple[Column, ...]:
        """What the model reads: the inputs, and a clock that is a date (for its calendar parts)."""
        return tuple(c for c in self.columns if c.role == "input" or (c.role == "time" and c.kind == "time"))

    @property
    def measured(self) -> tuple[Column, ...]:
        """The inputs that stand in the tensors ``numbers`` and ``codes``: all but texts, which a model reads by a step."""
        return tuple(c for c in self.inputs if c.kind != "text")

    @property
    def target(self) -> str | None:
        return next((c.name for c in self.columns if c.role == "target"), None)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns if c.role == "key")

    def with_role(self, role: str) -> str | None:
        """Return the name of the one column of this role, if there is one."""
        return next((c.name for c in self.columns if c.role == role), None)


def names(columns: Sequence[Column]) -> list[str]:
    """Return the names of some columns."""
    return [c.name for c in columns]
