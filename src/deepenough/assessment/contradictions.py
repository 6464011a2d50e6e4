"""Answers that cannot both be so."""

from __future__ import annotations

from typing import Any

from deepenough import shelves
from deepenough.assessment.ranges import Range, plain
from deepenough.assessment.reading import Answers
from deepenough.bar import check_metric
from deepenough.errors import BarError

SCORES = ("today_quality", "good_enough", "expected_quality")


def refuse(answers: Answers) -> None:
    """Raise `SettingError` for the first answers that contradict each other, with the line of one of them."""
    for look in (_scores, _order, _counts, _kinds, _prices, _places, _constant, _file):
        look(answers)


def metric_facts(answers: Answers) -> dict[str, Any] | None:
    """Return what is known of the metric: its tasks, whether high is good, whether it ends at 1."""
    name = answers.get("metric")
    return None if name is None else shelves.shelf("metrics")[name].facts


def task_kind(answers: Answers) -> str | None:
    """Return the kind of task the metric judges."""
    facts = metric_facts(answers)
    return None if facts is None else str(facts["tasks"][0])


def _scores(answers: Answers) -> None:
    facts = metric_facts(answers)
    for key in SCORES:
        found = answers.range(key)
        if found is None:
            continue
        if facts is None:
            raise answers.refuse(
                key, f'{key} is given, and no metric that it is measured in. Add it: metric = "accuracy".'
            )
        if facts["bounded"] and found.high > 1:
            hint = f" Did you mean {plain(found.high / 100)}?" if found.high <= 100 else ""
            raise answers.refuse(
                key,
                f"{key} = {found.text()} is over 100 %: the best {answers.get('metric')} is 1.{hint} Write a number below 1.",
            )
        if not facts["bounded"] and found.low < 0:
            raise answers.refuse(
                key, f"{key} = {found.text()} is below 0, which no {answers.get('metric')} is. Write a positive number."
            )


def _order(answers: Answers) -> None:
    facts, today, bar = metric_facts(answers), answers.range("today_quality"), answers.range("good_enough")
    if facts is None or bar is None:
        return
    high, name = facts["high_is_good"], answers.get("metric")
    if bar.low != bar.high:
        raise answers.refuse(
            "good_enough",
            f"good_enough = {bar.text()} is a range. A bar is one number: write the one that must be reached.",
        )
    if (facts["bounded"] and bar.low == 1) or (not facts["bounded"] and bar.low == 0):
        raise answers.refuse(
            "good_enough",
            f"good_enough = {bar.text()} is perfection, which no data can prove. Write what is good enough to be used.",
        )
    if today is not None and (bar.high < today.low if high else bar.low > today.high):
        mend = f"{name} is better when it is {'higher' if high else 'lower'}: mend one of them."
        raise answers.refuse(
            "good_enough",
            f"good_enough = {bar.text()} is worse than today's way (today_quality = {today.text()}). {mend}",
        )


def _counts(answers: Answers) -> None:
    rows, labelled, classes = (answers.range(k) for k in ("rows", "labelled_rows", "classes"))
    if rows and labelled and labelled.low > rows.high:
        raise answers.refuse(
            "labelled_rows",
            f"labelled_rows = {labelled.text()} is more than there are (rows = {rows.text()}). Mend one of them.",
        )
    if rows and classes and classes.low > rows.high:
        raise answers.refuse(
            "classes",
            f"classes = {classes.text()} is more than there are examples (rows = {rows.text()}). Mend one of them.",
        )
    rarest = answers.range("rarest_share")
    if rarest and classes and rarest.low > 100 / classes.low:
        most = f"the rarest of {plain(classes.low)} has {100 / classes.low:.3g} % at most"
        raise answers.refuse(
            "rarest_share", f"rarest_share = {rarest.text()} cannot be: {most}. Mend rarest_share or classes."
        )


def _kinds(answers: Answers) -> None:
    kind = task_kind(answers)
    if kind and kind != "classification" and answers.has("classes"):
        raise answers.refuse(
            "classes",
            f'classes are given, and metric = "{answers.get("metric")}" judges numbers. Leave one of them out.',
        )
    if answers.has("data") and answers.get("kind") not in (None, "table"):
        raise answers.refuse(
            "data",
            f'data = "{answers.get("data")}" is a table, and kind = "{answers.get("kind")}". Leave data out, or write kind = "table".',
        )
    if answers.has("normal_months") and answers.get("kind") not in (None, "anomaly"):
        raise answers.refuse(
            "normal_months",
            f'normal_months is for kind = "anomaly", and kind = "{answers.get("kind")}". Leave one of them out.',
        )


def _prices(answers: Answers) -> None:
    if answers.has("unit_value") and not answers.has("metric"):
        raise answers.refuse(
            "unit_value",
            'unit_value is the worth of a step of the metric, and no metric is given. Add it: metric = "accuracy".',
        )
    if answers.get("personal_data") == "no" and answers.get("personal_data_cleared") == "no":
        raise answers.refuse(
            "personal_data_cleared",
            'personal_data_cleared = "no" and personal_data = "no": then there is nothing to clear. Leave one of them out.',
        )


def _places(answers: Answers) -> None:
    if answers.get("place") == "cloud" and answers.get("may_leave") == "no":
        raise answers.refuse(
            "place",
            'place = "cloud", and may_leave = "no": the data may not leave the house. Write place = "server", or may_leave = "yes".',
        )


def _constant(answers: Answers) -> None:
    """A bar that the same answer every time would reach."""
    rarest, bar, classes = (answers.range(k) for k in ("rarest_share", "good_enough", "classes"))
    if answers.get("metric") != "accuracy" or rarest is None or bar is None or classes != Range(2, 2):
        return
    always = 1 - rarest.high / 100
    if bar.low <= always:
        said = (
            f"always giving the commoner answer is right in {100 * always:.3g} of 100 (rarest_share = {rarest.text()})"
        )
        raise answers.refuse(
            "good_enough",
            f'good_enough = {bar.text()} asks for nothing: {said}. Raise it, or judge by metric = "average_precision".',
        )


def _file(answers: Answers) -> None:
    for key in ("target", "time", "group"):
        if answers.has(key) and not answers.has("data"):
            raise answers.refuse(
                key, f'{key} = "{answers.get(key)}" names a column, and no file is given. Add it: data = "table.csv".'
            )
    if answers.has("data") and not answers.has("target"):
        raise answers.refuse(
            "data",
            f'data = "{answers.get("data")}" is given, and not what is to be predicted. Add it: target = "COLUMN".',
        )


def fit_measured(answers: Answers, kind: str, found: dict[str, float]) -> None:
    """Refuse what the file says otherwise. `found`: rows, classes and so on, as measured."""
    if answers.has("metric"):
        try:
            check_metric(answers.get("metric"), kind)
        except BarError as error:
            raise answers.refuse(
                "metric",
                f"metric = \"{answers.get('metric')}\" does not fit the target '{answers.get('target')}': {error}",
            ) from error
    for key, value in found.items():
        answer = answers.range(key)
        if answer is not None and not answer.low <= round(value, 2) <= answer.high:
            seen = f"'{answers.get('data')}' holds {plain(round(value, 2))}"
            raise answers.refuse(
                key, f"{key} = {answer.text()}, and {seen}. Leave it out: what the file can say is measured, not asked."
            )
