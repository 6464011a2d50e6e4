"""Options, commands and test files that make no sense: one sentence on stderr, exit code 2, and nothing left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from calling import BAR, call, csv, must_be_refusal, people, run_words, untouched, write

import deepenough
from deepenough.errors import SettingError

GOOD = people()
CSV = csv(GOOD)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- options that make no sense ---------------------------------------------------------------------------------------

OPTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "no such metric": (("--bar", "auc >= 0.8"), ("no metric 'auc'", "Did you mean 'roc_auc'?", "accuracy")),
    "a metric of numbers": (("--bar", "rmse <= 3"), ("classification has no metric 'rmse'", "It has: accuracy")),
    "wrong direction": (
        ("--bar", "roc_auc <= 0.8"),
        ("'roc_auc <= 0.8'", "better when it is higher", '"roc_auc >= 0.8"'),
    ),
    "wrong direction of an error": (("--bar", "log_loss >= 0.3"), ("better when it is lower", '"log_loss <= 0.3"')),
    "unreadable bar": (("--bar", "roc auc of 0.8"), ("'roc auc of 0.8' cannot be read", '"roc_auc >= 0.85"')),
    "two bars in one": (("--bar", "accuracy >= 0.8 and roc_auc >= 0.9"), ("cannot be read",)),
    "empty bar": (("--bar", ""), ("The bar ''", "cannot be read")),
    "no number": (("--bar", "accuracy >= 1e"), ("'1e' is no number", "0.85")),
    "percent without its sign": (("--bar", "accuracy >= 85"), ("cannot be reached", "Did you mean 0.85?")),
    "out of reach": (("--bar", "accuracy >= 1"), ("cannot be reached", "the best accuracy is 1")),
    "error below nothing": (("--bar", "log_loss <= 0"), ("cannot be reached", "positive number")),
    "latency without unit": (("--latency", "20"), ("--latency '20'", "unit (ms, s)", "20ms")),
    "latency of nothing": (("--latency", "0ms"), ("--latency '0ms'", "20ms")),
    "latency of two points": (("--latency", "1.2.3ms"), ("--latency '1.2.3ms'", "20ms")),
    "size without unit": (("--size", "5"), ("--size '5'", "unit (kb, mb, gb)", "5MB")),
    "negative cost": (("--cost", "-1"), ("--cost -1", "above 0")),
    "cost that is no number": (("--cost", "nan"), ("--cost nan", "above 0")),
    "budget of words": (("--budget", "soon"), ("--budget 'soon'", "10m")),
    "budget without end": (("--budget", "inf"), ("--budget 'inf'", "10m")),
    "worth that is no number": (("--worth", "nan"), ("--worth nan", "0.02")),
    "negative worth": (("--worth", "-0.1"), ("--worth -0.1", "0.02")),
    "worth in percent": (("--worth", "2"), ("--worth 2", "0.02")),
    "unknown finding": (("--despite", "DE999"), ("--despite", "DE999", "DE001")),
    "metric besides a bar": (("--metric", "roc_auc"), ("--metric roc_auc", "accuracy", "Leave --metric out")),
    "type of no column": (("--types", "twon=category"), ("'twon'", "Did you mean 'town'?")),
    "type of no kind": (("--types", "town=categry"), ("no kind 'categry'", "Did you mean 'category'?")),
    "type without kind": (("--types", "town"), ("--types 'town'", "COLUMN=KIND")),
    "number of text": (("--types", "town=number"), ("town=number", "holds text", "category")),
    "time of text": (("--types", "town=time"), ("town=time", "no one date format", "2026-11-20")),
    "no such group": (("--group", "twon"), ("no column 'twon' (the group)", "Did you mean 'town'?")),
    "group of two values": (("--group", "member"), ("group column 'member'", "2 value(s)", "at least")),
    "target as group": (("--group", "answer"), ("'answer' cannot be the target and the group",)),
    "time of words": (("--time", "town"), ("time column 'town'", "category", "2026-11-20")),
    "unknown task": (("--task", "clasification"), ("--task 'clasification'", "Did you mean 'classification'?")),
    "regression of text": (("--task", "regression"), ("--task regression", "'answer'", "another task or target")),
    "positive is no class": (("--positive", "yse"), ("--positive 'yse'", "Did you mean 'yes'?", "no, yes")),
    "no such test file": (("--test", "chrun.csv"), ("no file 'chrun.csv'", "Did you mean 'churn.csv'?")),
    "unknown option": (("--traget", "x"), ("no option --traget", "Did you mean '--target'?", "run --help")),
    "option without value": (("--metric",), ("'--metric' requires an argument", "--help")),
    "cores of nothing": (("--cores", "0"), ("'--cores'", "greater than or equal to 1")),
    "cores in words": (("--cores", "all"), ("'--cores'", "integer")),
    "negative seed": (("--seed", "-1"), ("'--seed'", "greater than or equal to 0")),
    "one word too many": (("more",), ("unexpected extra argument", "more", "run --help")),
}


@pytest.mark.parametrize("case", OPTIONS, ids=str)
def test_an_option_that_makes_no_sense(case: str, here: Path) -> None:
    more, words = OPTIONS[case]
    write("churn.csv", CSV)
    with untouched(here):
        must_be_refusal(call(*run_words("churn.csv", *more, bar=() if "--bar" in more else BAR)), 2, *words)


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        (("rnu",), ("No such command 'rnu'", "Did you mean 'run'?")),
        (("predcit", "a", "b"), ("Did you mean 'predict'?",)),
        (("xyz",), ("No such command 'xyz'", "deepenough --help")),
        (("--verbose",), ("no option --verbose",)),
        (("run",), ("No table is named", "--sql")),
        (("predict", "out"), ("There is no folder 'out'",)),
        (("report", "out", "--opne"), ("no option --opne", "Did you mean '--open'?")),
        (("list", "--jsn"), ("Did you mean '--json'?",)),
        (("list", "candidats"), ("no shelf 'candidats'", "Did you mean 'candidates'?")),
        (("report", "nowhere"), ("nowhere", "not a run", "--out")),
        (("predict", "nowhere", "a.csv"), ("no folder 'nowhere'", "Name a run or a bundle")),
        (("run", "churn.csv"), ("--target COLUMN", "answer")),
        (("audit", "churn.csv", "--target", "anwser"), ("'anwser'", "Did you mean 'answer'?")),
    ],
)
def test_a_command_that_makes_no_sense(words: tuple[str, ...], seen: tuple[str, ...], here: Path) -> None:
    write("churn.csv", CSV)
    with untouched(here):
        must_be_refusal(call(*words), 2, *seen)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"worth": float("nan")}, "worth"),
        ({"budget": float("inf")}, "budget"),
        ({"despite": ["DE999"]}, "DE999"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_setting_is_refused_in_python_too(setting: dict[str, Any], words: str, here: Path) -> None:
    with untouched(here), pytest.raises(SettingError, match=words):
        deepenough.run(GOOD, "answer", bar=BAR[1], out="out", **setting)


# --- a test file that does not fit ------------------------------------------------------------------------------------

OTHER = people(seed=1)
TESTS: dict[str, tuple[pd.DataFrame, tuple[str, ...]]] = {
    "lacks a column": (OTHER.drop(columns="size"), ("column 'size' is missing", "The model reads")),
    "renames a column": (OTHER.rename(columns={"size": "Size"}), ("column 'size' is missing", "Did you mean 'Size'?")),
    "lacks the target": (OTHER.drop(columns="answer"), ("'test.csv'", "'answer'")),
    "has an empty target": (OTHER.assign(answer=""), ("'test.csv'", "'answer'")),
    "has a new class": (
        OTHER.assign(answer=OTHER["answer"].where(OTHER.index % 50 > 0, "maybe")),
        ("'test.csv'", "maybe", "never seen", "(no, yes)"),
    ),
    "has text for a number": (
        OTHER.assign(size=OTHER["size"].astype(object).where(OTHER.index != 5, "tall")),
        ("'size'", "numbers", "row 5"),
    ),
    "is the training file": (GOOD, ("'test.csv'", "400", "learn")),
}


@pytest.mark.parametrize("case", TESTS, ids=str)
def test_a_test_file_that_does_not_fit(case: str, here: Path) -> None:
    frame, words = TESTS[case]
    write("churn.csv", CSV)
    write("test.csv", csv(frame))
    with untouched(here):
        must_be_refusal(call(*run_words("churn.csv", "--test", "test.csv")), 2, *words)


def test_a_test_file_with_text_for_the_number_to_predict(here: Path) -> None:
    write("churn.csv", csv(GOOD.assign(answer=GOOD["weight"])))
    write("test.csv", csv(OTHER))
    with untouched(here):
        must_be_refusal(
            call(*run_words("churn.csv", "--test", "test.csv", bar=())), 2, "'test.csv'", "text in 'answer'", "Mend"
        )
