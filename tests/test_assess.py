"""Step zero: from answers to a way, a plan and a command line; nothing is invented, and every mistake has its line."""

from __future__ import annotations

import itertools
import json
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from calling import call, must_be_refusal, untouched
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.main import get_command

import deepenough as de
from deepenough import bar, costs
from deepenough.assessment import approach, asking, contradictions, lines, measuring, page, template, volume, worth
from deepenough.assessment.criteria import TABLE, WAYS
from deepenough.assessment.guides import PHASES, PILOT_WEEKS, STRETCH, VOLUMES
from deepenough.assessment.questions import BLOCKS, QUESTIONS, SECTIONS, USE_CASE
from deepenough.assessment.ranges import Range
from deepenough.assessment.reading import Answers, read
from deepenough.assessment.terminal import show
from deepenough.cli import app
from deepenough.errors import DataError, SettingError

ROOT = Path(__file__).parents[1]
EXAMPLES = Path("docs/assess")
OUTCOMES = {
    "inspection": "deep",
    "demand": "classical",
    "churn": "classical",
    "contracts": "not_yet",
    "vibration": "rules",
}
TODAY = date(2026, 11, 20)
HOSTILE = "<script>alert(1)</script>"
PRICED: dict[str, Any] = {
    "kind": "table",
    "rules": "no",
    "metric": "accuracy",
    "today_quality": 0.7,
    "good_enough": 0.8,
    "expected_quality": 0.8,
    "unit_value": 1000,
    "weeks_estimate": 10,
    "people": 1,
    "week_price": 1000,
    "labelled_rows": 5000,
    "upkeep_a_year": 0,
}


def made(answers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The document of some answers."""
    return de.assess({**answers, **more}, today=TODAY).document


def without(answers: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {k: v for k, v in answers.items() if k not in keys}


# --- the worked examples ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def worked() -> dict[str, de.assessment.Assessment]:
    return {name: de.assess(ROOT / EXAMPLES / name / "assessment.toml") for name in OUTCOMES}


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_worked_example_ends_as_its_page_says(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`answer.txt` beside each is what the terminal says, to the last figure."""
    from rich.console import Console

    monkeypatch.chdir(ROOT)
    found = de.assess(EXAMPLES / name / "assessment.toml")
    console = Console(width=80, record=True, file=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
    show(found.document, console)
    console.file.close()
    assert found.outcome == OUTCOMES[name]
    said = (EXAMPLES / name / "answer.txt").read_text(encoding="utf-8")
    assert [line.rstrip() for line in console.export_text().strip().splitlines()] == said.strip().splitlines()


def test_every_folder_of_examples_is_worked() -> None:
    assert {p.parent.name for p in (ROOT / EXAMPLES).glob("*/assessment.toml")} == set(OUTCOMES)
    page_text = (ROOT / "docs" / "assess.md").read_text(encoding="utf-8")
    assert all(f"assess/{name}" in page_text for name in OUTCOMES)


def test_the_proposed_command_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / EXAMPLES / "churn", tmp_path / "case")
    monkeypatch.chdir(tmp_path)
    said = call("assess", "case/assessment.toml", "--json")
    command = json.loads(said.out)["proposal"]["command"]
    words = shlex.split(command)
    assert words[:3] == ["deepenough", "run", "case/churn.csv"] and "--value" not in words
    assert {"--target", "--bar", "--latency", "--out"} <= set(words)
    run = call(*words[1:], "--no-report")
    verdict = json.loads((tmp_path / words[-1] / "verdict.json").read_text())
    assert run.code in (0, 1) and verdict["bar"]["text"] == "roc_auc >= 0.72" and verdict["bar"]["latency_ms"] == 50


def test_the_commands_for_a_vendor_have_words_that_are_known(worked: dict[str, Any]) -> None:
    known = {o for p in get_command(app).commands["judge"].params for o in p.opts}  # type: ignore[attr-defined]
    judged = worked["churn"].document["vendor"]["judged"]
    options = [w for line in [*judged["commands"], judged["words"]] for w in re.findall(r"--[a-z-]+", line)]
    assert set(options) == {"--export", "--against", "--their-latency", "--their-price"} and set(options) <= known


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_bar_of_an_example_is_one_that_a_run_reads(worked: dict[str, Any], name: str) -> None:
    proposal = worked[name].document["proposal"]
    kind = contradictions.task_kind(read(ROOT / EXAMPLES / name / "assessment.toml"))
    assert kind and bar.parse(proposal["bar"], kind, latency=proposal["latency"]) is not None


# --- the guides, as the figures were given ----------------------------------------------------------------------------


def test_the_guides_figures_are_those_reported() -> None:
    spans = {k: (v.least, v.ample) for k, v in VOLUMES.items()}
    assert spans == {
        "table": (100, 50_000),
        "image": (500, 2_000),
        "text": (200, 1_000),
        "series": (2, 3),
        "anomaly": (6, 6),
    }
    shares = {k: (r.low, r.high) for k, r in PHASES.items()}
    assert shares == {"data": (0.2, 0.35), "baseline": (0.1, 0.15), "model": (0.25, 0.35), "production": (0.25, 0.35)}
    assert Range(8, 12) == PILOT_WEEKS
    assert Range(2, 3) == STRETCH
    assert all("not proven" in row["source"] for row in made({})["guides"])


@pytest.mark.parametrize(
    ("answers", "steps"),
    [
        ({"kind": "table", "labelled_rows": 99}, {"short"}),
        ({"kind": "table", "labelled_rows": 100}, {"small"}),
        ({"kind": "table", "labelled_rows": [9999, 10_000]}, {"small", "enough"}),
        ({"kind": "table", "labelled_rows": 50_000}, {"ample"}),
        ({"kind": "table", "rows": 5_000}, {"short", "small"}),  # none of them labelled, or all
        ({"kind": "image", "labelled_rows": 1998, "classes": 4}, {"short"}),
        ({"kind": "image", "labelled_rows": 2000, "classes": 4}, {"enough"}),
        ({"kind": "image", "labelled_rows": 8000, "classes": 4}, {"ample"}),
        ({"kind": "image", "labelled_rows": 8000, "classes": 2, "rarest_share": 5}, {"short"}),
        ({"kind": "text", "labelled_rows": 1000, "classes": [2, 6]}, {"short", "enough"}),
        ({"kind": "text", "labelled_rows": 1000}, {"short", "enough", "ample"}),
        ({"kind": "series", "history_years": 1.9}, {"short"}),
        ({"kind": "series", "history_years": 3}, {"ample"}),
        ({"kind": "anomaly", "normal_months": 5}, {"short"}),
        ({"kind": "anomaly", "normal_months": 6}, {"ample"}),
    ],
)
def test_volumes_stand_against_the_guides(answers: dict[str, Any], steps: set[str]) -> None:
    found = volume.amount(read(answers))
    assert found is not None and found.steps == steps


# --- which way --------------------------------------------------------------------------------------------------------


def test_rules_come_first_where_an_expert_can_write_them() -> None:
    for kind in VOLUMES:
        assert (
            made({"rules": "yes", "kind": kind, "compute": "gpu", "features_known": "no"})["approach"]["way"] == "rules"
        )


@pytest.mark.parametrize(
    ("answers", "way"),
    [
        ({"kind": "table", "labelled_rows": 5000}, "classical"),
        ({"kind": "table", "labelled_rows": 90_000, "features_known": "no", "compute": "gpu"}, "deep"),
        ({"kind": "image", "labelled_rows": 9000, "classes": 2}, "deep"),
        ({"kind": "text", "labelled_rows": 60, "classes": 2}, "prompted"),
        (
            {"kind": "text", "labelled_rows": 9000, "classes": 2, "may_leave": "no", "explain_to": "regulator"},
            "classical",
        ),
        ({"kind": "series", "history_years": 5}, "classical"),
    ],
)
def test_the_table_leads_where_the_guides_lead(answers: dict[str, Any], way: str) -> None:
    assert made(answers, rules="no")["approach"]["way"] == way


def test_nothing_is_proposed_from_nothing() -> None:
    found = made({"name": "An idea"})
    assert (found["outcome"], found["approach"]["way"]) == ("unknown", None)
    assert len(found["unknown"]) > 35 and found["plan"]["build"] is None and found["plan"]["value"]["money"] is None


OPEN = {"rules": ["partly", "no"], "kind": list(VOLUMES), "labelled_rows": [50, 5000, 60_000], "classes": [2, 10],
        "history_years": [1, 2.5, 4], "normal_months": [3, 8], "explain_to": ["nobody", "experts", "customers"],
        "compute": ["cpu", "gpu"], "features_known": ["yes", "partly", "no"], "place": ["server", "phone"],
        "may_leave": ["yes", "no"], "due": [date(2026, 12, 1), date(2027, 2, 1), date(2028, 1, 1)]}  # fmt: skip


@given(st.data())
@settings(max_examples=150)
def test_settled_means_that_no_open_answer_changes_it(data: st.DataObject) -> None:
    whole = {key: data.draw(st.sampled_from(values), key) for key, values in OPEN.items()}
    kept = data.draw(st.sets(st.sampled_from(sorted(OPEN))))
    some = {k: v for k, v in whole.items() if k in kept and (k != "normal_months" or whole["kind"] == "anomaly")}
    first = approach.approach(read(some, TODAY))
    then = approach.approach(read(whole if whole["kind"] == "anomaly" else without(whole, "normal_months"), TODAY))
    if first.settled:
        assert then.way == first.way
    elif first.way is not None and then.way != first.way:
        assert set(first.open) & (set(whole) - set(some)), "what could change it is named"


def test_every_vote_is_a_sign_for_each_way_with_its_reason_and_source() -> None:
    for criterion in TABLE:
        for signs, reason, source in criterion.votes.values():
            assert len(signs) == len(WAYS) and set(signs) <= set("+0-")
            assert reason.endswith(".") and source


# --- readiness --------------------------------------------------------------------------------------------------------

LEVELS = [q.key for q in SECTIONS["Readiness"]]


@given(st.dictionaries(st.sampled_from(LEVELS), st.sampled_from(["yes", "partly", "no"])), st.sampled_from(LEVELS))
@settings(max_examples=60)
def test_an_answer_more_only_narrows_a_grade(some: dict[str, str], key: str) -> None:
    fewer = {d["dimension"]: (d["low"], d["high"]) for d in made(without(some, key))["readiness"]["dimensions"]}
    for answer in ("yes", "no"):
        for d in made(some, **{key: answer})["readiness"]["dimensions"]:
            low, high = fewer[d["dimension"]]
            assert 1 <= low <= d["low"] <= d["high"] <= high <= 5


@pytest.mark.parametrize("key", ["owner", "data_access", "known_in_time", "personal_data_cleared", "sponsor"])
def test_a_blocking_gap_is_not_yet_and_comes_first(key: str) -> None:
    found = made(PRICED, **{"keeper": "no", key: "no"})
    assert found["outcome"] == "not_yet" and len(found["readiness"]["blocking"]) == 1
    assert found["readiness"]["gaps"][0]["blocks"] and found["sentence"].startswith(
        found["readiness"]["gaps"][0]["gap"]
    )
    assert made(PRICED, **{key: "partly"})["outcome"] == "classical"


def test_too_few_examples_block_a_model_but_neither_rules_nor_a_prompt() -> None:
    few = {"kind": "table", "labelled_rows": 60}
    assert made(few, rules="no", compute="cpu", explain_to="experts", features_known="yes")["outcome"] == "not_yet"
    assert made(few, rules="yes")["outcome"] == "rules"
    assert made({"kind": "text", "labelled_rows": 60, "classes": 2}, rules="no")["outcome"] == "prompted"


def test_a_due_date_before_the_teams_own_estimate_is_not_yet() -> None:
    found = made(PRICED, due=date(2026, 12, 20))
    assert found["outcome"] == "not_yet" and any("due in 4 weeks" in reason for reason in found["against"])


# --- money ------------------------------------------------------------------------------------------------------------


def test_the_cost_is_the_work_multiplied_as_the_guides_advise() -> None:
    """10 weeks of 1,000, times 2 to 3: uniform between 20,000 and 30,000."""
    plan = made(PRICED)["plan"]
    assert plan["build"]["low"] == pytest.approx(20_500, abs=60)
    assert plan["build"]["high"] == pytest.approx(29_500, abs=60)
    assert plan["weeks"]["likely"]["middle"] == pytest.approx(25, abs=0.2)


def test_value_and_payback_are_those_of_the_formula() -> None:
    """0.7 to 0.8 is ten points of 1,000 a year; w weeks of work at 1,000 each are paid after w/52 + w/10 years."""
    plan = made(PRICED)["plan"]
    assert plan["value"]["money"] == pytest.approx({"low": 10_000, "middle": 10_000, "high": 10_000})
    assert plan["payback"]["years"]["middle"] == pytest.approx(25 / 52 + 2.5, abs=0.02)
    assert plan["payback"]["paid_within"] == pytest.approx(
        {"1": 0.0, "2": 0.0, "3": (3 / (1 / 52 + 0.1) - 20) / 10}, abs=0.02
    )
    assert plan["break_even"][2]["value_a_year"]["middle"] == pytest.approx(25_000 / (3 - 25 / 52), rel=0.01)
    assert plan["break_even"][2]["gain"]["middle"] == pytest.approx(0.01 * 25 / (3 - 25 / 52), rel=0.01)
    assert plan["break_even"][0]["value_a_year"]["high"] == pytest.approx(29_500 / (1 - 29.5 / 52), rel=0.02)


def test_an_errors_value_counts_downwards() -> None:
    answers = {**without(PRICED, "expected_quality"), "metric": "mae", "today_quality": 30, "good_enough": 20}
    plan = made(answers, expected_quality=[20, 24])["plan"]
    assert plan["value"]["money"]["low"] == pytest.approx(6_200, rel=0.01)
    assert plan["value"]["money"]["high"] == pytest.approx(9_800, rel=0.01)


def test_errors_avoided_are_priced_where_the_metric_counts_them() -> None:
    plan = made(without(PRICED, "unit_value"), decisions_a_year=1000, false_alarm_cost=3, miss_cost=3)["plan"]
    assert plan["value"]["money"]["middle"] == pytest.approx(0.1 * 1000 * 3)
    other = made(
        without(PRICED, "unit_value"), metric="roc_auc", decisions_a_year=1000, false_alarm_cost=3, miss_cost=3
    )
    assert other["plan"]["value"]["money"] is None and other["plan"]["value"]["missing"] == ["unit_value"]


@pytest.mark.parametrize("key", ["expected_quality", "weeks_estimate"])
def test_what_is_not_answered_widens_the_range(key: str) -> None:
    def width(found: dict[str, Any]) -> float:
        return float(found["high"] - found["low"])

    known, unknown = made(PRICED)["plan"], made(without(PRICED, key))["plan"]
    part = ("value", "money") if key == "expected_quality" else ("weeks", "likely")
    assert width(unknown[part[0]][part[1]]) > width(known[part[0]][part[1]])


@pytest.mark.parametrize("key", ["people", "week_price", "unit_value", "today_quality"])
def test_what_cannot_be_bounded_is_left_out_and_named(key: str) -> None:
    plan = made(without(PRICED, key))["plan"]
    parts = [*plan["once"], plan["value"]]
    assert plan["payback"] is None and [p for p in parts if key in p["missing"] and p["money"] is None]


def test_what_a_sum_leaves_out_is_said_beside_it() -> None:
    found = de.assess(without(PRICED, "upkeep_a_year"))
    assert "Keeping it running" in found.document["plan"]["left_out"]
    assert "best case of what is known" in found.page and "at best" in found.page


def test_what_never_pays_is_not_yet() -> None:
    found = made(PRICED, upkeep_a_year=11_000)
    assert found["plan"]["payback"]["never"] == 1 and found["plan"]["payback"]["years"]["low"] is None
    assert (found["outcome"], "more than it brings" in found["sentence"]) == ("not_yet", True)
    late = made(PRICED, horizon_years=2)
    assert late["outcome"] == "not_yet" and "within 2 years" in late["sentence"]
    assert made(PRICED, horizon_years=4)["outcome"] == "classical"


def test_labelling_is_what_the_guides_ask_for_less_what_is_there() -> None:
    case = {"kind": "image", "classes": 4, "labelled_rows": 1000, "label_seconds": 36, "label_hour_price": 40}
    plan = made(case)["plan"]
    assert plan["labels"] == {"needed": {"low": 1000, "high": 7000}, "hours": {"low": 10, "high": 70}}
    assert plan["once"][1]["money"]["high"] == pytest.approx(40 * 67, rel=0.01)
    assert made(without(case, "labelled_rows"))["plan"]["labels"]["needed"] == {"low": 0, "high": 8000}
    assert made(without(case, "classes"))["plan"]["labels"]["needed"] is None


def test_machine_time_is_that_of_the_table_of_costs() -> None:
    plan = made(PRICED, latency="50ms", decisions_a_year=2_000_000, retrain_a_year=12)["plan"]["machine"]
    assert plan["per_1000"]["high"] == pytest.approx(costs.per_thousand(50.0))
    assert plan["answering_a_year"]["high"] == pytest.approx(2000 * costs.per_thousand(50.0))
    assert plan["training_a_year"]["low"] == pytest.approx(12 * costs.of_cpu(600))
    assert made(PRICED, latency="50ms", currency="EUR")["plan"]["machine"]["per_1000"] is None, "dollars are no euros"


def test_the_same_seed_gives_the_same_bytes_and_another_nearly_the_same() -> None:
    one, same, other = (de.assess({**PRICED, "people": [1, 2]}, seed=s, today=TODAY) for s in (0, 0, 7))
    assert one.document == same.document and one.page == same.page
    a, b = (d.document["plan"]["build"]["middle"] for d in (one, other))
    assert a != b and a == pytest.approx(b, rel=0.02)


# --- use cases --------------------------------------------------------------------------------------------------------

GOOD = {"name": "good", "impact": 100, "feasibility": 5, "data": 5, "weeks": 8, "sponsor": 5}
BAD = {"name": "bad", "impact": 10, "feasibility": 2, "data": 2, "weeks": 30, "sponsor": 1}


def test_what_is_better_in_everything_is_first_whatever_counts() -> None:
    ranked = made({"use_case": [BAD, GOOD]})["use_cases"]
    assert ranked["pilot"] == "good" and ranked["steady"]
    assert [case["first"] for case in ranked["ranking"]] == [1.0, 0.0]


def test_weights_turn_a_ranking_and_its_unsteadiness_is_said() -> None:
    rich = {**BAD, "name": "rich", "impact": 1000}
    cases = {"use_case": [{**GOOD, "weeks": 60}, rich]}
    assert made(cases)["use_cases"]["pilot"] == "good"
    turned = made(cases, weights={"impact": 10, "feasibility": 0, "data": 0, "time": 0, "sponsor": 0})["use_cases"]
    assert turned["pilot"] == "rich" and turned["ranking"][0]["first"] > 0.99
    assert 0.02 < made(cases)["use_cases"]["ranking"][1]["first"] < 0.98


def test_an_unknown_use_case_may_be_anything() -> None:
    ranked = made({"use_case": [{"name": "dark"}, {**GOOD, "data": 3, "sponsor": 3}]})["use_cases"]["ranking"]
    dark = next(c for c in ranked if c["name"] == "dark")
    assert dark["unknown"] == ["impact", "feasibility", "data", "weeks", "sponsor"]
    assert dark["score"]["high"] - dark["score"]["low"] > 0.3 and dark["first"] > 0


# --- a file is measured -----------------------------------------------------------------------------------------------


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    n = 600
    frame = pd.DataFrame(
        {
            "email": [f"p{i}@example.org" for i in range(n)],
            "bornYear": rng.integers(1950, 2005, n),
            "postcode": rng.integers(10_000, 99_999, n),
            "day": pd.date_range("2023-01-01", periods=n, freq="2D").strftime("%Y-%m-%d"),
            "size": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n).round(3)),
            "late": np.where(rng.random(n) < 0.25, "yes", "no"),
        }
    )
    frame.loc[n - 10 :, "late"] = None
    frame.to_csv(tmp_path / "orders.csv", index=False)
    return tmp_path


def test_a_file_is_measured_and_not_asked(table: Path) -> None:
    (table / "a.toml").write_text('data = "orders.csv"\ntarget = "late"\ntime = "day"\nrules = "no"\n')
    found = de.assess(table / "a.toml").document
    seen = found["measured"]
    assert (seen["rows"], seen["labelled_rows"], seen["classes"], seen["task"]) == (600, 590, 2, "classification")
    assert seen["history_years"] == pytest.approx(599 * 2 / 365.25, abs=0.02)
    assert 20 < seen["rarest_share"] < 30 and 0.15 < seen["gaps"]["size"] < 0.25
    assert {"email", "postcode"} <= set(seen["looks_personal"]) and "size" not in seen["looks_personal"]
    assert {"rows", "classes", "kind", "personal_data"} <= set(found["answers"])
    assert not {"rows", "classes", "kind"} & {row["key"] for row in found["unknown"]}
    volume_line = next(line for line in found["approach"]["table"] if line["criterion"] == "Volume")
    assert volume_line["source"].startswith("measured in your file")


def test_copies_are_counted(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": np.arange(200) * 1.5, "b": np.arange(200) % 7, "y": ["u", "v"] * 100})
    pd.concat([frame, frame.iloc[:30]]).to_csv(tmp_path / "t.csv", index=False)
    (tmp_path / "a.toml").write_text('data = "t.csv"\ntarget = "y"\n')
    assert de.assess(tmp_path / "a.toml").document["measured"]["copies"] == 30


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("rows = 5000", ["line 3", "rows = 5,000", "'orders.csv' holds 600", "measured, not asked"]),
        ("classes = 3", ["line 3", "classes", "holds 2"]),
        ('metric = "rmse"', ["line 3", "rmse", "'late'"]),
        ('time = "dya"', ["line 3", "'dya'", "Did you mean 'day'"]),
        ('kind = "image"', ["line 1", "image"]),
    ],
)
def test_what_the_file_says_otherwise_is_refused(table: Path, more: str, words: list[str]) -> None:
    (table / "a.toml").write_text(f'data = "orders.csv"\ntarget = "late"\n{more}\n')
    must_be_refusal(call("assess", str(table / "a.toml")), 2, *words)


def test_a_measured_answer_may_stand_there_where_it_is_right(table: Path) -> None:
    (table / "a.toml").write_text('data = "orders.csv"\ntarget = "late"\nrows = [500, 700]\nrarest_share = [20, 30]\n')
    assert de.assess(table / "a.toml").document["measured"]["rows"] == 600


@pytest.mark.parametrize("name", ["phone_nr", "Vorname", "last-name", "ipAddress", "IBAN", "date_of_birth"])
def test_names_that_look_personal(name: str) -> None:
    assert measuring.looks_personal(name)


@pytest.mark.parametrize("name", ["size", "pages", "chip", "shipping", "voltage", "filename2x"])
def test_names_that_do_not(name: str) -> None:
    assert not measuring.looks_personal(name)


# --- bad input --------------------------------------------------------------------------------------------------------

BAD_INPUT = [
    ("metrc = 'accuracy'", ["line 2", "'metrc'", "Did you mean 'metric'?"]),
    ("miss_cost = -5", ["line 2", "miss_cost = -5", "negative money"]),
    ("labels_agree = 120", ["line 2", "labels_agree = 120", "no percentage"]),
    ("metric = 'accuracy'\ngood_enough = 85", ["line 3", "over 100 %", "Did you mean 0.85?"]),
    ("metric = 'accuracy'\ngood_enough = '120 %'", ["line 3", "over 100 %"]),
    ("weeks_estimate = -3", ["line 2", "lies in the past"]),
    ("due = 2020-01-01", ["line 2", "2020-01-01 lies in the past"]),
    ("due = '2030-01-01'", ["line 2", "no date", "without quotes"]),
    ("kind = 'tabel'", ["line 2", "Did you mean 'table'?"]),
    ("rules = 3", ["line 2", "rules = 3", "yes, partly, no"]),
    ("rows = 2.5", ["line 2", "rows = 2.5", "whole number"]),
    ("rows = 'many'", ["line 2", "rows = \"many\"", "range [low, high]"]),
    ("rows = [8000, 5000]", ["line 2", "runs backwards", "[5,000, 8,000]"]),
    ("rows = nan", ["line 2", "no number"]),
    ("rows = true", ["line 2", "no number"]),
    ("name = 7", ["line 2", "no text"]),
    ("latency = 20", ["line 2", "no unit", '"50ms"']),
    ("latency = '20 parsecs'", ["line 2", "latency", "parsecs"]),
    ("unit = [0.01, 0.02]", ["line 2", "one number"]),
    ("metric = 'auc'", ["line 2", "Did you mean 'roc_auc'?"]),
    ("good_enough = 0.8", ["line 2", "no metric"]),
    ("rows = 10\nlabelled_rows = 20", ["line 3", "more than there are"]),
    ("metric = 'accuracy'\ngood_enough = 0.6\ntoday_quality = 0.7", ["line 3", "worse than today's way"]),
    ("metric = 'mae'\ngood_enough = 9\ntoday_quality = 7", ["line 3", "better when it is lower"]),
    ("metric = 'accuracy'\ngood_enough = 0.9\nclasses = 2\nrarest_share = 5", ["line 3", "asks for nothing"]),
    ("metric = 'accuracy'\ngood_enough = [0.8, 0.9]", ["line 3", "one number"]),
    ("metric = 'rmse'\nclasses = 4", ["line 3", "judges numbers"]),
    ("classes = 2\nrarest_share = 60", ["line 3", "50 % at most"]),
    ("place = 'cloud'\nmay_leave = 'no'", ["line 2", "may not leave"]),
    ("target = 'x'", ["line 2", "no file is given"]),
    ("data = 'x.csv'", ["line 2", "what is to be predicted"]),
    ("data = 'nothing.csv'\ntarget = 'x'", ["line 2", "There is no file", "nothing.csv"]),
    ("kind = 'table'\nnormal_months = 3", ["line 3", "anomaly"]),
    ("[[use_case]]\nname = 'a'\nimpct = 3", ["line 4", "'impct'", "Did you mean 'impact'?"]),
    ("[[use_case]]\nname = 'a'\n[[use_case]]\nname = 'b'\ndata = 9", ["line 6", "use_case 2", "1 (bad) to 5"]),
    ("[[use_case]]\nname = 'a'\nmetric = 'f1'", ["line 4", "belongs above the first"]),
    ("[[use_case]]\nname = 'a'\n[[use_case]]\nname = 'a'", ["line 5", "twice"]),
    ("[[use_case]]\nimpact = 3", ["line 2", "no name"]),
    ("[use_case]\nname = 'a'", ["line 2", "[[use_case]]"]),
    ("[weights]\nimpact = -1", ["line 3", "negative"]),
    ("[weights]\nimpact = 0\nfeasibility = 0\ndata = 0\ntime = 0\nsponsor = 0", ["line 2", "nothing counts"]),
    ("name = 'a", ["cannot be read as TOML", "line 2"]),
    ("name = 'a'\nname = 'b'", ["cannot be read as TOML", "line 3"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), BAD_INPUT)
def test_a_mistake_is_a_sentence_with_its_line(
    text: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.toml").write_text(f"# a comment\n{text}\n", encoding="utf-8")
    with untouched(tmp_path):
        must_be_refusal(call("assess", "a.toml"), 2, "a.toml", *words)


@pytest.mark.parametrize(
    ("content", "words"), [(None, ["There is no file", "--template"]), (b"\xff\xfe\x00", ["UTF-8"])]
)
def test_a_file_that_is_none(content: bytes | None, words: list[str], tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "a.toml").write_bytes(content)
    must_be_refusal(call("assess", str(tmp_path / "a.toml")), 2, *words)
    must_be_refusal(call("assess", str(tmp_path)), 2, "is a folder")


def test_a_text_of_several_lines_does_not_move_the_count() -> None:
    text = 'name = """\nrows = 3\n[[use_case]]\n"""\nrows = -1\n'
    assert lines.find(text, "rows") == 5
    assert lines.find('"rows" = 1', "rows") == 1 and lines.find("", "rows") is None


def test_a_mapping_has_no_lines_and_the_same_sentences() -> None:
    with pytest.raises(SettingError, match=r"^miss_cost = -5 is negative money"):
        de.assess({"miss_cost": -5})
    with pytest.raises(SettingError, match=r"no question 'rulez'. Did you mean 'rules'\?"):
        de.assess({"rulez": "yes"})
    with pytest.raises(DataError, match="There is no file"):
        de.assess("nowhere.toml")


# --- files and the command line ---------------------------------------------------------------------------------------


def test_the_template_has_a_comment_a_line_and_every_example_is_an_answer() -> None:
    text = template.template()
    assert read_text(text) == {}
    told = text.splitlines()
    for key, question in QUESTIONS.items():
        at = next(i for i, line in enumerate(told) if line.startswith(f"# {key} = "))
        assert told[at - 1].startswith(f"# {question.ask}")
    bare = re.sub(r"(?m)^# (?=\w+ = |\[)", "", text)
    given = read_text(bare)
    assert set(given) == {*QUESTIONS, *BLOCKS} and set(given["use_case"][0]) == {q.key for q in USE_CASE}
    measured = without(given, "data", "target", "time", "group", "normal_months")
    contradictions.refuse(read(measured))


def read_text(text: str) -> dict[str, Any]:
    return tomllib.loads(text)


def test_answers_written_down_are_read_back() -> None:
    answers = {
        "name": 'a "b" \\ c',
        "rows": [1, 20],
        "due": date(2030, 1, 1),
        "today_quality": "62 %",
        "metric": "accuracy",
    }
    assert read_text(template.template(answers)) == answers


def test_the_command_writes_a_page_a_document_and_rules(tmp_path: Path) -> None:
    shutil.copy(ROOT / EXAMPLES / "vibration" / "assessment.toml", tmp_path)
    said = call("assess", str(tmp_path / "assessment.toml"), "--json")
    document = json.loads(said.out)
    assert said.code == 0 and document == json.loads((tmp_path / "assessment.json").read_text())
    assert "Write the rules down first" in said.err
    assert "deepenough" in (tmp_path / "assessment.html").read_text()
    rules = tmp_path / "rules.toml"
    assert len(tomllib.loads(rules.read_text())["rule"]) == 2
    rules.write_text("mine = 1")
    call("assess", str(tmp_path / "assessment.toml"))
    assert rules.read_text() == "mine = 1", "what somebody filled in stays"


def test_exit_codes_tell_a_no(tmp_path: Path) -> None:
    for name, outcome in OUTCOMES.items():
        said = call("assess", str(ROOT / EXAMPLES / name / "assessment.toml"), "--out", str(tmp_path / name))
        assert said.code == (1 if outcome == "not_yet" else 0), said
        assert (tmp_path / name / "rules.toml").exists() == (name in ("demand", "churn", "vibration"))


def test_a_template_is_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("assess", "--template").code == 0
    must_be_refusal(call("assess", "--template"), 2, "already there")
    assert call("assess").code == 1, "nothing in it is answered"
    assert call("assess", "other.toml", "--template", "--json").out == '{\n "template": "other.toml"\n}\n'


def test_without_a_file_and_a_terminal_it_says_how_to_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", open(os.devnull, encoding="utf-8"))  # noqa: SIM115, PTH123
    must_be_refusal(call("assess"), 2, "assessment.toml", "--template")
    sys.stdin.close()


def test_in_a_terminal_it_asks_and_asks_again(tmp_path: Path) -> None:
    """A name, then nothing, but for one wrong and one right answer where rules are asked for."""
    asked = [q for q in QUESTIONS.values() if asking.fits(q, {})]
    typed = {"name": ["A pump"], "rules": ["prahps", "yes"], "labelled_rows": ["100-200"]}
    text = "".join(f"{answer}\n" for q in asked for answer in typed.get(q.key, [""]))
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "deepenough", "assess"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        os.close(theirs)
        os.write(ours, text.encode())
        out, err = process.communicate(timeout=60)
        os.close(ours)
    assert process.returncode == 0, err
    assert b"Write the rules down first" in out and b"none of the answers" in err
    written = read_text((tmp_path / "assessment.toml").read_text())
    assert written == {"name": "A pump", "rules": "yes", "labelled_rows": [100, 200]}


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OUTCOMES)
def test_the_page_loads_nothing_and_names_no_metric_first(worked: dict[str, Any], name: str) -> None:
    text = worked[name].page
    assert not re.search(r"https?://|url\((?!#)|@import|<script|<link(?! rel=\"icon\" href=\"data:,\")", text)
    assert "default-src 'none'" in text and len(text.encode()) < 100_000
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    first = re.sub(
        r"<pre.*?</pre>|<[^>]*>", " ", text[text.index('id="answer"') : text.index("</section>")], flags=re.S
    )
    assert not re.search(r"roc|auc|f1|rmse|mae\b|accuracy|precision", first.casefold())
    assert worked[name].document["headline"] in text


def test_what_is_not_known_stands_on_the_page() -> None:
    found = de.assess({"name": "An idea", "kind": "table"})
    assert all(row["key"] in found.page for row in found.document["unknown"])


def test_reported_figures_are_said_to_be_reported(worked: dict[str, Any]) -> None:
    for name in OUTCOMES:
        found = worked[name].document
        for line, phase in itertools.zip_longest(found["approach"]["table"], found["plan"]["phases"]):
            assert "not proven" in line["source"] or line["source"] in ("your answer", "not answered")
            assert phase is None or "not proven" in phase["source"]


def test_hostile_answers_are_text() -> None:
    answers = dict.fromkeys(
        (q.key for q in QUESTIONS.values() if q.kind == "text" and q.key not in ("target", "time", "group")), HOSTILE
    )
    text = de.assess({**PRICED, **answers, "use_case": [{"name": HOSTILE}], "rules": "yes"}).page
    assert "<script" not in text and text.count("&lt;script&gt;") > 5
    assert tomllib.loads(template.rules(HOSTILE + "\n[x]", 'a"\nb = 1', ['"', "\\"]))["otherwise"] == '"'


@given(st.dictionaries(st.sampled_from(sorted(QUESTIONS)), st.integers(0, 3)))
@settings(max_examples=60)
def test_any_part_of_the_answers_makes_a_page(some: dict[str, int]) -> None:
    """Each answer from a few that are possible; what contradicts itself is a sentence, and all else a whole page."""
    answers = {key: POSSIBLE[key][i % len(POSSIBLE[key])] for key, i in some.items() if key in POSSIBLE}
    try:
        found = de.assess(answers, today=TODAY)
    except SettingError as error:
        assert str(error).endswith((".", '"'))
        return
    assert page.view(found.document)["boxes"] and json.loads(json.dumps(found.document)) == found.document
    assert worth.hopeless(found.document["plan"]) is None or found.outcome == "not_yet"


POSSIBLE: dict[str, list[Any]] = {
    **{key: list(q.options) for key, q in QUESTIONS.items() if q.options},
    **{q.key: ["a text"] for q in QUESTIONS.values() if q.kind == "text" and q.key not in ("target", "time", "group")},
    **{key: [0.5, [0.6, 0.9], 0.2] for key in ("today_quality", "good_enough", "expected_quality")},
    **{
        q.key: [1, [2, 900], 30]
        for q in QUESTIONS.values()
        if q.kind in ("count", "count_or_none", "money", "above_zero", "weeks")
    },
    "metric": ["accuracy", "roc_auc", "mae"],
    "unit": [0.01, 5],
    "latency": ["20ms", "3s"],
    "classes": [2, [2, 5]],
    "rarest_share": [10, [1, 40]],
    "labels_agree": [90, [60, 99]],
    "due": [date(2026, 12, 1), date(2027, 6, 1)],
}


def test_an_empty_assessment_of_nothing_is_an_answer() -> None:
    assert de.assess({}).negative and Answers().get("name") is None


# --- the browser ------------------------------------------------------------------------------------------------------

CASES = {
    "good": EXAMPLES / "inspection",
    "bad": EXAMPLES / "contracts",
    "file": EXAMPLES / "churn",
    "cases": EXAMPLES / "demand",
}
CUT_OFF = """[
  ...[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, pre, .skip')
    && e.getBoundingClientRect().right > innerWidth + 1),
  ...[...document.querySelectorAll('svg text')].filter(e => { const t = e.getBoundingClientRect(),
    s = e.closest('svg').getBoundingClientRect(); return t.width && (t.left < s.left - 3 || t.right > s.right + 3) })
].map(e => e.outerHTML.slice(0, 160))"""


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("case", [*CASES, "unanswered"])
def test_in_a_browser(browser: Any, tmp_path: Path, case: str, width: int, scheme: str) -> None:
    source = {"name": "An idea"} if case == "unanswered" else ROOT / CASES[case] / "assessment.toml"
    found = de.assess(source, out=tmp_path)
    tab = browser.new_page(viewport={"width": width, "height": 740}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("request", lambda request: asked.append(request.url))
    path = (tmp_path / "assessment.html").as_uri()
    tab.goto(path)
    assert tab.get_by_text(found.document["headline"], exact=True).first.is_visible()
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert tab.evaluate(CUT_OFF) == []
    for summary in tab.locator("summary").all():
        summary.click()
    assert tab.evaluate(CUT_OFF) == []
    assert said == [] and asked == [path]
    if width == 1280:
        assert tab.pdf(format="A4").startswith(b"%PDF")
    tab.close()
