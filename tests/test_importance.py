"""What drives a model: the columns the truth was made from, and no others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deepenough import shelves
from deepenough.explainers import Model
from deepenough.explainers._columns import together
from deepenough.loading import load
from deepenough.report import render
from deepenough.runs import Run, run
from deepenough.splits import split


def made(n: int = 1200, seed: int = 0) -> pd.DataFrame:
    """The answer hangs on `strong` most, on `weak` and `town` a little, on the date's month, and never on `noise`."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"strong": rng.normal(size=n), "weak": rng.normal(size=n), "noise": rng.normal(size=n)})
    frame["copy"] = frame["strong"] * 3.0 + 1.0
    frame["town"] = rng.choice(["north", "south"], n)
    frame["day"] = (pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 330, n), unit="D")).strftime(
        "%Y-%m-%d"
    )
    month = pd.to_datetime(frame["day"]).dt.month
    frame["y"] = (
        3.0 * frame["strong"] + 0.7 * frame["weak"] + (frame["town"] == "north") + 0.4 * month + rng.normal(size=n)
    )
    return frame


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    out = tmp_path_factory.mktemp("importance") / "run"
    return run(made(), "y", bar="r2 >= 0.5", out=out, cores=1)


def worth(finished: Run) -> dict[str, dict[str, float]]:
    found = json.loads((finished.folder / "figures" / "importance.json").read_text())["columns"]
    return {"+".join(f["columns"]): f for f in found}


def test_the_columns_come_in_the_order_of_what_they_bring(finished: Run) -> None:
    assert list(worth(finished))[:2] == ["strong+copy", "day"]


def test_columns_that_say_the_same_are_shuffled_together(finished: Run) -> None:
    assert {"strong+copy", "weak", "town", "day", "noise"} == set(worth(finished))


def test_what_was_used_is_above_nothing_and_noise_is_not(finished: Run) -> None:
    found = worth(finished)
    assert all(found[name]["low"] > 0 for name in ("strong+copy", "weak", "town", "day"))
    assert found["noise"]["low"] <= 0.002 and abs(found["noise"]["value"]) < 0.01


def test_it_stands_in_the_report(finished: Run) -> None:
    page = render(finished.folder).read_text()
    assert "What drives it" in page and "strong + copy" in page


def test_the_same_seed_gives_the_same_figures(finished: Run) -> None:
    dataset = load(made(), "y")
    sealed = dataset.take(split(dataset, None).sealed)
    model = Model(finished.bundle, metric=shelves.load("metrics", "r2"), seed=3)
    first, again = (shelves.load("explainers", "permutation").explain(model, sealed) for _ in range(2))
    assert first.groups == again.groups


def test_columns_of_one_value_or_none_belong_to_no_group() -> None:
    frame = made(60).assign(flat=1.0, flatter=2.0)
    frame.loc[:10, ["flat", "flatter"]] = np.nan
    dataset = load(frame, "y", types={"flat": "number", "flatter": "number"})
    assert ["flat"] in together(dataset) and ["flatter"] in together(dataset)


def test_a_model_that_looks_at_nothing_is_driven_by_nothing(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"a": np.arange(200) % 7 * 1.5, "b": np.arange(200) % 11 * 0.5, "y": np.tile([0.0, 1.25], 100)}
    )
    done = run(frame, "y", bar="mae <= 5", task="regression", out=tmp_path / "run", cores=1)
    assert done.verdict["chosen"] == "dummy" and not (done.folder / "figures" / "importance.json").exists()
