"""The question as a sentence with a number, and the command line that answers it."""

from __future__ import annotations

import re
import shlex
from typing import Any

from deepenough import shelves
from deepenough.assessment.contradictions import metric_facts
from deepenough.assessment.effort import currency
from deepenough.assessment.ranges import Range, plain
from deepenough.assessment.reading import Answers
from deepenough.assessment.worth import unit

TABLES_ONLY = "This version of deepenough run reads tables; these are the options to use as soon as yours can be read."


def question(answers: Answers) -> dict[str, Any]:
    """Return the question as one sentence, what it leaves open, and its facts."""
    what = _capital(answers.get("decision") or "what is decided is not written down")
    who = f"decided by {answers.get('who')}" if answers.has("who") else "by whom is open"
    often = f", {answers.get('decisions_a_year').text()} times a year" if answers.has("decisions_a_year") else ""
    today = f"; today {answers.get('today')}" if answers.has("today") else ""
    sentence = f"{what}: {who}{often}{today}{_quality(answers)}.{_worth(answers)}"
    return {"sentence": sentence, "facts": _facts(answers)}


def _quality(answers: Answers) -> str:
    facts, bar, today = metric_facts(answers), answers.range("good_enough"), answers.range("today_quality")
    if facts is None or (bar is None and today is None):
        return "; no number says how good that is"
    now = f", at {today.text()}" if today else ", how good is not measured"
    wanted = f"; to become {bar.text()} or {'more' if facts['high_is_good'] else 'less'}" if bar else "; no bar is set"
    return f"{now}{wanted}"


def _worth(answers: Answers) -> str:
    value = answers.range("unit_value")
    if value is None:
        return ""
    return f" Each {plain(unit(answers))} better is worth {value.text(currency(answers))} a year."


def _facts(answers: Answers) -> list[dict[str, str]]:
    """Return label and answer of all that belongs to the question; what is open says so."""
    a, money = answers.get, currency(answers)
    labels = {
        "metric": "Measured by",
        "today_quality": "Today",
        "good_enough": "Good enough",
        "expected_quality": "Expected",
        "unit_value": f"A year of {plain(unit(answers))} better",
        "false_alarm_cost": "A false alarm",
        "miss_cost": "A missed case",
        "latency": "Answer within",
        "place": "Runs on",
        "explain_to": "Explained to",
        "due": "Of use by",
    }
    facts = []
    for key, label in labels.items():
        value = a(key)
        unit_text = money if key in ("unit_value", "false_alarm_cost", "miss_cost") else ""
        text = "not answered" if value is None else value.text(unit_text) if isinstance(value, Range) else str(value)
        if key == "metric" and value is not None:
            text = str(shelves.shelf("metrics")[value].facts["title"])
        facts.append({"key": key, "label": label, "answer": text})
    return facts


def proposal(answers: Answers, measured: bool) -> dict[str, Any]:
    """Return the options of deepenough run that follow from the answers, and the whole line where it would run.

    `missing` names what must be filled in; `command` is what can be run as it stands, None where something is missing.
    """
    bar, latency = bar_text(answers), answers.get("latency")
    options = [*(["--bar", bar] if bar else []), *(["--latency", latency] if latency else [])]
    kind = answers.get("kind")
    notes = [TABLES_ONLY] if not _readable(kind) else []
    if bar is None:
        notes.append(
            "No bar: a metric and a number (metric, good_enough) are not answered, so the best model that earns its place is chosen."
        )
    table = str(answers.folder / answers.get("data")) if measured else "TABLE.csv"
    words = [
        "deepenough",
        "run",
        table,
        "--target",
        answers.get("target") or "COLUMN",
        *options,
        *_columns(answers),
        "--out",
        f"runs/{slug(answers)}",
    ]
    line = " ".join(shlex.quote(word) for word in words)
    return {
        "bar": bar,
        "latency": latency,
        "options": " ".join(shlex.quote(word) for word in options),
        "value": _worth(answers).strip() or None,
        "template": line,
        "command": line if measured else None,
        "notes": notes,
    }


def _readable(kind: str | None) -> bool:
    """Whether a run reads such examples today: a modality of that name stands on its shelf."""
    return kind in (None, "table") or kind in shelves.shelf("modalities")


def bar_text(answers: Answers) -> str | None:
    """Return "roc_auc >= 0.85"."""
    facts, bar = metric_facts(answers), answers.range("good_enough")
    if facts is None or bar is None:
        return None
    return f"{answers.get('metric')} {'>=' if facts['high_is_good'] else '<='} {bar.low:.10g}"


def _columns(answers: Answers) -> list[str]:
    return [word for key in ("time", "group") if answers.has(key) for word in (f"--{key}", answers.get(key))]


def slug(answers: Answers) -> str:
    """Return a name for a folder."""
    return (
        re.sub(r"[^a-z0-9]+", "-", str(answers.get("name") or "case").casefold()).strip("-")[:40].strip("-") or "case"
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
