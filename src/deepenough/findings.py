"""What checks and monitors answer with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["blocker", "warning", "note"]
ORDER: dict[str, int] = {"blocker": 0, "warning": 1, "note": 2}


@dataclass(frozen=True)
class Finding:
    """One thing worth knowing about the data, a training or the traffic.

    Attributes
    ----------
    code : ``DE001`` and so on: the check's code, its doc page, what one mutes.
    severity : ``blocker`` stops a verdict, ``warning`` colours it, ``note`` is said once.
    subject : the column, class or part it is about.
    message : one sentence for a person, with what was seen.
    remedy : one sentence: what to do.
    evidence : the figures behind it, by name.
    where : row numbers (0-based, of the data as read) it concerns; at most a few hundred.
    clusters : groups of row numbers that belong together (duplicates).
    """

    code: str
    severity: Severity
    subject: str
    message: str
    remedy: str
    evidence: dict[str, Any] = field(default_factory=dict)
    where: list[int] = field(default_factory=list)
    clusters: list[list[int]] = field(default_factory=list)


def worst_first(findings: list[Finding]) -> list[Finding]:
    """Return the findings, blockers first, then by code and subject."""
    return sorted(findings, key=lambda f: (ORDER[f.severity], f.code, f.subject))
