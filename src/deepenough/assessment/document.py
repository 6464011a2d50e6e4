"""assessment.json: everything that was answered, measured, and made of it."""

from __future__ import annotations

from datetime import date
from typing import Any

from deepenough.assessment import (
    approach,
    concluding,
    contradictions,
    measuring,
    proposing,
    readiness,
    use_cases,
    vendor,
    volume,
    worth,
)
from deepenough.assessment.guides import figures
from deepenough.assessment.questions import QUESTIONS
from deepenough.assessment.ranges import Range
from deepenough.assessment.reading import Answers

SCHEMA = "deepenough.assessment/1"


def document(answers: Answers, seed: int) -> dict[str, Any]:
    """Return the assessment as data.

    Raises `DataError` or `SettingError` where answers contradict each other, or the file they name.
    """
    contradictions.refuse(answers)
    measured = measuring.measure(answers)
    found = approach.approach(answers)
    amount = volume.amount(answers)
    plan = worth.plan(answers, seed)
    made: dict[str, Any] = {
        "schema": SCHEMA,
        "name": answers.get("name") or "A case without a name",
        "question": proposing.question(answers),
        "proposal": proposing.proposal(answers, measured is not None),
        "rules": {
            "answer": answers.get("rules"),
            "file": "rules.toml" if answers.get("rules") in ("yes", "partly") else None,
        },
        "approach": found.document(),
        "volume": None if amount is None else amount.document(),
        "measured": None if measured is None else measured.document,
        "plan": plan,
        "readiness": readiness.readiness(answers, plan, found.way),
        "use_cases": use_cases.rank(answers, seed),
        "vendor": {"questions": vendor.questions(answers), "judged": vendor.judged(answers)},
        "guides": figures(),
        "unknown": unknown(answers),
        "answers": {k: _plain(v) for k, v in answers.values.items()},
        "today": answers.today.isoformat(),
        "seed": seed,
    }
    return made | concluding.conclude(answers, found, made, measured.blockers if measured else [])


def unknown(answers: Answers) -> list[dict[str, str]]:
    """Return the questions that were not answered, and matter for this kind of data."""
    kind = answers.get("kind")
    return [
        {"key": key, "question": q.ask}
        for key, q in QUESTIONS.items()
        if not answers.has(key)
        and not (q.only and kind and kind not in q.only)
        and key not in NOT_NEEDED
        and not (key in ("target", "time", "group") and not answers.has("data"))
        and not (key == "data" and kind not in (None, "table"))
        and not (key == "personal_data_cleared" and answers.get("personal_data") == "no")
        and not (key == "classes" and contradictions.task_kind(answers) == "regression")
    ]


NOT_NEEDED = (
    "name",
    "unit",
    "currency",
    "core_hour_price",
    "group",
    "time",
    "rarest_share",
)  # optional: nothing hangs on them alone


def _plain(value: Any) -> Any:
    if isinstance(value, Range):
        return value.low if value.low == value.high else [value.low, value.high]
    return value.isoformat() if isinstance(value, date) else value
