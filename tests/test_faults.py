"""The audit before faults that know nothing of it: which it finds, at which strength, and on which real tables."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from checking import mixed

from deepenough.checks import audit
from deepenough.errors import NotApplicable, SettingError
from deepenough.findings import Finding
from deepenough.loading import load
from deepenough.testing import faults

STRENGTHS = (0.01, 0.05, 0.2)
# What cannot be told at some strength, and why.
IMPOSSIBLE = {
    (
        "flipped_labels",
        0.01,
    ): "one wrong answer in a hundred is lost among the hard cases of classes that overlap so much",
    ("drift_in_time", 0.01): "a rank correlation of 0.04 is no drift",
    ("leaked_column", 0.05): "wrong in a share of the rows, the column is only good",
    ("leaked_column", 0.2): "wrong in a share of the rows, the column is only good",
}


def honest(n: int = 2000, classes: int = 2, seed: int = 1) -> pd.DataFrame:
    """A table that has a place for every fault, and none."""
    frame, answer, rng = mixed(n, classes, seed)
    return frame.assign(
        town=rng.choice(["Rome", "Oslo", "Bern", "Porto"], n),
        amount=np.round(rng.gamma(4.0, 20.0, n), 2),
        when=pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 400, n), unit="D"),
        answer=np.char.add("class ", answer.astype(int).astype(str)) if classes else answer,
    )


def told(spoilt: faults.Spoilt) -> list[Finding]:
    """What the audit says of the fault, by its code, and by its column where it has one."""
    findings = audit(load(spoilt.frame, "answer")).findings
    return [f for f in findings if f.code == spoilt.code and spoilt.column in (None, f.subject)]


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("fault", faults.FAULTS)
def test_each_fault_is_found_at_each_strength_where_that_is_possible(fault: str, strength: float) -> None:
    spoilt = faults.plant(fault, honest(), "answer", strength, seed=4)
    before = audit(load(honest(), "answer")).findings
    assert spoilt.code not in [f.code for f in before if f.severity != "note"]
    if (fault, strength) in IMPOSSIBLE:
        return
    findings = told(spoilt)
    assert findings and (findings[0].severity != "note" or fault in ("copied_rows", "near_copies"))


@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("fault", [f for f in faults.FAULTS if f != "flipped_labels"])
def test_faults_are_found_where_the_answer_is_a_number(fault: str, strength: float) -> None:
    if (fault, strength) in IMPOSSIBLE:
        return
    assert told(faults.plant(fault, honest(classes=0), "answer", strength, seed=5))


@pytest.mark.parametrize("fault", ["sentinel_values", "far_values", "inconsistent_categories", "flipped_labels"])
@pytest.mark.parametrize("strength", STRENGTHS)
def test_the_rows_named_are_those_that_were_hit(fault: str, strength: float) -> None:
    if (fault, strength) in IMPOSSIBLE:
        return
    spoilt = faults.plant(fault, honest(), "answer", strength, seed=6)
    named = told(spoilt)[0].where
    assert np.isin(named, spoilt.rows).mean() >= (0.5 if fault == "flipped_labels" else 0.95)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("classes", [0, 2, 3])
def test_no_honest_table_is_called_faulty(classes: int, seed: int) -> None:
    findings = audit(load(honest(1500, classes, seed), "answer")).findings
    assert [f.message for f in findings if f.severity != "note"] == []


def test_planting_leaves_the_frame_alone_and_is_the_same_again() -> None:
    frame = honest()
    before = frame.copy()
    for fault in faults.FAULTS:
        once, again = (faults.plant(fault, frame, "answer", 0.05, seed=3) for _ in range(2))
        pd.testing.assert_frame_equal(once.frame, again.frame)
        assert not once.frame.equals(before) and len(once.rows) > 0
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (("typo", honest(100), "answer"), SettingError, "There is no fault 'typo'"),
        (("far_value", honest(100), "answer"), SettingError, "Did you mean 'far_values'"),
        (("far_values", honest(100), "answer", 0.0), SettingError, "is no share"),
        (("default_dates", honest(100).drop(columns="when"), "answer"), NotApplicable, "no column of dates"),
        (("flipped_labels", honest(100, 0), "answer"), NotApplicable, "nothing to confuse"),
    ],
)
def test_what_cannot_be_planted_is_said(call: tuple[object, ...], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        faults.plant(*call)  # type: ignore[arg-type]


TABLES = {
    "telco": ("telco_churn/data.csv", "Churn"),
    "thyroid": ("sick_thyroid/data.csv", "diagnosis"),
    "houses": ("house_prices/data.csv", "SalePrice"),
    "wine": ("wine_quality/data.csv", "quality"),
}
# In real tables these depend on what the table is like: how well its answer can be told, how coarse its columns are.
DEPEND = {"flipped_labels", "leaked_column", "drift_in_time", "near_copies", "missing_by_target"}


@pytest.mark.data
@pytest.mark.skipif("DEEPENOUGH_DATA" not in os.environ, reason="DEEPENOUGH_DATA is not set")
@pytest.mark.parametrize("strength", STRENGTHS)
@pytest.mark.parametrize("name", TABLES)
def test_faults_in_real_tables_are_found(name: str, strength: float) -> None:
    path, target = TABLES[name]
    frame = pd.read_csv(Path(os.environ["DEEPENOUGH_DATA"]) / path).rename(columns={target: "answer"})
    missed = []
    for fault in [f for f in faults.FAULTS if f not in DEPEND]:
        try:
            spoilt = faults.plant(fault, frame, "answer", strength, seed=1)
        except NotApplicable:
            continue
        if not told(spoilt):
            missed.append((fault, spoilt.column))
    assert missed == []
