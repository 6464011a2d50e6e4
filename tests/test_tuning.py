"""Settings searched inside each part: by chance that is drawn from the seed, and never by the rows that are judged on."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from calling import call, csv, must_be_refusal, people, run_words, write

from deepenough import shelves
from deepenough.candidates import _tuning
from deepenough.candidates._trial import Trial, expand, families, learn_part, predicted_cpu
from deepenough.candidates._tuning import Dimension, Look, Tuned, build, dimensions, fits_of, settings_of, settled
from deepenough.dataset import Dataset
from deepenough.errors import SettingError, ShelfError, Unavailable
from deepenough.loading import load
from deepenough.splits import split
from deepenough.workspace import Workspace

NEEDS_OPTUNA = pytest.mark.skipif(
    importlib.util.find_spec("optuna") is None, reason="optuna (extra tune) is not installed"
)


def checkers(n: int = 700, seed: int = 0) -> pd.DataFrame:
    """An answer in a fine pattern: trees of a few leaves, slowly learnt, do badly on it."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, 6, (2, n)).round(4)
    return pd.DataFrame({"x": x, "y": y, "answer": np.where((np.floor(x) + np.floor(y)) % 2 == 0, "yes", "no")})


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load(checkers(), "answer")


def halves(rows: Dataset) -> tuple[Dataset, Dataset, Dataset]:
    cut = np.split(np.arange(len(rows)), [350, 500])
    return rows.take(cut[0]), rows.take(cut[1]), rows.take(cut[2])


def tuned(rows: Dataset, rounds: int = 4, seed: int = 0) -> tuple[Any, np.ndarray]:
    learn, tune, score = halves(rows)
    model = build("gradient_boosting", rows.task, {"tune": rounds}, seed).fit(learn, tune, Workspace())
    return model, model.predict(score)["probability"]


# --- what is searched ----------------------------------------------------------------------------------------------


def test_a_space_is_read() -> None:
    found = dimensions(["leaves: 4 to 64 log", "rate: 0.01 to 0.3", "loss: l1 | l2"])
    assert found == [
        Dimension("leaves", 4, 64, whole=True, log=True),
        Dimension("rate", 0.01, 0.3),
        Dimension("loss", options=("l1", "l2")),
    ]
    assert found[0].holds(8) and not found[0].holds(2) and found[2].holds("l1") and not found[2].holds("l3")


@pytest.mark.parametrize(
    "entry", ["leaves", "leaves: 4", "leaves: 9 to 4", "leaves: a to b", "loss: l1 |", "a b: 1 to 2"]
)
def test_a_space_that_cannot_be_read_is_a_sentence(entry: str) -> None:
    with pytest.raises(ShelfError, match="cannot be read"):
        dimensions([entry])


def test_every_space_on_the_shelf_is_read_and_holds_its_defaults(data: Dataset) -> None:
    searched = 0
    for book in shelves.shelf("candidates").values():
        space = dimensions(book.facts.get("space", ()))
        if not space or book.missing():
            continue
        searched += 1
        default = book.load().portfolio(data.task, len(data))[0]
        assert all(d.name in default and d.holds(default[d.name]) for d in space), book.name
    assert searched


# --- one more row --------------------------------------------------------------------------------------------------


def test_a_family_with_a_space_has_one_row_more_and_pays_for_it(data: Dataset) -> None:
    family = next(t for t in families(data) if t.candidate == "gradient_boosting")
    plain, more = expand(family, data), expand(family, data, tune=20)
    assert [t.key for t in more] == [*(t.key for t in plain), "gradient_boosting-tuned"]
    assert predicted_cpu(more[-1], data) > 15 * predicted_cpu(more[0], data)
    assert fits_of({}) == 1.0 and fits_of({"tune": 0}) > 1.0
    without = next(t for t in families(data) if t.candidate == "dummy")
    assert expand(without, data, tune=20) == expand(without, data)


# --- the search ----------------------------------------------------------------------------------------------------


@NEEDS_OPTUNA
def test_the_same_seed_finds_the_same(data: Dataset) -> None:
    (one, first), (other, second), (third, _) = tuned(data), tuned(data), tuned(data, seed=1)
    assert one.found == other.found and (first == second).all()
    assert one.found != third.found


@NEEDS_OPTUNA
def test_it_finds_better_settings_where_there_are(data: Dataset) -> None:
    """Trees of a few leaves cannot follow the pattern; among some settings there are those that do far better."""
    learn, tune, score = halves(data)
    default = shelves.load("candidates", "gradient_boosting").portfolio(data.task, len(data))[0]
    plain = build("gradient_boosting", data.task, default, 0).fit(learn, tune, Workspace()).predict(score)
    model, found = tuned(data, rounds=12)
    losses = [_tuning.losses_of({"probability": p}, score.truth).mean() for p in (plain["probability"], found)]
    assert losses[1] < losses[0]
    assert set(model.found) == set(default) and model.found != default


@NEEDS_OPTUNA
def test_the_rows_it_is_judged_on_change_nothing(data: Dataset) -> None:
    """Nested: with other answers where a part is scored, that part finds the same settings; where it learns, others."""
    part = split(data, data.truth, given=True).parts[0]
    trial = Trial("gradient_boosting", "Boosted trees", 2, 3, settings={"tune": 4})

    def found(turned: np.ndarray) -> Any:
        truth = np.where(np.isin(np.arange(len(data)), turned), 1 - data.truth, data.truth)
        rows = Dataset(data.task, data.examples, truth, data.about, data.ids, data.features)
        return settings_of(learn_part(trial, rows, part, Workspace(), "part-0", 0), {})

    assert found(part.score) == found(part.score[:0]) != found(part.learn[::2])


@NEEDS_OPTUNA
@pytest.mark.parametrize("roles", [{"time": "when"}, {"group": "firm"}])
def test_it_searches_in_the_order_of_time_and_by_whole_groups(roles: dict[str, str]) -> None:
    made = checkers(300).assign(when=pd.date_range("2026-01-01", periods=300), firm=[f"f{i % 12}" for i in range(300)])
    rows = load(made.drop(columns=[c for c in ("when", "firm") if c not in roles.values()]), "answer", **roles)
    cut = split(rows, None if "time" in roles else rows.truth)
    part = cut.parts[-1]
    development = rows.take(cut.development)
    model = build("gradient_boosting", rows.task, {"tune": 2}, 0)
    fitted = model.fit(development.take(part.learn), development.take(part.tune), Workspace())
    assert np.isfinite(fitted.predict(development.take(part.score))["probability"]).all()


def test_a_default_gives_way_only_to_what_is_clearly_better() -> None:
    def look(a: int, *means: float, spread: float = 0.1) -> Look:
        noise = spread * np.tile([1.0, -1.0], 50)
        return Look({"a": a}, tuple(mean + noise * np.sign(a - 1.5) for mean in means))

    default, surely = look(1, 1.0, 1.0, 1.0), look(2, 0.9, 0.95, 0.9)
    assert settled([default, look(4, 1.1, 1.1, 1.1)], [look(3, 1.2, 1.0, 1.0), surely]) == {"a": 2}
    assert settled([default], [look(2, 0.5, 0.5, 1.01)]) == {"a": 1}, "not better on each part"
    assert settled([default], [look(2, 0.95, 0.95, 0.95, spread=2.0)]) == {"a": 1}, "within one standard error"
    assert settled([default], []) == {"a": 1}


def test_what_was_found_is_the_settings_of_the_refitted_trial() -> None:
    model = Tuned(shelves.load("candidates", "gradient_boosting"), load(checkers(60), "answer").task, 3, 0)
    model.found = {"num_leaves": 9}
    assert settings_of(model, {"tune": 3}) == {"tune": 3, "num_leaves": 9}
    trial = Trial("gradient_boosting", "Boosted trees", 2, 3, settings={"tune": 3})
    assert replace(trial, settings={"tune": 3, "num_leaves": 9}).key == trial.key == "gradient_boosting-tuned"


# --- asked for -----------------------------------------------------------------------------------------------------


@NEEDS_OPTUNA
def test_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("churn.csv", csv(checkers(400)))
    words = run_words("churn.csv", "--tune", "2", "--budget", "3", "--json", bar=("--metric", "log_loss"))
    said = call(*words)
    assert said.code == 0, said.err
    row = next(t for t in json.loads(said.out)["trials"] if t["key"] == "gradient_boosting-tuned")
    assert row["status"] == "ok" and row["settings"]["tune"] == 2
    assert "tune" in json.loads(Path("out/run.json").read_text(encoding="utf-8"))["request"]


def test_a_search_that_makes_no_sense_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingError, match="--tune -1"):
        _tuning.must_be_able(-1)
    monkeypatch.chdir(tmp_path)
    write("churn.csv", csv(people()))
    must_be_refusal(call(*run_words("churn.csv", "--tune", "20000")), 2, "--tune 20000", "--tune 30")


def test_without_optuna_the_answer_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tuning.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Unavailable, match=r"pip install 'deepenough\[tune\]'"):
        _tuning.must_be_able(10)
