"""Readable only: chosen among models that a person can follow, the others measured all the same."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from jsonschema import validate
from trials import metric, ranked, rows, trial

from deepenough import shelves, wording
from deepenough.candidates._trial import families
from deepenough.dataset import Dataset
from deepenough.errors import DataError
from deepenough.export import write
from deepenough.loading import load
from deepenough.report import sections
from deepenough.report.documents import read
from deepenough.runs import run
from deepenough.stats import Estimate
from deepenough.verdict import plan
from deepenough.workspace import Workspace

SCHEMA = Path(__file__).parents[1] / "src/deepenough/verdict.schema.json"


def wavy(n: int = 500) -> pd.DataFrame:
    """An answer that no line can follow, and trees can."""
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-3, 3, (2, n)).round(3)
    return pd.DataFrame({"x": x, "y": y, "answer": np.where(x * y + rng.normal(0, 0.5, n) > 0, "yes", "no")})


def test_readable_is_a_fact_of_the_family() -> None:
    told = {t.candidate: t.readable for t in families(load(wavy(), "answer"))}
    assert told["linear"] and told["dummy"] and told["rules"] and not told["gradient_boosting"]
    assert all(
        t.readable is shelves.shelf("candidates")[t.candidate].facts.get("readable", False)
        for t in families(load(wavy(), "answer"))
    )


def planned(areas: Sequence[float], readable: Sequence[bool], explainable: bool = True) -> object:
    truth = np.random.default_rng(0).integers(0, 2, 3000)
    data = rows(truth)
    answers = ranked(truth, list(areas), np.random.default_rng(1))
    made = [
        trial(data, "roc_auc", answer, rung, readable=can)
        for answer, rung, can in zip(answers, range(len(answers)), readable, strict=True)
    ]
    return plan(made, data, metric("roc_auc"), bar=None, n_sealed=500, worth=None, explainable=explainable)


def test_the_best_readable_is_chosen_and_the_seal_opens_for_the_best_of_the_others() -> None:
    areas, readable = [0.6, 0.7, 0.8, 0.9], [True, True, False, False]
    assert planned(areas, readable, explainable=False).chosen == "family_3-1"  # type: ignore[attr-defined]
    found = planned(areas, readable)
    assert found.chosen == "family_1-1" and found.unreadable == "family_3-1"  # type: ignore[attr-defined]
    assert {"family_1-1", "family_3-1"} <= set(found.subjects)  # type: ignore[attr-defined]
    assert found.otherwise is None  # type: ignore[attr-defined]


def test_where_no_readable_model_could_be_fitted_that_is_said() -> None:
    with pytest.raises(DataError, match="--explainable"):
        planned([0.6, 0.7], [False, False])


def test_a_run_says_what_it_costs(tmp_path: Path) -> None:
    """Trees would gain far more than the worth; what ships is readable all the same, and the verdict says what that costs."""
    done = run(wavy(), "answer", explainable=True, budget=1.2, cores=1, out=tmp_path / "run", report=True)
    said = done.verdict["readable_only"]
    assert shelves.shelf("candidates")[done.verdict["chosen"]].facts["readable"]
    assert not shelves.shelf("candidates")[said["best"]].facts.get("readable", False)
    best = max((t for t in done.verdict["trials"] if t["status"] == "ok"), key=lambda t: t["validation"]["value"])
    assert best["key"] == said["trial"] and best["shown"] and said["why"] in done.verdict["sentence"]
    assert said["gain"]["low"] <= said["gain"]["value"] <= said["gain"]["high"]
    validate(done.verdict, json.loads(SCHEMA.read_text(encoding="utf-8")))
    shown = dict(sections.find())["readable"].view(read(tmp_path / "run"))
    assert shown is not None and shown["svg"] and shown["why"] == said["why"]
    assert "What a readable model costs" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_a_bar_that_only_others_meet_does_not_end_the_climb(tmp_path: Path) -> None:
    """And one that a readable model meets does: then nothing else was measured, and that is said."""
    done = run(wavy(), "answer", bar="roc_auc >= 0.3", explainable=True, cores=1, out=tmp_path / "run", report=False)
    assert done.verdict["outcome"] == "met" and done.verdict["readable_only"]["best"] is None
    assert "no other was measured" in done.verdict["sentence"]


@pytest.mark.parametrize(
    "name, value, low, high, words",
    [
        ("roc_auc", 0.012, 0.003, 0.021, "boosted trees would score 0.012 higher (0.003 to 0.021)."),
        ("roc_auc", 0.002, -0.003, 0.007, "so perhaps it costs nothing"),
        ("roc_auc", -0.01, -0.02, 0.0, "costs nothing"),
        ("rmse", 0.12, 0.05, 0.2, "boosted trees would err 12.0 % less (5.0 % to 20.0 %)."),
        ("roc_auc", 0.01, None, None, "too few rows"),
    ],
)
def test_the_cost_in_words(name: str, value: float, low: float | None, high: float | None, words: str) -> None:
    said = wording.of_readable("Boosted trees", Estimate(value, low, high), metric(name))
    assert words in said and said.endswith(".")


# --- explainable boosting ------------------------------------------------------------------------------------------


def test_it_is_tried_only_where_readable_models_are_asked_for() -> None:
    data = load(wavy(60), "answer")
    assert "explainable_boosting" not in {t.candidate for t in families(data)}
    asked = [t for t in families(data, "explainable") if t.candidate == "explainable_boosting"]
    assert len(asked) == 1 and asked[0].readable and asked[0].status in ("planned", "unavailable")


@pytest.mark.parametrize("kind", ["classification", "three", "regression"])
def test_the_curves_answer_as_the_library_does_and_ship_so(
    kind: str, table: Callable[..., pd.DataFrame], tmp_path: Path
) -> None:
    """On the rows learnt from, with gaps and a category never seen; the tables are the library's own, and so is the graph."""
    pytest.importorskip("interpret", reason="interpret-core (extra explain) is not installed")
    from interpret.glassbox import ExplainableBoostingClassifier, ExplainableBoostingRegressor

    data = load(table(200, kind), "answer")
    learn, tune = data.take(np.arange(150)), data.take(np.arange(150, 200))
    family = shelves.load("candidates", "explainable_boosting")
    settings = {**family.portfolio(data.task, 200)[0], "outer_bags": 2}
    model = family.build(data.task, settings, 0).fit(learn, tune, Workspace())
    x = np.hstack([data.tensors["numbers"], data.tensors["codes"]]).astype(np.float64)
    kinds = ["continuous"] * data.tensors["numbers"].shape[1] + ["nominal"] * data.tensors["codes"].shape[1]
    library = ExplainableBoostingClassifier if data.task.labels else ExplainableBoostingRegressor
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = library(feature_types=kinds, random_state=0, n_jobs=1, **settings).fit(x, data.truth)
    odd = x.copy()
    odd[::3, 0], odd[1::3, -1] = np.nan, 0
    for cells in (x, odd):
        tensors = {"numbers": cells[:, :-1].astype(np.float32), "codes": cells[:, -1:].astype(np.int64)}
        features = {name: cells[:, i].astype(f.dtype) for i, (name, f) in enumerate(sorted_features(data))}
        asked = Dataset(data.task, data.examples, None, data.about, data.ids, features)
        said = next(iter(model.predict(asked).values()))
        expected = theirs.predict_proba(cells) if data.task.labels else theirs.predict(cells)
        assert np.abs(said - expected).max() <= 1e-5 * max(1.0, np.abs(expected).max())
        bundle = write.write(tmp_path / "bundle", data.task, model.export(), data, {})
        assert np.abs(next(iter(bundle.run(tensors).values())) - said).max() <= 1e-5


def sorted_features(data: Dataset) -> list[tuple[str, np.ndarray]]:
    """Numbers before codes, as the tensors have them."""
    return sorted(data.features.items(), key=lambda f: f[1].dtype.kind != "f")


def test_with_a_clock_it_stops_by_the_rows_set_aside() -> None:
    pytest.importorskip("interpret", reason="interpret-core (extra explain) is not installed")
    made = wavy(120).assign(when=pd.date_range("2026-01-01", periods=120))
    data = load(made, "answer", time="when")
    family = shelves.load("candidates", "explainable_boosting")
    model = family.build(data.task, {"interactions": 0, "outer_bags": 2, "max_bins": 32}, 0)
    learn, tune = data.take(np.arange(90)), data.take(np.arange(90, 120))
    bags = model._bags(90, 120)
    assert bags.shape == (120, 2) and (bags[:90] == 1).all() and (bags[90:] == -1).all()
    assert np.isfinite(model.fit(learn, tune, Workspace()).predict(data)["probability"]).all()
