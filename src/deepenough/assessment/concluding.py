"""What it all comes to: one word, one headline, a few sentences, and what to do next."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from deepenough.assessment.approach import Approach
from deepenough.assessment.questions import QUESTIONS
from deepenough.assessment.reading import Answers
from deepenough.assessment.worth import hopeless

OUTCOMES = {
    "deep": "Deep learning is worth a try",
    "classical": "Do not use deep learning",
    "rules": "Do not use deep learning",
    "prompted": "No training yet",
    "not_yet": "Not yet",
    "unknown": "Cannot tell",
}
NEGATIVE = ("not_yet", "unknown")
HEADLINES = {
    "deep": "A pretrained network, against a simple model.",
    "classical": "Begin with a classical model.",
    "rules": "Write the rules down first.",
    "prompted": "Try a prompted model before you train one.",
    "not_yet": "Mend what blocks it first.",
    "unknown": "Too much is not answered.",
}
STATES = {
    "deep": "met",
    "classical": "chosen",
    "rules": "chosen",
    "prompted": "chosen",
    "not_yet": "not_ready",
    "unknown": "nothing",
}
IN_WORDS = {
    "rules": "rules",
    "classical": "a classical model",
    "prompted": "a prompted model",
    "deep": "a pretrained network",
}
GUIDANCE = "This is guidance, reported in practitioners' guides or a rule of thumb, and not proven here."
FIRST_ASKED = (
    "kind",
    "rules",
    "metric",
    "good_enough",
    "today_quality",
    "labelled_rows",
    "unit_value",
    "people",
    "week_price",
)


def conclude(answers: Answers, found: Approach, document: dict[str, Any], blockers: list[str]) -> dict[str, Any]:
    """Return outcome, headline, sentence and next steps. `blockers`: what the audit of a file found to stand in the way."""
    ready, plan = document["readiness"], document["plan"]
    against = _against(answers, ready, plan, blockers)
    outcome = "not_yet" if against else found.way if found.way else "unknown"
    return {
        "outcome": outcome,
        "status": OUTCOMES[outcome],
        "state": STATES[outcome],
        "headline": HEADLINES[outcome],
        "sentence": _sentence(answers, outcome, found, against),
        "against": against,
        "next": _next(answers, outcome, found, document),
    }


def _against(answers: Answers, ready: dict[str, Any], plan: dict[str, Any], blockers: list[str]) -> list[str]:
    """Return what speaks against beginning now, worst first."""
    reasons = [gap["gap"] for gap in ready["blocking"]] + blockers
    late = _too_late(answers, plan)
    pays = hopeless(plan)
    return reasons + [r for r in (late, pays) if r]


def _too_late(answers: Answers, plan: dict[str, Any]) -> str | None:
    due, planned = answers.get("due"), answers.range("weeks_estimate")
    if due is None or planned is None:
        return None
    left = (due - answers.today) / timedelta(weeks=1)
    if left >= planned.low:
        return None
    return f"It is due in {left:.0f} weeks, and your own estimate is {planned.text('weeks')} before any multiplying."


def _sentence(answers: Answers, outcome: str, found: Approach, against: list[str]) -> str:
    if outcome == "not_yet":
        return f"{against[0]}{_more(len(against) - 1)}{_then(found)}"
    if outcome == "unknown":
        return "What the examples are, and what speaks for one way or another, is not answered. Nothing is proposed from nothing."
    return f"{_why(found)} {_how_sure(found)} {GUIDANCE}"


def _more(others: int) -> str:
    return f" {others} more {'reason stands' if others == 1 else 'reasons stand'} below." if others else ""


def _then(found: Approach) -> str:
    if found.way is None:
        return ""
    return f" Once that is mended, {IN_WORDS[found.way]} {'are' if found.way == 'rules' else 'is'} the way to begin."


def _why(found: Approach) -> str:
    """Return the reasons that speak for the way, strongest first."""
    assert found.way is not None
    against = [line for line in found.lines if line.votes.get(found.way, 0) > 0]
    return " ".join(line.reason for line in against[:3]) or "Nothing speaks against it."


def _how_sure(found: Approach) -> str:
    if found.settled:
        return "By the decision table, no answer that is still open would change that."
    names = [f"“{QUESTIONS[key].ask}”" for key in found.open[:2]]
    if not names:
        return "Your ranges leave room for another way."
    return f"That can still change: {' and '.join(names)} {'are' if len(names) > 1 else 'is'} not answered."


def _next(answers: Answers, outcome: str, found: Approach, document: dict[str, Any]) -> list[dict[str, str]]:
    steps = [_step(f"{gap['gap']} {gap['step']}") for gap in document["readiness"]["blocking"][:2]]
    if answers.get("rules") in ("yes", "partly"):
        steps.append(
            _step("Have the expert fill in rules.toml. It comes first: what it reaches is what any model must beat.")
        )
    steps += _ask(outcome, found, [row["key"] for row in document["unknown"]])
    if outcome == "prompted":
        steps.append(_step("Write one prompt, and let it answer the labelled examples before anybody builds anything."))
    if document["proposal"]["command"]:
        steps.append(_step("Let your own data decide:", document["proposal"]["command"]))
    elif answers.get("kind") in (None, "table"):
        steps.append(
            _step("Get a first export, and name it in the assessment (data, target): then it is measured, not asked.")
        )
    elif outcome in ("deep", "classical"):
        steps.append(
            _step(
                "Plan a simple model from the start, too: it is what the other must beat, on the same sealed examples."
            )
        )
    mend = [f"{gap['gap']} {gap['step']}" for gap in document["readiness"]["gaps"] if not gap["blocks"]]
    return [*steps, *(_step(text) for text in mend[: max(0, 3 - len(steps))])][:4]


def _step(text: str, command: str = "") -> dict[str, str]:
    return {"text": text, "command": command}


def _ask(outcome: str, found: Approach, unknown: list[str]) -> list[dict[str, str]]:
    """Return the questions whose answers would tell most."""
    keys = [k for k in found.open if k in unknown] if found.way and not found.settled else []
    keys += [k for k in FIRST_ASKED if k in unknown and k not in keys]
    most = 5 if outcome == "unknown" else 3
    asked = " ".join(QUESTIONS[k].sentence for k in keys[:most])
    return [_step(f"Find out: {asked}")] if keys else []
