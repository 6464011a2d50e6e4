"""Nested evidence: nobody sees the rows it is judged on, a killed run goes on, and it is gathered only where it is needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deepenough.candidates._climb import gain_between
from deepenough.candidates._nested import Nested, foreseen, repeats_within
from deepenough.candidates._trial import Trial, try_out
from deepenough.dataset import Dataset
from deepenough.loading import load
from deepenough.metrics import named
from deepenough.splits import Split, split
from deepenough.stats import Estimate
from deepenough.verdict._planning import Planned
from deepenough.verdict._pooling import Evidence, gather
from deepenough.workspace import Workspace

SIMPLE = Trial("dummy", "Always the same answer", 0, status="ok")
COMPLEX = Trial("linear", "Linear model", 4, settings={}, status="ok")  # the rung alone says that it is the network
PLANNED = Planned("dummy-1", None, "dummy-1", "linear-1", "dummy-1", 0.02)


def numbers(n: int = 240, seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    return load(pd.DataFrame(x, columns=list("abc")).assign(y=x[:, 0] + 0.5 * rng.normal(size=n)), "y")


def classes(n: int = 240, seed: int = 0) -> Dataset:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    said = np.where(x[:, 0] + rng.normal(size=n) > 0, "yes", "no")
    return load(pd.DataFrame(x, columns=list("abc")).assign(y=said), "y")


def nested(data: Dataset, folder: Path, metric: str = "rmse", stamp: str | None = None) -> Nested:
    return Nested([SIMPLE, COMPLEX], data, named(metric), Workspace(stamp=stamp), None, folder, 0)


def test_the_gain_is_that_of_the_network_on_all_rows(tmp_path: Path) -> None:
    gain = nested(numbers(), tmp_path).gain(1)
    assert gain is not None and gain.n == 240
    assert gain.low is not None and gain.low > 0.3  # half the spread is noise: the error falls to 45 %
    three = nested(classes(), tmp_path, "roc_auc").gain(3)
    assert three is not None and three.low is not None and three.low > 0.1


def test_no_model_sees_the_rows_it_answers(tmp_path: Path) -> None:
    """What was true of a fold's rows may be anything: what is said of them stays the same."""
    data = numbers()
    one = nested(data, tmp_path)
    part = one._outer(0).parts[2]
    before = one._fresh("before", part)
    assert data.target is not None
    spoilt = data.target.copy()
    spoilt[part.score] = 1e6
    other = Dataset(data.task, data.examples, spoilt, data.about, data.ids, data.features)
    after = nested(other, tmp_path)._fresh("after", part)
    assert before is not None and after is not None
    for side in ("simple", "complex"):
        np.testing.assert_array_equal(before[side]["value"], after[side]["value"])


def test_a_killed_one_goes_on_where_it_was(tmp_path: Path) -> None:
    data, begun = numbers(), []
    first = nested(data, tmp_path, stamp="asked").gain(1)
    workspace = Workspace(stamp="asked", begin=lambda what: begun.append(what))
    again = Nested([SIMPLE, COMPLEX], data, named("rmse"), workspace, None, tmp_path, 0).gain(1)
    assert again == first and begun == []
    (tmp_path / "repeat-0" / "part-3" / "answers.npz").unlink()
    assert Nested([SIMPLE, COMPLEX], data, named("rmse"), workspace, None, tmp_path, 0).gain(1) == first
    assert begun and all(what.startswith("nested/0-3/") for what in begun)


def tried(data: Dataset, cut: Split, folder: Path) -> list[Trial]:
    return [
        try_out(
            replace(t, status="planned"), data, cut.parts, named("roc_auc"), Workspace(), folder / t.key / "bundle", 0
        )
        for t in (SIMPLE, COMPLEX)
    ]


def test_it_is_gathered_where_the_sealed_rows_cannot_tell(tmp_path: Path) -> None:
    data = classes()
    cut = split(data, data.truth, given=True)
    cut = replace(cut, strategy="stratified")
    trials = tried(data, cut, tmp_path / "trials")

    def kind(n_sealed: int, given: Split = cut, budget: float = 600.0, planned: Planned = PLANNED) -> str:
        workspace = Workspace(budget_seconds=budget)
        where = {"bar": None, "n_sealed": n_sealed, "folder": tmp_path / "nested", "seed": 0}
        return gather(trials, data, given, planned, named("roc_auc"), workspace, **where).kind

    half = foreseen(gain_between(trials[0], trials[1], data, named("roc_auc")), 60)
    assert half is not None and half > 0.02
    assert kind(60) == "pooled"
    assert kind(1_000_000) == "sealed"  # so many sealed rows tell by themselves
    assert kind(60, replace(cut, strategy="by time")) == "sealed"
    assert kind(60, budget=0.2) == "sealed"
    assert kind(60, planned=replace(PLANNED, deep=None)) == "sealed"


@pytest.mark.parametrize("cost, wanted", [(1.0, 3), (100.0, 1), (299.0, 1), (301.0, 0)])
def test_the_budget_says_how_often(cost: float, wanted: int) -> None:
    assert repeats_within(cost, 600.0, 10.0) == wanted
    assert repeats_within(cost, 600.0, 595.0) == 0 or cost < 5.0


def test_the_evidence_is_written_down() -> None:
    gain = Estimate(0.1, 0.05, 0.15, se=0.025, n=200)
    assert Evidence().document() is None and Evidence().kind == "sealed"
    document = Evidence(gain, 3).document()
    assert document is not None and (document["value"], document["repeats"]) == (0.1, 3)
