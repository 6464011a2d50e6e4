"""Steps: what a graph cannot say runs before it, the same in fit and in serving; a step that is not here is a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deepenough import shelves, steps
from deepenough.bundle import Bundle, Plan
from deepenough.candidates._trial import Trial, ship
from deepenough.checks import audit_inputs
from deepenough.dataset import Answer, Dataset
from deepenough.errors import BundleError, ShelfError
from deepenough.export import parity, write
from deepenough.export.graph import Graph
from deepenough.loading import load, load_like
from deepenough.modalities._shifts import offset
from deepenough.steps import Arrays, Step
from deepenough.workspace import Workspace

START = 1_760_000_000_000  # a moment in milliseconds


def orders(n: int = 400, seed: int = 0) -> pd.DataFrame:
    """A moment in milliseconds within some hours, which says nearly all about the answer; another number."""
    rng = np.random.default_rng(seed)
    at = START + rng.integers(0, 20_000_000, n)
    return pd.DataFrame(
        {"at": at, "size": rng.normal(size=n), "answer": np.where(at % 4_000_000 < 2_000_000, "early", "late")}
    )


def fitted(data: Dataset, family: str = "gradient_boosting") -> Any:
    model = shelves.load("candidates", family).build(data.task, {}, 0)
    return model.fit(data.take(np.arange(300)), data.take(np.arange(300, 400)), Workspace())


# --- large numbers ----------------------------------------------------------------------------------------------------


def test_large_numbers_are_told_apart_in_training_and_at_the_wire(tmp_path: Path) -> None:
    frame = orders()
    data = load(frame, "answer")
    assert len(np.unique(data.features["at"])) >= 395 > 200 > len(np.unique(frame["at"].astype(np.float32)))
    model = fitted(data)
    bundle = ship(Trial("gradient_boosting", "Trees", 2), model, data, tmp_path / "bundle", 0)
    sent = json.loads(frame.drop(columns="answer").to_json(orient="records"))
    many = bundle.predict(sent)
    assert np.mean(many["prediction"] == frame["answer"]) > 0.95
    late = model.predict(data)["probability"][:, data.task.labels.index("late")]
    assert np.abs(many["probability_late"] - late).max() <= 1e-5
    assert [bundle.predict([row])["prediction"][0] for row in sent[:20]] == many["prediction"].tolist()[:20]
    again = Bundle.load(bundle.folder)
    assert again.predict(frame)["probability_late"].tolist() == many["probability_late"].tolist()
    assert load_like(again.task, frame).features["at"].tolist() == data.features["at"].tolist()


def test_the_step_is_declared_where_people_look(tmp_path: Path) -> None:
    data = load(orders(), "answer")
    bundle = ship(Trial("dummy", "Dummy", 0), fitted(data, "dummy"), data, tmp_path / "bundle", 0)
    manifest = json.loads((tmp_path / "bundle" / "manifest.json").read_text())
    assert manifest["steps"] == [["shift_large", 1]]
    entry = next(i for i in bundle.signature["inputs"] if i["name"] == "at")
    assert "is subtracted in double precision" in entry["how"] and entry["tensors"] == {"at": ["numbers", 0]}


def test_the_audit_says_so() -> None:
    found = [f for f in audit_inputs(load(orders(), "answer")).findings if f.code == "DE021"]
    assert [(f.severity, f.subject) for f in found] == [("note", "at")] and "All are told apart then" in found[
        0
    ].message
    wide = orders().assign(at=lambda f: (f["at"] - START) * 10_000)
    found = [f for f in audit_inputs(load(wide, "answer")).findings if f.code == "DE021"]
    assert all(f.evidence["told_apart_before"] < f.evidence["told_apart_after"] for f in found)


@pytest.mark.parametrize(
    ("values", "moved"),
    [
        ([2.0**24 + i for i in range(5)], True),
        ([*(-(2.0**24) - i for i in range(5)), np.nan], True),
        ([1.0, 2.0, 2.0**24], False),
        ([2.0**25, 2.0**26], False),
        ([2.0**24 + 1.5, 2.0**24 + 2.0, 3.0], False),
        ([np.nan], False),
        ([1e30, 1e30], False),
        ([-1e300, 1e300], False),
    ],
)
def test_only_whole_numbers_that_would_fall_together_are_moved(values: list[float], moved: bool) -> None:
    assert (offset(np.array(values)) is not None) == moved


def test_tables_without_large_numbers_declare_nothing(churn: pd.DataFrame) -> None:
    assert load(churn, "answer").task.settings == {}


# --- a candidate's own step -------------------------------------------------------------------------------------------


class Lengths(Step):
    """Weighs a column of numbers by a file: what a family brings along for itself."""

    name = "lengths"
    version = 3
    requires = ()

    def run(self, arrays: Arrays, params: Mapping[str, Any], files: Mapping[str, bytes]) -> Arrays:
        weights = np.array(json.loads(files["weights.json"]), np.float32)
        known = np.nan_to_num(arrays[params["column"]])
        return {**arrays, "weighed": known[:, None] * weights}

    def sample(self) -> tuple[Arrays, Mapping[str, Any], Mapping[str, bytes]]:
        raise AssertionError("nobody asks")


class Weighed:
    """A model whose graph reads a tensor that only its step makes."""

    steps = (("lengths", 3, {"column": "age"}),)
    files = {"weights.json": b"[1.0, 2.0, 3.0]"}

    def predict(self, dataset: Dataset) -> Answer:
        made = steps.run(self.steps, dataset.features, self.files)["weighed"]
        return {"value": made.sum(axis=1)}

    def export(self) -> Plan:
        graph = Graph({"weighed": 3})
        graph.add("ReduceSum", "weighed", graph.constant(np.array([1])), keepdims=0, output="value")
        return Plan(graph.finish(["value"], None), ("value",), self.steps, self.files)


@pytest.fixture
def on_the_shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    book = shelves.Book("lengths", __name__, "Lengths", "", {"name": "lengths", "version": 3, "requires": ("numpy",)})
    real, load_book = shelves.shelf, shelves.load
    monkeypatch.setattr(shelves, "shelf", lambda n: {**real(n), "lengths": book} if n == "steps" else real(n))
    monkeypatch.setattr(shelves, "load", lambda s, n: Lengths() if n == "lengths" else load_book(s, n))


@pytest.fixture
def weighed(on_the_shelf: None, table: Callable[..., pd.DataFrame], tmp_path: Path) -> Bundle:
    data = load(table(kind="regression"), "answer")
    model = Weighed()
    bundle = write.write(tmp_path / "bundle", data.task, model.export(), data, {"candidate": "weighed"})
    parity.prove(model.predict, bundle, data)
    return bundle


def test_a_bundle_runs_its_steps_before_its_graph(weighed: Bundle) -> None:
    rows = [{"age": a, "income": 1.0, "town": "Ulm", "member": True} for a in (2.0, None, -1.0)]
    assert weighed.predict(rows)["prediction"].tolist() == [12.0, 0.0, -6.0]
    assert weighed.predict(rows[:1])["prediction"].tolist() == [12.0]
    manifest = json.loads((weighed.folder / "manifest.json").read_text())
    assert manifest["steps"] == [["lengths", 3]] and "steps/weights.json" in manifest["files"]
    assert Bundle.load(weighed.folder).digest == weighed.digest


def test_a_changed_file_of_a_step_is_refused(weighed: Bundle) -> None:
    (weighed.folder / "steps" / "weights.json").write_bytes(b"[1.0, 2.0, 4.0]")
    with pytest.raises(BundleError, match=r"weights.json.*hash differs"):
        Bundle.load(weighed.folder)


def test_a_step_that_is_not_installed_is_a_sentence(weighed: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with pytest.raises(
        BundleError, match=r"cannot answer here. The step 'lengths' is needed in version 3.*not installed"
    ):
        Bundle.load(weighed.folder)


def test_another_version_is_not_taken_for_it(on_the_shelf: None) -> None:
    with pytest.raises(ShelfError, match=r"'lengths' is needed in version 2, and version 3 is installed"):
        steps.find("lengths", 2)
    assert isinstance(steps.find("lengths", 3), Lengths)
