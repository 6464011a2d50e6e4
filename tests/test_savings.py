"""Savings: sums that a person can follow on the back of an envelope."""

from __future__ import annotations

import numpy as np
import pytest

from deepenough.costs import Prices
from deepenough.savings import Decider, of_decisions, sentence
from deepenough.value import Value

TRUTH = np.array([1] * 100 + [0] * 900)


def decider(title: str, hits: int, alarms: int, train: float = 1.0, per_thousand: float = 0.01) -> Decider:
    """A model that finds so many of the 100 positives, at so many false alarms."""
    said = np.zeros(1000)
    said[:hits] = 1.0
    said[100 : 100 + alarms] = 1.0
    return Decider(title, {"probability": np.column_stack([1 - said, said])}, 0.5, train, per_thousand)


def test_a_year_is_what_its_months_bring() -> None:
    value = Value(fn=50.0, fp=1.0, rows_per_month=1000.0)
    found = of_decisions(
        value, Prices(), TRUTH, decider("linear", 80, 50), decider("rule", 0, 0), decider("net", 82, 50, 5.0, 0.11)
    )
    # of each 1,000 rows: 80 hits save 50 each, 50 alarms cost 1 each; twelve such months
    assert found["against_rule"]["value"] == pytest.approx(12 * (80 * 50 - 50))
    assert found["against_rule"]["low"] < found["against_rule"]["value"] < found["against_rule"]["high"]
    assert found["deep_adds"]["value"] == pytest.approx(12 * 2 * 50)
    assert found["deep_extra_cost"] == pytest.approx(12 * (0.1 + 4.0))
    assert found["brings"] == pytest.approx(-12 * (20 * 50 + 50))
    said = sentence(found, "the rule")
    assert (
        said.startswith("It saves about 47,000 USD a year against the rule")
        and "the network might add 1,200 (-460 to 2,900)" in said
    )
    assert "cost 49 more" in said


def test_without_a_volume_it_speaks_of_a_thousand_decisions() -> None:
    found = of_decisions(
        Value(fn=5.0, fp=1.0), Prices(currency="EUR"), TRUTH, decider("linear", 0, 100), decider("rule", 0, 0), None
    )
    assert found["unit"] == "1,000 decisions" and found["against_rule"]["value"] == pytest.approx(-100.0)
    assert sentence(found, "the rule").startswith("It loses about 100 EUR per 1,000 decisions against the rule (")


def test_the_rule_alone_has_nothing_to_be_held_against() -> None:
    found = of_decisions(Value(fn=5.0, fp=1.0), Prices(), TRUTH, decider("rule", 0, 0), None, None)
    assert sentence(found, "the rule") == ""
