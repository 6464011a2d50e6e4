"""The expert's rules: what a condition says, what is refused and how, and that what ships answers as they do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from calling import call, csv, must_be_refusal, people, run_words, write
from hypothesis import given
from hypothesis import strategies as st

from deepenough import rules, shelves
from deepenough.assessment import template
from deepenough.bundle import Bundle
from deepenough.candidates.rules import led_by
from deepenough.dataset import Dataset
from deepenough.errors import RulesError
from deepenough.export import parity
from deepenough.export.write import write as ship
from deepenough.loading import load
from deepenough.report import sections
from deepenough.report.documents import read
from deepenough.runs import Run, run
from deepenough.workspace import Workspace

N = 60


def frame() -> pd.DataFrame:
    """Every kind of column, with a gap in each; `days` is `tenure` where nothing is missing."""
    rng = np.random.default_rng(0)
    gap = np.arange(N) % 10 == 8
    tenure = np.arange(N) / 10.0
    since = pd.Timestamp("2025-12-20") + pd.to_timedelta(np.arange(N) * 12, unit="h")
    return pd.DataFrame(
        {
            "tenure": np.where(gap, np.nan, tenure),
            "hours-per-week": rng.integers(20, 60, N),
            "contract": np.where(gap, None, np.array(["monthly", "yearly", "two years"])[np.arange(N) % 3]),
            "member": pd.array(np.where(gap, None, np.arange(N) % 2 == 0), dtype=object),
            "since": [None if g else s.isoformat() for g, s in zip(gap, since, strict=True)],
            "zip": [f"{10000 + i % 4}" for i in range(N)],
            "answer": np.where(np.arange(N) % 4 == 0, "yes", "no"),
        }
    )


@cache
def whole() -> Dataset:
    return load(frame(), "answer", types={"zip": "category"})


@pytest.fixture(scope="module")
def table() -> Dataset:
    return whole()


def held(condition: str, data: Dataset) -> list[int]:
    """The rows in which a condition holds."""
    found = rules.bound(_with(data, [{"when": condition, "then": data.task.labels[0]}]).task, list(data.features))
    assert found is not None
    return np.flatnonzero(found.holding(data.features)[0]).tolist()


def _with(data: Dataset, given_rules: Any) -> Dataset:
    return rules.attach(data, given_rules)


def fit(data: Dataset) -> Any:
    """The family fitted on all rows."""
    half = np.arange(len(data))
    return (
        shelves.load("candidates", "rules")
        .build(data.task, {}, 0)
        .fit(data.take(half[::2]), data.take(half[1::2]), Workspace())
    )


def rows_where(mask: Any) -> list[int]:
    return np.flatnonzero(np.asarray(mask)).tolist()


# --- what a condition says -----------------------------------------------------------------------------------------

TENURE = np.where(np.arange(N) % 10 == 8, np.nan, np.arange(N) / 10.0)
KNOWN = ~np.isnan(TENURE)
MONTHLY = KNOWN & (np.arange(N) % 3 == 0)
MEMBER = KNOWN & (np.arange(N) % 2 == 0)
HOUR = np.arange(N) * 12  # hours since 2025-12-20


@pytest.mark.parametrize(
    "condition, expected",
    [
        ("tenure < 3", TENURE < 3),
        ("3 > tenure", TENURE < 3),
        ("tenure <= .1", TENURE <= 0.1),
        ("tenure == 0.3", np.arange(N) == 3),
        ("tenure != 0.3", KNOWN & (np.arange(N) != 3)),
        ("tenure > -1e2", KNOWN),
        ("not tenure < 3", TENURE >= 3),
        ("not (tenure < 3 or contract == 'monthly')", (TENURE >= 3) & ~MONTHLY),
        ("not (tenure < 3 and contract == 'monthly')", KNOWN & ~((TENURE < 3) & MONTHLY)),
        ("tenure < 1 or tenure > 5 and contract == 'monthly'", (TENURE < 1) | ((TENURE > 5) & MONTHLY)),
        ("(tenure < 1 or tenure > 5) and contract == 'monthly'", ((TENURE < 1) | (TENURE > 5)) & MONTHLY),
        ("tenure in (0.1, 0.2, 7)", np.isin(np.arange(N), [1, 2])),
        ("tenure not in (0.1, 0.2)", KNOWN & ~np.isin(np.arange(N), [1, 2])),
        ("tenure is missing", ~KNOWN),
        ("tenure is not missing", KNOWN),
        ("not tenure is missing", KNOWN),
        ("contract == 'two years'", KNOWN & (np.arange(N) % 3 == 2)),
        ('contract in ("monthly", "yearly")', KNOWN & (np.arange(N) % 3 < 2)),
        ("contract NOT IN ('monthly', 'yearly')", KNOWN & (np.arange(N) % 3 == 2)),
        ("contract != 'monthly'", KNOWN & ~MONTHLY),
        ("contract is missing", ~KNOWN),
        ("zip == 10001", np.arange(N) % 4 == 1),
        ("member", MEMBER),
        ("not member", KNOWN & ~MEMBER),
        ("member == false", KNOWN & ~MEMBER),
        ("member != true and tenure < 2", KNOWN & ~MEMBER & (TENURE < 2)),
        ("`hours-per-week` >= 40", frame()["hours-per-week"] >= 40),
        ("since < '2025-12-21'", KNOWN & (HOUR < 24)),
        ("since <= '2025-12-21'", KNOWN & (HOUR < 48)),
        ("since == '2025-12-21'", KNOWN & (HOUR >= 24) & (HOUR < 48)),
        ("since != '2025-12-21'", KNOWN & ~((HOUR >= 24) & (HOUR < 48))),
        ("since > '2025-12-31'", KNOWN & (HOUR >= 288)),
        ("not since >= '2026-01-01'", KNOWN & (HOUR < 288)),
        ("since > '2025-12-21 12:00'", KNOWN & (HOUR > 36)),
        ("since >= '2025-12-21T12:00:00+00:00'", KNOWN & (HOUR >= 36)),
        ("`since:month` == 1", KNOWN & (HOUR >= 288)),
        ("since is missing", ~KNOWN),
    ],
)
def test_a_condition_holds_where_it_should(condition: str, expected: Any, table: Dataset) -> None:
    assert held(condition, table) == rows_where(expected)


ATOMS = [
    "tenure < 3",
    "tenure >= 1.5",
    "contract == 'monthly'",
    "member",
    "since < '2026-01-01'",
    "zip in (10001, 10002)",
]
CONDITIONS = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda t: f"not {t}"),
    ),
    max_leaves=6,
)


@given(CONDITIONS)
def test_what_is_missing_is_neither_true_nor_false(condition: str) -> None:
    """Three values, as in SQL: a row surely meets a condition, surely meets its contrary, or neither; in full rows, one of them."""
    data = whole()
    yes, no = set(held(condition, data)), set(held(f"not ({condition})", data))
    assert not yes & no
    assert set(rows_where(KNOWN)) <= yes | no
    assert yes == {i for i in range(N) if _kleene(condition, i) is True}


def _kleene(condition: str, i: int) -> bool | None:
    """The condition for one row by Kleene's tables, from its text: an independent reading."""
    facts: dict[str, bool | None] = {
        "tenure < 3": None if not KNOWN[i] else bool(TENURE[i] < 3),
        "tenure >= 1.5": None if not KNOWN[i] else bool(TENURE[i] >= 1.5),
        "contract == 'monthly'": None if not KNOWN[i] else bool(MONTHLY[i]),
        "member": None if not KNOWN[i] else bool(MEMBER[i]),
        "since < '2026-01-01'": None if not KNOWN[i] else bool(HOUR[i] < 288),
        "zip in (10001, 10002)": i % 4 in (1, 2),
    }
    if condition in facts:
        return facts[condition]
    if condition.startswith("not "):
        inner = _kleene(condition[4:], i)
        return None if inner is None else not inner
    left, word, right = _cut(condition[1:-1])
    pair = (_kleene(left, i), _kleene(right, i))
    decisive = word == "or"
    if decisive in pair:
        return decisive
    return None if None in pair else not decisive


def _cut(text: str) -> tuple[str, str, str]:
    """Part the text at the and/or outside all parentheses."""
    depth = 0
    for i, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        for word in ("and", "or"):
            if depth == 0 and text[i:].startswith(f" {word} "):
                return text[:i], word, text[i + len(word) + 2 :]
    raise AssertionError(text)


def test_a_bound_is_what_the_cell_is() -> None:
    """A cell written 0.1 is stored as float32; it is 0.1 for a rule all the same, on both sides of every sign."""
    cells = [round(0.1 * i, 1) for i in range(50)] + [16777217.0, 3e38]
    data = load(pd.DataFrame({"x": cells, "y": [0.0, 1.0] * 26, "answer": ["a", "b"] * 26}), "answer")
    for i in (1, 3, 7, 33, 50):
        bound = cells[i]
        assert held(f"x <= {bound!r}", data) == list(range(i + 1))
        assert held(f"x < {bound!r}", data) == list(range(i))
        assert held(f"x == {bound!r}", data) == [i]
    assert held("x < 1e39", data) == list(range(52))


# --- what the candidate answers ------------------------------------------------------------------------------------

SOME = [
    {"when": "tenure < 3 and contract == 'monthly'", "then": "yes", "name": "new"},
    {"when": "contract == 'monthly'", "then": "no"},
    {"when": "since >= '2026-01-02' and not member or `hours-per-week` in (33, 34)", "then": "yes"},
    {"when": "tenure is missing", "then": "no"},
]


def test_the_prediction_is_what_the_expert_said(table: Dataset) -> None:
    """Of the first rule that holds, whatever the data say; the probability is as near to the data as that allows."""
    data = _with(table, {"otherwise": "no", "rule": SOME})
    answer = fit(data).predict(data)["probability"]
    found = rules.bound(data.task, list(data.features))
    assert found is not None
    decided = found.deciding(data.features)
    stated = np.array([1, 0, 1, 0, 0])[decided]
    assert len(set(decided.tolist())) == 5
    assert (answer.argmax(axis=1) == stated).all()
    share = data.truth.mean()
    for i in range(5):
        rows = decided == i
        learnt = (data.truth[rows].sum() + 2.0 * share) / (rows.sum() + 2.0)
        agree = (learnt > 0.5) == (stated[rows][0] == 1)
        wanted = learnt if agree else 0.5005 if stated[rows][0] else 0.4995
        assert answer[rows, 1] == pytest.approx(wanted, abs=1e-6)


def test_without_an_otherwise_the_most_frequent_class_of_the_rest(table: Dataset) -> None:
    data = _with(table, [{"when": "tenure < 1", "then": "yes"}])
    assert fit(data).predict(data)["probability"][20:].argmax(axis=1).tolist() == [0] * (N - 20)


def test_a_number_is_answered_as_it_was_said() -> None:
    made = frame().assign(answer=np.arange(N) * 1.5)
    data = _with(load(made, "answer"), "otherwise = 7\n[[rule]]\nwhen = 'tenure < 3'\nthen = 12.5")
    said = fit(data).predict(data)["value"]
    assert said[TENURE < 3].tolist() == [12.5] * 27 and set(said[~(TENURE < 3)].tolist()) == {7.0}
    rest = _with(load(made, "answer"), [{"when": "tenure < 3", "then": 12.5}])
    assert fit(rest).predict(rest)["value"][-1] == pytest.approx(made["answer"][~(TENURE < 3)].mean())


@given(st.lists(st.floats(0.0, 1.0), min_size=2, max_size=6), st.integers(0, 5))
def test_the_stated_class_leads_and_nothing_nearer_does(weights: Sequence[float], label: int) -> None:
    share = (np.array(weights) + 0.01) / (np.array(weights) + 0.01).sum()
    label %= len(share)
    led = led_by(label, share)
    assert led.argmax() == label and led.sum() == pytest.approx(1.0) and (led > 0).all()
    rng = np.random.default_rng(0)
    others = rng.dirichlet(np.ones(len(share)), 300)
    others = others[others.max(axis=1) <= others[:, label]]
    assert ((share * np.log(led)).sum() >= (share * np.log(others)).sum(axis=1) - 3e-3).all()


@pytest.mark.parametrize("kind", ["classification", "three", "regression"])
def test_what_ships_answers_as_the_rules(kind: str, tmp_path: Path) -> None:
    """On real rows, on odd ones, and on the boundary of every bound: to the last bit, for a class or a value is looked up."""
    answers = {"regression": np.arange(N) / 7, "three": np.array(["a", "b", "c"])[np.arange(N) % 3]}
    made = frame().assign(answer=answers.get(kind, frame()["answer"]))
    said = {"regression": [1.5, -2, 0, 3], "three": ["a", "b", "c", "a"]}.get(kind, ["yes", "no", "yes", "no"])
    data = _with(load(made, "answer"), [{**r, "then": t} for r, t in zip(SOME, said, strict=True)])
    model = fit(data)
    bundle = ship(tmp_path / "bundle", data.task, model.export(), data, {})
    parity.prove(model.predict, bundle, data)
    numbers = data.tensors["numbers"]
    edges = np.repeat(numbers, 4, axis=0)
    for i, (side, bound) in enumerate([(-np.inf, 3.0), (np.inf, 3.0), (-np.inf, 33.0), (np.inf, 33.0)]):
        edges[i::4, :2] = np.nextafter(np.float32(bound), np.float32(side))
    features = dict(data.take(np.repeat(np.arange(N), 4)).features)
    for j, name in enumerate([n for n, f in features.items() if f.dtype.kind == "f"]):
        features[name] = edges[:, j]
    odd = Dataset(data.task, data.take(np.repeat(np.arange(N), 4)).examples, None, data.about, data.ids, features)
    output = "value" if kind == "regression" else "probability"
    assert (bundle.run(odd.tensors)[output] == model.predict(odd)[output]).all()
    assert Bundle.load(tmp_path / "bundle").task.settings["rules"]["rule"][0]["when"] == SOME[0]["when"]


# --- what is refused, and how --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "condition, words",
    [
        ("tenur < 3", ["^tenur^ < 3", "no column 'tenur'", "Did you mean 'tenure'?"]),
        ("tenure < 'x'", ["^'x'^", "'tenure' is a number; 'x' is text"]),
        ("tenure == true", ["'tenure' is a number; true is true or false"]),
        ("contract < 3", ["'contract' is a category; 3 is a number", "no order"]),
        ("member == 'yes'", ["'member' is true or false; 'yes' is text", "member == true"]),
        ("tenure", ["^tenure^", "compare it with a value"]),
        ("since > 2026-01-01", ["^2026-01-01^", "Write a date in quotes: '2026-01-01'"]),
        ("since > 'yesterday'", ["'yesterday' is no date"]),
        ("since > 3", ["'since' is a date; 3 is a number"]),
        ("answer == 'yes'", ["is what is to be predicted"]),
        ("tenure = 3", ["write '=='"]),
        ("tenure < 3 && member", ["write 'and'"]),
        ("hours-per-week > 3", ["backticks: `hours-per-week`"]),
        ("0 < tenure < 3", ["One comparison at a time"]),
        ("tenure < days", ["not with another column"]),
        ("(tenure < 3", ["the condition ends here", "')' was expected"]),
        ("tenure < 3)", ["')' stands here"]),
        ("tenure in 3", ["'('"]),
        ("tenure is 3", ["'missing' or 'not missing'"]),
        ("contract == 'monthly", ["never closed"]),
        ("tenure < 3 contract == 'monthly'", ["'contract' stands here", "'and', 'or' or the end"]),
        ("__import__('os').system('true')", ["^"]),
        ("not " * 60 + "member", ["levels deep"]),
        ("(" * 3000 + "member" + ")" * 3000, ["levels deep"]),
        ("", ["no 'when'"]),
    ],
)
def test_what_cannot_be_read_is_shown(condition: str, words: list[str], table: Dataset) -> None:
    with pytest.raises(RulesError) as error:
        _with(table, [{"when": "tenure < 1", "then": "yes"}, {"when": condition, "then": "yes", "name": "second"}])
    message = str(error.value)
    assert message.startswith("Rule 2") and len(message) < 500 and "\n" not in message
    for word in words:
        assert word in message, message


@pytest.mark.parametrize(
    "source, words",
    [
        ("[[rule]\nwhen = 3", ["is no TOML", "line 1"]),
        ("otherwise = 'no'\n", ["holds no rule"]),
        ("[[rules]]\nwhen = 'x'\n", ["'rules'", "Did you mean 'rule'?"]),
        ([{"when": "tenure < 3", "than": "yes"}], ["'than'", "Did you mean 'then'?"]),
        ([{"when": "tenure < 3"}], ["no 'then'"]),
        ([{"when": "tenure < 3", "then": "maybe"}], ["'maybe' is no value of the target 'answer'", "no, yes"]),
        ([{"when": "tenure < 3", "then": ["yes"]}], ["is no answer"]),
        ([{"when": "tenure < 3", "then": "yes", "answer": "no"}], ["both 'then' and 'answer'"]),
        ([], ["filled in"]),
        ({"otherwise": "maybe", "rule": [{"when": "tenure < 3", "then": "yes"}]}, ["otherwise = 'maybe'"]),
        (Path("nowhere.toml"), ["'nowhere.toml' cannot be read"]),
        ("nowhere.toml", ["'nowhere.toml' cannot be read"]),
        (3, ["int"]),
    ],
)
def test_a_file_that_cannot_be_read_is_a_sentence(source: Any, words: list[str], table: Dataset) -> None:
    with pytest.raises(RulesError) as error:
        _with(table, source)
    for word in words:
        assert word in str(error.value), str(error.value)


def test_a_clock_is_known_by_its_parts_alone() -> None:
    data = load(frame().dropna(subset=["since"]), "answer", time="since")
    with pytest.raises(RulesError, match="`since:month` == 12"):
        _with(data, [{"when": "since > '2026-01-01'", "then": "yes"}])
    assert held("`since:month` == 1", data)


def test_what_can_never_hold_is_noted_and_not_refused(table: Dataset) -> None:
    data = _with(
        table, [{"when": "contract == 'montly'", "then": "yes"}, {"when": "contract != 'weekly'", "then": "no"}]
    )
    notes = [f.message for f in data.findings if f.subject == "the expert's rules"]
    assert "never holds. Did you mean 'monthly'?" in notes[0] and "wherever the cell is not empty" in notes[1]
    found = rules.bound(data.task, list(data.features))
    assert found is not None
    assert set(found.deciding(data.features).tolist()) == {1, 2}


def test_labels_that_are_numbers_or_booleans_can_be_said_plainly() -> None:
    for answers, then in (([0, 1] * 30, 1), ([True, False] * 30, True), (["No", "Yes"] * 30, "yes")):
        data = load(frame().assign(answer=answers), "answer")
        assert rules.bound(_with(data, [{"when": "tenure < 3", "then": then}]).task, list(data.features))


def test_the_file_that_assess_writes_is_read_once_it_is_filled_in(table: Dataset) -> None:
    text = template.rules("Churn", "who is called", ["no", "yes"])
    with pytest.raises(RulesError, match="filled in"):
        rules.read(text)
    text = text.replace('when = ""    ', 'when = "tenure < 3"').replace('answer = ""  ', 'answer = "yes"', 1)
    found = rules.read(text)
    assert len(found.rules) == 1 and found.rules[0].then == "yes" and found.otherwise == "no"
    assert _with(table, text).task.settings["rules"] == found.document()


# --- a run with rules ----------------------------------------------------------------------------------------------

FILE = """
otherwise = "no"

[[rule]]
name = "large"
when = "size > 0.2"
then = "yes"

[[rule]]
when = "size > 1 and town in ('Bonn', 'Ulm')"
then = "no"

[[rule]]
when = "town == 'Paris'"
then = "yes"
why = "Nobody has been there."
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with rules that are as good as the truth allows, and a bar that they meet."""
    place = tmp_path_factory.mktemp("rules")
    (place / "rules.toml").write_text(FILE, encoding="utf-8")
    run(people(), "answer", bar="accuracy >= 0.7", rules=place / "rules.toml", out=place / "run", report=False, cores=1)
    return place / "run"


def test_rules_are_a_row_of_the_ladder_and_ship(folder: Path) -> None:
    done = Run.load(folder)
    assert done.verdict["chosen"] == "rules" and done.verdict["outcome"] == "met"
    board = done.leaderboard()
    assert board["trial"].tolist()[:2] == ["dummy-1", "rules-1"] and board["rung"].tolist()[:2] == [0, 0]
    rows = [{"size": s, "weight": 1, "town": "Kiel", "since": "01.02.2026", "member": True} for s in (0.2, 0.21, None)]
    assert done.bundle.predict(rows)["prediction"].tolist() == ["no", "yes", "no"]
    assert any(t["candidate"] == "rules" and t["shown"] for t in done.verdict["trials"])


def test_the_figure_counts_what_each_rule_did(folder: Path) -> None:
    fired = json.loads((folder / "figures" / "rules.json").read_text(encoding="utf-8"))
    frame = people()
    first, second, third = fired["rules"]
    both = [
        sum(line[name]["rows"] for name in ("development", "sealed")) for line in (first, second, third, fired["rest"])
    ]
    assert both == [int((frame["size"] > 0.2).sum()), 0, 0, int((~(frame["size"] > 0.2)).sum())]
    assert second["behind"] == [0] and not second["never"] and third["never"] and third["behind"] == []
    right = first["development"]["right"]
    assert right["low"] < right["value"] < right["high"] and right["value"] > 0.7
    assert first["sealed"]["holds"] == first["sealed"]["rows"] and second["sealed"]["holds"] > 0


def test_the_report_says_what_each_rule_did(folder: Path) -> None:
    shown = dict(sections.find())["rules"].view(read(folder))
    assert shown is not None and [line.name for line in shown["lines"]] == ["1. large", "Rule 2", "Rule 3"]
    assert "rule 1 holds first" in shown["lines"][1].note and shown["lines"][2].note == "It holds in no row."
    assert shown["lines"][0].cells[0][1].endswith("%") and " to " in shown["lines"][0].cells[0][2]
    assert "They are what was chosen" in shown["whole"]


def test_no_calibration_turns_what_the_expert_said(tmp_path: Path) -> None:
    """Rules that always say yes, wrong in most rows: calibrated, they would say no there; they answer as they were written."""
    eager = {"otherwise": "yes", "rule": [{"when": "size > 0.2", "then": "yes"}]}
    run(people(), "answer", bar="accuracy >= 0.7", rules=eager, out=tmp_path / "run", report=False, cores=1)
    said = pd.read_csv(tmp_path / "run/trials/rules-1/sealed.csv")
    assert len(said) > 50 and set(said["prediction"]) == {"yes"} and said["probability_yes"].nunique() == 2


def test_a_note_says_what_can_never_hold(folder: Path) -> None:
    audit = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    assert any("never 'Paris'" in f["message"] and f["severity"] == "note" for f in audit["findings"])


def test_rules_for_a_number_are_shown_beside_the_mean() -> None:
    made = frame().assign(answer=np.arange(N) * 1.5)
    data = _with(load(made, "answer"), [{"when": "tenure < 3", "then": 90}])
    fired = rules.firing(data.take(np.arange(0, N, 2)), data.take(np.arange(1, N, 2)))
    assert fired is not None
    mean = fired["rules"][0]["development"]["mean"]
    assert mean["value"] == pytest.approx(made["answer"][:30:2][TENURE[:30:2] < 3].mean())
    section = dict(sections.find())["rules"]
    assert section._note(fired["rules"][0], fired["rules"], True) == "The mean of its rows is another."
    assert fired["rest"]["learnt"]


def test_in_groups_no_range_is_given() -> None:
    data = load(frame().assign(firm=[f"f{i % 7}" for i in range(N)]), "answer", group="firm")
    fired = rules.firing(*(_with(data, SOME) for _ in range(2)))
    assert fired is not None
    assert (
        fired["rules"][0]["sealed"]["right"]["value"] is not None
        and fired["rules"][0]["sealed"]["right"]["low"] is None
    )


def test_without_rules_there_is_no_row_and_no_section(tmp_path: Path) -> None:
    done = run(people(), "answer", bar="accuracy >= 0.1", out=tmp_path / "run", report=False, cores=1)
    assert "rules" not in {t["candidate"] for t in done.verdict["trials"]}
    assert done.verdict["rules"] is None and done.verdict["readable_only"] is None
    assert not (tmp_path / "run" / "figures" / "rules.json").exists()


def test_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("churn.csv", csv(people()))
    write("rules.toml", FILE.replace("size > 0.2", "sise > 0.2"))
    must_be_refusal(call(*run_words("churn.csv", "--rules", "rules.toml")), 2, "Rule 1 ('large')", "^sise^", "'size'")
    write("rules.toml", "[[rule]]\nwhen = 3\n")
    must_be_refusal(call(*run_words("churn.csv", "--rules", "rules.toml")), 2, "Rule 1", "texts in quotes")
    must_be_refusal(
        call(*run_words("churn.csv", "--rules", "rule.toml")), 2, "'rule.toml'", "Did you mean 'rules.toml'?"
    )
    assert not Path("out").exists()
    write("rules.toml", FILE)
    said = call(*run_words("churn.csv", "--rules", "rules.toml", "--json"))
    assert said.code == 0 and json.loads(said.out)["chosen"] == "rules"
