"""Why it says so: reasons of known size, rows that are really the nearest, changes that really change the answer."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from calling import call, must_be_refusal

from deepenough import shelves
from deepenough.bundle import Plan
from deepenough.dataset import Dataset
from deepenough.errors import DataError, NotApplicable
from deepenough.explainers import Contributions, Model, answered, reasons, scores
from deepenough.explainers._columns import together
from deepenough.explaining import explain, meaning
from deepenough.export import write
from deepenough.export.calibrate import calibrated
from deepenough.loading import load
from deepenough.report import explanation
from deepenough.report.documents import Documents
from deepenough.report.sections import drivers, tree
from deepenough.runs import Run, run
from deepenough.workspace import Workspace

SCREENS = {"desk": (1280, 900), "phone": (390, 800)}


def formula(n: int = 1500, seed: int = 0) -> pd.DataFrame:
    """y = 2a - 3b + (1 where c is v) + a little noise; d says nothing."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.normal(1.0, 1.0, n), "b": rng.uniform(-1.0, 1.0, n), "c": rng.choice(["u", "v"], n)})
    frame["d"] = rng.normal(size=n)
    frame["y"] = 2.0 * frame.a - 3.0 * frame.b + (frame.c == "v") + 0.1 * rng.normal(size=n)
    return frame


def contract(n: int = 900, seed: int = 0) -> pd.DataFrame:
    """Two classes: short and monthly ones leave. A date says nothing; two rows have no answer."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"tenure": rng.integers(0, 60, n), "contract": rng.choice(["monthly", "yearly"], n)})
    frame["charge"] = np.where(rng.random(n) < 0.1, np.nan, rng.normal(50, 10, n).round(2))
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D")
    frame["since"] = days.strftime("%Y-%m-%d")
    logit = 2.0 - 0.12 * frame.tenure + 1.5 * (frame.contract == "monthly")
    frame["left"] = np.where(rng.random(n) < 1 / (1 + np.exp(-logit)), "yes", "no").astype(object)
    frame.loc[[7, 8], "left"] = None
    return frame


def model_of(
    frame: pd.DataFrame, target: str, family: str, folder: Path, calibrate: bool = False
) -> tuple[Model, Dataset]:
    """Fit on the first 1,000 rows or fewer, keep and ship as a run does; return it with the rest."""
    data = load(frame, target)
    cut = int(0.7 * len(data))
    learn, tune, rest = (data.take(i) for i in np.split(np.arange(len(data)), [cut, cut + len(data) // 10]))
    book: Any = shelves.load("candidates", family)
    fitted = book.build(data.task, book.portfolio(data.task, cut)[0], 0).fit(learn, tune, Workspace())
    (folder / "native").mkdir(parents=True)
    fitted.keep(folder / "native")
    plan: Plan = fitted.export()
    bundle = write.write(
        folder / "bundle", data.task, calibrated(plan, 1.4, (0.0, 0.3)) if calibrate else plan, data, {}
    )
    metric = shelves.load("metrics", "rmse" if not data.task.labels else "roc_auc")
    return Model(bundle, family, folder / "native", learn, metric), rest


def explained(name: str, model: Model, rows: Dataset) -> Contributions:
    found: Contributions = shelves.load("explainers", name).explain(model, rows)
    return found


# --- contributions of known size -----------------------------------------------------------------------------------


def true_contributions(frame: pd.DataFrame) -> np.ndarray:
    known = np.stack([2.0 * frame.a, -3.0 * frame.b, (frame.c == "v") * 1.0, 0.0 * frame.d], axis=1)
    return np.asarray(known - known.mean(axis=0))


@pytest.mark.parametrize(("family", "off"), [("linear", 0.08), ("gradient_boosting", 0.45)])
def test_exact_contributions_are_those_of_the_formula(family: str, off: float, tmp_path: Path) -> None:
    frame = formula()
    model, rest = model_of(frame, "y", family, tmp_path)
    found, known = explained("exact_shapley", model, rest), true_contributions(frame)[-len(rest) :]
    assert found.columns == ("a", "b", "c", "d") and found.exact
    gap = np.abs(found.values[:, :, 0] - known)
    assert np.quantile(gap, 0.99) < off
    assert np.allclose(found.totals()[:, 0], model.bundle.run(rest.tensors)["value"], atol=1e-4)


def test_sampled_contributions_agree_with_the_exact_ones_within_their_error(tmp_path: Path) -> None:
    model, rest = model_of(formula(), "y", "linear", tmp_path)
    rows = rest.take(np.arange(6))
    exact, sampled = explained("exact_shapley", model, rows), explained("sampled_shapley", model, rows)
    assert sampled.error is not None and not sampled.exact
    # both ends: what a usual row is, is sampled, too
    assert np.all(np.abs(sampled.values - exact.values) <= 4.0 * sampled.error + 0.02)
    assert np.allclose(sampled.totals()[:, 0], model.bundle.run(rows.tensors)["value"], atol=1e-4)


@pytest.mark.parametrize("family", ["linear", "gradient_boosting"])
def test_of_classes_they_add_up_on_log_odds_parts_of_a_date_together(family: str, tmp_path: Path) -> None:
    model, rest = model_of(contract(), "left", family, tmp_path)
    found = explained("exact_shapley", model, rest)
    assert found.columns == ("tenure", "contract", "charge", "since")
    said = model.bundle.run(rest.tensors)["probability"]
    assert np.allclose(answered(found.totals(), 2), said, atol=1e-4)
    assert np.allclose(found.totals(), scores({"probability": said}), atol=1e-2)


@pytest.mark.parametrize("family", ["linear", "gradient_boosting"])
def test_of_three_classes_they_add_up_too(family: str, tmp_path: Path, table: Any) -> None:
    model, rest = model_of(table(600, "three"), "answer", family, tmp_path)
    for name in ("exact_shapley", "sampled_shapley"):
        found = explained(name, model, rest.take(np.arange(5)))
        said = model.bundle.run(rest.take(np.arange(5)).tensors)["probability"]
        assert found.values.shape == (5, 4, 3) and np.allclose(answered(found.totals(), 3), said, atol=1e-4)


@pytest.mark.parametrize("family", ["linear", "gradient_boosting"])
def test_what_is_kept_answers_to_the_last_bit(family: str, tmp_path: Path) -> None:
    model, rest = model_of(contract(), "left", family, tmp_path)
    restored = shelves.load("candidates", family).restore(rest.task, model.native)
    gap = restored.predict(rest)["probability"] - model.bundle.run(rest.tensors)["probability"]
    assert np.abs(gap).max() <= 1e-5


def test_a_calibrated_model_is_explained_as_it_ships(tmp_path: Path) -> None:
    plain, rest = model_of(contract(), "left", "linear", tmp_path / "plain")
    shipped, _ = model_of(contract(), "left", "linear", tmp_path / "calibrated", calibrate=True)
    found, raw = explained("exact_shapley", shipped, rest), explained("exact_shapley", plain, rest)
    assert np.allclose(found.values, 1.4 * raw.values, atol=2e-3)
    assert np.allclose(answered(found.totals(), 2), shipped.bundle.run(rest.tensors)["probability"], atol=1e-4)


def test_without_the_models_own_form_reasons_are_sampled(tmp_path: Path) -> None:
    model, rest = model_of(contract(), "left", "linear", tmp_path)
    shutil.rmtree(tmp_path / "native")
    assert not reasons(model, rest.take(np.arange(2))).exact
    with pytest.raises(NotApplicable, match="not at hand"):
        reasons(Model(model.bundle, "linear", model.native), rest)


def test_terms_of_another_model_are_no_reasons_of_this_one(tmp_path: Path) -> None:
    """What does not add up to the shipped answer is refused, whatever stands in the folder."""
    model, rest = model_of(contract(), "left", "linear", tmp_path / "one")
    other, _ = model_of(contract(seed=1).assign(left=contract(seed=2)["left"]), "left", "linear", tmp_path / "other")
    mixed = Model(model.bundle, "linear", other.native, model.usual)
    with pytest.raises(NotApplicable, match="exactly"):
        explained("exact_shapley", mixed, rest)
    assert not reasons(mixed, rest.take(np.arange(2))).exact


# --- what drives the model -----------------------------------------------------------------------------------------


def test_categories_that_say_the_same_are_moved_together() -> None:
    frame = contract(400)
    frame["kind of contract"] = np.where(frame["contract"] == "monthly", "M", "Y")
    found = together(load(frame, "left"))
    assert ["contract", "kind of contract"] in found and ["tenure"] in found


def test_partial_dependence_of_the_formula_has_its_slopes(tmp_path: Path) -> None:
    model, rest = model_of(formula(), "y", "linear", tmp_path)
    curves = {c["column"]: c for c in shelves.load("explainers", "partial_dependence").explain(model, rest).curves}
    for name, slope in (("a", 2.0), ("b", -3.0), ("d", 0.0)):
        moved = np.polyfit(curves[name]["at"], curves[name]["mean"], 1)[0]
        assert moved == pytest.approx(slope, abs=0.1)
    assert np.diff(curves["c"]["mean"])[0] == pytest.approx(1.0, abs=0.05) and curves["c"]["at"] == ["u", "v"]
    assert all(
        low <= mean <= high for low, mean, high in zip(*(curves["a"][k] for k in ("low", "mean", "high")), strict=True)
    )


def test_partial_dependence_stands_in_the_report(tmp_path: Path) -> None:
    model, rest = model_of(formula(), "y", "linear", tmp_path)
    curves = shelves.load("explainers", "partial_dependence").explain(model, rest).curves
    worth = shelves.load("explainers", "permutation").explain(model, rest).groups
    found = Documents({}, "x", figures={"importance": {"columns": worth}, "dependence": {"curves": curves}})
    shown = drivers.view(found)
    assert shown is not None and [column for column, _ in shown["curves"]] == ["a", "b", "c", "d"]
    assert all("<svg" in svg for _, svg in shown["curves"])


def test_a_tree_is_printed_question_by_question() -> None:
    root = {"column": "tenure", "test": "<= 12", "missing": "no", "rows": 100, "prediction": "no", "share": 0.6}
    root |= {
        "yes": {"rows": 40, "prediction": "yes", "share": 0.9},
        "no": {"rows": 60, "prediction": "no", "share": 0.8},
    }
    shown = tree.view(Documents({}, "x", figures={"tree": {"trial": "decision_tree-1", "root": root}}))
    assert shown is not None and shown["root"]["question"] == "tenure ≤ 12?"
    assert [below["answer"].replace("\u00a0", " ") for _, below in shown["root"]["ways"]] == ["yes, 90 %", "no, 80 %"]


# --- one decision of a run -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of `contract`, read from a file."""
    folder = tmp_path_factory.mktemp("explain")
    contract().to_csv(folder / "contract.csv", index=False)
    run(folder / "contract.csv", "left", bar="accuracy >= 0.6", out=folder / "run", cores=1, report=False)
    return folder


@pytest.fixture(scope="module")
def done(place: Path) -> Run:
    return Run.load(place / "run")


def sealed_and_not(done: Run) -> tuple[int, int]:
    numbers = set(pd.read_csv(done.folder / f"trials/{done.verdict['chosen_trial']}/sealed.csv")["row"])
    return min(numbers), next(i for i in range(900) if i not in numbers and i not in (7, 8))


def test_a_row_says_which_part_it_was_of_and_what_was_true(done: Run) -> None:
    sealed, learnt = sealed_and_not(done)
    document = explain(done, [sealed, learnt, 7])
    truth = contract()["left"]
    assert [r["part"] for r in document["rows"]] == ["sealed", "development", "left out"]
    assert [r["truth"] for r in document["rows"]] == [truth[sealed], truth[learnt], None]
    assert [r["row"] for r in document["rows"]] == [sealed, learnt, 7]


def test_the_document_adds_up_and_answers_as_predict_does(done: Run) -> None:
    row = explain(done, [3])["rows"][0]
    total = row["usual"]["score"] + sum(r["adds"] for r in row["reasons"])
    assert 1 / (1 + np.exp(-total)) == pytest.approx(row["probability"]["yes"], abs=1e-4)
    said = done.predict(contract().iloc[[3]])
    assert row["prediction"] == said["prediction"][0]
    assert row["probability"]["yes"] == pytest.approx(float(said["probability_yes"][0]), abs=1e-6)


def test_the_first_reasons_are_those_of_the_formula(done: Run) -> None:
    frame = contract()
    known = -0.12 * (frame.tenure - frame.tenure.mean()) + 1.5 * ((frame.contract == "monthly") - 0.5)
    for number in (3, 4, 5, 6):
        adds = {r["column"]: r["adds"] for r in explain(done, [number])["rows"][0]["reasons"]}
        assert adds["tenure"] + adds["contract"] == pytest.approx(known[number], abs=0.6)
        assert {"tenure", "contract"} == set(list(adds)[:2])
        assert np.sign(adds["contract"]) == (1 if frame.contract[number] == "monthly" else -1)


def test_the_nearest_rows_are_learnt_from_and_nearest(done: Run) -> None:
    sealed = set(pd.read_csv(done.folder / f"trials/{done.verdict['chosen_trial']}/sealed.csv")["row"])
    _, number = sealed_and_not(done)
    near = explain(done, [number])["rows"][0]["neighbours"]
    assert number not in [n["row"] for n in near] and not sealed & {n["row"] for n in near}
    assert [n["distance"] for n in near] == sorted(n["distance"] for n in near)
    assert [n["truth"] for n in near] == contract()["left"][[n["row"] for n in near]].tolist()
    assert near[0]["inputs"]["contract"] == contract()["contract"][number]


def test_changes_change_the_answer(done: Run) -> None:
    frame = contract()
    for number in (3, 4, 5):
        row = explain(done, [number])["rows"][0]
        for change in row["changes"]:
            changed = frame.iloc[[number]].astype(object)
            changed[change["column"]] = change["to"]
            said = done.predict(changed.to_dict("records"))
            assert said["prediction"][0] == change["prediction"] != row["prediction"]


def test_a_row_outside_is_said_to_be(done: Run, place: Path) -> None:
    rows = contract().iloc[[3, 4]].drop(columns="left").astype({"charge": float})
    rows.iloc[0, rows.columns.get_loc("charge")] = 4000.0
    rows.iloc[1, rows.columns.get_loc("contract")] = "weekly"
    rows.to_csv(place / "new.csv", index=False)
    first, second = explain(done, new=place / "new.csv")["rows"]
    assert (first["state"], second["state"], first["part"]) == ("outside", "outside", "new")
    assert "above all rows" in first["outside"][0]["why"] and "'weekly'" in second["outside"][0]["why"]
    assert second["inputs"]["contract"] == "weekly"


def test_rows_of_the_table_lie_inside(done: Run) -> None:
    assert all(r["outside"] == [] for r in explain(done, list(range(20)))["rows"])


def test_a_changed_table_is_refused_and_another_place_is_not(done: Run, place: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved.csv"
    shutil.copy(place / "contract.csv", moved)
    assert explain(done, [3], data=moved) == explain(done, [3])
    frame = contract()
    frame.loc[100, "tenure"] += 1
    frame.to_csv(moved, index=False)
    with pytest.raises(DataError, match=r"changed since.*--data"):
        explain(done, [3], data=moved)


def test_more_rows_than_are_explained_at_once_are_counted(done: Run) -> None:
    document = explain(done, new=contract().iloc[:50])
    assert (len(document["rows"]), document["asked"]) == (20, 50)


def test_of_numbers_and_of_a_test_file(tmp_path: Path) -> None:
    frame = formula(700)
    made = run(
        frame.iloc[:500], "y", bar="r2 >= 0.5", test=frame.iloc[500:], out=tmp_path / "run", cores=1, report=False
    )
    document = explain(made, [17], data=frame.iloc[:500])
    row = document["rows"][0]
    assert (document["scale"], row["part"], row["state"], row["changes"]) == ("value", "development", "number", [])
    assert [r["column"] for r in row["reasons"]][-1] == "d" and row["record"]["within"] < 0.5
    known = dict(zip("abcd", true_contributions(frame.iloc[:500])[17], strict=True))
    assert all(r["adds"] == pytest.approx(known[r["column"]], abs=0.15) for r in row["reasons"])


# --- what a name means ---------------------------------------------------------------------------------------------


def test_codes_metrics_and_families_are_explained() -> None:
    assert meaning("DE003")["title"] == "A column that knows the answer"
    assert meaning("roc_auc")["shelf"] == "metrics" and "ranks" in meaning("roc_auc")["text"]
    assert meaning("gradient_boosting")["facts"]["rung"] == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("roc_acu",), "Did you mean 'roc_auc'"),
        (("roc_auc", "--row", "1"), "is no folder"),
        (("{run}",), "--row NUMBER"),
        (("{run}", "--row", "1", "--rows", "x.csv"), "one of the two"),
        (("{run}", "--row", "5000"), "counted from 0"),
        (("{run}", "--rows", "nothing.csv"), "nothing.csv"),
    ],
)
def test_a_wrong_call_gets_a_sentence(words: tuple[str, ...], said: str, place: Path) -> None:
    must_be_refusal(call("explain", *(w.format(run=place / "run") for w in words)), 2, said)


# --- terminal and page ---------------------------------------------------------------------------------------------


def test_the_command_prints_json_and_words_and_writes_the_page(place: Path, tmp_path: Path) -> None:
    said = call("explain", str(place / "run"), "--row", "3", "--json", "--out", str(tmp_path / "page.html"))
    document = json.loads(said.out)
    assert said.code == 0 and document["schema"] == "deepenough.explanation/1"
    assert "towards" in said.err and "Most like it" in said.err
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    first = document["rows"][0]["reasons"][0]
    assert first["column"] in page and explanation.adds(document, first) in page
    assert not re.search(r"https?://|<script|src=", page)
    assert call("explain", "DE003").code == 0


def test_hostile_cells_are_text(done: Run) -> None:
    document = json.loads(json.dumps(explain(done, [3])).replace("monthly", "<script>alert(1)</script>"))
    document["target"] = document["run"] = "<script>alert(1)</script>"
    assert "<script" not in explanation.compose(document)


@pytest.mark.browser
@pytest.mark.parametrize("size", list(SCREENS))
def test_the_page_fits_the_screen_in_every_state(size: str, done: Run, tmp_path: Path, browser: Any) -> None:
    rows = contract().iloc[:40].drop(columns="left")
    rows["charge"] = [9e9, *rows["charge"][1:]]
    document = explain(done, new=rows)
    assert {"outside", "sure", "unsure"} <= {r["state"] for r in document["rows"]}
    (tmp_path / "page.html").write_text(explanation.compose(document), encoding="utf-8")
    width, height = SCREENS[size]
    page = browser.new_page(viewport={"width": width, "height": height})
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url))
    page.goto((tmp_path / "page.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert all(url.startswith(("file:", "data:")) for url in asked)
    page.close()
