"""What is decided on the sealed rows, and how it is said: on answers whose worth is known."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from trials import TITLES, chance, metric, off_by, ranked, right, rows, trial

from deepenough import wording
from deepenough.bar import Bar, parse
from deepenough.candidates._trial import Trial
from deepenough.dataset import Answer, Dataset
from deepenough.errors import DataError
from deepenough.report import words
from deepenough.splits import Part, Sealed, Split
from deepenough.stats import Estimate, rows_planning
from deepenough.verdict import (
    ADVICE,
    ON_TAILS,
    Opened,
    Planned,
    Verdict,
    _deciding,
    _deep,
    decide,
    deep_learning,
    estimate_document,
    outcome_of,
    plan,
)
from deepenough.verdict._deep import NOTHING
from deepenough.verdict._pooling import Evidence
from deepenough.wording import sentence
from deepenough.workspace import Workspace


@cache
def schema() -> Any:
    jsonschema = pytest.importorskip("jsonschema")
    document = json.loads((files("deepenough") / "verdict.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(document)
    return jsonschema.Draft202012Validator(document)


def faults(document: dict[str, Any]) -> list[str]:
    """What the schema has against a document, as it would stand in a run's folder."""
    whole = {
        "task": {"kind": "classification", "modality": "tabular", "target": "y", "rows": 1000, "classes": 2},
        "labels": ["no", "yes"],
        "seed": 0,
        "versions": {"numpy": "2"},
    } | document
    plain = json.loads(json.dumps(whole, allow_nan=False))
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in schema().iter_errors(plain)]


# --- a made-up run: answers of development and sealed rows, and bundles that repeat them -----------------------------


@dataclass
class Repeats:
    """A bundle that answers what it is told to."""

    answer: Answer
    digest: str

    def answer_known(self, _examples: Any, _features: Any) -> Answer:
        return self.answer


@dataclass
class Made:
    """A ladder with its answers to the development rows, and what each would say of the sealed ones."""

    development: Dataset
    sealed: Dataset
    trials: list[Trial]
    said: dict[str, Answer]
    by: str

    def decide(
        self,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        bar: str | None = None,
        worth: float | None = None,
        broken: Sequence[str] = (),
        split: Split | None = None,
        besides: Evidence = NOTHING,
        **limits: Any,
    ) -> Verdict:
        def refitted(made: Trial, *_: Any) -> tuple[Trial, Any]:
            if made.key in broken:
                return replace(made, status="failed", reason="ParityError: it differs"), None
            return made, Repeats(self.said[made.key], hashlib.sha256(made.key.encode()).hexdigest())

        monkeypatch.setattr(_deciding, "refit", refitted)
        monkeypatch.setattr(_deciding, "gather", lambda *_, **__: besides)  # made-up families cannot be fitted again
        wanted = parse(bar, self.development.task.kind, **limits)
        wanted = replace(wanted, metric=self.by) if wanted else None
        part = Part(*[np.arange(0)] * 3)
        cut = split or Split("stratified", part.learn, part.score, (part,) * 5, part)
        return decide(
            self.trials,
            self.development,
            cut,
            Sealed(self.sealed, folder / "sealed.jsonl"),
            metric(self.by),
            Workspace(),
            bar=wanted,
            worth=worth,
            folder=folder,
            seed=0,
        )


RUNGS = (0, 1, 2, 4)
Maker = Callable[[np.ndarray, np.random.Generator], list[Answer]]


def made(
    make: Maker,
    by: str = "roc_auc",
    n: int = 2000,
    n_sealed: int = 4000,
    rungs: Sequence[int] = RUNGS,
    sealed: Maker | None = None,
    **facts: Any,
) -> Made:
    """Answers by `make`; of the sealed rows by `sealed`, where that is to differ."""
    rng = np.random.default_rng(7)
    truths = [rng.integers(0, 2, k) if by in ("roc_auc", "accuracy") else rng.normal(size=k) for k in (n, n_sealed)]
    development, held = (rows(t) for t in truths)
    answers, later = make(truths[0], rng), (sealed or make)(truths[1], rng)
    trials = [trial(development, by, a, r, **facts) for a, r in zip(answers, rungs, strict=True)]
    return Made(development, held, trials, {t.key: a for t, a in zip(trials, later, strict=True)}, by)


def areas(*values: float) -> Maker:
    """The first says nothing; the others have these areas under the curve."""
    return lambda truth, rng: [chance(np.zeros(len(truth))), *ranked(truth, list(values), rng)]


def errors(*values: float) -> Maker:
    return lambda truth, rng: [{"value": np.zeros(len(truth))}, *off_by(truth, list(values), rng)]


# --- outcome -------------------------------------------------------------------------------------------------------

CLEAR, UNDER, ACROSS = (Estimate(v, v - 0.02, v + 0.02, n=500, se=0.01) for v in (0.9, 0.7, 0.8))
NONE = Estimate(0.9, n=500)
HEAVY = replace(CLEAR, flags=("heavy_tail",))
AUC = Bar("roc_auc >= 0.8", "roc_auc", True, 0.8)
QUICK, SLOW, NEAR = (replace(AUC, latency_ms=v) for v in (10.0, 0.1, 0.19))


@pytest.mark.parametrize(
    "bar, test, outcome",
    [
        (None, CLEAR, "chosen"),
        (None, NONE, "chosen"),
        (Bar(latency_ms=10.0), UNDER, "chosen"),
        (Bar(latency_ms=0.1), CLEAR, "missed"),
        (Bar(latency_ms=0.19), CLEAR, "undecided"),
        (AUC, CLEAR, "met"),
        (AUC, UNDER, "missed"),
        (AUC, ACROSS, "undecided"),
        (AUC, NONE, "undecided"),
        (AUC, HEAVY, "undecided"),
        (AUC, replace(UNDER, flags=("heavy_tail",)), "missed"),
        (QUICK, CLEAR, "met"),
        (SLOW, CLEAR, "missed"),
        (NEAR, CLEAR, "undecided"),
        (NEAR, UNDER, "missed"),
        (NEAR, ACROSS, "undecided"),
        (replace(AUC, at_least=False), CLEAR, "missed"),
        (replace(AUC, at_least=False), UNDER, "met"),
        (replace(AUC, at_least=False), replace(UNDER, flags=("heavy_tail",)), "undecided"),
        (replace(AUC, size_mb=1e-4), CLEAR, "missed"),
    ],
)
def test_the_outcome_is_what_interval_and_limits_say(bar: Bar | None, test: Estimate, outcome: str) -> None:
    simple = Trial("a", "A", 1, status="ok", latency_ms={"p50": 0.1, "p95": 0.2}, size_bytes=1000)
    assert outcome_of(simple, test, bar) == outcome


@pytest.mark.parametrize("by", ["rmse", "r2"])
def test_a_heavy_tail_never_meets_a_bar_on_squared_errors(
    by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tails(truth: np.ndarray, rng: np.random.Generator) -> list[Answer]:
        error = np.where(rng.random(len(truth)) < 0.015, 5.0, 0.01) * np.sign(rng.normal(size=len(truth)))
        return [{"value": np.zeros(len(truth))}, {"value": truth + error}]

    heavy = made(tails, by, rungs=(0, 1))
    decided = heavy.decide(tmp_path, monkeypatch, "rmse <= 0.9" if by == "rmse" else "r2 >= 0.2")
    assert decided.outcome == "undecided" and "heavy_tail" in decided.flags and decided.rows_to_settle is None
    test = decided.opened["family_1-1"].test
    assert test.low is not None and test.high is not None and (test.high < 0.9 if by == "rmse" else test.low > 0.2), (
        "else it shows nothing"
    )
    assert "handful of rows" in decided.sentence and decided.advice == ON_TAILS


def test_a_heavy_tail_is_seen_in_groups_too() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=1000)
    data = rows(truth, np.repeat(np.arange(40), 25).astype(str))
    found = trial(data, "rmse", {"value": truth + 0.1 * rng.standard_t(1.2, size=1000)}, 1).validation
    assert found is not None and "heavy_tail" in found.flags
    assert Bar(metric="rmse", at_least=False, threshold=1e6).meets(found) is None


# --- is deep learning worth it? ------------------------------------------------------------------------------------


def opened(data: Dataset, by: str, answers: Sequence[Answer], rungs: Sequence[int]) -> dict[str, Opened]:
    trials = [trial(data, by, a, r) for a, r in zip(answers, rungs, strict=True)]
    return {t.key: Opened(t, None, {}, t.evidence, t.validation) for t in trials}  # type: ignore[arg-type]


PAIR = Planned("family_1-1", None, "family_1-1", "family_4-1", None, 0.02)
SIMPLE = replace(PAIR, deep=None)


@pytest.mark.parametrize(
    "complex, n, worth_it, reason",
    [
        (0.90, 8000, "yes", None),
        (0.805, 8000, "no", "gain_below_worth"),
        (0.76, 8000, "no", "gain_below_worth"),
        (0.82, 1000, "undecided", None),
    ],
)
def test_worth_it_is_what_the_interval_of_the_gain_says(
    complex: float, n: int, worth_it: str, reason: str | None
) -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, n)
    found = opened(rows(truth), "roc_auc", ranked(truth, [0.8, complex], rng), (1, 4))
    document = deep_learning([o.trial for o in found.values()], found, PAIR, metric("roc_auc"))
    assert (document["worth_it"], document["reason"]) == (worth_it, reason)
    assert document["gain"]["low"] < document["gain"]["value"] < document["gain"]["high"]
    assert set(document["times"]) == {"train", "latency", "size", "cost"} and document["times"]["train"] == 1.0
    assert (document["rows_to_settle"] is None) == (worth_it != "undecided") or document["rows_to_settle"] is None
    assert document["rows_planning"] > 0


def test_what_would_tell_is_said_in_rows() -> None:
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 2, 400)
    found = opened(rows(truth), "roc_auc", ranked(truth, [0.8, 0.8], rng), (1, 4))
    document = deep_learning([], found, PAIR, metric("roc_auc"))
    assert document["worth_it"] == "undecided" and document["rows_planning"] > 400
    rounded = round(document["rows_planning"], 2 - len(str(document["rows_planning"])))
    assert f"400 rows cannot tell; some {rounded:,} kept aside would." in document["why"]


@pytest.mark.parametrize("flag", ["few", "heavy_tail"])
def test_a_gain_that_few_rows_carry_is_never_a_yes(flag: str, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = np.random.default_rng(0).integers(0, 2, 2000)
    found = opened(rows(truth), "roc_auc", ranked(truth, [0.7, 0.95], np.random.default_rng(1)), (1, 4))
    gain = _deep.gain_of
    monkeypatch.setattr(_deep, "gain_of", lambda *a: replace(gain(*a), flags=(flag,)))
    assert deep_learning([], found, PAIR, metric("roc_auc"))["worth_it"] == "undecided"


@pytest.mark.parametrize(
    "status, reason, said",
    [
        (
            "unavailable",
            "needs torch: pip install 'deepenough[deep]'",
            "No deep model could be tried: neural network for tables needs torch: pip install 'deepenough[deep]'.",
        ),
        (
            "skipped",
            "a simpler model is as good as sure to meet the bar",
            "No deep model was tried: a simpler model is as good as sure to meet the bar.",
        ),
        (
            "failed",
            "ValueError: it broke.",
            "No deep model could be judged: neural network for tables failed (ValueError: it broke).",
        ),
        (None, None, "No deep family fits this task."),
    ],
)
def test_why_no_deep_model_was_judged(status: str | None, reason: str | None, said: str) -> None:
    truth = np.tile([0, 1], 100)
    found = opened(rows(truth), "accuracy", [right(truth, np.arange(150))], (1,))
    untried = [Trial("net", "Neural network for tables", 4, status=status, reason=reason)] if status else []
    document = deep_learning([*(o.trial for o in found.values()), *untried], found, SIMPLE, metric("accuracy"))
    assert document["worth_it"] == "undecided" and document["why"] == said
    assert (
        document["gain"] is None
        and document["times"] is None
        and document["rows_planning"] is None
        and document["best_deep"] is None
    )


def test_a_deep_model_with_nothing_simpler_to_hold_it_against() -> None:
    truth = np.tile([0, 1], 100)
    found = opened(rows(truth), "accuracy", [right(truth, np.arange(150))], (4,))
    document = deep_learning([], found, Planned("family_4-1", None, None, "family_4-1", None, 0.02), metric("accuracy"))
    assert document["worth_it"] == "undecided" and "nothing to hold the network against" in document["why"]


# --- how often it is wrong -----------------------------------------------------------------------------------------

LOOKS = 300


def test_a_bar_that_is_just_reached_is_rarely_called_met() -> None:
    """At the bar itself every "met" is a false claim: one in forty is what the interval allows."""
    bar, outcomes = Bar("", "roc_auc", True, 0.85), []
    for seed in range(LOOKS):
        rng = np.random.default_rng([1, seed])
        truth = rng.integers(0, 2, 500)
        found = trial(rows(truth), "roc_auc", ranked(truth, [0.85], rng)[0], 1)
        assert found.validation is not None
        outcomes.append(outcome_of(found, found.validation, bar))
    assert outcomes.count("met") / LOOKS <= 0.05 and outcomes.count("missed") / LOOKS <= 0.05


@pytest.mark.parametrize("gain", [0.0, 0.01, 0.02])
def test_a_gain_up_to_the_worth_is_rarely_called_worth_it(gain: float) -> None:
    said = []
    for seed in range(LOOKS):
        rng = np.random.default_rng([2, seed])
        truth = rng.integers(0, 2, 500)
        found = opened(rows(truth), "roc_auc", ranked(truth, [0.8, 0.8 + gain], rng), (1, 4))
        said.append(deep_learning([], found, PAIR, metric("roc_auc"))["worth_it"])
    assert said.count("yes") / LOOKS <= 0.05


# --- the whole decision --------------------------------------------------------------------------------------------


def ledger(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "sealed.jsonl").read_text().splitlines()]


def test_a_simple_one_that_meets_the_bar_needs_no_deep_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decided = made(areas(0.90, 0.905, 0.922), n_sealed=1500).decide(tmp_path, monkeypatch, "roc_auc >= 0.85")
    assert (decided.outcome, decided.chosen and decided.chosen.rung) == ("met", 1)
    assert (decided.deep_learning["worth_it"], decided.deep_learning["reason"]) == ("no", "bar_met_without")
    assert decided.advice is None and faults(decided.document()) == []


def test_pooled_evidence_settles_what_the_sealed_rows_alone_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And stands beside them: in the plan before the seal is opened, and in the verdict."""
    small = made(areas(0.80, 0.80, 0.80), n_sealed=300)
    for name in ("alone", "pooled"):
        (tmp_path / name).mkdir()
    alone = small.decide(tmp_path / "alone", monkeypatch)
    assert (alone.evidence, alone.deep_learning["worth_it"]) == ("sealed", "undecided")
    nested = Evidence(Estimate(-0.01, -0.02, 0.0, se=0.005, n=2000, df=100.0), 1)
    decided = small.decide(tmp_path / "pooled", monkeypatch, besides=nested)
    deep = decided.deep_learning
    assert (decided.evidence, deep["worth_it"], deep["reason"]) == ("pooled", "no", "gain_below_worth")
    assert deep["sealed_gain"] == alone.deep_learning["gain"] and deep["nested_gain"]["repeats"] == 1
    weighed = (2000 * -0.01 + 300 * deep["sealed_gain"]["value"]) / 2300
    assert deep["gain"]["value"] == pytest.approx(weighed)
    plan, opening = ledger(tmp_path / "pooled")[:2]
    assert (plan["evidence"], plan["nested"]["value"]) == ("pooled", -0.01) and opening["event"] == "opening"
    assert faults(decided.document()) == []


def test_a_deep_one_that_alone_meets_the_bar_ships_and_no_advice_is_against_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided = made(areas(0.80, 0.81, 0.90)).decide(tmp_path, monkeypatch, "roc_auc >= 0.86")
    assert (decided.outcome, decided.chosen and decided.chosen.rung, decided.deep_learning["worth_it"]) == (
        "met",
        4,
        "yes",
    )
    assert (
        decided.advice is None
        and "Deep learning is worth it here." in decided.sentence
        and faults(decided.document()) == []
    )


def test_a_deep_one_ships_without_a_bar_only_where_the_sealed_rows_say_yes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one-way rule: out of fold the deep one wins by far, on the sealed rows it gains nothing."""
    kept = made(areas(0.80, 0.80, 0.90)).decide(tmp_path, monkeypatch)
    assert (kept.outcome, kept.chosen and kept.chosen.rung) == ("chosen", 4)
    (tmp_path / "again").mkdir()
    back = made(areas(0.80, 0.805, 0.90), sealed=areas(0.80, 0.805, 0.81), n_sealed=300).decide(
        tmp_path / "again", monkeypatch
    )
    assert (
        back.outcome == "chosen"
        and back.chosen is not None
        and back.chosen.rung == 1
        and back.deep_learning["worth_it"] == "undecided"
    )
    first = ledger(tmp_path / "again")[0]
    assert (first["chosen"], first["otherwise"]) == ("family_4-1", "family_1-1")
    assert set(back.opened) == {"family_0-1", "family_1-1", "family_2-1", "family_4-1"}, (
        "the deep one was judged, and stands in the table"
    )
    assert back.advice == ADVICE and faults(back.document()) == []


def test_a_deep_one_that_gains_surely_too_little_gives_way_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    back = made(areas(0.80, 0.80, 0.90), sealed=areas(0.80, 0.80, 0.80)).decide(tmp_path, monkeypatch)
    assert (back.chosen and back.chosen.rung, back.deep_learning["worth_it"], back.deep_learning["reason"]) == (
        1,
        "no",
        "gain_below_worth",
    )


def test_the_plan_is_the_first_line_and_the_seal_opens_once_for_these(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made(areas(0.80, 0.85, 0.86))
    decided = run.decide(tmp_path, monkeypatch, "roc_auc >= 0.84", latency="20ms")
    lines = ledger(tmp_path)
    assert [line["event"] for line in lines] == ["plan", "opening"] and decided.openings == 1
    assert (
        lines[0]["subjects"] == list(decided.opened)
        and lines[0]["worth"] == decided.worth_used
        and lines[0]["evidence"] == "sealed"
    )
    assert lines[0]["bar"]["threshold"] == 0.84 and lines[0]["bar"]["latency_ms"] == 20.0
    assert lines[1]["subjects"] == [hashlib.sha256(k.encode()).hexdigest() for k in decided.opened]


def test_the_worth_is_that_of_the_best_simpler_model_out_of_fold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made(areas(0.90, 0.96, 0.97))
    fixed = plan(run.trials, run.development, metric("roc_auc"), bar=None, n_sealed=4000, worth=None)
    validation = run.trials[2].validation
    assert (
        validation is not None
        and fixed.classical == "family_2-1"
        and fixed.worth == pytest.approx(0.2 * (1 - validation.value))
    )
    assert plan(run.trials, run.development, metric("roc_auc"), bar=None, n_sealed=4000, worth=0.3).worth == 0.3


def test_what_breaks_a_limit_is_held_against_nothing_that_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = made(areas(0.80, 0.85, 0.95))
    run.trials[2] = replace(run.trials[2], size_bytes=10**7)
    fixed = plan(
        run.trials,
        run.development,
        metric("roc_auc"),
        bar=parse(None, "classification", size="1MB"),
        n_sealed=4000,
        worth=None,
    )
    assert fixed.classical == "family_1-1"


@pytest.mark.parametrize(
    "broken, chosen", [(["family_1-1"], 2), (["family_1-1", "family_2-1"], 4), (["family_0-1"], 1)]
)
def test_a_refit_that_fails_is_a_row_and_the_choice_is_made_without_it(
    broken: list[str], chosen: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided = made(areas(0.90, 0.905, 0.91)).decide(tmp_path, monkeypatch, "roc_auc >= 0.85", broken=broken)
    assert decided.outcome == "met" and decided.chosen is not None and decided.chosen.rung == chosen
    assert [t.key for t in decided.trials if t.status == "failed"] == broken and not set(broken) & set(decided.opened)
    assert [line["event"] for line in ledger(tmp_path)] == ["plan", "opening"] and faults(decided.document()) == []


def test_where_nothing_can_be_shipped_the_seal_stays_shut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = made(areas(0.90, 0.905, 0.91))
    with pytest.raises(DataError, match=r"No model could be fitted: .*Linear model: ParityError"):
        run.decide(tmp_path, monkeypatch, broken=list(run.said))
    assert not (tmp_path / "sealed.jsonl").exists()


def test_rows_to_settle_are_told_of_an_open_score_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_score = made(areas(0.80, 0.80, 0.80), n_sealed=300).decide(tmp_path, monkeypatch, "roc_auc >= 0.77")
    assert open_score.outcome == "undecided" and open_score.rows_to_settle and open_score.rows_to_settle > 300
    assert re.search(r"These rows cannot tell; some [\d,]+ kept aside would\.", open_score.sentence)
    assert open_score.rows_between is not None
    assert 300 <= open_score.rows_between[0] <= open_score.rows_to_settle
    assert open_score.rows_between[1] is None or open_score.rows_to_settle <= open_score.rows_between[1]
    (tmp_path / "b").mkdir()
    open_time = made(areas(0.90, 0.90, 0.90), latency_ms={"p50": 0.9, "p95": 0.95}).decide(
        tmp_path / "b", monkeypatch, "roc_auc >= 0.8", latency="1ms"
    )
    assert open_time.outcome == "undecided" and open_time.rows_to_settle is None and "latency" in open_time.flags
    assert "1 ms allowed" in open_time.sentence and "These rows cannot tell" not in open_time.sentence


@pytest.mark.parametrize(
    "by, make, bar",
    [
        ("roc_auc", areas(0.8, 0.85, 0.9), "roc_auc >= 0.8"),
        ("rmse", errors(0.9, 0.7, 0.6), "rmse <= 0.75"),
        ("mae", errors(0.9, 0.7, 0.6), None),
        ("r2", errors(0.9, 0.7, 0.3), None),
    ],
)
def test_a_verdict_is_as_the_schema_says(
    by: str, make: Maker, bar: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided = made(make, by).decide(tmp_path, monkeypatch, bar)
    assert faults(decided.document()) == []


def test_the_schema_refuses_what_is_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = made(areas(0.80, 0.85, 0.9)).decide(tmp_path, monkeypatch, "roc_auc >= 0.8").document()
    bad: list[dict[str, Any]] = [
        {"outcome": "great"},
        {"chosen": None},
        {"openings": 0},
        {"bar": None, "outcome": "met"},
        {"schema": "deepenough.verdict/2"},
        {"more": 1},
        {"deep_learning": good["deep_learning"] | {"worth_it": "no", "reason": None}},
        {"deep_learning": good["deep_learning"] | {"worth_it": "yes", "reason": "gain_below_worth"}},
        {"trials": [good["trials"][0] | {"status": "failed", "reason": None}]},
        {"worth_used": "2 %"},
    ]
    assert faults(good) == [] and all(faults(good | change) for change in bad)


def test_caveats_stand_beside_the_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = Part(*[np.arange(0)] * 3)
    by_time = Split("by time", part.learn, part.score, (part,) * 5, part)
    decided = made(areas(0.80, 0.85, 0.9), parts=1).decide(tmp_path, monkeypatch, split=by_time)
    assert {"one_period", "parts: 1"} <= set(decided.flags) and len(decided.notes) == 2
    assert decided.document()["interval_note"] == " ".join(decided.notes)


def test_groups_are_said_and_few_of_them_too() -> None:
    part = Part(*[np.arange(0)] * 3)
    grouped = Split("by group", part.learn, part.score, (part,) * 5, part, grouped=True)
    simple = Trial("a", "A", 1, status="ok", parts=5)
    assert wording.caveats(CLEAR, grouped, simple, None)[0] == ["groups"]
    flags, notes = wording.caveats(replace(CLEAR, flags=("few",)), grouped, simple, None)
    assert flags == ["groups", "few_groups"] and "20 groups" in " ".join(notes)


def test_numbers_that_are_none_become_null() -> None:
    assert estimate_document(Estimate(float("nan"), float("-inf"), None)) == {
        "value": None,
        "low": None,
        "high": None,
        "flags": [],
    }
    assert estimate_document(None) is None


# --- how it is said ------------------------------------------------------------------------------------------------

WORTH: dict[str, dict[str, Any]] = {
    "yes": {"worth_it": "yes", "reason": None, "gain": {}, "best_deep": "net"} | {"gain": {"value": 0.1}},
    "less": {"worth_it": "no", "reason": "gain_below_worth", "gain": {"value": 0.0}, "best_deep": "net"},
    "unneeded": {"worth_it": "no", "reason": "bar_met_without", "gain": None, "best_deep": None},
    "open": {"worth_it": "undecided", "reason": None, "gain": {"value": 0.0}, "best_deep": "net"},
    "untried": {"worth_it": "undecided", "reason": None, "gain": None, "best_deep": None},
    "alone": {"worth_it": "undecided", "reason": None, "gain": None, "best_deep": "net"},
}
NAMES = ("roc_auc", "accuracy", "average_precision", "f1_macro", "balanced_accuracy", "log_loss", "rmse", "mae", "r2")


@pytest.mark.parametrize("deep", WORTH)
@pytest.mark.parametrize(
    "outcome, bar, test",
    [
        ("met", AUC, CLEAR),
        ("missed", AUC, UNDER),
        ("missed", SLOW, CLEAR),
        ("undecided", AUC, ACROSS),
        ("undecided", NEAR, CLEAR),
        ("undecided", AUC, HEAVY),
        ("undecided", AUC, NONE),
        ("chosen", None, CLEAR),
        ("chosen", None, NONE),
        ("chosen", Bar(latency_ms=10.0), CLEAR),
    ],
)
@pytest.mark.parametrize("title, rung", [(TITLES[rung], rung) for rung in RUNGS])
def test_a_sentence_is_plain_whole_and_names_no_metric(
    outcome: str, bar: Bar | None, test: Estimate, deep: str, title: str, rung: int
) -> None:
    chosen = Trial("c", title, rung, status="ok", latency_ms={"p50": 0.1, "p95": 0.2}, size_bytes=1000)
    for name in NAMES:
        said = sentence(outcome, chosen, test, metric(name), bar, WORTH[deep], 500, 1234)
        assert said.startswith(f"{title}: ") and said.endswith(".") and "  " not in said and ".." not in said
        assert not re.search(r"None|nan|\{|\}|_", said), said
        assert not words.names_metric(said, {"metric": name, "metric_title": metric(name).title}), said
        assert all(part[:1].isupper() or part[:1].isdigit() for part in re.split(r"(?<=[a-z)])\. ", said)), said
        assert len(said) < 420


def test_sentences_word_for_word() -> None:
    linear, net = (
        Trial("c", t, r, status="ok", latency_ms={"p50": 0.1, "p95": 0.2}, size_bytes=1000)
        for t, r in (("Linear model", 1), ("Neural network for tables", 4))
    )
    area = metric("roc_auc")
    on = "on 500 rows nobody had looked at"
    assert sentence("met", linear, CLEAR, area, AUC, WORTH["unneeded"], 500) == (
        f"Linear model: the bar is met. The score is 0.900 (0.880 to 0.920) {on}; at least 0.8 was asked for. "
        "Deep learning is not needed for that."
    )
    assert sentence("missed", linear, CLEAR, area, SLOW, WORTH["less"], 500) == (
        "Linear model: the nearest to what was asked for, and outside a limit. "
        f"The score is 0.900 (0.880 to 0.920) {on}; at least 0.8 was asked for. "
        "An answer takes longer than the 0.1 ms allowed. Deep learning is not worth it here."
    )
    assert sentence("undecided", linear, ACROSS, area, AUC, WORTH["open"], 500, 1234) == (
        f"Linear model: the best choice here, and whether the bar is met stays open. The score is 0.800 (0.780 to 0.820) {on}; "
        "at least 0.8 was asked for. These rows cannot tell; some 1,200 kept aside would. Deep learning is not shown to be worth it."
    )
    assert sentence("chosen", net, CLEAR, area, None, WORTH["yes"], 500) == (
        f"Neural network for tables: the simplest that holds up. The score is 0.900 (0.880 to 0.920) {on}. Deep learning is worth it here."
    )
    dear = Bar("rmse <= 30000", "rmse", False, 30000.0)
    assert sentence(
        "met", linear, Estimate(25123.4, 24000.0, 26000.0), metric("rmse"), dear, WORTH["untried"], 1409
    ) == (
        "Linear model: the bar is met. The error is 25,123 (24,000 to 26,000) on 1,409 rows nobody had looked at; "
        "at most 30,000 was asked for. Deep learning was not put to the test."
    )


@pytest.mark.parametrize(
    "value, shown",
    [
        (0.0, "0.000"),
        (0.00123, "0.00123"),
        (0.5, "0.500"),
        (12.346, "12.35"),
        (123.46, "123.5"),
        (-0.0004, "-0.000400"),
        (98765.4, "98,765"),
    ],
)
def test_a_figure_has_three_digits_that_say_something(value: float, shown: str) -> None:
    assert wording._figure(value) == shown


def test_planning_is_for_the_gain_that_was_seen() -> None:
    assert rows_planning(Estimate(0.0, -0.1, 0.1, se=0.05, n=100), 0.02) == 4900
