"""Proofs of the shelf of checks: each finds what it planted, stays quiet where nothing is wrong; the audit of all."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from checking import check, clean, dataset, found, mixed

from deepenough import checks, shelves
from deepenough.checks import Audit, audit_inputs, audit_labels
from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.loading import content_ids, load
from deepenough.modalities.tabular import Tabular

NAMES = [
    n for n, b in shelves.shelf("checks").items() if "image" not in b.facts.get("modalities", ())
]  # tests/test_image_checks.py
KINDS = ("classification", "regression")
OF_CLASSES = ("class_imbalance", "label_errors")  # ask nothing where the answer is a number
PAGES = Path(__file__).parents[1] / "docs" / "findings"


# The shelf and the plants


def test_every_check_declares_its_facts_and_has_its_page() -> None:
    books = shelves.shelf("checks").values()
    assert sorted(b.facts["code"] for b in books) == [f"DE{i:03d}" for i in range(1, 29)]
    for book in books:
        page = (PAGES / f"{book.facts['code']}.md").read_text(encoding="utf-8")
        assert page.startswith(f"# {book.facts['code']}: {book.facts['title']}\n")
        parts = [line for line in page.splitlines() if line.startswith("## ")]
        assert parts == ["## Why it matters", "## How it is found", "## What to do", "## When to ignore it"]
        assert book.facts["looks_at"] in ("inputs", "labels", "files")


MENDED = ("large_numbers",)  # what reading mends by itself is said in a note


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(4))
def test_finds_what_it_planted_and_nothing_before(name: str, kind: str, seed: int) -> None:
    data = clean(kind, 800, seed)
    before = found(name, data)
    assert [f.severity for f in before if f.severity != "note"] == []
    try:
        planted = check(name).plant(data, seed)
    except NotApplicable:
        assert name in OF_CLASSES and kind == "regression"
        return
    new = [f for f in found(name, planted) if f not in before]
    assert new and new[0].severity in (("note",) if name in MENDED else ("warning", "blocker"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_plant_keeps_the_parts_of_a_dataset_in_step(name: str, kind: str) -> None:
    data = clean(kind, 300)
    before = data.fingerprint
    try:
        planted = check(name).plant(data, 5)
    except NotApplicable:
        return
    n = len(planted)
    assert data.fingerprint == before, "the clean data must stay as they are"
    assert all(len(part) == n for part in (planted.truth, planted.about, planted.ids, *planted.features.values()))
    assert planted.about["row"].is_unique
    np.testing.assert_array_equal(planted.ids, content_ids(planted.features, n))
    known = {c.name for c in planted.task.inputs}
    assert {f.partition(":")[0] for f in planted.features} == known == set(planted.examples.arrays)
    assert check(name).plant(data, 5).fingerprint == planted.fingerprint


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kind", KINDS)
def test_whole_audit_of_clean_data_raises_no_alarm(kind: str, seed: int) -> None:
    data = clean(kind, 600 + 200 * seed, 100 + seed)
    audit = audit_inputs(data).joined(audit_labels(data))
    assert [f.message for f in audit.findings if f.severity != "note"] == []


# The audit


def test_the_audit_is_a_document_worst_first() -> None:
    data = check("leaking_column").plant(check("missing_values").plant(clean(n=300), 0), 0)
    inputs, labels = audit_inputs(data), audit_labels(data)
    audit = inputs.joined(labels)
    order = ["blocker", "warning", "note"]
    assert [f.severity for f in audit.findings] == sorted((f.severity for f in audit.findings), key=order.index)
    document = json.loads(json.dumps(audit.document()))
    assert document["schema"] == "deepenough.audit/1"
    assert all(
        set(f) == {"code", "severity", "subject", "message", "remedy", "evidence", "rows"} for f in document["findings"]
    )
    assert {f["code"] for f in document["findings"]} >= {"DE003", "DE005", "DE007"}
    of_inputs = {b.facts["code"] for b in shelves.shelf("checks").values() if b.facts["looks_at"] == "inputs"}
    assert {f.code for f in inputs.findings} <= of_inputs


def test_blockers_stand_unless_one_goes_on_despite_them() -> None:
    audit = audit_labels(check("leaking_column").plant(clean(), 0))
    assert [f.code for f in audit.blockers()] == ["DE003"]
    assert audit.blockers({"DE003"}) == [] and len(audit.blockers(["DE007"])) == 1


def test_what_was_not_asked_is_said() -> None:
    data = clean("regression")
    audit = audit_inputs(data).joined(audit_labels(data))
    assert [code for code, _ in audit.not_applicable] == ["DE006", "DE014"]
    assert audit.document()["not_applicable"][0]["reason"].startswith("The answer is a number")


def test_joining_says_a_finding_once() -> None:
    audit = audit_inputs(clean(n=300))
    assert audit.joined(audit) == audit and audit.findings
    assert Audit().joined(audit) == audit


def test_what_loading_left_out_is_in_the_audit() -> None:
    _, frame = Tabular().sample("classification", 600, 0)
    frame.loc[:30, "answer"] = None
    assert "DE000" in [f.code for f in audit_inputs(load(frame, "answer")).findings]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_data_give_the_same_audit(kind: str) -> None:
    data = check("leaking_column").plant(clean(kind), 0)
    assert audit_labels(data).document() == audit_labels(data).document()


def test_inputs_are_audited_without_the_target() -> None:
    data = clean()
    blind = Dataset(data.task, data.examples, None, data.about, data.ids, data.features)
    assert audit_inputs(blind).document() == audit_inputs(data).document()


def test_importing_the_checks_is_light() -> None:
    heavy = "{'pandas', 'scipy', 'sklearn', 'torch', 'lightgbm', 'onnx'}"
    code = f"import sys, deepenough.checks; print(sorted({heavy} & set(sys.modules)))"
    command = [sys.executable, "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ))
    assert answer.stdout.strip() == "[]"


def test_checks_do_not_know_each_other() -> None:
    folder = Path(checks.__file__).parent
    books = {path.stem for path in folder.glob("*.py") if not path.name.startswith("_")}
    for name in books:
        tree = ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))
        modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 1}
        assert not modules & books


@pytest.mark.parametrize(("n", "columns"), [(10_000, 50), (32_000, 15)])
@pytest.mark.parametrize("classes", [0, 2])
def test_the_audit_is_cheap(n: int, columns: int, classes: int) -> None:
    frame, y, rng = mixed(n, classes)
    numbers = {f"x{i}": rng.normal(size=n) for i in range(columns * 2 // 3 - 5)}
    words = {f"c{i}": np.char.add("w", rng.integers(0, 40 * i + 5, n).astype(str)) for i in range(columns // 3)}
    data = dataset(pd.concat([frame, pd.DataFrame(numbers | words)], axis=1), y, classes)
    seconds = []
    for _ in range(3):
        start = time.process_time()
        audit_inputs(data).joined(audit_labels(data))
        seconds.append(time.process_time() - start)
    assert min(seconds) <= 0.5


# Real tables

SUMS = {("DE011", "warning", "Jitter:DDP"), ("DE011", "warning", "Shimmer:DDA")}  # three times another column, rounded
REAL: dict[str, tuple[str, str, dict[str, Any], set[tuple[str, str, str]]]] = {
    "adult": (
        "adult_income/train.csv",
        "income",
        {},
        # a top code of 159 rows; a code beside its name
        {("DE010", "warning", "capital_gain"), ("DE011", "warning", "education_num")},
    ),
    "telco": ("telco_churn/data.csv", "Churn", {}, set()),
    "credit": ("german_credit/data.csv", "risk", {}, set()),
    "houses": (
        "house_prices/data.csv",
        "SalePrice",
        {},
        {("DE005", "warning", c) for c in ("Alley", "Fence", "MasVnrType", "MiscFeature", "PoolQC")},
    ),
    "bikes": ("bike_sharing/data.csv", "cnt", {}, {("DE017", "warning", "dteday")}),
    "bikes in time": ("bike_sharing/data.csv", "cnt", {"time": "dteday"}, set()),
    "thyroid": ("sick_thyroid/data.csv", "diagnosis", {}, {("DE001", "warning", "rows")}),
    "wine": ("wine_quality/data.csv", "quality", {"task": "regression"}, {("DE001", "warning", "rows")}),
    "wine grades": (
        "wine_quality/data.csv",
        "quality",
        {"task": "classification"},
        {("DE000", "warning", "quality"), ("DE001", "warning", "rows"), ("DE007", "warning", "3")},
    ),
    "soil": ("satellite_soil/data.csv", "Class", {}, set()),
    "voices": (
        "parkinsons_voice/data.csv",
        "total_UPDRS",
        {},
        {("DE003", "warning", "motor_UPDRS"), ("DE004", "warning", "subject#"), *SUMS},
    ),
    "voices by person": (
        "parkinsons_voice/data.csv",
        "total_UPDRS",
        {"group": "subject#"},
        {("DE003", "warning", "motor_UPDRS"), *SUMS},
    ),
    "mammograms": ("mammography/data.csv", "label", {}, {("DE001", "warning", "rows")}),
}


@pytest.mark.data
@pytest.mark.skipif("DEEPENOUGH_DATA" not in os.environ, reason="DEEPENOUGH_DATA is not set")
@pytest.mark.parametrize("name", REAL)
def test_alarms_on_real_tables_are_the_right_ones(name: str) -> None:
    path, target, roles, expected = REAL[name]
    data = load(Path(os.environ["DEEPENOUGH_DATA"]) / path, target, **roles)
    start = time.process_time()
    audit = audit_inputs(data).joined(audit_labels(data))
    seconds = time.process_time() - start
    alarms = {(f.code, f.severity, f.subject) for f in audit.findings if f.severity != "note"}
    assert alarms == expected
    assert seconds <= 0.5


@pytest.mark.data
@pytest.mark.skipif("DEEPENOUGH_DATA" not in os.environ, reason="DEEPENOUGH_DATA is not set")
def test_hardly_any_clean_real_column_is_called_faulty() -> None:
    """Over all real tables, right or wrong: the alarms of one check in at most one column of twenty."""
    pairs, alarms = 0, dict.fromkeys((b.facts["code"] for b in shelves.shelf("checks").values()), 0)
    for path, target, roles, _ in {spec[0]: spec for spec in REAL.values()}.values():
        data = load(Path(os.environ["DEEPENOUGH_DATA"]) / path, target, **roles)
        pairs += len(data.task.columns)
        for finding in audit_inputs(data).joined(audit_labels(data)).findings:
            if finding.severity != "note" and finding.code in alarms:
                alarms[finding.code] += 1
    assert max(alarms.values()) <= 0.05 * pairs


@pytest.mark.data
@pytest.mark.skipif("DEEPENOUGH_DATA" not in os.environ, reason="DEEPENOUGH_DATA is not set")
@pytest.mark.parametrize("name", [n for n in REAL if not n.startswith("voices")])
def test_a_leak_planted_in_a_real_table_is_found(name: str) -> None:
    path, target, roles, _ = REAL[name]
    data = load(Path(os.environ["DEEPENOUGH_DATA"]) / path, target, **roles)
    planted = check("leaking_column").plant(data, 1)
    assert [(f.severity, f.subject) for f in found("leaking_column", planted)] == [("blocker", "planted_leak")]
