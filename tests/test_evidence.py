"""Evidence and card join a bundle after the verdict; the model stays provably the same. And MLflow reads the folder."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deepenough import shelves
from deepenough.bundle import Bundle, identity
from deepenough.candidates._trial import Trial, ship
from deepenough.dataset import Dataset
from deepenough.errors import BundleError, StorageError
from deepenough.export import card, evidence, reference
from deepenough.export.evidence import add_evidence
from deepenough.loading import load
from deepenough.workspace import Workspace

VERDICT = {
    "sentence": "A linear model meets the bar.",
    "metric": "roc_auc",
    "metric_title": "how well it ranks",
    "chosen_trial": "linear-1",
    "interval_note": None,
    "trials": [
        {"key": "linear-1", "test": {"value": 0.871234, "low": 0.85, "high": 0.89}},
        {"key": "dummy-1", "test": None},
    ],
}
AUDIT = {
    "findings": [
        {"code": "DE004", "severity": "warning", "message": "'age' is empty in 5 % of the rows."},
        {"code": "DE010", "severity": "note", "message": "Nothing to worry about."},
    ]
}
DOCUMENTS = {"verdict": VERDICT, "audit": AUDIT}


@pytest.fixture(scope="module")
def data(table: Callable[..., pd.DataFrame]) -> Dataset:
    return load(table(), "answer")


@pytest.fixture(scope="module")
def made(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = shelves.load("candidates", "linear").build(data.task, {}, 0)
    model.fit(data.take(np.arange(300)), data.take(np.arange(300, 400)), Workspace())
    trial = Trial("linear", "Linear model", 1, answer=model.predict(data))
    return ship(trial, model, data, tmp_path_factory.mktemp("ship") / "bundle", 0).folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "bundle"))


def names(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


# --- evidence ---------------------------------------------------------------------------------------------------------


def test_evidence_joins_and_the_identity_stays(folder: Path) -> None:
    before = Bundle.load(folder)
    after = add_evidence(folder, DOCUMENTS)
    assert after.digest == before.digest == Bundle.load(folder).digest
    assert names(folder) - set(before.files) - {"manifest.json"} == {
        "card.md", "evidence/verdict.json", "evidence/audit.json"
    }  # fmt: skip
    assert after.read("evidence/verdict.json") == VERDICT and after.read("evidence/audit.json") == AUDIT
    with pytest.raises(BundleError, match=r"has no evidence/nothing\.json"):
        after.read("evidence/nothing.json")


@pytest.mark.parametrize("name", ["evidence/verdict.json", "card.md"])
def test_evidence_that_was_changed_is_refused(name: str, folder: Path) -> None:
    add_evidence(folder, DOCUMENTS)
    text = (folder / name).read_text()
    (folder / name).write_text(text.replace("0.87", "0.97"))
    with pytest.raises(BundleError, match="hash differs"):
        Bundle.load(folder)


def test_what_made_the_model_is_part_of_its_identity(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    whole = identity(manifest)
    for change in ({"made_by": manifest["made_by"] | {"seed": 1}}, {"steps": [["x", 1]]}, {"versions": {}}):
        assert identity(manifest | change) != whole
    for name in manifest["files"]:
        files = manifest["files"] | {name: {"size": 1, "sha256": "x"}}
        assert identity(manifest | {"files": files}) != whole
    more = manifest["files"] | {"evidence/x.json": {"size": 1, "sha256": "x"}, "card.md": 7}
    assert identity(manifest | {"files": more}) == whole
    assert identity(manifest | {"files": manifest["files"] | {"card.md.json": 7}}) != whole


def test_evidence_can_be_written_again(folder: Path) -> None:
    add_evidence(folder, DOCUMENTS)
    again = add_evidence(folder, {"verdict": VERDICT | {"sentence": "Another one."}, "more": {"a": 1}})
    assert again.read("evidence/verdict.json")["sentence"] == "Another one." and again.read("evidence/more.json") == {
        "a": 1
    }
    assert again.read("evidence/audit.json") == AUDIT and "Another one." in (folder / "card.md").read_text()


def test_a_full_disk_leaves_the_bundle_as_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, written = Bundle.load(folder).digest, evidence.write_bytes

    def full(path: Path, data: bytes) -> None:
        if path.name == "manifest.json":
            raise StorageError("full")
        written(path, data)

    monkeypatch.setattr(evidence, "write_bytes", full)
    with pytest.raises(StorageError):
        add_evidence(folder, DOCUMENTS)
    assert Bundle.load(folder).digest == before
    monkeypatch.undo()
    assert add_evidence(folder, DOCUMENTS).read("evidence/verdict.json") == VERDICT


# --- the card ---------------------------------------------------------------------------------------------------------


def front_of(text: str) -> str:
    return text.split("---\n")[1]


def test_the_card_says_what_is_known_and_leaves_blanks_for_people(folder: Path) -> None:
    add_evidence(folder, DOCUMENTS)
    text = (folder / "card.md").read_text(encoding="utf-8")
    front = front_of(text)
    assert "library_name: deepenough\n" in front and "pipeline_tag: tabular-classification\n" in front
    assert '- name: "answer, linear"' in front and "{type: roc_auc, value: 0.871234" in front
    assert "A linear model meets the bar." in text and "95 % interval 0.85 to 0.89" in text
    assert "DE004, warning" in text and "DE010" not in text
    assert "| `town` | category | Bonn, Kiel, Ulm | no |" in text and "| `age` | number |" in text
    assert len(re.findall(r"\*\*\[to be filled in: [^\]]+\]\*\*", text)) >= 5


def test_the_front_matter_is_yaml_as_hugging_face_wants_it(folder: Path) -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    add_evidence(folder, DOCUMENTS)
    front = yaml.safe_load(front_of((folder / "card.md").read_text(encoding="utf-8")))
    result = front["model-index"][0]["results"][0]
    assert result["task"] == {"type": "tabular-classification"} and set(result["dataset"]) == {"type", "name"}
    assert result["metrics"][0]["type"] == "roc_auc" and result["metrics"][0]["value"] == 0.871234


def test_a_card_without_verdict_and_audit_says_so(data: Dataset, made: Path) -> None:
    manifest = json.loads((made / "manifest.json").read_text())
    text = card.text(data.task, manifest, {})
    assert "Not judged" in text and "No audit came" in text and "results: []" in front_of(text)
    gone = VERDICT | {"trials": [{"key": "linear-1", "test": {"value": 0.5, "low": None, "high": None}}]}
    assert "no interval can be given" in card.text(data.task, manifest, {"verdict": gone})


# --- reference and examples -------------------------------------------------------------------------------------------


def test_the_reference_says_how_each_input_and_the_answer_are_spread(data: Dataset, made: Path) -> None:
    spread = Bundle.load(made).read("reference.json")
    assert set(spread["inputs"]) == {"age", "income", "town", "member"} and spread["rows"] == 400
    age, values = spread["inputs"]["age"], data.features["age"].astype(float)
    assert age["missing"] == pytest.approx(np.isnan(values).mean()) and age["quantiles"] == sorted(age["quantiles"])
    known = values[~np.isnan(values)]
    assert age["quantiles"][20] == pytest.approx(np.median(known), rel=1e-6) and age["quantiles"][-1] == pytest.approx(
        known.max()
    )
    edges = np.array(age["edges"])
    counted = np.diff([0, *np.searchsorted(np.sort(known), edges, side="right"), len(known)]) / len(known)
    assert age["shares"] == pytest.approx(counted) and sum(age["shares"]) == pytest.approx(1.0)
    town = spread["inputs"]["town"]
    assert (
        sum(town["shares"].values()) + town["missing_or_unseen"] == pytest.approx(1.0) and town["shares"]["Ulm"] > 0.2
    )
    assert sum(a["predicted"] for a in spread["answers"].values()) == pytest.approx(1.0) and set(spread["answers"]) == {
        "no",
        "yes",
    }


def test_a_column_of_mostly_one_value_keeps_its_share() -> None:
    found = reference.spread(np.array([0.0] * 90 + [1.0, 2.0, 3.0, 4.0, 5.0] * 2))
    assert found["shares"][0] == pytest.approx(0.9) and found["edges"][0] == 0.0
    assert reference.spread(np.array([np.nan]))["quantiles"] == []


def test_no_row_of_the_data_is_in_the_examples(data: Dataset, made: Path) -> None:
    """They are made up: cells that are usual in their columns, put together at random."""
    rows = Bundle.load(made).read("examples.json")["rows"]
    assert len(rows) == 8 and rows[-1] == dict.fromkeys(("age", "income", "town", "member"))
    seen = set(zip(data.features["age"].tolist(), data.features["income"].tolist(), strict=True))
    assert not [r for r in rows if (r["age"], r["income"]) in seen]
    assert {r["town"] for r in rows[:-1]} == {"Bonn", "Kiel", "Ulm"} and {r["member"] for r in rows[:-1]} == {
        True,
        False,
    }


# --- MLflow -----------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*Any type hint is inferred:UserWarning")  # of MLflow, while it is imported
def test_mlflow_answers_from_the_folder(made: Path) -> None:
    mlflow: Any = pytest.importorskip("mlflow", reason="mlflow is not installed")
    bundle = Bundle.load(made)
    rows = pd.DataFrame(bundle.read("examples.json")["rows"][:-1])
    said = mlflow.pyfunc.load_model(str(made)).predict(rows)
    assert said["probability_yes"].tolist() == bundle.predict(rows)["probability_yes"].tolist()


def test_the_module_that_mlmodel_names_answers_without_mlflow(made: Path) -> None:
    import importlib

    text = (made / "MLmodel").read_text(encoding="utf-8")
    module = importlib.import_module(re.search(r"loader_module: (\S+)", text).group(1))  # type: ignore[union-attr]
    rows = Bundle.load(made).read("examples.json")["rows"]
    said = module._load_pyfunc(str(made)).predict(rows)
    assert list(said) == ["prediction", "probability_no", "probability_yes"] and len(said) == 8
