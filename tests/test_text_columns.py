"""Free text inside a table: found, learnt, shipped and answered, whatever somebody writes into a cell."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from deepenough import run, shelves, steps
from deepenough.bundle import Bundle
from deepenough.candidates._text import Terms
from deepenough.candidates._trial import Trial, families, predicted_cpu, ship
from deepenough.checks import audit, audit_pair
from deepenough.dataset import Dataset
from deepenough.errors import DataError, DeepEnoughError, FitError
from deepenough.explainers._base import Model
from deepenough.explaining._neighbours import Space
from deepenough.loading import load, load_like
from deepenough.predictions import in_range, predict
from deepenough.rules import attach
from deepenough.rules import read as read_rules
from deepenough.steps._terms import MOST_CHARACTERS, Vocabulary, split, weigh, words
from deepenough.task import Column
from deepenough.workspace import Workspace

SENTENCE = "the parcel came and we were told about it by them on that day with a box of things for our house"
FILLER = SENTENCE.split(" ")


def parcels(n: int = 500, seed: int = 0) -> pd.DataFrame:
    """A number and a category that say nothing, and a note in which one of two words says it all; five notes are empty."""
    rng = np.random.default_rng(seed)
    broken = rng.random(n) < 0.5
    said = np.where(broken, "arrived broken!", "arrived intact.")
    note = [f"{' '.join(rng.choice(FILLER, 8))} {s} {' '.join(rng.choice(FILLER, 3))}" for s in said]
    frame = pd.DataFrame({"size": rng.normal(size=n), "shape": rng.choice(["round", "flat"], n), "note": note})
    frame["answer"] = np.where(broken, "claim", "fine")
    frame.loc[:4, "note"] = None
    return frame


def fitted(data: Dataset, family: str = "linear") -> Any:
    cut = int(0.7 * len(data))
    book = shelves.load("candidates", family)
    parts = np.split(np.arange(len(data)), [cut, cut + len(data) // 10])
    return book.build(data.task, {}, 0).fit(data.take(parts[0]), data.take(parts[1]), Workspace())


def shipped(data: Dataset, folder: Path, family: str = "linear") -> tuple[Any, Bundle]:
    model = fitted(data, family)
    return model, ship(Trial(family, family, 1), model, data, folder / family, 0)


def column(data: Dataset, name: str = "note") -> Column:
    return next(c for c in data.task.columns if c.name == name)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load(parcels(), "answer")


@pytest.fixture(scope="module")
def linear(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Bundle]:
    return shipped(data, tmp_path_factory.mktemp("linear"))


# --- what is text -----------------------------------------------------------------------------------------------------

N = 60


@pytest.mark.parametrize(
    ("cells", "kind", "role"),
    [
        ([f"it took {i} days and nobody called" for i in range(N)], "text", "input"),
        ([f"IT TOOK LONG AND NOBODY CALLED {'AB'[i % 2] * (i + 1)}" for i in range(N)], "text", "input"),
        ([f"配達がとても遅かった{chr(0x4E00 + i)}です" for i in range(N)], "text", "input"),
        ([f"Die Lieferung kam spät und war {'x' * i} kaputt" for i in range(N)], "text", "input"),
        ([f"Van Berg, Mr. Anna {chr(65 + i % 26)}{'b' * i}" for i in range(N)], "text", "about"),
        ([f"{i} Mill Lane, Bath BA1 {i}XY" for i in range(N)], "text", "about"),
        ([f"王小{chr(0x4E00 + i)}" for i in range(N)], "identifier", "key"),
        ([f"K-{i:05d}" for i in range(N)], "identifier", "key"),
        (["came late again", "was not at home", "left with a neighbour"] * 20, "category", "input"),
    ],
)
def test_sentences_are_read_and_names_addresses_and_numbers_are_not(cells: list[str], kind: str, role: str) -> None:
    found = column(
        load(pd.DataFrame({"size": np.linspace(0.0, 1.0, N), "note": cells, "answer": ["a", "b"] * 30}), "answer")
    )
    assert (found.kind, found.role) == (kind, role)
    assert (found.why is None) == (role == "input")


def test_types_force_and_forbid_it() -> None:
    frame = parcels(60)
    assert column(load(frame, "answer", types={"note": "category"})).kind == "high_cardinality"
    frame["note"] = [f"{i} Mill Lane, Bath" for i in range(60)]
    assert column(load(frame, "answer")).role == "about" and "--types note=text" in str(
        column(load(frame, "answer")).why
    )
    assert column(load(frame, "answer", types={"note": "text"})).role == "input"


def test_a_column_that_is_empty_throughout_is_left_out() -> None:
    data = load(parcels().assign(note=None), "answer")
    assert column(data).kind == "constant" and column(data).role == "about"


# --- what counts as a word --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("\x00 \x00", []),
        ("Don't PANIC", ["don", "'", "t", "panic"]),
        ("ﬁne ＡＢＣ Straße ①", ["fine", "abc", "strasse", "1"]),
        ("e\u0301t\u00e9", ["été"]),
        ("مرحبا بكم", ["مرحبا", "بكم"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("北京ok", ["北", "京", "ok"]),
        ("👍👍", ["👍", "👍"]),
        ("a\x00b", ["a", "b"]),
    ],
)
def test_words_of_any_language(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_terms_weigh_what_scikit_learn_says_they_weigh() -> None:
    """Of single words: its `TfidfVectorizer`, sublinear, over the same words."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [*parcels(80)["note"].dropna(), "", "nothing of that"]
    known = Vocabulary.learn(split(texts), 2, 10_000)
    mine = weigh(split(texts), known)
    dense = np.zeros((len(texts), len(known)))
    dense[np.repeat(np.arange(len(texts)), np.diff(mine.starts)), mine.places] = mine.weights
    theirs = TfidfVectorizer(analyzer=words, sublinear_tf=True, vocabulary=list(known.places)[: known.words])
    theirs.fit([t for t in texts if t])
    assert np.allclose(dense[:, : known.words], theirs.transform(texts).toarray(), atol=1e-8)
    lengths = np.linalg.norm(dense[:, known.words :], axis=1)
    assert set(lengths.round(9)) == {0.0, 1.0}


def test_a_term_is_learnt_from_two_texts_of_the_rows_learnt_from(data: Dataset) -> None:
    texts = [["one", "secret"], ["one", "two"], ["two", "two", "one"]]
    assert list(Vocabulary.learn(texts, 2, 10).places) == ["one", "two"]
    assert list(Vocabulary.learn(texts, 2, 1).places) == ["one"]
    assert list(Vocabulary.learn([*texts, ["one", "two"]], 2, 10).places) == ["one", "two", "one two"]
    assert list(Vocabulary.learn([["x" * 500], ["x" * 500]], 2, 10).places) == []
    few = Terms(data.task, data.take(np.arange(5)))  # their notes are empty
    assert few.matrix.shape == (5, 0)


# --- learnt and shipped -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["linear", "gradient_boosting"])
def test_a_signal_that_stands_in_the_text_alone_is_found(family: str, data: Dataset, tmp_path: Path) -> None:
    model, bundle = shipped(data, tmp_path, family)
    rest = data.take(np.arange(400, 500))
    said = model.predict(rest)["probability"]
    assert (said.argmax(axis=1) == rest.truth).mean() >= 0.97
    assert np.abs(bundle.answer(rest.examples)["probability"] - said).max() <= 1e-6
    blind = fitted(load(parcels().drop(columns="note"), "answer"), family)
    assert (blind.predict(rest)["probability"].argmax(axis=1) == rest.truth).mean() < 0.7


def test_families_that_read_no_text_answer_all_the_same(data: Dataset, tmp_path: Path) -> None:
    alone = load(parcels()[["note", "answer"]], "answer")
    for family in ("dummy", "decision_tree", "random_forest"):
        _, bundle = shipped(data, tmp_path, family)
        assert len(bundle.predict(parcels(20))["prediction"]) == 20
        suits = shelves.load("candidates", family).suits
        assert suits(data.task) and suits(alone.task) == (family == "dummy")
    assert (
        len(shipped(alone, tmp_path / "alone", "dummy")[1].predict([{"note": "x"}, {"note": None}])["prediction"]) == 2
    )


@pytest.mark.parametrize("family", ["linear", "gradient_boosting"])
@pytest.mark.parametrize("kind", ["number", "three"])
def test_numbers_and_several_classes_and_two_columns_of_text(family: str, kind: str, tmp_path: Path) -> None:
    frame, other = parcels(400), parcels(400, seed=1)
    claims = (frame["answer"] == "claim").astype(float) + 2.0 * (other["answer"] == "claim")
    frame = frame.assign(
        more=other["note"], answer=claims if kind == "number" else "c" + claims.astype(int).astype(str)
    )
    data = load(frame, "answer", task="regression" if kind == "number" else "classification")
    model, bundle = shipped(data, tmp_path, family)
    rest, other_rest = data.take(np.arange(320, 400)), claims.to_numpy()[320:]
    said = bundle.answer(rest.examples)
    if kind == "number":
        assert np.corrcoef(said["value"], other_rest)[0, 1] > 0.9
    else:
        assert (said["probability"].argmax(axis=1) == rest.truth).mean() > 0.85
    kept = tmp_path / "native"
    kept.mkdir()
    model.keep(kept)
    again = shelves.load("candidates", family).restore(data.task, kept)
    for name, values in model.predict(rest).items():
        assert np.array_equal(again.predict(rest)[name], values)
    terms = again.terms(rest)
    assert terms.shape[1] == len(data.features) + 1
    spread = np.abs(terms[:, :-1]).mean(axis=(0, 2))  # size, shape; note, more
    assert spread[2:].min() > 3 * spread[:2].max()


def test_a_text_alone_is_a_table_too(tmp_path: Path) -> None:
    frame = parcels()[["note", "answer"]]
    for family in ("linear", "gradient_boosting"):
        _, bundle = shipped(load(frame, "answer"), tmp_path, family)
        assert (bundle.predict(frame)["prediction"] == frame["answer"])[5:].mean() > 0.97


def test_texts_without_a_word_in_common_are_a_failed_trial_and_a_sentence() -> None:
    frame = pd.DataFrame(
        {"note": [" ".join(f"{i}x{j}" for j in range(4)) for i in range(100)], "answer": ["a", "b"] * 50}
    )
    with pytest.raises(FitError, match="No word stands in 2 texts"):
        fitted(load(frame, "answer", types={"note": "text"}))


SERVE = """
import json, sys
for name in ("pandas", "scipy", "sklearn", "onnx", "lightgbm", "torch"):
    sys.modules[name] = None
from deepenough.bundle import Bundle
bundle = Bundle.load(sys.argv[1])
print(json.dumps({k: [str(v) for v in vs] for k, vs in bundle.predict(json.loads(sys.argv[2])).items()}))
"""


def test_a_bundle_reads_text_with_numpy_alone(linear: tuple[Any, Bundle]) -> None:
    rows = [{"size": 0.0, "shape": "flat", "note": "It ARRIVED broken!"}, {"size": 0.0, "shape": "flat", "note": None}]
    called = [sys.executable, "-W", "error", "-c", SERVE, str(linear[1].folder), json.dumps(rows)]
    done = subprocess.run(called, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = linear[1].predict(rows)
    assert json.loads(done.stdout) == {k: [str(v) for v in vs] for k, vs in said.items()}
    assert said["prediction"][0] == "claim" and said["probability_claim"][0] > 0.9


def test_files_frames_and_dicts_are_answered_alike(linear: tuple[Any, Bundle], tmp_path: Path) -> None:
    frame = parcels(50, seed=3).drop(columns="answer")
    frame.to_csv(tmp_path / "new.csv", index=False)
    of_file = predict(linear[1], tmp_path / "new.csv")
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    for said in (linear[1].predict(frame), linear[1].predict(rows)):
        assert said["prediction"].tolist() == of_file["prediction"].tolist()
        assert np.allclose(said["probability_claim"], of_file["probability_claim"], atol=1e-6)
    strange = [{"size": 0.1, "shape": "flat", "note": "nobody ever wrote such a thing"}]
    examples = shelves.load("modalities", "tabular").decode(strange, linear[1].task)
    assert in_range(examples, pd.DataFrame(strange), linear[1].task).tolist() == [True]
    with pytest.raises(DataError, match="'note' is missing"):
        linear[1].predict([{"size": 0.1, "shape": "flat"}])


# --- whatever somebody writes -----------------------------------------------------------------------------------------

ODD: list[Any] = [
    "", "   ", "NA", None, float("nan"), "🙂🙃👩‍👩‍👧", "\x00", "broken\x00broken", "\x00" * 1000, "مكسور تماما", "\u202ebroken\u202c",
    "b\u0301roken", "\ud800 broken", "broken " * 1000, "a" + "\u0316\u0301" * 9000, 17, 3.5, True, b"broken", "<b>broken</b>",
    "\ufeffbroken", "ＢＲＯＫＥＮ", "'; DROP TABLE parcels; --",
]  # fmt: skip


@pytest.mark.parametrize("family", ["linear", "gradient_boosting"])
def test_odd_texts_are_answered_alone_as_among_others(family: str, data: Dataset, tmp_path: Path) -> None:
    _, bundle = shipped(data, tmp_path, family)
    rows = [{"size": 0.0, "shape": "flat", "note": text} for text in ODD]
    whole = bundle.predict(rows)
    for i, row in enumerate(rows):
        alone = bundle.predict([row])
        assert abs(alone["probability_claim"][0] - whole["probability_claim"][i]) <= 1e-6
    empty = whole["probability_claim"][:5]
    assert np.ptp(empty) == 0.0
    says_broken = [
        i for i, text in enumerate(ODD) if text in ("broken\x00broken", "\ufeffbroken", "ＢＲＯＫＥＮ", "\ud800 broken")
    ]
    assert (whole["probability_claim"][says_broken] > empty[0]).all()
    with pytest.raises(DataError, match="'note' holds a list or a dict"):
        bundle.predict([{"size": 0.0, "shape": "flat", "note": ["broken"]}])


def test_ten_megabytes_in_a_cell_are_read_up_to_a_limit(data: Dataset, linear: tuple[Any, Bundle]) -> None:
    huge = {"size": 0.0, "shape": "flat", "note": "the parcel " * 1_000_000 + "broken"}
    started = time.process_time()
    said = linear[1].predict([huge])
    assert time.process_time() - started < 1.0
    assert (
        said["probability_claim"]
        == linear[1].predict([{**huge, "note": huge["note"][:MOST_CHARACTERS]}])["probability_claim"]
    )
    frame = parcels(60).assign(note=lambda f: f["note"].fillna("") + " and so on" * 10_000)
    assert max(map(len, load(frame, "answer").features["note"])) <= MOST_CHARACTERS


def test_odd_texts_can_be_learnt_from(tmp_path: Path) -> None:
    frame = parcels(300)
    odd = [t for t in ODD if isinstance(t, str)]
    frame["note"] = [f"{note or ''} {odd[i % len(odd)]}" for i, note in enumerate(frame["note"])]
    data = load(frame, "answer")
    _, bundle = shipped(data, tmp_path)
    assert (bundle.predict(frame)["prediction"] == frame["answer"]).mean() > 0.9
    assert len(np.unique(data.ids)) == len(data)


def test_one_row_of_thirty_words_takes_a_fraction_of_a_millisecond(linear: tuple[Any, Bundle]) -> None:
    text = np.array([" ".join(np.resize(FILLER, 30))], dtype=object)
    files = {name: (linear[1].folder / "steps" / name).read_bytes() for name in ("terms-0.json", "terms-0.npy")}
    spent = []
    for _ in range(200):
        started = time.perf_counter()
        steps.run(linear[1].steps, {"note": text}, files)
        spent.append(time.perf_counter() - started)
    assert min(spent) < 0.0002  # 0.04 ms where nothing else runs


# --- audit, explanation, rules ----------------------------------------------------------------------------------------


def test_checks_look_past_texts_but_count_them(data: Dataset) -> None:
    said = audit(data)
    assert [f.code for f in said.findings] == ["DE005"] and "'note'" in said.findings[0].message
    assert audit_pair(data.take(np.arange(250)), data.take(np.arange(250, 500))).findings == []
    alone = audit(load(parcels()[["note", "answer"]].iloc[5:], "answer"))
    assert {f.code for f in alone.findings if f.severity != "note"} <= {"DE007"}
    twice = pd.concat([parcels()[5:], parcels()[5:105]])
    codes = {f.code for f in audit(load(twice, "answer")).findings}
    assert "DE001" in codes
    texts = parcels()[["note", "answer"]][5:]
    copies = [f for f in audit(load(pd.concat([texts, texts[:20]]), "answer")).findings if f.code == "DE001"]
    assert "20 of 515 rows" in copies[0].message and "repeat an earlier row" in copies[0].message
    changed = parcels()[5:105].assign(note=lambda f: f["note"] + " too")
    found = {f.code for f in audit(load(pd.concat([parcels()[5:], changed]), "answer")).findings}
    assert found.isdisjoint({"DE001", "DE002", "DE015"})


def explaining(data: Dataset, family: str, folder: Path) -> Model:
    model, bundle = shipped(data, folder, family)
    (folder / "native").mkdir()
    model.keep(folder / "native")
    return Model(bundle, family, folder / "native", data.take(np.arange(300)), shelves.load("metrics", "roc_auc"))


@pytest.mark.parametrize("family", ["linear", "gradient_boosting"])
def test_a_text_is_explained_as_one_column(family: str, data: Dataset, tmp_path: Path) -> None:
    model, rows = explaining(data, family, tmp_path), data.take(np.arange(400, 460))
    worth = shelves.load("explainers", "permutation").explain(model, rows).groups
    assert worth[0]["columns"] == ["note"] and worth[0]["value"] > 0.3
    for name in ("permutation", "exact_shapley", "sampled_shapley", "partial_dependence"):
        shelves.load("explainers", name).prove(model, rows.take(np.arange(3)))
    exact = shelves.load("explainers", "exact_shapley").explain(model, rows)
    assert set(exact.columns) == {"size", "shape", "note"}
    assert np.abs(exact.values).mean(axis=(0, 2)).argmax() == exact.columns.index("note")


def test_the_rows_most_alike_share_the_most_words() -> None:
    frame = parcels(200)[["note", "answer"]]
    frame.loc[[50, 150], "note"] = ["a cat sat on the red mat", "the cat sat on a RED mat!"]
    data = load(frame, "answer")
    space = Space(data.task, data)
    (at, away), (_, next_away), *_ = space.nearest(data.take(np.array([50])), but=50)
    assert at == 150 and away < 0.2 < next_away
    empty = data.take(np.array([0]))
    assert space.distances(empty, data)[:5].tolist() == [0.0] * 5 and space.far() <= 1.0


def test_a_rule_cannot_compare_a_text(data: Dataset) -> None:
    rules = read_rules("[[rule]]\nwhen = \"note == 'broken'\"\nthen = 'claim'\n")
    with pytest.raises(DeepEnoughError, match="'note' is free text, which no rule compares"):
        attach(data, rules)


def test_a_text_costs_what_many_numbers_cost(data: Dataset) -> None:
    boosting = next(f for f in families(data) if f.candidate == "gradient_boosting")
    plain = load(parcels().drop(columns="note"), "answer")
    assert predicted_cpu(boosting, data) > 1.5 * predicted_cpu(boosting, plain)


# --- the whole road ---------------------------------------------------------------------------------------------------


def test_a_run_ends_at_the_linear_model_and_says_what_it_read(tmp_path: Path) -> None:
    frame = parcels(400).assign(where=[f"{i} Mill Lane, Bath" for i in range(400)])
    done = run(frame, "answer", bar="accuracy >= 0.85", cores=1, out=tmp_path / "run")
    assert done.verdict["chosen"] == "linear" and done.verdict["outcome"] == "met"
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "Read as free text" in page and "reads like names or addresses" in page
    bundle = Bundle.load(tmp_path / "run" / "bundle")
    assert bundle.size_bytes > (bundle.folder / "steps" / "terms-0.json").stat().st_size
    assert bundle.predict(parcels(30, seed=8)[5:])["prediction"].tolist() == parcels(30, seed=8)["answer"][5:].tolist()


@pytest.mark.data
@pytest.mark.parametrize(("name", "least"), [("trec_questions", 0.882), ("food_reviews", 0.79)])
def test_real_texts_are_read_as_well_as_by_scikit_learn(name: str, least: float) -> None:
    import os

    folder = Path(os.environ["DEEPENOUGH_DATA"]) / name
    train = load(folder / "train.csv", "label")
    test = load_like(train.task, folder / "test.csv")
    order = np.random.default_rng(0).permutation(len(train))
    learn, tune = np.split(order, [int(0.8 * len(order))])
    model = shelves.load("candidates", "linear").build(train.task, {}, 0)
    model.fit(train.take(learn), train.take(tune), Workspace())
    assert (model.predict(test)["probability"].argmax(axis=1) == test.truth).mean() >= least
