"""The families themselves: what the conformance suite cannot know, because only this model can be wrong this way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from deepenough import shelves
from deepenough.bundle import Bundle
from deepenough.candidates import linear as linear_module
from deepenough.candidates._tree_graph import floor32
from deepenough.dataset import Dataset
from deepenough.export import parity, write
from deepenough.loading import load
from deepenough.workspace import Workspace

Table = Callable[..., pd.DataFrame]
FAMILIES = ["dummy", "linear", "gradient_boosting"]


def fit(name: str, learn: Dataset, tune: Dataset | None = None) -> Any:
    """Fit a family's default setting; without rows to tune on, on the last quarter of those to learn from."""
    cut = 3 * len(learn) // 4
    first, last = (
        (learn, tune) if tune is not None else (learn.take(np.arange(cut)), learn.take(np.arange(cut, len(learn))))
    )
    candidate = shelves.load("candidates", name)
    return candidate.build(learn.task, candidate.portfolio(learn.task, len(learn))[0], 0).fit(first, last, Workspace())


def shipped(model: Any, rows: Dataset, folder: Path) -> Bundle:
    return write.write(folder / "bundle", rows.task, model.export(), rows, {})


def said(answer: dict[str, np.ndarray]) -> np.ndarray:
    return next(iter(answer.values())).astype(float)


# --- dummy ---------------------------------------------------------------------------------------------------------


def test_dummy_says_the_shares_or_the_mean(learnable: Dataset) -> None:
    answer = said(fit("dummy", learnable).predict(learnable))
    truth = learnable.truth
    expected = np.bincount(truth) / len(truth) if learnable.task.labels else truth.mean()
    assert np.allclose(answer, expected, atol=1e-6)


# --- linear --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["classification", "three", "regression"])
def test_linear_is_the_plain_pipeline(kind: str, table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing missing, rare or far away it is what anybody would write with scikit-learn, at the same penalty."""
    monkeypatch.setattr(linear_module, "STRENGTHS", (1.0,))
    monkeypatch.setattr(linear_module, "PENALTIES", (1.0,))
    frame = table(600, kind)
    frame["age"], frame["income"] = (
        frame["age"].fillna(40.0).clip(22.0, 58.0).astype(np.float32),
        frame["income"].rank(),
    )
    data = load(frame, "answer")
    ours = said(fit("linear", data).predict(data))
    columns = make_column_transformer((StandardScaler(), ["age", "income", "member"]), (OneHotEncoder(), ["town"]))
    model = Ridge(alpha=1.0) if kind == "regression" else LogisticRegression(C=1.0, tol=1e-8, max_iter=1000)
    pipeline = make_pipeline(columns, model).fit(frame, data.truth)
    theirs = pipeline.predict(frame) if kind == "regression" else pipeline.predict_proba(frame)
    assert np.abs(ours - theirs).max() < 2e-4


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_linear_loses_nothing_to_a_fixed_penalty(kind: str, table: Table) -> None:
    """The penalty that it chooses is no worse, on rows it has not seen, than the one people leave as it is."""
    data, fresh = load(table(400, kind), "answer"), load(table(4000, kind, seed=1), "answer")
    answer = said(fit("linear", data).predict(fresh))
    frame, later = table(400, kind).fillna({"age": 40.0}), table(4000, kind, seed=1).fillna({"age": 40.0})
    columns = make_column_transformer((StandardScaler(), ["age", "income", "member"]), (OneHotEncoder(), ["town"]))
    model = make_pipeline(columns, Ridge() if kind == "regression" else LogisticRegression()).fit(frame, data.truth)
    theirs = model.predict(later) if kind == "regression" else model.predict_proba(later)
    assert loss(answer, fresh.truth) <= loss(theirs, fresh.truth) * 1.01


def loss(answer: np.ndarray, truth: np.ndarray) -> float:
    if answer.ndim == 1:
        return float(np.mean((answer - truth) ** 2))
    return float(-np.log(answer[np.arange(len(truth)), truth]).mean())


def odd_tables() -> Iterator[Any]:
    """Tables that are hard on arithmetic, each with two classes and as a number."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=240)
    answer = np.where(x + 0.3 * rng.normal(size=240) > 0, "yes", "no")
    worlds = {
        "numbers alone": {"a": x, "b": rng.normal(size=240)},
        "categories alone": {"a": np.where(x > 0, "up", "down"), "b": rng.choice(["p", "q", "r"], 240)},
        "the same column twice": {"a": x, "b": x, "c": -x},
        "huge and tiny": {"a": 1e30 * x, "b": 1e-30 * x, "c": 1e6 + x / 100},
        "nearly all missing": {"a": np.where(rng.random(240) < 0.97, np.nan, x), "b": x},
        "one far away": {"a": np.where(np.arange(240) == 3, 1e9, x), "b": x},
        "many categories": {"a": [f"v{i % 79}" for i in range(240)], "b": x},
        "as good as known": {"a": np.where(answer == "yes", 1.5, -1.5) + 0.01 * x, "b": x},
    }
    for name, columns in worlds.items():
        yield pytest.param(pd.DataFrame(columns).assign(answer=answer), id=f"{name}-classes")
        yield pytest.param(pd.DataFrame(columns).assign(answer=3000 + 17.5 * x), id=f"{name}-number")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("frame", list(odd_tables()))
def test_odd_tables_are_learnt_and_shipped(family: str, frame: pd.DataFrame, tmp_path: Path) -> None:
    data = load(frame, "answer")
    model = fit(family, data)
    assert np.isfinite(said(model.predict(data))).all()
    parity.prove(model.predict, shipped(model, data, tmp_path), data)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("learnt", "tuned"), [([0, 1], [0, 1, 2]), ([1, 2], [0, 1, 2]), ([0], [0, 1]), ([1], [1]), ([0, 1, 2], [2])]
)
def test_classes_that_are_not_in_every_part(
    family: str, learnt: list[int], tuned: list[int], table: Table, tmp_path: Path
) -> None:
    """A part may lack a class: its probability is small, the others are right, and the model ships."""
    data = load(table(400, "three"), "answer")
    pick = [np.flatnonzero(np.isin(data.truth, classes)) for classes in (learnt, tuned)]
    learn, tune = data.take(pick[0][:200]), data.take(pick[1][-60:])
    model = fit(family, learn, tune)
    answer = said(model.predict(data))
    assert answer.shape == (400, 3) and np.abs(answer.sum(axis=1) - 1).max() < 1e-5
    unknown = sorted({0, 1, 2} - set(learnt) - set(tuned))
    assert (answer[:, unknown] < 0.05).all()
    parity.prove(model.predict, shipped(model, data, tmp_path), data)


# --- boosted trees -------------------------------------------------------------------------------------------------


def thresholds(booster: lightgbm.Booster) -> Iterator[tuple[int, float]]:
    """Yield (feature, threshold) of every numeric split."""
    waiting = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    while waiting:
        node = waiting.pop()
        if "split_feature" in node:
            if node["decision_type"] == "<=":
                yield node["split_feature"], node["threshold"]
            waiting += [node["left_child"], node["right_child"]]


def on_the_boundaries(booster: lightgbm.Booster, base: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rows whose cells lie on a split, and on the float32 numbers on both sides of it."""
    places = sorted(set(thresholds(booster)))
    rows = np.arange(3 * len(places)) % len(base["numbers"])
    tensors = {name: values[rows].copy() for name, values in base.items()}
    for i, (feature, threshold) in enumerate(places):
        near = np.float32(threshold)
        for j, value in enumerate(
            (near, np.nextafter(near, np.float32(-np.inf)), np.nextafter(near, np.float32(np.inf)))
        ):
            tensors["numbers"][3 * i + j, feature] = value
    return tensors


def booster_says(model: Any, tensors: dict[str, np.ndarray]) -> np.ndarray:
    raw = np.asarray(model.booster.predict(np.hstack([tensors["numbers"], tensors["codes"]]).astype(np.float64)))
    return raw if raw.ndim == 2 or not model.task.labels else np.stack([1 - raw, raw], axis=1)


def test_trees_ship_exactly_on_the_boundaries(learnable: Dataset, tmp_path: Path) -> None:
    """LightGBM compares in double, the graph in single precision: on every row that could tell, they agree."""
    model = fit("gradient_boosting", learnable)
    tensors = on_the_boundaries(model.booster, learnable.tensors)
    assert len(tensors["numbers"]) > 100
    assert_shipped_alike(model, tensors, shipped(model, learnable, tmp_path))


def assert_shipped_alike(model: Any, tensors: dict[str, np.ndarray], bundle: Bundle) -> None:
    expected, got = booster_says(model, tensors), said(bundle.run(tensors))
    assert np.abs(got - expected).max() <= 1e-5 * max(1.0, np.abs(expected).max())


def test_trees_ship_exactly_where_cells_are_missing_or_unseen(learnable: Dataset, tmp_path: Path) -> None:
    """Missing in a column where some were missing in training (age), and in those where none was; codes never seen."""
    model = fit("gradient_boosting", learnable)
    tensors = {name: values.repeat(4, axis=0) for name, values in learnable.tensors.items()}
    for i in range(tensors["numbers"].shape[1]):
        tensors["numbers"][i::4, i] = np.nan
    tensors["codes"][::3] = 0
    tensors["codes"][1::3] = 99
    assert_shipped_alike(model, tensors, shipped(model, learnable, tmp_path))


def test_trees_ship_exactly_at_zero_and_beyond(learnable: Dataset, tmp_path: Path) -> None:
    model = fit("gradient_boosting", learnable)
    tensors = {name: values.repeat(6, axis=0)[:600] for name, values in learnable.tensors.items()}
    for i, value in enumerate((0.0, -0.0, 1e-36, -1e-36, 3.4e38, -3.4e38)):
        tensors["numbers"][i::6] = value
    assert_shipped_alike(model, tensors, shipped(model, learnable, tmp_path))


@pytest.mark.parametrize("kind", ["classification", "three", "regression"])
def test_trees_without_a_split_are_a_constant(kind: str, table: Table, tmp_path: Path) -> None:
    """Where nothing can be split the model is what dummy says, and ships."""
    data = load(table(60, kind), "answer")
    flat = Dataset(
        data.task,
        data.examples,
        data.target,
        data.about,
        data.ids,
        {k: np.zeros_like(v) for k, v in data.features.items()},
    )
    model = fit("gradient_boosting", flat)
    assert np.ptp(said(model.predict(flat)), axis=0).max() == 0
    parity.prove(model.predict, shipped(model, flat, tmp_path), data)


def test_trees_read_a_category_as_a_set(tmp_path: Path) -> None:
    """Twelve categories, of which those of odd number mean yes: no order of codes would tell."""
    rng = np.random.default_rng(0)
    town = rng.integers(0, 12, 800)
    answer = np.where(town % 2, "yes", "no")
    data = load(
        pd.DataFrame({"town": [f"t{t:02}" for t in town], "x": rng.normal(size=800), "answer": answer}), "answer"
    )
    model = fit("gradient_boosting", data)
    assert (said(model.predict(data)).argmax(axis=1) == data.truth).mean() > 0.99
    bundle = shipped(model, data, tmp_path)
    parity.prove(model.predict, bundle, data)
    assert bundle.predict([{"town": "t07", "x": 0.0}, {"town": "t08", "x": 0.0}])["prediction"].tolist() == [
        "yes",
        "no",
    ]
    never_seen = bundle.predict([{"town": "nowhere", "x": 0.0}])
    assert np.isfinite(never_seen["probability_yes"]).all()


def test_a_threshold_is_rounded_down() -> None:
    assert floor32(0.1) < 0.1 and floor32(0.5) == 0.5 and floor32(-0.1) < -0.1
    assert np.isfinite(floor32(1e300)) and np.isfinite(floor32(-1e300))
