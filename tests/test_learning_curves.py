"""Would more data help? What is foreseen holds against a known truth, costs nothing where it is not asked, and is said plainly."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from trials import metric, rows

from deepenough.bar import parse
from deepenough.candidates._trial import expand, families, try_out
from deepenough.dataset import Dataset
from deepenough.learning_curves import _wording as wording
from deepenough.learning_curves import learn
from deepenough.learning_curves._curves import reached
from deepenough.learning_curves._learn import cost
from deepenough.learning_curves._points import SHARES, covariance, points, thin
from deepenough.loading import load
from deepenough.report import html
from deepenough.report.documents import Documents
from deepenough.report.sections import more_data
from deepenough.runs import run
from deepenough.splits import Part, split
from deepenough.stats.learning import Foreseen, fit, loss_at, rows_to, rows_to_overtake, saved_at
from deepenough.workspace import Workspace

N = np.array([125, 250, 500, 1000])
SHARP = np.eye(4) * 1e-6
SAMPLES = Path(__file__).parent / "samples"
DOCS = Path(__file__).parents[1] / "docs"
FIGURES, PAGE = DOCS / "figures" / "learning_curves.json", DOCS / "more-data.md"


def power(a: float, b: float, c: float, n: Any = N) -> Any:
    return a + b * np.asarray(n, float) ** -c


# ------------------------------------------------------------------------------------------------- what is foreseen


def test_the_range_holds_the_truth_as_often_as_it_says() -> None:
    rng, inside, level = np.random.default_rng(0), 0, 0.05
    for _ in range(150):
        c, floor = rng.lognormal(math.log(0.4), 0.5), 1.0 - math.sqrt(rng.random())
        truth = power(floor, (1.0 - floor) * 1000.0**c, c, np.append(N, 5000))
        shared, own = level * rng.normal(), 0.02 * rng.normal(size=5)
        curve = fit(N, (truth * np.exp(own + shared))[:4], np.full((4, 4), level**2) + 1e-8 * np.eye(4))
        assert curve is not None
        found = loss_at(curve, 5000, judged=0.03)
        inside += found.low <= truth[4] * math.exp(own[4] + 0.03 * rng.normal()) <= found.high
    assert 0.75 <= inside / 150 <= 0.97


def test_what_all_points_share_moves_the_curve_and_not_its_shape() -> None:
    losses = power(0.1, 2.0, 0.5)
    alone, shared = (fit(N, losses, SHARP + s) for s in (0.0, 0.04))
    assert alone is not None and shared is not None
    one, two = (saved_at(c, 1000, 4000, bounded=False) for c in (alone, shared))
    assert (one.low, one.value, one.high) == pytest.approx((two.low, two.value, two.high), rel=1e-3)
    near, wide = (loss_at(c, 4000) for c in (alone, shared))
    assert wide.high / wide.low > 1.2 * near.high / near.low


def test_rows_to_a_bar_are_those_of_the_curve() -> None:
    curve = fit(N, power(0.0, 6.0, 0.5), SHARP)
    assert curve is not None
    found = rows_to(curve, float(power(0.0, 6.0, 0.5, 3000)), now=1250)
    assert found.low < 3000 < found.high and 2000 < found.value < 4500


def test_a_flat_curve_never_gets_there_and_one_that_is_there_needs_nothing() -> None:
    curve = fit(N, np.array([0.19, 0.1901, 0.19, 0.19]), np.eye(4) * 1e-8)
    assert curve is not None
    assert reached(rows_to(curve, 0.10, now=1250), 1250)["answer"] == "never"
    there = reached(rows_to(curve, 0.30, now=1250), 1250)
    assert there["answer"] == "already" and there["more"]["value"] == 0
    assert rows_to(curve, 0.0, now=1250).low == math.inf, "nothing is perfect"


def test_answers_follow_from_what_is_in_sight() -> None:
    inf = math.inf
    said = [
        reached(Foreseen(*n), 1000)["answer"]
        for n in ((5e3, 2e3, inf), (inf, 4e3, inf), (inf, inf, inf), (1e3, 1e3, 2e3))
    ]
    assert said == ["reach", "cannot_tell", "never", "already"]
    assert reached(Foreseen(5e3, 2e3, inf), 1000)["more"] == {"value": 4000, "low": 1000, "high": None}


def test_a_network_overtakes_where_its_curve_falls_faster() -> None:
    simple, steep, worse = (fit(N, power(*p), SHARP) for p in ((0.18, 0.2, 0.5), (0.0, 2.4, 0.36), (0.25, 0.2, 0.5)))
    assert simple is not None and steep is not None and worse is not None
    n = np.geomspace(1250, 125000, 2000)
    truth = n[np.argmax(power(0.18, 0.2, 0.5, n) - power(0.0, 2.4, 0.36, n) >= 0.02)]
    found = rows_to_overtake(simple, steep, 0.02, se=0.001, now=1250, bounded=True)
    assert found.low < truth < found.high
    assert rows_to_overtake(simple, worse, 0.02, se=0.001, now=1250, bounded=True).low == math.inf
    assert rows_to_overtake(worse, simple, 0.02, se=0.001, now=1250, bounded=False).value == 1250


def test_one_point_or_a_perfect_score_is_no_curve() -> None:
    assert fit(np.array([100]), np.array([0.3]), np.eye(1)) is None
    assert fit(N, np.array([0.2, 0.1, 0.0, 0.0]), SHARP) is None


# ------------------------------------------------------------------------------------------------- fewer rows


def drawn(data: Dataset, share: float) -> tuple[Part, Part | None]:
    n = len(data)
    part = Part(np.arange(n // 5, n - n // 5), np.arange(n - n // 5, n), np.arange(n // 5))
    return part, thin(part, share, data, np.random.default_rng(0))


def test_classes_keep_their_share_and_what_is_judged_stays() -> None:
    data = rows(np.tile([0, 0, 0, 1], 200))
    part, kept = drawn(data, 0.25)
    assert kept is not None and np.array_equal(kept.score, part.score)
    assert len(kept.learn) == 120 and data.truth[kept.learn].mean() == 0.25
    assert set(kept.learn) <= set(part.learn) and set(kept.tune) <= set(part.tune)


def test_groups_stay_whole() -> None:
    groups = np.repeat([f"g{i:02}" for i in range(40)], 20)
    data = rows(np.tile([0, 1], 400), groups)
    part, kept = drawn(data, 0.5)
    assert kept is not None
    for side, whole in ((kept.learn, part.learn), (kept.tune, part.tune)):
        for name in np.unique(groups[side]):
            assert (groups[side] == name).sum() == (groups[whole] == name).sum()
    assert drawn(rows(np.tile([0, 1], 80), np.repeat(["a", "b", "c", "d"], 40)), 0.125)[1] is None


def test_with_a_clock_the_latest_rows_are_kept_in_order() -> None:
    frame = pd.DataFrame(
        {"t": pd.date_range("2024-01-01", periods=500), "x": np.arange(500.0), "y": np.arange(500.0) % 7.3}
    )
    data = load(frame, "y", time="t")
    part, kept = drawn(data, 0.25)
    assert kept is not None
    joined = np.concatenate([part.learn, part.tune])
    assert np.array_equal(np.concatenate([kept.learn, kept.tune]), joined[-len(joined) // 4 :])
    assert len(kept.tune) == pytest.approx(len(joined) / 20, abs=1)


def test_too_few_rows_or_a_class_that_is_gone_say_nothing() -> None:
    assert drawn(rows(np.tile([0, 1], 40)), 0.125)[1] is None
    rare = np.zeros(800, int)
    rare[::160] = 1
    assert drawn(rows(rare), 0.25)[1] is None


# ------------------------------------------------------------------------------------------------- the fits


def made(n: int = 500, seed: int = 0, kind: str = "classification") -> Dataset:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 6)), columns=list("abcdef"))
    signal = frame.a + frame.b * frame.c + rng.normal(size=n)
    frame["y"] = signal if kind == "regression" else np.where(signal > 0, "yes", "no")
    return load(frame, "y")


def tried(data: Dataset, name: str, by: str, folder: Path, workspace: Workspace) -> tuple[Any, Any]:
    parts = split(data, data.truth if data.task.labels else None, seed=0, given=True).parts[:2]
    family = next(f for f in families(data) if f.candidate == name)
    trial = try_out(expand(family, data)[0], data, parts, metric(by), workspace, folder / "t" / "bundle", 0)
    assert trial.ok, trial.reason
    return trial, parts


def test_points_are_kept_and_the_same_again(tmp_path: Path) -> None:
    begun: list[str] = []
    workspace = Workspace(stamp="asked", begin=lambda what: begun.append(what))
    data = made()
    trial, parts = tried(data, "linear", "roc_auc", tmp_path, workspace)
    begun.clear()
    found, left = points(trial, data, parts, metric("roc_auc"), workspace, tmp_path / "curves", 0)
    assert [p.rows for p in found] == sorted(p.rows for p in found) and len(found) == len(SHARES) + 1 and not left
    assert found[-1].trial is trial and len(begun) == len(SHARES) * len(parts), "the full point is free"
    again, _ = points(trial, data, parts, metric("roc_auc"), workspace, tmp_path / "curves", 0)
    assert len(begun) == len(SHARES) * len(parts), "what was fitted is not fitted again"
    for one, two in zip(found, again, strict=True):
        assert np.array_equal(one.trial.answer["probability"], two.trial.answer["probability"])  # type: ignore[index]


@pytest.mark.parametrize("by", ["roc_auc", "log_loss", "accuracy", "rmse", "mae", "r2"])
def test_pairs_are_sharper_than_scores(by: str, tmp_path: Path) -> None:
    data = made(kind="regression" if by in ("rmse", "mae", "r2") else "classification")
    trial, parts = tried(data, "linear", by, tmp_path, Workspace())
    found, _ = points(trial, data, parts, metric(by), Workspace(), tmp_path, 0)
    joint = covariance(found, data, metric(by))
    assert joint is not None and np.linalg.eigvalsh(joint).min() > -1e-12
    apart = joint[-1, -1] + joint[-2, -2] - 2 * joint[-1, -2]
    assert 0.0 <= apart < 0.5 * (joint[-1, -1] + joint[-2, -2])


def asked(data: Dataset, trial: Any, parts: Any, tmp_path: Path, by: str = "roc_auc", **how: Any) -> dict[str, Any]:
    given = {"bar": None, "outcome": "chosen", "worth": 0.02, "folder": tmp_path / "curves", "seed": 0} | how
    workspace = given.pop("workspace", Workspace())
    return learn([trial], data, parts, metric(by), workspace, **given)


def test_a_met_bar_costs_nothing_more_but_where_it_is_asked_for(tmp_path: Path) -> None:
    data = made()
    trial, parts = tried(data, "linear", "roc_auc", tmp_path, Workspace())
    bar = parse("roc_auc >= 0.6", "classification")
    assert asked(data, trial, parts, tmp_path, bar=bar, outcome="met") == {}
    figure = asked(data, trial, parts, tmp_path, bar=bar, outcome="met", forced=True)["learning"]
    assert figure["curves"][0]["to_bar"]["answer"] == "already" and "already there" in figure["more_data"]


def test_what_the_budget_does_not_allow_is_a_sentence(tmp_path: Path) -> None:
    data = made()
    trial, parts = tried(data, "linear", "roc_auc", tmp_path, Workspace())
    small = Workspace(budget_seconds=cost(trial, data) / 0.15 * 0.99)
    figure = asked(data, trial, parts, tmp_path, workspace=small)["learning"]
    assert figure["curves"] == [] and "--how-much-data" in figure["more_data"]
    assert asked(data, trial, parts, tmp_path, workspace=small, forced=True)["learning"]["curves"]


def test_an_error_falls_and_is_called_one(tmp_path: Path) -> None:
    data = made(kind="regression")
    trial, parts = tried(data, "gradient_boosting", "rmse", tmp_path, Workspace())
    figure = asked(data, trial, parts, tmp_path, "rmse")["learning"]
    curve = figure["curves"][0]
    assert curve["most"]["value"] < curve["twice"]["value"] < curve["now"]["value"] < curve["points"][0]["value"]
    assert all(p["low"] <= p["value"] <= p["high"] for p in curve["line"])
    assert "the error from" in figure["more_data"] and "rmse" not in figure["more_data"].lower()
    json.dumps(figure, allow_nan=False)


def test_a_run_that_misses_its_bar_says_what_more_rows_would_bring(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(400, 3)), columns=list("abc"))
    frame["y"] = np.where(frame.a + 2 * rng.normal(size=400) > 0, "yes", "no")
    done = run(frame, "y", bar="roc_auc >= 0.97", budget="1s", cores=1, out=tmp_path / "run", how_much_data=True)
    figure = json.loads((done.folder / "figures" / "learning.json").read_text())
    assert done.verdict["outcome"] == "missed" and figure["curves"][0]["to_bar"]["answer"] != "already"
    assert figure["more_data"].split(".")[0] in done.report.read_text(encoding="utf-8")


# ------------------------------------------------------------------------------------------------- what is said


def curve(answer: str, **facts: Any) -> dict[str, Any]:
    spread = {"value": 0.81, "low": 0.80, "high": 0.82}
    more = {"reach": (3128, 1204, 19973), "cannot_tell": (None, 8200, None), "never": (None, None, None)}.get(
        answer, (0, 0, 0)
    )
    line = [{"rows": n, **spread} for n in (500, 1000, 8000)]
    seen = {
        "title": "Linear model",
        "deep": False,
        "now": spread,
        "twice": spread,
        "most": spread,
        "flat": answer == "never",
    }
    to_bar = {"answer": answer, "more": dict(zip(("value", "low", "high"), more, strict=True)), "rows": {}}
    whole = {**seen, "to_bar": to_bar, "line": line, "points": line[:2], **facts}
    return whole | {"sentence": wording.of_curve(whole, True)}


def test_sentences_answer_what_a_person_asks() -> None:
    assert curve("reach")["sentence"] == (
        "Linear model: about 3,100 more rows to reach the bar (80 % sure: 1,200 to 20,000)."
    )
    assert curve("never")["sentence"].endswith("no amount of such rows reaches the bar: the curve is flat at 0.810.")
    assert "already there" in curve("already")["sentence"]
    assert "8,200 more rows at best" in curve("cannot_tell")["sentence"]
    assert "too few points" in wording.of_no_curve("Linear model", 100).replace("\n", " ")
    reach = {"answer": "reach", "rows": {"value": 20400, "low": 9000, "high": None}}
    assert "by the worth at about 20,000 rows" in wording.of_overtaking(reach, "Network", "Boosted trees")
    never = wording.of_overtaking({"answer": "never", "rows": {}}, "Network", "Boosted trees")
    assert never == "Network: would never overtake boosted trees by the worth within 100 times the rows."


@pytest.mark.parametrize("answer", ["reach", "never", "cannot_tell", "already"])
def test_the_report_says_it_and_draws_it(answer: str) -> None:
    found = curve(answer)
    figure = {"curves": [found], "overtake": None, "more_data": found["sentence"], "rows_now": 1000, "bar": 0.85}
    figure |= {"farthest": 100.0, "higher_is_better": True}
    run_document = json.loads((SAMPLES / "good" / "run.json").read_text())
    verdict = json.loads((SAMPLES / "good" / "verdict.json").read_text())
    page = html.compose(Documents(run_document, "runs/x", verdict=verdict, figures={"learning": figure}), "x")
    part = page[page.index('<section id="more_data"') :]
    assert found["sentence"] in part and "chart-learning" in part and 'href="#more_data"' in page


def test_without_a_curve_the_section_is_a_sentence_and_without_a_figure_it_is_not_there() -> None:
    said = wording.too_dear(1234.0)
    only = Documents({}, "x", figures={"learning": {"curves": [], "overtake": None, "more_data": said}})
    shown = more_data.view(only)
    assert shown is not None and shown["lead"] == said and shown["svg"] is None and "1,234 CPU seconds" in said
    assert more_data.view(Documents({}, "x")) is None


# ------------------------------------------------------------------------------------------------- the proof


def test_the_back_test_holds_what_is_promised_and_the_page_says_so() -> None:
    figures, page = json.loads(FIGURES.read_text(encoding="utf-8")), PAGE.read_text(encoding="utf-8")
    assert figures["all"]["share"] >= figures["promised"] == 0.75
    for found in (figures["all"], figures["not_tuned_on"]):
        assert f"**{100 * found['share']:.1f} %** of" in " ".join(page.split()) and f"{found['pairs']}" in page
    for name, found in figures["tables"].items():
        assert f"| {name} | {found['inside']} | {found['pairs']} | {found['median_width']:.2f} |" in page
