"""What a data file says by itself: rows, classes, history, copies, gaps, and columns that look personal."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepenough import checks
from deepenough.assessment import contradictions
from deepenough.assessment.ranges import Range
from deepenough.assessment.reading import Answers
from deepenough.dataset import Dataset
from deepenough.errors import BarError, DataError, DeepEnoughError, SettingError
from deepenough.loading import load
from deepenough.task import Column

YEAR = 365.25 * 86400.0
PERSONAL = re.compile(
    r"(?i)(^|[_\W\d])(e?_?mail|phone|mobile|tel|fax|(first|last|sur|fore|full|maiden|given|family)_?name|name|birth\w*|dob|age|"
    r"gender|sex|address|street|zip(code)?|postcode|postal\w*|ssn|passport|iban|ip|nationality|ethnic\w*|religion|salary|income|"
    r"patient\w*|customer_?id|user_?id|vorname|nachname|geburt\w*|strasse|plz|telefon)($|[_\W\d])"
)
SPLIT = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")  # homePhone: home_Phone


@dataclass(frozen=True)
class Measured:
    """What was found in the file; `answers` takes the place of what was asked."""

    document: dict[str, Any]
    kind: str
    blockers: list[str]


def measure(answers: Answers) -> Measured | None:
    """Read and audit the file, and put what it says among the answers; None where there is no file.

    Raises `DataError` or `SettingError` where the file cannot be read, or says otherwise than the answers.
    """
    if not answers.has("data"):
        return None
    dataset = _load(answers)
    found = checks.audit(dataset)
    figures = _figures(dataset)
    contradictions.fit_measured(answers, dataset.task.kind, figures)
    answers.values |= {key: Range(value, value) for key, value in figures.items()} | {"kind": "table"}
    personal = _personal(dataset, found)
    if personal:
        answers.values.setdefault("personal_data", "yes")
    document = {
        "file": answers.get("data"),
        "target": answers.get("target"),
        "task": dataset.task.kind,
        **figures,
        "columns": len(dataset.task.inputs),
        "labels": list(dataset.task.labels),
        "copies": _copies(found),
        "gaps": _gaps(found),
        "many_values": [c.name for c in dataset.task.columns if c.kind == "high_cardinality"],
        "names_of_rows": list(dataset.task.keys),
        "left_out": {c.name: c.why for c in dataset.task.columns if c.role in ("about", "key") and c.why},
        "looks_personal": personal,
        "findings": found.document()["findings"],
    }
    return Measured(document, dataset.task.kind, [f.message for f in found.blockers()])


def looks_personal(name: str) -> bool:
    """Whether a column's name is one that personal data go by; only a person can say whether they are.

    >>> [looks_personal(n) for n in ("homePhone", "e_mail", "Postcode", "sausage", "page", "last_name")]
    [True, True, True, False, False, True]
    """
    return PERSONAL.search(SPLIT.sub("_", name)) is not None


def _personal(dataset: Dataset, found: checks.Audit) -> list[str]:
    """Return the columns whose names, or cells, look like personal data."""
    in_cells = {f.subject for f in found.findings if f.code == "DE012"}
    return [
        c.name for c in dataset.task.columns if c.role != "target" and (looks_personal(c.name) or c.name in in_cells)
    ]


def _load(answers: Answers) -> Dataset:
    path = answers.folder / answers.get("data")
    options = {key: answers.get(key) for key in ("group", "time")}
    try:
        return load(path, answers.get("target"), **options)
    except (DataError, SettingError, BarError) as error:
        raise _with_line(answers, error) from error


def _with_line(answers: Answers, error: DeepEnoughError) -> DeepEnoughError:
    named = [k for k in ("target", "time", "group") if f"'{answers.get(k)}'" in str(error)]
    return type(error)(f"{answers.where(named[0] if named else 'data')}{error}")


def _figures(dataset: Dataset) -> dict[str, float]:
    left_out = sum(int(f.evidence.get("rows", 0)) for f in dataset.findings)  # without a label, or of too rare a class
    figures: dict[str, float] = {"rows": len(dataset) + left_out, "labelled_rows": len(dataset)}
    if dataset.task.kind == "classification":
        counts = np.bincount(dataset.truth, minlength=len(dataset.task.labels))
        figures |= {"classes": len(counts), "rarest_share": 100 * float(counts.min() / counts.sum())}
    clock = next((c for c in dataset.task.columns if c.role == "time"), None)
    if clock is not None and (years := _years(clock)):
        figures["history_years"] = years
    return figures


def _years(clock: Column) -> float | None:
    if clock.kind != "time" or clock.low is None or clock.high is None:
        return None
    return round((clock.high - clock.low) / YEAR, 2) or None


def _copies(found: checks.Audit) -> int:
    return sum(int(f.evidence.get("copies", 0)) for f in found.findings if f.code == "DE001")


def _gaps(found: checks.Audit) -> dict[str, float]:
    gaps: dict[str, float] = {}
    for finding in found.findings:
        if finding.code == "DE005":
            gaps |= finding.evidence.get("shares") or {finding.subject: finding.evidence["share"]}
    return dict(sorted(gaps.items(), key=lambda item: -item[1]))
