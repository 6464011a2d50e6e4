"""Somebody else's predictions on the sealed rows of a run: judged as they are, counted as a look, refused by the row."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from calling import call, must_be_refusal, people, untouched

import deepenough as de
from deepenough.errors import BarError, DataError, DeepEnoughError, SealError, SettingError
from deepenough.judging import Judgement, judge
from deepenough.ledger import Ledger
from deepenough.runs import Run
from deepenough.seal import verify
from deepenough.sealed_rows import export, find


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table sorted by its answer, of which every sixth is wrong, and a run of it."""
    place = tmp_path_factory.mktemp("judged")
    frame = people(600)
    frame.loc[::6, "answer"] = frame.loc[::6, "answer"].map({"no": "yes", "yes": "no"})
    frame = frame.sort_values("answer", kind="stable")
    frame.to_csv(place / "churn.csv", index=False)
    de.run(place / "churn.csv", "answer", bar="roc_auc >= 0.7", out=place / "out", report=False, cores=1)
    return place


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Run:
    """A copy of the run, to look at."""
    return Run.load(shutil.copytree(made / "out", tmp_path / "out"))


def truth_of(made: Path, rows: pd.DataFrame) -> np.ndarray:
    return pd.read_csv(made / "churn.csv").set_index("id")["answer"].loc[rows["id"]].to_numpy()


def answers(run: Run, made: Path, tmp_path: Path, right: float, seed: int = 0) -> pd.DataFrame:
    """Predictions of all exported rows, the truth shining through as much as `right`."""
    export(run, tmp_path / "rows.csv")
    rows, rng = pd.read_csv(tmp_path / "rows.csv"), np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-(right * (2.0 * (truth_of(made, rows) == "yes") - 1) + rng.normal(size=len(rows)))))
    return pd.DataFrame({"row_id": rows["row_id"], "probability_yes": p})


def ours(run: Run) -> pd.DataFrame:
    return pd.read_csv(run.folder / "trials" / run.verdict["chosen_trial"] / "sealed.csv")


# --- the rows that are handed out -------------------------------------------------------------------------------------


def test_the_rows_go_out_without_their_target_and_in_an_order_that_says_nothing(
    run: Run, made: Path, tmp_path: Path
) -> None:
    said = call("judge", "--export", str(run.folder), str(tmp_path / "rows.csv"))
    assert said.code == 0, said
    rows = pd.read_csv(tmp_path / "rows.csv")
    table = pd.read_csv(made / "churn.csv")
    assert list(rows) == ["row_id", *(c for c in table if c != "answer")] and rows["row_id"].is_unique
    assert set(rows["id"]) == set(ours(run)["id"]) and len(rows) == 180
    yes = truth_of(made, rows) == "yes"
    assert abs(np.corrcoef(np.arange(180), yes)[0, 1]) < 0.3, "the table itself is sorted by its answer"
    assert not set(rows["row_id"]) & {str(i) for i in range(600)}
    same = table.set_index("id").loc[rows["id"]].reset_index()[list(rows)[1:]]
    pd.testing.assert_frame_equal(rows[list(rows)[1:]], same)
    assert verify(run.folder).openings == 1, "this is no look"


def test_the_folder_holds_no_copy_of_the_rows(made: Path) -> None:
    table = pd.read_csv(made / "churn.csv")
    for path in (p for p in (made / "out").rglob("*") if p.suffix in (".csv", ".json", ".jsonl")):
        text = path.read_text(encoding="utf-8")
        assert not [day for day in table["since"].unique() if day in text], path


def test_parquet_goes_out_and_comes_back(run: Run, made: Path, tmp_path: Path) -> None:
    frame = answers(run, made, tmp_path, 1.0)
    export(run, tmp_path / "rows.parquet")
    assert pd.read_parquet(tmp_path / "rows.parquet")["row_id"].tolist() == frame["row_id"].tolist()
    frame.to_parquet(tmp_path / "said.parquet")
    assert judge(run, tmp_path / "said.parquet").gain == judge_like(run, frame, 2).gain


def judge_like(run: Run, predictor: Any, look: int, **more: Any) -> Judgement:
    """Judge on a fresh copy, at the look that is wanted."""
    folder = run.folder.with_name(f"like-{len(list(run.folder.parent.iterdir()))}")
    shutil.copytree(run.folder, folder)
    for path in [*folder.glob("judgements/*")]:
        path.unlink()
    kept = (folder / "sealed.jsonl").read_text().splitlines()[:3]
    (folder / "sealed.jsonl").write_text("".join(f"{line}\n" for line in kept))
    found = judge(folder, predictor, **more)
    assert found.look == look
    return found


@pytest.mark.parametrize("place", ["churn.csv", "out/rows.csv", "out/judgements/rows.csv"])
def test_the_rows_overwrite_nothing_of_the_run(place: str, made: Path) -> None:
    with untouched(made), pytest.raises(SettingError, match="Choose another"):
        export(made / "out", made / place)


# --- what is said of predictions ---------------------------------------------------------------------------------------


def test_a_copy_of_our_own_predictions_gains_nothing(run: Run) -> None:
    found = judge(run, ours(run))
    assert (found.gain.value, found.gain.low, found.gain.high) == (0.0, 0.0, 0.0)
    assert (found.worth_it, found.document["reason"]) == ("no", "same_answers")
    assert found.score.value == next(t for t in run.verdict["trials"] if t["key"] == found.chosen)["test"]["value"]
    assert "exactly as our linear model" in found.sentence


def test_what_our_own_command_answers_comes_back_the_same(run: Run, tmp_path: Path) -> None:
    rows, said = str(tmp_path / "rows.csv"), str(tmp_path / "said.csv")
    assert call("judge", "--export", str(run.folder), rows).code == 0
    assert call("predict", str(run.folder), rows, "--out", said).code == 0
    end = call("judge", said, "--against", str(run.folder), "--json")
    document = json.loads(end.out)
    assert (end.code, document["worth_it"], document["gain"]["value"]) == (1, "no", 0.0)
    assert "Not worth it" in end.err


@pytest.mark.parametrize(("right", "worth_it", "outcome"), [(4.0, "yes", "met"), (0.0, "no", "missed")])
def test_the_truth_is_told_in_both_directions(
    right: float, worth_it: str, outcome: str, run: Run, made: Path, tmp_path: Path
) -> None:
    found = judge(run, answers(run, made, tmp_path, right))
    assert (found.worth_it, found.outcome) == (worth_it, outcome)
    assert found.gain.low is not None and found.gain.high is not None
    assert (found.gain.low > 0.02) if right else (found.gain.high < 0.02)
    trivial = found.comparisons["dummy-1"]
    assert trivial.simple.value == 0.5 and trivial.gain.value == pytest.approx(found.score.value - 0.5)
    assert {row["key"] for row in found.document["against"]} == set(found.comparisons)


def test_each_judgement_is_a_look_and_each_look_has_half_the_level(run: Run, made: Path, tmp_path: Path) -> None:
    frame = answers(run, made, tmp_path, 1.0)
    found = [judge(run, frame) for _ in range(3)]
    assert [(j.look, j.level, j.gain.level) for j in found] == [
        (2, 0.025, 0.975),
        (3, 0.0125, 0.9875),
        (4, 0.00625, 0.99375),
    ]
    widths = [j.gain.width or 0.0 for j in found]
    assert widths == sorted(widths) and widths[0] < widths[-1] and len({j.gain.value for j in found}) == 1
    assert all(f"look {j.look}" in j.sentence and f"{j.level:g}" in j.sentence for j in found)
    assert verify(run.folder).faults == [] and verify(run.folder).openings == 4
    for j in found:
        assert json.loads(j.path.read_text(encoding="utf-8")) == j.document
        assert j.path == run.folder / "judgements" / f"{j.look}.json"
    assert [e["by"] for e in Ledger(run.folder / "sealed.jsonl").lines()[3::2]] == ["judge"] * 3


def test_what_it_costs_is_said_and_held_against_the_limits(run: Run, made: Path, tmp_path: Path) -> None:
    frame = answers(run, made, tmp_path, 4.0)
    frame.to_csv(tmp_path / "said.csv", index=False)
    words = ("judge", str(tmp_path / "said.csv"), "--against", str(run.folder))
    end = call(*words, "--their-latency", "250ms", "--their-price", "0.002", "--json")
    document = json.loads(end.out)
    assert end.code == 0 and document["submission"]["latency_ms"] == 250.0
    assert document["submission"]["price_per_1000"] == 0.002 and "times as long" in document["sentence"]
    latency = next(t for t in document["against"] if t["chosen"])["latency_ms"]["p50"]
    assert document["times"]["latency"] == pytest.approx(250.0 / latency, rel=0.01) and document["times"]["cost"] > 1
    text = call(*words)
    assert "[+] Worth it" in text.out and "Linear model (chosen)" in text.out and "Always the same answer" in text.out
    assert judge(run, frame).document["times"] == {"latency": None, "cost": None}


def test_limits_of_the_bar_bind_others_too(made: Path, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"bar": "roc_auc >= 0.7", "latency": "50ms", "cost": 1.0, "report": False, "cores": 1}
    run = de.run(made / "churn.csv", "answer", out=tmp_path / "out", **asked)
    frame = answers(run, made, tmp_path, 4.0)
    fast, slow, dear = ({"latency": f"{ms}ms", "price": price} for ms, price in ((1, 0.1), (250, 0.1), (1, 5.0)))
    assert [judge(run, frame, **told).outcome for told in (fast, slow, dear)] == ["met", "missed", "missed"]
    untold = judge(run, frame)
    assert untold.outcome == "undecided" and len(untold.document["notes"]) == 2


# --- predictors ----------------------------------------------------------------------------------------------------------


def test_a_model_of_scikit_learn(tmp_path: Path) -> None:
    """Fitted on the development rows alone; a world of products, which the linear rung cannot see."""
    ensemble = pytest.importorskip("sklearn.ensemble")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({c: rng.normal(size=2000) for c in ("a", "b", "c")})
    frame["y"] = np.where(frame.a * frame.b + 0.3 * rng.normal(size=2000) > 0, "yes", "no")
    run = de.run(frame, "y", bar="roc_auc >= 0.4", out=tmp_path / "out", report=False, cores=1)
    assert run.verdict["chosen"] in ("dummy", "linear")
    mine = frame.drop(index=ours(run)["row"])
    model = ensemble.RandomForestClassifier(50, random_state=0).fit(mine[["a", "b", "c"]], mine["y"])
    found = de.judge(run, model, data=frame)
    assert (found.worth_it, found.outcome) == ("yes", "met") and found.gain.value > 0.3
    assert found.document["submission"]["name"] == "RandomForestClassifier"
    held = frame.iloc[ours(run)["row"]]
    by_hand = de.compare(held["y"], np.full(len(held), 0.5), model.predict_proba(held[["a", "b", "c"]]))
    assert found.score.value == pytest.approx(by_hand.complex.value)


class Turned:
    """Answers classes in another order, and says so."""

    classes_ = np.array(["yes", "no"])

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
        p = 1 / (1 + np.exp(-rows["size"].fillna(0.0).to_numpy()))
        return np.stack([p, 1 - p], axis=1)


def test_predictors_of_every_form_say_the_same(run: Run) -> None:
    turned = Turned()
    forms: list[Any] = [
        turned,
        lambda rows: turned.predict_proba(rows)[:, 0],
        lambda rows: turned.predict_proba(rows)[:, ::-1],
        lambda rows: pd.DataFrame(turned.predict_proba(rows), columns=["yes", "no"]),
    ]
    found = [judge_like(run, form, 2) for form in forms]
    assert len({(j.gain, j.worth_it) for j in found}) == 1 and found[0].score.value > 0.7


@pytest.mark.parametrize(
    ("predictor", "words"),
    [
        (7, ["int", "predict_proba"]),
        (lambda rows: rows["nothing such"], ["KeyError", "nothing such", "size"]),
        (lambda rows: np.zeros(3), ["3 rows", "180"]),
        (lambda rows: None, ["0 rows", "180"]),
        (lambda rows: np.full(len(rows), 2.0), ["2", "between 0 and 1"]),
        (lambda rows: np.full(len(rows), np.nan), ["empty", "the row"]),
        (lambda rows: np.full(len(rows), "perhaps"), ["perhaps", "no, yes"]),
        (lambda rows: np.full(len(rows), "yes"), ["classes only", "probability_yes"]),
        (lambda rows: np.ones((len(rows), 2)), ["adds up to"]),
    ],
)
def test_a_predictor_that_does_not_answer_is_a_sentence_and_no_look(predictor: Any, words: list[str], run: Run) -> None:
    with untouched(run.folder), pytest.raises(DeepEnoughError) as refused:
        judge(run, predictor)
    assert all(word in str(refused.value) for word in words), refused.value


def test_a_predictor_fitted_on_other_classes_is_refused(run: Run) -> None:
    class Other(Turned):
        classes_ = np.array(["blue", "no"])

    with untouched(run.folder), pytest.raises(DataError, match=r"blue.*no, yes"):
        judge(run, Other())


# --- other kinds of tasks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "bar"), [("three", "accuracy >= 0.4"), ("regression", "rmse <= 2")])
def test_classes_and_numbers(kind: str, bar: str, table: Callable[..., pd.DataFrame], tmp_path: Path) -> None:
    frame = table(500, kind)
    run = de.run(frame, "answer", bar=bar, out=tmp_path / "out", report=False, cores=1)
    with pytest.raises(DataError, match=r"made of a DataFrame.*--data"):
        judge(run, ours(run))
    assert judge(run, ours(run), data=frame).document["reason"] == "same_answers"
    told = frame["answer"].iloc[ours(run)["row"]].to_numpy()
    right = ours(run)[["row"]].assign(
        prediction=told if kind == "three" else told + np.resize([0.05, -0.02, 0.01], len(told))
    )
    found = judge(run, right, data=frame)
    assert (found.worth_it, found.outcome) == ("yes", "met")
    with pytest.raises(DataError, match="which is no number" if kind == "regression" else "names the class 'many'"):
        judge(run, right.assign(prediction=["many", *right["prediction"][1:].astype(str)]), data=frame)


def test_rows_of_a_group_are_judged_as_groups(tmp_path: Path) -> None:
    frame = people(900).drop(columns="id")
    frame["shop"] = np.char.add("shop ", (np.arange(900) % 90).astype(str))
    run = de.run(frame, "answer", group="shop", bar="roc_auc >= 0.7", out=tmp_path / "out", report=False, cores=1)
    noisy = ours(run).assign(probability_no=lambda d: (d["probability_no"] * 0.9).round(4))
    noisy["probability_yes"] = 1 - noisy["probability_no"]
    noisy.loc[::7, ["probability_no", "probability_yes"]] = 0.5
    found = judge(run, noisy, data=frame)
    rows = find(run, frame)
    assert rows.dataset.groups is not None and len(np.unique(rows.dataset.groups)) < len(ours(run)) / 5
    assert found.gain.df == len(np.unique(rows.dataset.groups)) - 1


def test_rows_that_came_as_a_file_of_their_own(made: Path, tmp_path: Path) -> None:
    table = pd.read_csv(made / "churn.csv").sample(frac=1.0, random_state=0)
    table.iloc[:400].to_csv(tmp_path / "learn.csv", index=False)
    later = table.iloc[400:].reset_index(drop=True)
    later.loc[[0, 50], "answer"] = None
    later.to_csv(tmp_path / "test.csv", index=False)
    asked: dict[str, Any] = {"bar": "roc_auc >= 0.7", "report": False, "cores": 1, "out": tmp_path / "out"}
    run = de.run(tmp_path / "learn.csv", "answer", test=tmp_path / "test.csv", **asked)
    assert judge(run, ours(run)).document["reason"] == "same_answers"
    assert export(run, tmp_path / "rows.csv") == 198
    (tmp_path / "test.csv").unlink()
    with pytest.raises(DataError, match=r"test.csv'.* is gone"):
        judge(run, ours(run))


# --- files that are refused --------------------------------------------------------------------------------------------------


def first(frame: pd.DataFrame, **values: Any) -> pd.DataFrame:
    """Put something else into the first row."""
    frame = frame.astype(dict.fromkeys(values, object))
    for name, value in values.items():
        frame.loc[0, name] = value
    return frame


BOTH = "probability_no"
BAD: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], list[str]]] = {
    "no id": (lambda f: f.drop(columns="row_id"), ["no column 'row_id'", "--export"]),
    "misspelt id": (lambda f: f.rename(columns={"row_id": "row_ids"}), ["Did you mean 'row_ids'"]),
    "missing id": (lambda f: f.iloc[1:], ["lacks the row '{0}'"]),
    "missing ids": (lambda f: f.iloc[5:], ["lacks the row", "4 more"]),
    "empty id": (lambda f: first(f, row_id=None), ["no 'row_id' in row 0"]),
    "doubled id": (lambda f: pd.concat([f, f.iloc[:1]]), ["the row '{0}' twice"]),
    "foreign id": (lambda f: pd.concat([f, first(f, row_id="beef").iloc[:1]]), ["'beef'", "not asked"]),
    "id of another": (lambda f: first(f, row_id="beef"), ["lacks the row '{0}'"]),
    "above one": (lambda f: first(f, probability_yes=1.01), ["1.01", "the row '{0}'", "between 0 and 1"]),
    "below nought": (lambda f: first(f, probability_yes=-0.5), ["-0.5", "the row '{0}'"]),
    "empty": (lambda f: first(f, probability_yes=None), ["empty", "the row '{0}'"]),
    "infinite": (lambda f: first(f, probability_yes="inf"), ["infinite", "the row '{0}'"]),
    "text": (lambda f: first(f, probability_yes="likely"), ["'likely'", "the row '{0}'", "no number"]),
    "sum": (lambda f: f.assign(**{BOTH: f["probability_yes"]}), ["adds up to", "not 1"]),
    "unknown class": (lambda f: f.assign(prediction=["maybe", *["no"] * (len(f) - 1)]), ["'maybe'", "the row '{0}'"]),
    "unknown column": (lambda f: f.assign(probability_maybe=0.5), ["probability_maybe", "no, yes"]),
    "classes only": (
        lambda f: f[["row_id"]].assign(prediction="yes"),
        ["classes only", "probability_yes"],
    ),
    "no answer": (lambda f: f[["row_id"]].assign(note="none"), ["no answer", "probability_yes"]),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_refused_by_the_row_and_is_no_look(kind: str, run: Run, made: Path, tmp_path: Path) -> None:
    spoil, words = BAD[kind]
    frame = answers(run, made, tmp_path, 1.0)
    spoil(frame).to_csv(tmp_path / "said.csv", index=False)
    with untouched(run.folder):
        said = call("judge", str(tmp_path / "said.csv"), "--against", str(run.folder))
    must_be_refusal(said, 2, *(word.format(frame.loc[0, "row_id"]) for word in words))


def test_rounded_probabilities_and_any_order_of_rows_are_taken(run: Run, made: Path, tmp_path: Path) -> None:
    frame = answers(run, made, tmp_path, 1.0)
    rounded = frame.assign(probability_yes=frame["probability_yes"].round(3))
    rounded["probability_no"] = (1 - rounded["probability_yes"]).round(2)
    with pytest.raises(DataError, match="adds up to"):
        judge(run, rounded)
    rounded["probability_no"] = (1 - frame["probability_yes"]).round(3)
    usual = judge_like(run, rounded, 2)
    assert judge_like(run, rounded.sample(frac=1.0, random_state=0), 2).gain == usual.gain
    by_name = rounded.rename(columns={"probability_yes": "yes", "probability_no": "no"})
    assert judge_like(run, by_name, 2).gain == usual.gain


# --- a table that changed, a seal that broke -----------------------------------------------------------------------------------


@pytest.fixture
def moved(made: Path, tmp_path: Path) -> tuple[Run, Path]:
    """A run of a table that can be spoilt."""
    shutil.copy(made / "churn.csv", tmp_path / "mine.csv")
    folder = tmp_path / "mine"
    de.run(tmp_path / "mine.csv", "answer", bar="roc_auc >= 0.7", out=folder, report=False, cores=1)
    return Run.load(folder), tmp_path / "mine.csv"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: f.iloc[::-1], "sealed rows differ"),
        (lambda f: f.iloc[:50], "fewer than when it was split"),
        (lambda f: f.assign(weight=f["weight"] + 1), "180 of 180 sealed rows differ"),
        (lambda f: f.assign(answer=np.where(f["answer"] == "yes", "no", "yes")), "other values in 'answer'"),
        (lambda f: f.assign(answer=None), "'answer'"),
        (lambda f: f.drop(columns="answer"), "no column 'answer'"),
        (lambda f: f.drop(columns="size"), "'size' is missing"),
    ],
)
def test_a_table_that_changed_is_refused(
    spoil: Callable[[pd.DataFrame], pd.DataFrame], words: str, moved: tuple[Run, Path]
) -> None:
    run, path = moved
    spoil(pd.read_csv(path)).to_csv(path, index=False)
    with untouched(run.folder), pytest.raises(DataError, match=words):
        judge(run, ours(run))


def test_a_table_that_is_gone_can_be_named_anew(moved: tuple[Run, Path], tmp_path: Path) -> None:
    run, path = moved
    path.rename(tmp_path / "elsewhere.csv")
    ours(run).to_csv(tmp_path / "said.csv", index=False)
    words = ("judge", str(tmp_path / "said.csv"), "--against", str(run.folder))
    must_be_refusal(call(*words), 2, "mine.csv", "is gone", "--data")
    assert "Not worth it" in call(*words, "--data", str(tmp_path / "elsewhere.csv")).out
    assert judge(run, ours(run), data=pd.read_csv(tmp_path / "elsewhere.csv")).look == 3


def test_against_a_broken_seal_nothing_is_judged(run: Run) -> None:
    path = run.folder / "sealed.jsonl"
    path.write_text(path.read_text().replace('"worth": 0', '"worth": 1'))
    with untouched(run.folder), pytest.raises(SealError, match="line 1"):
        judge(run, ours(run))


def test_a_run_that_chose_nothing_has_nothing_to_judge_against(tmp_path: Path) -> None:
    frame = people()
    frame["refund"] = (frame["answer"] == "yes") * 2.5
    run = de.run(frame, "answer", out=tmp_path / "out", report=False, cores=1)
    with pytest.raises(DataError, match="chose no model"):
        judge(run, lambda rows: rows["size"], data=frame)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--their-latency", "fast"), "--their-latency"),
        (("--their-price", "-1"), "--their-price"),
        (("--truth", "y"), "one of three"),
        (("--metric", "accuracy"), "--metric does not go"),
        (("--worth", "0.1"), "--worth does not go"),
    ],
)
def test_a_wrong_call_is_a_sentence(words: tuple[str, ...], said: str, run: Run, tmp_path: Path) -> None:
    ours(run).to_csv(tmp_path / "said.csv", index=False)
    must_be_refusal(call("judge", str(tmp_path / "said.csv"), "--against", str(run.folder), *words), 2, said)
    must_be_refusal(call("judge", str(tmp_path / "said.csv")), 2, "--against RUN")


def test_the_public_names(run: Run) -> None:
    assert de.judge is judge
    with pytest.raises(BarError, match="--their-latency"):
        de.judge(run, ours(run), latency="soon")


# --- one file, no run ------------------------------------------------------------------------------------------------------------


def columns(n: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Truth, three answers of known worth, and customers of twenty rows each that are alike."""
    rng = np.random.default_rng(seed)
    y, customer = rng.integers(0, 2, n), np.arange(n) // 20
    noise, shared = rng.normal(size=n), rng.normal(size=n // 20)[customer]
    good, poor = (1 / (1 + np.exp(-(s * (2 * y - 1) + noise + shared))) for s in (2.0, 0.5))
    truth = np.where(y == 1, "yes", "no")
    named = {name: np.where(p > 0.5, "yes", "no") for name, p in (("c_good", good), ("c_poor", poor))}
    return pd.DataFrame({"y": truth, "p_lr": poor, "p_vendor": good, **named, "customer": customer, "x": y + 0.0})


def of_file(tmp_path: Path, frame: pd.DataFrame, *words: str) -> Any:
    frame.to_csv(tmp_path / "both.csv", index=False)
    return call("judge", str(tmp_path / "both.csv"), *words)


PAIR = ("--truth", "y", "--simple", "p_lr", "--complex", "p_vendor")


def test_one_file_with_truth_and_two_columns(tmp_path: Path) -> None:
    end = of_file(tmp_path, columns(), *PAIR, "--json")
    document = json.loads(end.out)
    assert end.code == 0 and document["worth_it"] == "yes" and "[+] Worth it" in end.err
    frame = columns()
    by_hand = de.compare(frame["y"], frame["p_lr"], frame["p_vendor"])
    assert document["gain"]["value"] == pytest.approx(by_hand.gain.value) and document["metric"] == "roc_auc"
    back = of_file(tmp_path, columns(), "--truth", "y", "--simple", "p_vendor", "--complex", "p_lr")
    assert back.code == 1 and "[x] Not worth it" in back.out


def test_one_file_with_groups(tmp_path: Path) -> None:
    rows, grouped = (
        json.loads(of_file(tmp_path, columns(), *PAIR, *more, "--json").out) for more in ((), ("--group", "customer"))
    )
    frame = columns()
    by_hand = de.compare(frame["y"], frame["p_lr"], frame["p_vendor"], groups=frame["customer"])
    assert grouped["gain"]["value"] == pytest.approx(rows["gain"]["value"])
    assert grouped["gain"]["low"] == pytest.approx(by_hand.gain.low) != pytest.approx(rows["gain"]["low"])
    few = of_file(tmp_path, frame.assign(customer=frame["customer"] % 3), *PAIR, "--group", "customer", "--json")
    assert few.code == 1 and json.loads(few.out)["worth_it"] == "undecided"


@pytest.mark.parametrize(
    ("words", "metric"),
    [
        (("--metric", "log_loss", *PAIR), "log_loss"),
        (("--truth", "y", "--simple", "c_poor", "--complex", "c_good", "--metric", "accuracy"), "accuracy"),
        (("--truth", "x", "--simple", "p_lr", "--complex", "p_vendor", "--metric", "rmse"), "rmse"),
        (("--truth", "x", "--simple", "p_lr", "--complex", "p_vendor"), "roc_auc"),
        ((*PAIR, "--positive", "yes", "--worth", "0.05"), "roc_auc"),
    ],
)
def test_any_metric_of_one_file(words: tuple[str, ...], metric: str, tmp_path: Path) -> None:
    document = json.loads(of_file(tmp_path, columns(), *words, "--json").out)
    assert (document["metric"], document["worth_it"]) == (metric, "yes")
    assert "--worth" not in words or document["worth_used"] == 0.05


def test_the_positive_class_turns_the_question_round(tmp_path: Path) -> None:
    document = json.loads(of_file(tmp_path, columns(), *PAIR, "--positive", "no", "--json").out)
    assert document["worth_it"] == "no" and document["complex"]["value"] < 0.5


def test_three_classes_have_a_column_each(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, 600)
    frame = pd.DataFrame({"y": np.array(["high", "low", "mid"])[codes]})
    for name, s in (("a", 0.3), ("b", 2.0)):
        p = np.eye(3)[codes] * s + rng.gamma(1.0, 1.0, (600, 3))
        for i, label in enumerate(("high", "low", "mid")):
            frame[f"{name}_{label}"] = (p / p.sum(axis=1, keepdims=True))[:, i]
    words = ("--truth", "y", "--simple", "a", "--complex", "b")
    assert of_file(tmp_path, frame, *words).code == 0
    must_be_refusal(of_file(tmp_path, frame.drop(columns="b_mid"), *words), 2, "b_high", "b_mid")


@pytest.mark.parametrize(
    ("spoil", "words", "said"),
    [
        (lambda f: f, ("--truth", "z", "--simple", "p_lr", "--complex", "p_vendor"), ["'z'", "The columns are"]),
        (lambda f: f, ("--truth", "y", "--simple", "p_l", "--complex", "p_vendor"), ["Did you mean 'p_lr'"]),
        (lambda f: f, ("--truth", "y", "--simple", "p_lr"), ["--complex is missing"]),
        (lambda f: f, (*PAIR, "--group", "client"), ["'client'"]),
        (lambda f: f, (*PAIR, "--their-latency", "2ms"), ["--their-latency does not go"]),
        (lambda f: f, (*PAIR, "--positive", "maybe"), ["--positive 'maybe'"]),
        (lambda f: f, (*PAIR, "--metric", "auc"), ["'roc_auc'"]),
        (lambda f: first(f, p_vendor=None), PAIR, ["complex", "empty", "row 0"]),
        (lambda f: first(f, p_vendor=1.5), PAIR, ["1.5", "row 0"]),
        (lambda f: first(f, p_lr="high"), PAIR, ["simple", "row 0"]),
        (lambda f: first(f, y=None), PAIR, ["truth", "empty", "row 0"]),
        (lambda f: f.assign(y="yes"), PAIR, ["nothing to tell apart"]),
        (lambda f: first(f, customer=None), (*PAIR, "--group", "customer"), ["groups", "row 0"]),
    ],
)
def test_a_bad_file_of_two_columns_is_refused(
    spoil: Callable[[pd.DataFrame], pd.DataFrame], words: tuple[str, ...], said: list[str], tmp_path: Path
) -> None:
    must_be_refusal(of_file(tmp_path, spoil(columns(200)), *words), 2, *said)
