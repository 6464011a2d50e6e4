"""Is the house ready? Five dimensions from 1 to 5, each from concrete questions; what blocks comes first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deepenough.assessment.questions import LABELLED, QUESTIONS
from deepenough.assessment.ranges import plain
from deepenough.assessment.reading import Answers
from deepenough.assessment.volume import OVERRULED, amount

NEED_FEW = ("rules", "prompted")  # ways that too few examples do not stand in
POINTS = {"yes": 1.0, "partly": 0.5, "no": 0.0}
DIMENSIONS = {
    "problem": "The problem",
    "data": "The data",
    "infrastructure": "The infrastructure",
    "people": "The people",
    "support": "Budget and support",
}


@dataclass(frozen=True)
class Item:
    """One question of a dimension.

    Attributes
    ----------
    answer : yes, partly or no from the answers, None where it is not known. gap, step : said where it is not a yes.
    blocks : whether a "no" must be mended before anything is built. keys : what answers it.
    """

    dimension: str
    question: str
    keys: tuple[str, ...]
    answer: Callable[[Answers], str | None]
    gap: str
    step: str
    blocks: bool = False


def _said(key: str) -> Callable[[Answers], str | None]:
    return lambda answers: answers.get(key)


def _all(*keys: str) -> Callable[[Answers], str | None]:
    """Yes where all were answered; what was not asked is not known."""
    return lambda answers: "yes" if answers.has(*keys) else None


def _priced(answers: Answers) -> str | None:
    if answers.has("unit_value"):
        return "yes"
    return "partly" if answers.has("false_alarm_cost") or answers.has("miss_cost") else None


def _access(answers: Answers) -> str | None:
    return "yes" if answers.has("data") else answers.get("data_access")


def _enough(answers: Answers) -> str | None:
    found = amount(answers)
    if found is None or found.found is None:
        return None
    if found.steps == {"short"}:
        return "no"
    return "partly" if "short" in found.steps else "yes"


def _agreed(answers: Answers) -> str | None:
    """Whether the labels are good enough to show the bar: nobody is shown right more often than experts agree."""
    agree, bar = answers.range("labels_agree"), answers.range("good_enough")
    if agree is None:
        return None
    if answers.get("metric") != "accuracy" or bar is None:
        return "yes"
    return "no" if bar.low > agree.high / 100 else "partly" if bar.low > agree.low / 100 else "yes"


def _cleared(answers: Answers) -> str | None:
    return "yes" if answers.get("personal_data") == "no" else answers.get("personal_data_cleared")


def _label_seen(answers: Answers) -> str | None:
    labelled = answers.range("labelled_rows")
    if labelled is None:
        return (
            "yes" if answers.get("kind") == "series" and answers.has("history_years") else None
        )  # what came is on record
    return "yes" if labelled.low > 0 else "no" if labelled.high == 0 else "partly"


ITEMS: tuple[Item, ...] = (
    Item("problem", "Is it clear what is decided, and by whom?", ("decision", "who"), _all("decision", "who"),
         "What is decided, or by whom, is not written down.", "Write it as one sentence, and have the one who decides agree."),
    Item("problem", "Is there a number that says good enough?", ("metric", "good_enough"), _all("metric", "good_enough"),
         "No number says when it is good enough.", "Agree on a metric and a bar before any model is built."),
    Item("problem", "Is it measured how good today's way is?", ("today_quality",), _all("today_quality"),
         "How good today's way is has not been measured.", "Measure today's way on past cases, in the same metric."),
    Item("problem", "Is it known what better is worth?", ("unit_value",), _priced,
         "What a step better is worth is not known.", "Ask finance what one more point is worth a year."),
    Item("problem", "Does one person own it?", ("owner",), _said("owner"),
         "Nobody owns the decision and its outcome.", "Name one person who owns the decision and its outcome.", True),
    Item("data", "Can the data be fetched today?", ("data_access",), _access,
         "The data cannot be fetched.", "Get the first export, however small, before planning further.", True),
    Item("data", "Are right answers on record?", ("labelled_rows",), _label_seen,
         "No example has its right answer beside it.", "Label a first batch, and time it."),
    Item("data", "Are there enough examples?", ("labelled_rows", "classes"), _enough,
         "There are fewer examples than guides ask for.", "Collect or label more.", True),
    Item("data", "Are the inputs known when the answer is needed?", ("known_in_time",), _said("known_in_time"),
         "Inputs are not known at the moment the answer is needed.", "List what is known at that moment, and keep only that.", True),
    Item("data", "Is it known how far experts agree, and is the bar below that?", ("labels_agree",), _agreed,
         "The bar is higher than experts agree with each other.", "Settle the disputed cases in writing, or lower the bar."),
    Item("data", "Is the use of personal data cleared?", ("personal_data", "personal_data_cleared"), _cleared,
         "The use of personal data is not cleared.", "Have it cleared, or leave those columns out.", True),
    Item("infrastructure", "Do new data arrive by themselves?", ("data_flow",), _said("data_flow"),
         "New data do not arrive by themselves.", "Have the export run by itself."),
    Item("infrastructure", "Is there a place to run it?", ("place_ready",), _said("place_ready"),
         "There is no place where it may run.", "Ask for one now."),
    Item("infrastructure", "Does the right answer come back?", ("truth_returns",), _said("truth_returns"),
         "The right answer never comes back, so decay would not be seen.", "Plan a sample of cases to be checked by hand."),
    Item("infrastructure", "Is it settled how fast it must answer, and where?", ("latency", "place"), _all("latency", "place"),
         "How fast it must answer, or where, is open.", "Ask those who will call it."),
    Item("people", "Has an expert hours for it?", ("expert_time",), _said("expert_time"),
         "No expert has time for it.", "Agree on hours a week with one of them."),
    Item("people", "Has somebody built and measured a model before?", ("builder",), _said("builder"),
         "Nobody on the team has built and measured a model.", "Borrow or hire one who has, for the pilot at least."),
    Item("people", "Is it settled who looks after it?", ("keeper",), _said("keeper"),
         "Nobody is named to look after it once it runs.", "Name who watches it, and give them the hours."),
    Item("support", "Does somebody with a budget want it?", ("sponsor",), _said("sponsor"),
         "Nobody with a budget wants it.", "Find a sponsor, with the numbers of this page.", True),
    Item("support", "Will those who act on it accept it?", ("users_want_it",), _said("users_want_it"),
         "Those who would act on the answers do not want them.", "Sit with them before building anything."),
)  # fmt: skip


def readiness(answers: Answers, plan: dict[str, Any], way: str | None) -> dict[str, Any]:
    """Return the five grades and the gaps, blocking ones first; `way` is the one proposed.

    A grade is 1 + 4 x the mean of the dimension's questions (yes 1, partly 1/2, no 0). What was not answered counts as no
    at its low end and as yes at its high end.
    """
    items = [(item, item.answer(answers)) for item in ITEMS] + [(_budget_item(), _budget(answers, plan))]
    dimensions = [_grade(name, [(i, a) for i, a in items if i.dimension == name]) for name in DIMENSIONS]
    gaps = [_gap(item, answer, answers, way) for item, answer in items if answer in ("no", "partly")]
    gaps.sort(key=lambda gap: (not gap["blocks"], gap["answer"] != "no"))
    return {"dimensions": dimensions, "gaps": gaps, "blocking": [g for g in gaps if g["blocks"]]}


def _grade(name: str, items: list[tuple[Item, str | None]]) -> dict[str, Any]:
    known = [POINTS[a] for _, a in items if a is not None]
    n, open_items = len(items), len(items) - len(known)
    low, high = (1 + 4 * (sum(known) + extra) / n for extra in (0, open_items))
    return {
        "dimension": name,
        "title": DIMENSIONS[name],
        "low": round(low, 2),
        "high": round(high, 2),
        "answered": len(known),
        "asked": n,
        "questions": [{"question": i.question, "answer": a, "missing": [] if a else _missing(i)} for i, a in items],
    }


def _missing(item: Item) -> list[str]:
    return [key for key in item.keys if key in QUESTIONS]


def _gap(item: Item, answer: str | None, answers: Answers, way: str | None) -> dict[str, Any]:
    gap, step = item.gap, item.step
    found = amount(answers)
    if item.answer is _enough and found is not None and found.found is not None:
        gap = f"There are {found.text()}; guides ask for {found.volume.text()} (reported, not proven here)."
        how = "Collect or label" if found.kind in LABELLED else "Collect"
        step = f"{how} at least {plain(found.volume.least)} {found.volume.what}. {OVERRULED}"
    if answer == "partly":
        gap = f"{item.question} In part only." if item.answer is not _enough else f"It may not be enough. {gap}"
    blocks = item.blocks and answer == "no" and (item.answer is not _enough or way not in NEED_FEW)
    return {"dimension": item.dimension, "answer": answer, "blocks": blocks, "gap": gap, "step": step}


def _budget_item() -> Item:
    return Item(
        "support",
        "Is there money for it?",
        ("budget", "people", "week_price"),
        lambda _: None,
        "The money set aside does not cover what it is likely to take.",
        "Ask for more, or cut the case until it fits: one place, one product, one class.",
    )


def _budget(answers: Answers, plan: dict[str, Any]) -> str | None:
    """Hold the money set aside against the cost, multiplied as the guides advise."""
    budget, build = answers.range("budget"), plan["build"]
    if budget is None or build is None:
        return None
    return "yes" if budget.low >= build["high"] else "no" if budget.high < build["low"] else "partly"
