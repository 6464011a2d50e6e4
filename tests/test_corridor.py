"""Whole runs on small tables whose truth is known: from a table to a verdict, a bundle and the documents."""

from __future__ import annotations

import html
import importlib.util
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from test_verdict import schema

from deepenough import shelves
from deepenough.report import words
from deepenough.runs import Run, run
from deepenough.seal import verify

Table = Callable[..., pd.DataFrame]
TINY = {
    "heads": 2,
    "width": 8,
    "layers": 1,
    "bins": 4,
    "number_size": 2,
    "category_size": 2,
    "epochs": 2,
    "patience": 1,
}
MEASURED = re.compile(r"(_seconds|_ms|cost|times)$")


def seeded(n: int = 1000, seed: int = 0) -> tuple[pd.DataFrame, np.random.Generator]:
    """Three numbers and a category that say nothing yet."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({c: rng.normal(size=n) for c in ("a", "b", "c")})
    return frame.assign(town=rng.choice(["Bonn", "Kiel", "Ulm"], n)), rng


def answered(frame: pd.DataFrame, signal: np.ndarray) -> pd.DataFrame:
    return frame.assign(y=np.where(signal > 0, "yes", "no"))


def linear_world(n: int = 1000, seed: int = 0) -> pd.DataFrame:
    frame, rng = seeded(n, seed)
    return answered(frame, np.asarray(frame.a + frame.b - 0.5 * frame.c + rng.normal(size=n)))


def crossed_world(n: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Only the product of two columns says anything: nothing that adds columns up can see it."""
    frame, rng = seeded(n, seed)
    return answered(frame, np.asarray(frame.a * frame.b + 0.2 * rng.normal(size=n)))


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the deep family is not installed; and fast."""
    known = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *a: None if name == "torch" else known(name, *a))


@pytest.fixture
def tiny_net(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr(
        type(shelves.load("candidates", "tabular_net")), "portfolio", lambda _self, _task, _rows: [TINY]
    )


def go(source: Any, tmp_path: Path, name: str = "run", **asked: Any) -> Run:
    """Run, and check what holds of every run."""
    asked = {"cores": 1, "report": False, "out": tmp_path / name} | asked
    done = run(source, asked.pop("target", "y"), **asked)
    verdict = json.loads((done.folder / "verdict.json").read_text(encoding="utf-8"))
    assert verdict == done.verdict
    assert [f"{list(e.absolute_path)}: {e.message}" for e in schema().iter_errors(verdict)] == []
    assert not words.names_metric(verdict["sentence"], verdict) and not words.names_metric(
        verdict["deep_learning"]["why"], verdict
    )
    assert verdict["deep_learning"]["why"].endswith(".")
    if verdict["outcome"] != "not_ready":
        hold_together(done)
    return done


def hold_together(done: Run) -> None:
    """The plan came first, the seal opened once, and what ships answers the sealed rows as it was judged."""
    verdict, ledger = (
        done.verdict,
        [json.loads(line) for line in (done.folder / "sealed.jsonl").read_text().splitlines()],
    )
    assert [line["event"] for line in ledger] == ["plan", "opening", "verdict"]
    assert ledger[0]["worth"] == verdict["worth_used"] and verify(done.folder).faults == []
    assert {t["key"] for t in verdict["trials"] if t["shown"]} == set(ledger[0]["subjects"])
    chosen = next(t for t in verdict["trials"] if t["key"] == verdict["chosen_trial"])
    assert chosen["status"] == "ok" and chosen["shown"] and chosen["candidate"] == verdict["chosen"]
    assert done.bundle.digest in ledger[1]["subjects"] and done.bundle.size_bytes == chosen["size_bytes"]
    assert len(done.leaderboard()) == len(verdict["trials"])
    split = json.loads((done.folder / "split.json").read_text())
    sealed = pd.read_csv(done.folder / "trials" / verdict["chosen_trial"] / "sealed.csv")
    assert len(sealed) == split["sealed"] == len(split["sealed_hashes"]) and split["rows"] == verdict["task"]["rows"]


def trial_of(done: Run, candidate: str) -> dict[str, Any]:
    return next(t for t in done.verdict["trials"] if t["candidate"] == candidate)


def steady(document: Any) -> Any:
    """A document without what is measured."""
    if isinstance(document, dict):
        return {k: steady(v) for k, v in document.items() if not MEASURED.search(k)}
    return [steady(v) for v in document] if isinstance(document, list) else document


# --- what is chosen, where the truth is known ----------------------------------------------------------------------


def test_in_a_linear_world_the_linear_model_is_chosen_and_no_network_is_worth_it(
    tmp_path: Path, tiny_net: None
) -> None:
    done = go(linear_world(2000), tmp_path)
    assert (done.verdict["outcome"], done.verdict["chosen"]) == ("chosen", "linear")
    deep = done.verdict["deep_learning"]
    assert deep["worth_it"] != "yes" and deep["best_deep"] == "tabular_net" and deep["gain"] is not None
    assert (
        set(deep["times"]) == {"train", "latency", "size", "cost"} and trial_of(done, "tabular_net")["test"] is not None
    )


def test_in_a_world_of_interactions_boosting_is_chosen(tmp_path: Path, no_torch: None) -> None:
    done = go(crossed_world(2000), tmp_path)
    assert trial_of(done, done.verdict["chosen"])["rung"] == 2
    assert trial_of(done, "gradient_boosting")["gain"]["low"] > 0.05


def test_where_there_is_nothing_to_learn_nothing_is_learnt(tmp_path: Path, no_torch: None) -> None:
    frame = linear_world(2000)
    frame["y"] = np.random.default_rng(10).permutation(frame["y"].to_numpy())
    done = go(frame, tmp_path, bar="roc_auc >= 0.6")
    assert done.verdict["outcome"] in ("missed", "undecided") and done.verdict["chosen"] == "dummy"
    assert "nothing tried is shown to do better" in done.verdict["sentence"]


def test_a_bar_that_the_linear_model_meets_ends_the_climb(tmp_path: Path) -> None:
    done = go(linear_world(), tmp_path, bar="roc_auc >= 0.75", latency="500ms", size="1MB", report=True)
    assert html.escape(done.verdict["sentence"]) in html.escape(html.unescape(done.report.read_text(encoding="utf-8")))
    assert (done.verdict["outcome"], done.verdict["chosen"]) == ("met", "linear")
    assert {t["status"] for t in done.verdict["trials"] if t["rung"] > 1} <= {"skipped", "unavailable"}
    assert (done.verdict["deep_learning"]["worth_it"], done.verdict["deep_learning"]["reason"]) == (
        "no",
        "bar_met_without",
    )


@pytest.mark.parametrize("limit", [{"latency": "0.0001ms"}, {"size": "0.0001kB"}, {"cost": 1e-12}])
def test_a_limit_that_nothing_keeps_is_missed_and_said(limit: dict[str, Any], tmp_path: Path, no_torch: None) -> None:
    done = go(linear_world(400), tmp_path, bar="roc_auc >= 0.7", **limit)
    assert done.verdict["outcome"] == "missed" and "allowed" in done.verdict["sentence"]


def test_the_figures_say_what_the_sealed_answers_say(tmp_path: Path, no_torch: None, table: Table) -> None:
    done = go(linear_world(1000), tmp_path)
    key = done.verdict["chosen_trial"]
    sealed = pd.read_csv(done.folder / f"trials/{key}/sealed.csv")
    drawn = {p.stem: json.loads(p.read_text()) for p in (done.folder / "figures").iterdir()}
    assert set(drawn) == {
        "confusion",
        "calibration",
        "roc",
        "precision_recall",
        "importance",
        "dependence",
        "learning",
    } and set(drawn["roc"]) >= {key}
    roc, test = drawn["roc"][key], next(t["test"] for t in done.verdict["trials"] if t["key"] == key)
    assert (roc["fpr"][0], roc["tpr"][0], roc["fpr"][-1], roc["tpr"][-1]) == (0.0, 0.0, 1.0, 1.0)
    assert np.trapezoid(roc["tpr"], roc["fpr"]) == pytest.approx(test["value"], abs=0.01)
    assert np.sum(drawn["confusion"]["counts"]) == sum(drawn["calibration"][key]["rows"]) == len(sealed)
    assert np.sum(drawn["confusion"]["counts"], axis=0).tolist() == [
        int((sealed["prediction"] == v).sum()) for v in ("no", "yes")
    ]
    numbers = go(table(400, "regression"), tmp_path, "number", target="answer")
    points = json.loads((numbers.folder / "figures" / "residuals.json").read_text())
    kept = pd.read_csv(numbers.folder / f"trials/{numbers.verdict['chosen_trial']}/sealed.csv")
    assert np.allclose(points["predicted"], kept["prediction"], atol=1e-5) and len(points["truth"]) == len(kept)


# --- the same again ------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_verdict(tmp_path: Path, tiny_net: None) -> None:
    frame = linear_world(400)
    first, again, other = (go(frame, tmp_path, name, seed=seed) for name, seed in (("a", 0), ("b", 0), ("c", 1)))
    assert steady(first.verdict) == steady(again.verdict) != steady(other.verdict)
    cuts = [json.loads((run.folder / "split.json").read_text()) for run in (first, again)]
    assert cuts[0].pop("salt") != cuts[1].pop("salt") and cuts[0].pop("sealed_hashes") != cuts[1].pop("sealed_hashes")
    assert cuts[0] == cuts[1], "but for the salt, and what it salts"
    for document in ("audit.json", "bundle/model.onnx", "bundle/signature.json", "figures/roc.json"):
        assert (first.folder / document).read_bytes() == (again.folder / document).read_bytes(), document
    assert first.bundle.digest == again.bundle.digest, (
        "the evidence beside it holds what was measured; its identity does not"
    )
    for key in (t["key"] for t in first.verdict["trials"] if t["shown"]):
        assert (first.folder / f"trials/{key}/sealed.csv").read_bytes() == (
            again.folder / f"trials/{key}/sealed.csv"
        ).read_bytes()
    assert not re.search(r'"(when|created|date)"', json.dumps(first.verdict))
    assert json.loads((first.folder / "figures/quantization.json").read_text())["kept"] is None, (
        "so small a net gains nothing"
    )


def test_what_is_steady_leaves_out_what_is_measured_and_no_more() -> None:
    document = {
        "fit_seconds": 1,
        "latency_ms": {"p50": 1},
        "cost": {"train": 1},
        "times": {"size": 1},
        "a": [{"cpu_seconds": 1, "b": 2}],
    }
    assert steady(document) == {"a": [{"b": 2}]}


# --- blockers ------------------------------------------------------------------------------------------------------


def test_a_leak_stops_the_run_before_anything_is_fitted(tmp_path: Path, no_torch: None) -> None:
    frame = linear_world(600)
    frame["refund"] = (frame["y"] == "yes") * 2.5
    done = go(frame, tmp_path)
    assert (
        done.verdict["outcome"] == "not_ready" and done.verdict["trials"] == [] and "refund" in done.verdict["sentence"]
    )
    assert not (done.folder / "sealed.jsonl").exists() and not (done.folder / "trials").exists()
    blocker = next(
        f for f in json.loads((done.folder / "audit.json").read_text())["findings"] if f["severity"] == "blocker"
    )
    after = go(frame, tmp_path, "despite", despite=[blocker["code"]])
    assert after.verdict["outcome"] == "chosen"


def test_a_run_that_is_not_ready_ends_with_one_at_the_command_line(tmp_path: Path, no_torch: None) -> None:
    from typer.testing import CliRunner

    from deepenough.cli import app

    frame = linear_world(400)
    frame.assign(refund=(frame["y"] == "yes") * 2.5).to_csv(tmp_path / "leak.csv", index=False)
    frame.to_csv(tmp_path / "clean.csv", index=False)
    asked = ["--target", "y", "--bar", "roc_auc >= 0.7", "--no-report", "--json", "--cores", "1"]
    ends = {
        name: CliRunner().invoke(app, ["run", str(tmp_path / f"{name}.csv"), *asked, "--out", str(tmp_path / name)])
        for name in ("leak", "clean")
    }
    assert {name: end.exit_code for name, end in ends.items()} == {"leak": 1, "clean": 0}
    assert (
        json.loads(ends["leak"].stdout)["outcome"] == "not_ready"
        and json.loads(ends["clean"].stdout)["outcome"] == "met"
    )


# --- splits --------------------------------------------------------------------------------------------------------


def test_rows_of_a_file_become_the_sealed_set(tmp_path: Path, no_torch: None) -> None:
    linear_world(500, 0).to_csv(tmp_path / "learn.csv", index=False)
    linear_world(300, 1).to_csv(tmp_path / "test.csv", index=False)
    done = go(tmp_path / "learn.csv", tmp_path, test=tmp_path / "test.csv", bar="roc_auc >= 0.7")
    split = json.loads((done.folder / "split.json").read_text())
    assert (split["strategy"], split["development"], split["sealed"]) == ("given file", 500, 300) and done.verdict[
        "task"
    ]["rows"] == 800
    said, sealed = (
        done.predict(tmp_path / "test.csv"),
        pd.read_csv(done.folder / f"trials/{done.verdict['chosen_trial']}/sealed.csv"),
    )
    assert np.abs(said["probability_yes"] - sealed["probability_yes"]).max() <= 1e-5


def test_groups_stay_together_and_the_range_is_that_of_groups(tmp_path: Path, no_torch: None) -> None:
    frame = linear_world(900)
    frame["shop"] = np.char.add("shop ", (np.arange(900) % 45).astype(str))
    done = go(frame, tmp_path, group="shop", bar="roc_auc >= 0.7")
    assert json.loads((done.folder / "split.json").read_text())["strategy"] == "by group"
    assert "groups" in done.verdict["flags"] and "new groups" in done.verdict["interval_note"]
    sealed = pd.read_csv(done.folder / "trials/linear-1/sealed.csv")["row"]
    assert not set(frame["shop"][sealed]) & set(frame["shop"].drop(sealed))


def test_too_few_groups_give_no_range_and_no_claim(tmp_path: Path, no_torch: None) -> None:
    frame = linear_world(400)
    frame["shop"] = np.char.add("shop ", (np.arange(400) % 8).astype(str))
    done = go(frame, tmp_path, group="shop", bar="roc_auc >= 0.6")
    chosen = next(t for t in done.verdict["trials"] if t["key"] == done.verdict["chosen_trial"])
    assert (
        done.verdict["outcome"] == "undecided"
        and chosen["test"]["low"] is None
        and "no range" in done.verdict["sentence"]
    )


def test_with_a_clock_the_latest_rows_are_sealed(tmp_path: Path, no_torch: None) -> None:
    frame = linear_world(800)
    frame["day"] = pd.date_range("2026-01-01", periods=800, freq="D").astype(str)
    done = go(frame, tmp_path, time="day", bar="roc_auc >= 0.7")
    assert "one_period" in done.verdict["flags"] and "latest" in done.verdict["interval_note"]
    sealed = pd.read_csv(done.folder / f"trials/{done.verdict['chosen_trial']}/sealed.csv")["row"]
    assert frame["day"][sealed].min() > frame["day"].drop(sealed).max()


# --- kinds of tables -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind, bar, n",
    [
        ("three", None, 400),
        ("three", "accuracy >= 0.5", 400),
        ("regression", None, 400),
        ("regression", "rmse <= 0.8", 500),
        ("classification", None, 200),
        ("classification", "log_loss <= 0.6", 200),
        ("regression", "r2 >= 0.5", 200),
    ],
)
def test_any_small_table_gets_a_verdict(
    kind: str, bar: str | None, n: int, table: Table, tmp_path: Path, no_torch: None
) -> None:
    frame = table(n, kind)
    done = go(frame, tmp_path, target="answer", bar=bar)
    assert done.verdict["outcome"] in ("chosen", "met", "undecided") and done.verdict["chosen"] != "dummy"
    sealed = pd.read_csv(done.folder / f"trials/{done.verdict['chosen_trial']}/sealed.csv")
    said = done.predict(frame)
    for name in (c for c in sealed if c.startswith("probability_")):
        assert np.abs(said[name][sealed["row"]] - sealed[name]).max() <= 1e-5
    if kind == "regression":
        assert np.allclose(said["prediction"][sealed["row"]], sealed["prediction"], rtol=1e-4, atol=1e-5)
    else:
        assert (said["prediction"][sealed["row"]] == sealed["prediction"]).mean() > 0.99


@pytest.mark.parametrize("columns", [["a", "b", "c"], ["town", "shape"]])
def test_a_table_of_numbers_alone_and_one_of_categories_alone(
    columns: list[str], tmp_path: Path, no_torch: None
) -> None:
    frame, rng = seeded(600)
    frame["shape"] = rng.choice(["round", "long", "flat"], 600)
    signal = (
        2.0 * (frame["shape"] == "round") + 2.0 * (frame["town"] == "Kiel") - 1.3
        if "town" in columns
        else frame["a"] + frame["b"]
    )
    frame = answered(frame[columns], np.asarray(signal + rng.normal(size=600)))
    done = go(frame, tmp_path)
    assert trial_of(done, done.verdict["chosen"])["rung"] == 1
    assert done.bundle.predict([frame.drop(columns="y").iloc[0].to_dict()])["prediction"][0] in ("yes", "no")


# --- deep learning, where there is none ----------------------------------------------------------------------------


def test_where_torch_is_missing_the_verdict_says_how_to_get_it(tmp_path: Path, no_torch: None) -> None:
    done = go(linear_world(400), tmp_path)
    net, deep = trial_of(done, "tabular_net"), done.verdict["deep_learning"]
    assert net["status"] == "unavailable" and "pip install 'deepenough[deep]'" in net["reason"]
    assert deep["worth_it"] == "undecided" and deep["gain"] is None and "pip install 'deepenough[deep]'" in deep["why"]
    assert "not put to the test" in done.verdict["sentence"] and done.verdict["advice"] is None


def test_a_family_that_breaks_is_a_row_and_the_run_goes_on(
    tmp_path: Path, no_torch: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    boosting = shelves.load("candidates", "gradient_boosting")
    lightgbm = pytest.importorskip("lightgbm")

    def broken(*_: Any) -> Any:
        raise lightgbm.basic.LightGBMError("Check failed: (num_data) > (0)")

    monkeypatch.setattr(type(boosting), "build", broken)
    done = go(linear_world(400), tmp_path)
    assert trial_of(done, "gradient_boosting")["status"] == "failed" and done.verdict["chosen"] == "linear"
    assert "LightGBMError" in trial_of(done, "gradient_boosting")["reason"]


def test_a_small_budget_skips_and_says_so(tmp_path: Path, no_torch: None) -> None:
    done = go(linear_world(400), tmp_path, budget="1s")
    boosting = trial_of(done, "gradient_boosting")
    assert (boosting["status"], boosting["parts"]) == ("ok", 1) or (
        boosting["status"] == "skipped" and "--budget" in boosting["reason"]
    )


# --- real data -----------------------------------------------------------------------------------------------------


@pytest.mark.data
@pytest.mark.parametrize(
    "name, target, bar", [("german_credit", "risk", "roc_auc >= 0.65"), ("telco_churn", "Churn", "roc_auc >= 0.8")]
)
def test_real_tables_get_a_verdict_and_ship_what_was_judged(name: str, target: str, bar: str, tmp_path: Path) -> None:
    path = Path(os.environ["DEEPENOUGH_DATA"]) / name / "data.csv"
    done = go(path, tmp_path, target=target, bar=bar)
    assert (done.verdict["outcome"], done.verdict["chosen"]) == ("met", "linear")
    said = done.predict(path)
    sealed = pd.read_csv(done.folder / "trials/linear-1/sealed.csv")
    for column in (c for c in sealed if c.startswith("probability_")):
        assert np.abs(said[column][sealed["row"]] - sealed[column]).max() <= 1e-5
    assert (said["prediction"][sealed["row"]] == sealed["prediction"].astype(str)).all()
