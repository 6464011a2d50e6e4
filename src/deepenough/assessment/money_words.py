"""Weeks and money in words: intervals to two figures, what is missing by name, what is left out of a sum said."""

from __future__ import annotations

from typing import Any

from deepenough.assessment.guides import REPORTED
from deepenough.assessment.questions import QUESTIONS
from deepenough.assessment.ranges import rough, said
from deepenough.report.words import NONE, plural

Document = dict[str, Any]


def interval(found: dict[str, float | None] | None, unit: str = "") -> str:
    """Return "84,000 to 120,000 EUR"; a dash where there is none."""
    return NONE if found is None else said(found, unit)


def ends(found: dict[str, float] | None, unit: str = "") -> str:
    """Return a range as answered, to two figures."""
    if found is None:
        return "not answered"
    low, high = rough(found["low"]), rough(found["high"])
    return (low if low == high else f"{low} to {high}") + (f" {unit}" if unit else "")


def asked(keys: list[str]) -> str:
    """Return the questions that some keys stand for."""
    return " ".join(QUESTIONS[k].sentence for k in keys)


def weeks(plan: Document) -> str:
    """Return how many weeks, with the guides' multiplier shown."""
    found = plan["weeks"]
    planned = ends(found["planned"], "weeks")
    whose = (
        f"Your own estimate is {planned}."
        if found["estimated"]
        else f"You gave no estimate, so a pilot is taken: {planned} ({REPORTED})."
    )
    times = ends(found["multiplied_by"])
    return f"{whose} Guides multiply a plan by {times} ({REPORTED}); so it is likely to take {interval(found['likely'], 'weeks')}."


def short_weeks(plan: Document) -> str:
    return interval(plan["weeks"]["likely"], "weeks")


def short_cost(plan: Document) -> str:
    found = plan["weeks"]
    times = f"times {ends(found['multiplied_by'])}"
    mine = f"Your estimate, {times} as guides advise."
    how = mine if found["estimated"] else f"You gave no estimate: a pilot as guides report it, {times} as they advise."
    if plan["build"] is None:
        return f"{how} In money it cannot be said: what the people cost is not answered."
    rest = f", without {_listed(plan['left_out'])}" if plan["left_out"] else ""
    return f"{interval(plan['build'], plan['currency'])} to build{rest}. {how}"


def short_value(plan: Document) -> str:
    value = plan["value"]["money"]
    return f"{interval(value, plan['currency'])} a year" if value else NONE


def short_payback(plan: Document) -> str:
    found = plan["payback"]
    if plan["value"]["money"] is None:
        return f"Not answered: {asked(plan['value']['missing'][:2])}"
    if found is None:
        return "When it has paid for itself cannot be said: its cost is not known."
    best = " at best" if plan["left_out"] else ""
    return f"Paid back after {interval(found['years'], 'years')}{best}."


def bill(plan: Document) -> list[dict[str, str]]:
    """Return a row for every part of cost and value: what, when, money, how it is made."""
    rows = (
        [(part, "once") for part in plan["once"]]
        + [(part, "a year") for part in plan["a_year"]]
        + [(plan["value"], "a year")]
    )
    return [
        {
            "what": part["what"],
            "when": when,
            "money": interval(part["money"], plan["currency"]) if part["money"] else "not known",
            "how": part["how"] if part["money"] else f"Not answered: {asked(part['missing'])}",
        }
        for part, when in rows
    ]


def labels(plan: Document) -> str:
    """Return how many examples are still to be labelled, and the hours."""
    found = plan["labels"]
    if found["needed"] is None:
        return "How much is to be labelled cannot be said: the kind of data, or the number of classes, is not answered."
    if found["needed"]["high"] == 0:
        return "By the guides' figures nothing more needs labelling."
    hours = (
        f", which is {ends(found['hours'], 'hours')} of labelling"
        if found["hours"]
        else "; how long one takes is not answered"
    )
    return f"By the guides' figures {ends(found['needed'])} more examples are to be labelled{hours}."


def machine(plan: Document) -> str:
    """Return machine time in words."""
    found, currency = plan["machine"], plan["currency"]
    if found["training"] is None:
        return f"Machine time is not priced: what an hour of a core costs in {currency} is not answered."
    once = f"Ten minutes of a core, what a run spends by itself, cost {ends(found['training'], currency)}"
    if found["per_1000"] is None:
        return f"{once}. How long an answer may take is not given, so answers are not priced."
    most = f"{rough(found['per_1000']['high'])} {currency} at most"
    return f"{once}; a thousand answers, each on a core for all the time it may take, {most}."


def break_even(plan: Document) -> list[dict[str, str]]:
    """Return what a year must bring to have paid after one, two, three years."""
    return [
        {
            "years": plural(row["years"], "year"),
            "value": interval(row["value_a_year"], plan["currency"]),
            "gain": interval(row["gain"]) if row["gain"] else "not known",
        }
        for row in plan["break_even"] or []
    ]


def payback(plan: Document) -> list[str]:
    """Return sentences on when it has paid for itself."""
    found = plan["payback"]
    if found is None:
        return []
    shares = [
        f"{share * 100:.0f} of 100 within {plural(int(years), 'year')}" for years, share in found["paid_within"].items()
    ]
    never = f"in {found['never'] * 100:.0f} of 100 it never does"
    lines = [f"Of the cases that your answers allow, it has paid for itself in {_listed(shares)}; {never}."]
    if found["horizon"]:
        lines.append(
            f"Within the {ends(found['horizon']['years'], 'years')} you ask for: {found['horizon']['share'] * 100:.0f} of 100."
        )
    lines.append(f"After running costs a year brings {interval(found['net_a_year'], plan['currency'])}.")
    if plan["left_out"]:
        lines.append(f"This leaves out {_listed(plan['left_out'])}, so it is the best case of what is known.")
    return lines


def _listed(names: list[str]) -> str:
    lowered = [name[:1].lower() + name[1:] for name in names]
    return lowered[0] if len(lowered) == 1 else f"{', '.join(lowered[:-1])} and {lowered[-1]}"
