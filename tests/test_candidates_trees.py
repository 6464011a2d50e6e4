"""The families of trees: what only they can get wrong, and that they ship exactly what their libraries trained."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier
from test_candidates import fit, odd_tables, said, shipped

from deepenough import shelves
from deepenough.bundle._trees import tables
from deepenough.candidates import random_forest as forest_module
from deepenough.candidates._tree_graph import LEAF, Tree, sum_of
from deepenough.candidates._trees import Ranks
from deepenough.candidates._trial import families
from deepenough.candidates.decision_tree import DEPTH, fewest_digits
from deepenough.dataset import Dataset
from deepenough.export import parity
from deepenough.export.graph import Graph
from deepenough.loading import load
from deepenough.workspace import Workspace

Table = Callable[..., pd.DataFrame]
FAMILIES = ("decision_tree", "random_forest", "xgboost", "catboost")
LIBRARY = {"xgboost": "xgboost", "catboost": "catboost"}


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if name in LIBRARY:
        pytest.importorskip(LIBRARY[name], reason=f"{LIBRARY[name]} is not installed")
    return name


def again(name: str, data: Dataset, seed: int = 0, threads: int = 1) -> Any:
    """Fit a family on the first three quarters, tuned on the last."""
    candidate, cut = shelves.load("candidates", name), 3 * len(data) // 4
    settings = candidate.portfolio(data.task, len(data))[0]
    learn, tune = data.take(np.arange(cut)), data.take(np.arange(cut, len(data)))
    return candidate.build(data.task, settings, seed).fit(learn, tune, Workspace(threads=threads))


# --- all -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", list(odd_tables()))
def test_odd_tables_are_learnt_and_shipped(family: str, frame: pd.DataFrame, tmp_path: Path) -> None:
    data = load(frame, "answer")
    model = fit(family, data)
    assert np.isfinite(said(model.predict(data))).all()
    parity.prove(model.predict, shipped(model, data, tmp_path), data)


@pytest.mark.parametrize(
    ("learnt", "tuned"), [([0, 1], [0, 1, 2]), ([1, 2], [0, 1, 2]), ([0], [0, 1]), ([1], [1]), ([0, 1, 2], [2])]
)
def test_classes_that_are_not_in_every_part(
    family: str, learnt: list[int], tuned: list[int], table: Table, tmp_path: Path
) -> None:
    data = load(table(400, "three"), "answer")
    pick = [np.flatnonzero(np.isin(data.truth, classes)) for classes in (learnt, tuned)]
    model = fit(family, data.take(pick[0][:200]), data.take(pick[1][-60:]))
    answer = said(model.predict(data))
    assert answer.shape == (400, 3) and np.abs(answer.sum(axis=1) - 1).max() < 1e-5
    unknown = sorted({0, 1, 2} - set(learnt) - set(tuned))
    assert (answer[:, unknown] < 0.05).all()
    parity.prove(model.predict, shipped(model, data, tmp_path), data)


@pytest.mark.parametrize("only", [0, 1])
def test_one_of_two_classes_alone_is_as_good_as_sure(
    family: str, only: int, churn: pd.DataFrame, tmp_path: Path
) -> None:
    data = load(churn, "answer")
    learn = data.take(np.flatnonzero(data.truth == only)[:120])
    model = fit(family, learn)
    assert (said(model.predict(data))[:, only] > 0.95).all()
    parity.prove(model.predict, shipped(model, data, tmp_path), data)


@pytest.mark.parametrize("kind", ["classification", "three", "regression"])
def test_without_a_split_it_is_a_constant(family: str, kind: str, table: Table, tmp_path: Path) -> None:
    data = load(table(80, kind), "answer")
    empty = {k: np.zeros_like(v) for k, v in data.features.items()}
    flat = Dataset(data.task, data.examples, data.target, data.about, data.ids, empty)
    model = fit(family, flat)
    answer = said(model.predict(flat))
    usual = np.bincount(data.truth) / len(data) if data.task.labels else data.truth.mean()
    assert np.ptp(answer, axis=0).max() == 0 and np.allclose(answer[0], usual, atol=0.03)
    parity.prove(model.predict, shipped(model, flat, tmp_path), data)


def on_the_boundaries(graph: bytes, base: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Rows whose numbers lie on a split of the graph, and on the float32 numbers on both sides of it, or are missing."""
    onnx = pytest.importorskip("onnx")
    places = {
        (int(feature), float(split))
        for _, found in tables(onnx.load_from_string(graph).graph)
        for feature, split in zip(found["nodes_featureids"], found["nodes_splits"], strict=True)
        if feature < base["numbers"].shape[1]
    }
    rows = {name: values[np.arange(4 * len(places)) % len(values)].copy() for name, values in base.items()}
    for i, (feature, split) in enumerate(sorted(places)):
        near, far = np.float32(split), np.float32(3e38)
        around = (near, np.nextafter(near, -far), np.nextafter(near, far), np.nan)
        rows["numbers"][4 * i : 4 * i + 4, feature] = around
    return rows


def of_tensors(data: Dataset, tensors: dict[str, np.ndarray]) -> Dataset:
    """A dataset of these tensors, for a model to answer."""
    columns = {"f": iter(tensors["numbers"].T), "i": iter(tensors["codes"].T)}
    features = {name: next(columns[values.dtype.kind]) for name, values in data.features.items()}
    n = len(tensors["numbers"])
    return Dataset(data.task, data.examples.take(np.zeros(n, int)), None, data.about, np.zeros(n, np.uint64), features)


def test_it_ships_exactly_on_the_boundaries(family: str, learnable: Dataset, tmp_path: Path) -> None:
    """Where the library says x < t, or t is a double: on every row that could tell, the graph agrees."""
    model = fit(family, learnable)
    bundle = shipped(model, learnable, tmp_path)
    rows = on_the_boundaries(model.export().graph, learnable.tensors)
    assert len(rows["numbers"]) >= 8
    expected, got = said(model.predict(of_tensors(learnable, rows))), said(bundle.run(rows))
    assert np.abs(got - expected).max() <= 1e-5 * max(1.0, np.abs(expected).max())


def test_a_category_is_no_number(family: str, tmp_path: Path) -> None:
    """Twelve categories, of which those of odd number mean yes: no order of codes would tell."""
    rng = np.random.default_rng(0)
    town = rng.integers(0, 12, 1200)
    answer = np.where(town % 2, "yes", "no")
    data = load(
        pd.DataFrame({"town": [f"t{t:02}" for t in town], "x": rng.normal(size=1200), "answer": answer}), "answer"
    )
    model = fit(family, data)
    right = (said(model.predict(data)).argmax(axis=1) == data.truth).mean()
    assert right > (0.85 if family == "decision_tree" else 0.99)  # five questions tell five towns from the rest
    bundle = shipped(model, data, tmp_path)
    never_seen = bundle.predict([{"town": "nowhere", "x": 0.0}, {"town": None, "x": None}])
    assert np.isfinite(never_seen["probability_yes"]).all()


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_the_number_of_threads_changes_nothing(family: str, kind: str, table: Table) -> None:
    data = load(table(1500, kind), "answer")
    one, two = (said(again(family, data, threads=t).predict(data)) for t in (1, 2))
    assert (one == two).all()


def test_large_numbers_far_from_zero_keep_their_digits(family: str, tmp_path: Path) -> None:
    """A target that single precision hardly holds: what is learnt is its spread, not its size."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=600)
    frame = pd.DataFrame({"x": x, "z": rng.normal(size=600), "answer": 1e6 + np.where(x > 0, 40.0, -40.0)})
    data = load(frame, "answer", task="regression")
    model = fit(family, data)
    assert np.abs(said(model.predict(data)) - data.truth).mean() < 8.0
    parity.prove(model.predict, shipped(model, data, tmp_path), data)


def test_what_is_not_installed_is_a_row_that_names_the_extra(
    churn: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        shelves.Book, "missing", lambda book: [r for r in book.facts.get("requires", ()) if r in LIBRARY]
    )
    rows = {t.candidate: t for t in families(load(churn, "answer"))}
    for name, library in LIBRARY.items():
        assert rows[name].status == "unavailable"
        assert f"needs {library}" in str(rows[name].reason) and "deepenough[boost]" in str(rows[name].reason)


def test_a_number_that_many_trees_sum_to_keeps_its_digits() -> None:
    """Six hundred stumps of values a thousand large that all but cancel: summed a few at a time, and then in double."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(200, 1)).astype(np.float32)
    trees, exact = [], np.zeros(200)
    for split in rng.normal(size=600).astype(np.float32):
        said = np.float32(1000.0 * rng.normal(size=3)).astype(np.float64)
        exact += np.where(x[:, 0] <= split, said[1], said[2])
        trees.append(
            Tree(
                np.array([0, LEAF, LEAF]),
                np.array([split, 0, 0]),
                np.zeros(3, bool),
                np.array([1, 0, 0]),
                np.array([2, 0, 0]),
                said[:, None],
            )
        )
    off = {}
    for careful in (False, True):
        graph = Graph({"numbers": 1})
        graph.add("Squeeze", sum_of(graph, "numbers", trees, careful), graph.constant(np.array([1])), output="value")
        session = onnxruntime.InferenceSession(graph.finish(["value"], None), providers=["CPUExecutionProvider"])
        off[careful] = np.abs(session.run(None, {"numbers": x})[0] - exact).max()
    assert off[True] < off[False] / 2


# --- categories by their order -------------------------------------------------------------------------------------


def test_categories_stand_in_the_order_of_what_they_say() -> None:
    rng = np.random.default_rng(1)
    town = rng.integers(0, 6, 3000)
    means = np.array([5.0, -2.0, 9.0, 0.0, 3.0, -7.0])
    frame = pd.DataFrame(
        {"town": [f"t{t}" for t in town], "x": 0.0 + town, "answer": means[town] + rng.normal(size=3000)}
    )
    data = load(frame, "answer")
    ranks = Ranks(data.tensors["codes"], data.truth, data.task)
    assert np.argsort(ranks.tables[0][1:]).tolist() == np.argsort(means).tolist()


def test_rare_categories_share_a_place(table: Table) -> None:
    """Seven rows are no place of their own, and a category that was not there stands with the rare."""
    frame = table(600, "three")
    frame.loc[:6, "town"], frame.loc[7:11, "town"] = "Aalen", "Zeitz"
    data = load(frame, "answer")
    towns = next(c for c in data.task.inputs if c.name == "town").categories
    places = dict(
        zip(("", *towns), Ranks(data.tensors["codes"], data.truth, data.task).tables[0].tolist(), strict=True)
    )
    assert places["Aalen"] == places["Zeitz"] == places[""] and len(set(places.values())) == 4


# --- the small tree ------------------------------------------------------------------------------------------------


def follow(node: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """Walk a described tree as a person would, with the row's own values."""
    while "column" in node:
        value, (word, _, what) = row[node["column"]], node["test"].partition(" ")
        if word == "is":
            known = {True: "true", False: "false"}.get(value, value)
            yes = known == what
        else:
            yes = (
                node["missing"] == "yes" if value is None or value != value else float(np.float32(value)) <= float(what)
            )
        node = node["yes" if yes else "no"]
    return node


def test_a_person_who_reads_the_tree_says_what_it_says(learnable: Dataset, table: Table) -> None:
    kind = {0: "regression", 2: "classification", 3: "three"}[len(learnable.task.labels)]
    model = fit("decision_tree", learnable)
    printed, answer = json.loads(json.dumps(model.describe())), said(model.predict(learnable))
    for i, row in enumerate(table(kind=kind).to_dict("records")):
        leaf = follow(printed, row)
        if learnable.task.labels:
            best = int(answer[i].argmax())
            assert leaf["prediction"] == learnable.task.labels[best] and leaf["share"] == pytest.approx(
                answer[i, best], abs=1e-5
            )
        else:
            assert leaf["value"] == pytest.approx(answer[i], rel=1e-5)


def nodes(tree: dict[str, Any], depth: int = 0) -> list[tuple[int, dict[str, Any]]]:
    below = [n for side in ("yes", "no") if side in tree for n in nodes(tree[side], depth + 1)]
    return [(depth, tree), *below]


def test_the_tree_is_small_and_speaks_of_columns_and_categories(churn: pd.DataFrame) -> None:
    model = fit("decision_tree", load(churn, "answer"))
    found = nodes(model.describe())
    asked = {(n["column"], n["test"].split(" ")[0]) for _, n in found if "column" in n}
    assert max(depth for depth, _ in found) <= DEPTH and min(n["rows"] for _, n in found) >= 10
    assert ("town", "is") in asked and ("age", "<=") in asked
    assert any(n.get("test") == "is Kiel" for _, n in found)
    for _, n in found:
        if "column" in n:
            assert n["rows"] == n["yes"]["rows"] + n["no"]["rows"]


def test_the_tree_is_scikit_learns_but_for_rounded_thresholds(churn: pd.DataFrame) -> None:
    """With nothing pruned, the rows it learnt from fall as in the library's own tree of the same depth."""
    frame = churn.drop(columns="town")
    data = load(frame, "answer")
    model = fit("decision_tree", data)
    model._penalty = lambda *_: 0.0
    model.fit(data.take(np.arange(300)), data.take(np.arange(300, 400)), Workspace())
    x = data.tensors["numbers"]
    theirs = DecisionTreeClassifier(max_depth=DEPTH, min_samples_leaf=10, random_state=0).fit(x, data.truth)
    leaves, their_leaves = model._leaves(data.tensors), theirs.apply(x)
    assert len(set(zip(leaves, their_leaves, strict=True))) == len(set(leaves)) == len(set(their_leaves)) > 5


def test_noise_grows_no_tree(churn: pd.DataFrame) -> None:
    frame = churn.assign(answer=np.random.default_rng(4).permutation(churn["answer"].to_numpy()))
    assert fit("decision_tree", load(frame, "answer")).tree.leaf.sum() <= 4


def test_what_is_kept_is_the_tree_itself(learnable: Dataset, tmp_path: Path) -> None:
    model = fit("decision_tree", learnable)
    model.keep(tmp_path)
    assert json.loads((tmp_path / "tree.json").read_text()) == json.loads(json.dumps(model.describe()))
    restored = shelves.load("candidates", "decision_tree").restore(learnable.task, tmp_path)
    assert (said(restored.predict(learnable)) == said(model.predict(learnable))).all()
    assert restored.export().graph == model.export().graph and restored.describe() == model.describe()


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (12.0, 13.0, 12.0),
        (11.0, 14.0, 12.0),
        (0.1234, 0.1291, 0.126),
        (-1500.0, 980.0, 0.0),
        (99.0, 101.0, 100.0),
        (0.0, 1e-20, 0.0),
    ],
)
def test_a_threshold_has_few_digits(low: float, high: float, expected: float) -> None:
    got = fewest_digits(low, high)
    assert low <= got < high and got == expected


# --- the forest ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["two", "six", "number"])
def test_the_graph_of_a_forest_stays_under_five_megabytes(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noise, and leaves of one row: left to itself such a forest would take three to ten times as much."""
    monkeypatch.setattr(forest_module, "LEAST_ROWS", (1,))
    monkeypatch.setattr(forest_module, "TREES_TO_CHOOSE", 1)
    rng = np.random.default_rng(0)
    n = 5000
    answers = {"two": rng.choice(["a", "b"], n), "six": rng.choice(list("abcdef"), n), "number": rng.normal(size=n)}
    frame = pd.DataFrame(rng.normal(size=(n, 4)), columns=list("wxyz")).assign(answer=answers[kind])
    data = load(frame, "answer")
    model = again("random_forest", data)
    assert 1_500_000 < len(model.export().graph) <= 5_000_000
    parity.prove(model.predict, shipped(model, data, tmp_path), data.take(np.arange(200)))


def test_a_forest_is_the_mean_of_its_trees_and_of_the_shares(churn: pd.DataFrame) -> None:
    data = load(churn, "answer")
    model = fit("random_forest", data)
    theirs = model.forest.predict_proba(model.ranks.matrix(data.tensors))
    usual = np.bincount(data.truth) / len(data)
    trees = len(model.forest.estimators_)
    assert np.allclose(said(model.predict(data)), (trees * theirs + 0.2 * usual) / (trees + 0.2), atol=1e-6)


# --- XGBoost and CatBoost ------------------------------------------------------------------------------------------


def test_xgboost_is_restored_and_says_its_terms(learnable: Dataset, tmp_path: Path) -> None:
    pytest.importorskip("xgboost")
    model = fit("xgboost", learnable)
    model.keep(tmp_path)
    restored = shelves.load("candidates", "xgboost").restore(learnable.task, tmp_path)
    answer = said(model.predict(learnable))
    assert (said(restored.predict(learnable)) == answer).all()
    raw = restored.terms(learnable).sum(axis=1)
    assert restored.terms(learnable).shape[1] == len(learnable.features) + 1
    if not learnable.task.labels:
        assert np.allclose(raw[:, 0], answer, atol=1e-4)
    elif raw.shape[1] == 1:
        assert np.allclose(1.0 / (1.0 + np.exp(-raw[:, 0])), answer[:, 1], atol=1e-4)
    else:
        assert np.allclose(np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True), answer, atol=1e-4)


def test_catboost_leaves_nothing_behind(churn: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("catboost")
    monkeypatch.chdir(tmp_path)
    fit("catboost", load(churn, "answer")).export()
    assert list(tmp_path.iterdir()) == []


# --- real tables ---------------------------------------------------------------------------------------------------


@pytest.mark.data
@pytest.mark.parametrize("name", ["german_credit", "house_prices"])
def test_on_a_real_table_it_beats_one_question(family: str, name: str, tmp_path: Path) -> None:
    target, roles = {"german_credit": ("risk", {"positive": "bad"}), "house_prices": ("SalePrice", {})}[name]
    data = load(Path(os.environ["DEEPENOUGH_DATA"]) / name / "data.csv", target, **roles)
    cut = np.arange(len(data)) < 0.75 * len(data)
    learn, rest = data.take(np.flatnonzero(cut)), data.take(np.flatnonzero(~cut))
    model = fit(family, learn)
    metric = shelves.load("metrics", "log_loss" if data.task.labels else "rmse")
    dummy, ours = (metric.evidence(rest.truth, m.predict(rest)) for m in (fit("dummy", learn), model))
    assert metric.gain(dummy, ours).low > 0.0
    parity.prove(model.predict, shipped(model, data, tmp_path), data)
