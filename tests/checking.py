"""What the tests of the checks share: data with and without faults, and how a finding must look."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from deepenough import shelves
from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding
from deepenough.loading import load
from deepenough.modalities.tabular import Tabular


def check(name: str) -> Any:
    return shelves.load("checks", name)


def clean(kind: str = "classification", n: int = 800, seed: int = 0) -> Dataset:
    _, frame = Tabular().sample(kind, n, seed)
    return load(frame, "answer", task=kind)


def found(name: str, data: Dataset) -> list[Finding]:
    """What a check says of some data, and that it says it in the agreed form."""
    try:
        findings: list[Finding] = check(name).run(data)
    except NotApplicable as reason:
        assert str(reason).endswith(".")
        return []
    rows = set(data.about["row"].tolist())
    for finding in findings:
        assert finding.code == check(name).code
        assert finding.message.endswith(".") and finding.remedy.endswith(".")
        assert json.loads(json.dumps(finding.evidence)) == finding.evidence
        assert len(finding.where) <= 200 and set(finding.where) <= rows
        assert all(type(row) is int for row in finding.where)
    return findings


def severities(name: str, data: Dataset) -> list[str]:
    return [finding.severity for finding in found(name, data)]


def only(name: str, data: Dataset) -> Finding:
    findings = found(name, data)
    assert len(findings) == 1, [f.message for f in findings]
    return findings[0]


def mixed(n: int, classes: int, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray, np.random.Generator]:
    """Five honest columns and what they say, with noise: class codes, or a number where `classes` is 0."""
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(n, 5))
    signal = columns.sum(axis=1) + 1.5 * rng.normal(size=n)
    answer = pd.qcut(signal, classes, labels=False) if classes else signal
    return pd.DataFrame(columns, columns=list("abcde")), np.asarray(answer), rng


def dataset(frame: pd.DataFrame, answer: np.ndarray, classes: int, **roles: Any) -> Dataset:
    text = np.char.add("class ", answer.astype(int).astype(str)) if classes else answer
    return load(frame.assign(answer=text), "answer", task="classification" if classes else "regression", **roles)
