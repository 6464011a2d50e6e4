"""Audit: what all checks found, and which had nothing to ask."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from deepenough import shelves
from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding, worst_first

from ._faults import after

SCHEMA = "deepenough.audit/1"


@dataclass(frozen=True)
class Audit:
    """The findings on one dataset, worst first.

    Attributes
    ----------
    not_applicable : (code, reason) of the checks that had nothing to ask of this data.
    """

    findings: list[Finding] = field(default_factory=list)
    not_applicable: list[tuple[str, str]] = field(default_factory=list)

    def joined(self, other: Audit) -> Audit:
        """Return both audits as one; what both say is said once."""
        new = [f for f in other.findings if f not in self.findings]
        skipped = sorted({*self.not_applicable, *other.not_applicable})
        return Audit(worst_first([*self.findings, *new]), skipped)

    def blockers(self, despite: Collection[str] = ()) -> list[Finding]:
        """Return the findings that stand in the way of a verdict; `despite` names codes to go on in spite of."""
        return [f for f in self.findings if f.severity == "blocker" and f.code not in despite]

    def document(self) -> dict[str, Any]:
        """Return the audit as ``audit.json`` holds it."""
        return {
            "schema": SCHEMA,
            "findings": [_plain(f) for f in self.findings],
            "not_applicable": [{"code": code, "reason": reason} for code, reason in self.not_applicable],
        }


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "subject": finding.subject,
        "message": finding.message,
        "remedy": finding.remedy,
        "evidence": finding.evidence,
        "rows": finding.where,
    }


def audit_inputs(dataset: Dataset) -> Audit:
    """Run the checks that never see the target, on all rows; with what loading had to leave out."""
    return Audit(list(dataset.findings)).joined(_audit(dataset, "inputs"))


def audit_labels(dataset: Dataset) -> Audit:
    """Run the checks that see the target; give them development rows only, never the sealed ones."""
    return _audit(dataset, "labels")


def audit(dataset: Dataset) -> Audit:
    """Run every check on the same rows, where nothing is sealed (yet)."""
    return audit_inputs(dataset).joined(audit_labels(dataset))


def audit_pair(train: Dataset, test: Dataset) -> Audit:
    """Run the checks of two files of one task: rows that stand in both, and columns that differ; never the target.

    Row numbers in the findings are those of the second file.
    """
    try:
        both = after(train, test)
    except NotApplicable as reason:
        codes = [b.facts["code"] for b in shelves.shelf("checks").values() if b.facts["looks_at"] == "files"]
        return Audit([], sorted((code, str(reason)) for code in codes))
    return _audit(both, "files")


def elsewhere(book: shelves.Book, modality: str) -> bool:
    """Whether a check asks about another kind of examples, so that nobody need hear of it."""
    asks = book.facts.get("modalities", ())
    return bool(asks) and modality not in asks


def apart(findings: Collection[Finding]) -> list[list[int]]:
    """Return the groups of row numbers that must stay on one side of every split, as checks with the fact ``parts`` found them."""
    codes = [b.facts["code"] for b in shelves.shelf("checks").values() if b.facts.get("parts", False)]
    return [cluster for f in findings if f.code in codes for cluster in f.clusters]


def _audit(dataset: Dataset, looks_at: str) -> Audit:
    findings: list[Finding] = []
    skipped: list[tuple[str, str]] = []
    for name, book in shelves.shelf("checks").items():
        if book.facts["looks_at"] != looks_at:
            continue
        if elsewhere(book, dataset.task.modality):
            continue
        try:
            findings += shelves.load("checks", name).run(dataset)
        except NotApplicable as reason:
            skipped.append((book.facts["code"], str(reason)))
    return Audit(worst_first(findings), sorted(skipped))
