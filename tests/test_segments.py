"""Where a model is wrong: what is planted is found, and where nothing is wrong nothing is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from deepenough import shelves
from deepenough.loading import load
from deepenough.report.documents import Documents
from deepenough.report.sections import segments as section
from deepenough.segments import LEAST, by_segment
from deepenough.stats.holm import holm
from deepenough.stats.one_sided import more_by_fisher, more_by_moving, more_by_welch
from deepenough.stats.shrinkage import shrunk, spread_between

Found = list[dict[str, Any]]


def world(n: int, kind: str, seed: int, wrong: float = 0.0, **roles: Any) -> tuple[Any, dict[str, np.ndarray]]:
    """Rows answered by the truth they were made from; in the town of Ulm a share of the rows has another truth."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, n))
    frame = pd.DataFrame({"x": x, "z": z, "w": np.where(rng.random(n) < 0.15, np.nan, rng.normal(size=n))})
    frame["town"] = rng.choice(["Bonn", "Kiel", "Ulm"], n, p=[0.5, 0.3, 0.2])
    for i, letters in enumerate(("ab", "abc", "abcde")):
        frame[f"c{i}"] = rng.choice(list(letters), n)
    odd = (frame["town"] == "Ulm") & (rng.random(n) < wrong)
    if kind == "regression":
        frame["y"] = 2.0 * x - z + rng.normal(size=n) * np.where(odd, 5.0, 1.0)
        answer = {"value": (2.0 * x - z).astype(np.float32)}
    else:
        chance = 1.0 / (1.0 + np.exp(-2.0 * (x - z)))
        frame["y"] = np.where(np.where(odd, rng.random(n) < 0.5, rng.random(n) < chance), "yes", "no")
        answer = {"probability": np.stack([1.0 - chance, chance], axis=1).astype(np.float32)}
    if "group" in roles:
        frame[roles["group"]] = [f"g{i}" for i in rng.integers(0, 30, n)]
    return load(frame, "y", **roles), answer


def looked(n: int, metric: str, seed: int, wrong: float = 0.0, **roles: Any) -> Found:
    kind = "regression" if metric in ("rmse", "mae", "r2") else "classification"
    data, answer = world(n, kind, seed, wrong, **roles)
    return by_segment(data, answer, shelves.load("metrics", metric), seed)


def worse(found: Found) -> list[tuple[str, str]]:
    return [(s["by"], s["value"]) for s in found if s["worse"]]


@pytest.mark.parametrize("metric", ["roc_auc", "accuracy", "log_loss", "f1_macro", "rmse", "mae", "r2"])
def test_a_planted_segment_is_found_and_no_other(metric: str) -> None:
    found = looked(1500, metric, 0, wrong=0.9)
    assert worse(found) == [("town", "Ulm")]
    assert (found[0]["by"], found[0]["value"]) == ("town", "Ulm"), "worst first"


@pytest.mark.parametrize("metric", ["accuracy", "roc_auc", "log_loss", "rmse"])
def test_a_small_one_is_found_by_moving_rows(metric: str) -> None:
    found = looked(400, metric, 3, wrong=1.0)
    assert ("town", "Ulm") in worse(found) and next(s for s in found if s["value"] == "Ulm")["rows"] < 100


@pytest.mark.parametrize(("metric", "n"), [("roc_auc", 400), ("log_loss", 400), ("accuracy", 1200), ("rmse", 600)])
def test_where_nothing_is_wrong_nothing_is_said(metric: str, n: int) -> None:
    """At most 5 of 100 tables may say so; more than 5 of 50 would be chance once in 26 times."""
    assert sum(bool(worse(looked(n, metric, seed))) for seed in range(100, 150)) <= 5


def test_segments_are_values_bands_and_gaps_of_fifty_rows_or_more() -> None:
    found = looked(800, "accuracy", 1)
    kinds = {(s["by"], s["value"].split(" ")[0]) for s in found}
    assert {("town", "Bonn"), ("c0", "a"), ("w", "missing"), ("x", "up"), ("x", "over")} <= kinds
    assert all(LEAST <= s["rows"] <= 800 - LEAST for s in found)
    town = [s for s in found if s["by"] == "town"]
    assert sum(s["rows"] for s in town) == 800


def test_the_score_is_the_metrics_own_on_these_rows() -> None:
    data, answer = world(800, "classification", 2)
    metric = shelves.load("metrics", "roc_auc")
    inside = data.features["town"] == 1  # the code of Bonn
    evidence = metric.evidence(data.truth[inside], {"probability": answer["probability"][inside]})
    expected, entry = (
        metric.interval(evidence),
        next(s for s in by_segment(data, answer, metric) if s["value"] == "Bonn"),
    )
    assert (entry["score"]["value"], entry["score"]["low"], entry["score"]["high"]) == (
        expected.value,
        expected.low,
        expected.high,
    )


def test_a_group_is_a_segment_and_chance_draws_whole_groups() -> None:
    found = looked(3000, "accuracy", 0, wrong=0.9, group="shop")
    assert ("shop", "g0") in {(s["by"], s["value"]) for s in found}
    assert worse(found)[0] == ("town", "Ulm")


def test_too_few_groups_tell_nothing() -> None:
    data, answer = world(600, "classification", 0, wrong=1.0, group="shop")
    data.about["shop"] = np.where(data.features["town"] == 3, "the one in Ulm", data.about["shop"])
    found = {(s["by"], s["value"]): s for s in by_segment(data, answer, shelves.load("metrics", "accuracy"))}
    assert found["town", "Ulm"]["p"] is None and not found["town", "Ulm"]["worse"]


def test_numbers_that_a_step_moves_are_written_as_they_stand_in_the_table() -> None:
    rng = np.random.default_rng(0)
    big = 1.7e9 + np.arange(800.0)
    data = load(
        pd.DataFrame({"at": big, "x": rng.normal(size=800), "y": rng.normal(size=800)}), "y", types={"at": "number"}
    )
    found = by_segment(data, {"value": np.zeros(800, np.float32)}, shelves.load("metrics", "mae"))
    assert {"up to 1700000199", "over 1700000599"} <= {s["value"] for s in found if s["by"] == "at"}


# --- the statistics ------------------------------------------------------------------------------------------------


def test_holm_is_what_scipy_multiplies_by_hand() -> None:
    p = np.array([0.001, 0.2, 0.011, 0.02, 0.9])
    assert holm(p).tolist() == pytest.approx([0.005, 0.4, 0.044, 0.06, 0.9])
    assert holm(np.array([])).tolist() == []


@pytest.mark.parametrize(
    ("hits", "rows", "all_hits", "all_rows"), [(9, 60, 40, 400), (0, 50, 3, 100), (50, 50, 70, 120)]
)
def test_fishers_p_is_the_hypergeometric_tail(hits: int, rows: int, all_hits: int, all_rows: int) -> None:
    assert more_by_fisher(hits, rows, all_hits, all_rows) == pytest.approx(
        stats.hypergeom.sf(hits - 1, all_rows, all_hits, rows), rel=1e-9
    )


def test_welchs_p_is_scipys() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.3, 2.0, 120), rng.normal(0.0, 1.0, 300)
    expected = stats.ttest_ind(a, b, equal_var=False, alternative="greater").pvalue
    assert more_by_welch(a, b) == pytest.approx(expected, rel=1e-9)


def test_moving_rows_gives_a_p_that_is_small_as_rarely_as_it_says() -> None:
    found = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        values, inside = rng.gamma(1.0, 1.0, 150), np.arange(150) < 60
        found.append(more_by_moving(lambda m, v=values: float(v[m].mean() - v[~m].mean()), inside, rng))
    assert 0.02 < np.mean(np.array(found) <= 0.1) < 0.18 and min(found) > 0.0


def test_shrinking_draws_the_unsure_to_the_middle_and_leaves_the_sure() -> None:
    values, errors = np.array([0.5, 0.8, 0.8, 0.2]), np.array([0.01, 0.01, 0.5, 0.5])
    found = shrunk(values, errors)
    assert np.allclose(found[:2], values[:2], atol=0.02) and abs(found[3] - 0.65) < abs(values[3] - 0.65) / 3
    assert spread_between(np.array([1.0, 1.01, 0.99]), np.ones(3)) == 0.0
    assert shrunk(np.array([1.0, 2.0]), np.array([np.inf, np.inf])).tolist() == [1.0, 2.0]


# --- the report ----------------------------------------------------------------------------------------------------


def said(found: Found) -> dict[str, Any]:
    shown = section.view(Documents({}, "runs/x", verdict={"segments": found, "metric_title": "how well it ranks"}))
    assert shown is not None
    return shown


def test_the_report_says_which_is_worse_with_its_figures() -> None:
    shown = said(looked(1500, "roc_auc", 0, wrong=0.9))
    assert "rows with town: Ulm it is worse than on the rest: 0." in shown["sentences"][0]
    assert "looked at" in shown["sentences"][-1] and shown["rows"][0]["worse"]


def test_the_report_says_so_where_none_is() -> None:
    found = looked(1500, "roc_auc", 1)
    assert said(found)["sentences"] == [f"No segment is shown to be worse than the rest ({len(found)} looked at)."]
    assert section.view(Documents({}, "runs/x", verdict={"segments": []})) is None
