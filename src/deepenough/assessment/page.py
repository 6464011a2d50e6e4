"""assessment.html: one file without network, in the report's style; prints the document, computes nothing."""

from __future__ import annotations

from typing import Any

from deepenough.assessment import money_words as say
from deepenough.assessment import picture
from deepenough.assessment.approach import TITLES
from deepenough.assessment.criteria import WAYS
from deepenough.assessment.questions import QUESTIONS, SECTIONS
from deepenough.report import words
from deepenough.report.pages import fill

Document = dict[str, Any]
SIGNS = {1: "for", 0: "", -1: "against"}
ANSWERS = {"yes": "yes", "partly": "in part", "no": "no", None: "not answered"}


def compose(found: Document) -> str:
    """Return the page; the same document gives the same bytes."""
    return fill("assessment.html.j2", view(found))


def view(found: Document) -> dict[str, Any]:
    """Return everything the templates print, ready as text."""
    plan = found["plan"]
    return {
        "d": found,
        "boxes": boxes(found),
        "ways": [(way, TITLES[way]) for way in WAYS],
        "lines": [_line(line) for line in found["approach"]["table"]],
        "totals": [_total(found["approach"]["totals"][way]) for way in WAYS],
        "chosen": found["approach"]["way"],
        "open": [QUESTIONS[key].ask for key in found["approach"]["could_change_it"]],
        "measured": measured(found["measured"]),
        "dimensions": [_dimension(d) for d in found["readiness"]["dimensions"]],
        "cases": _cases(found),
        "weeks": say.weeks(plan),
        "phases": [_phase(p) for p in plan["phases"]],
        "bill": say.bill(plan),
        "break_even": say.break_even(plan),
        "payback": say.payback(plan),
        "labels": say.labels(plan),
        "machine": say.machine(plan),
        "drawing": picture.payback(plan["paths"], plan["currency"]) if plan["paths"] else None,
        "unknown": unknown(found),
    }


def boxes(found: Document) -> list[tuple[str, str, str]]:
    """Return the four answers of the first screen: title, figure, note."""
    plan, way = found["plan"], found["approach"]
    asked = len(found["unknown"]) + sum(key in QUESTIONS for key in found["answers"])
    sure = "–" if way["way"] is None else "Settled by the table" if way["settled"] else "Can still change"
    note = f"{asked - len(found['unknown'])} of {asked} questions are answered."
    return [
        ("Which way", TITLES.get(way["way"], "–"), _for_and_against(way)),
        ("How sure", sure, note),
        ("What it takes", say.short_weeks(plan), say.short_cost(plan)),
        ("What it brings", say.short_value(plan), say.short_payback(plan)),
    ]


def _for_and_against(way: Document) -> str:
    if way["way"] is None:
        return "Nothing is proposed while nothing is known."
    votes = [line["votes"].get(way["way"], 0) for line in way["table"]]
    known = sum(bool(line["votes"]) for line in way["table"])
    return f"{votes.count(1)} of {words.plural(known, 'answer')} for it, {votes.count(-1)} against."


def _line(line: Document) -> dict[str, Any]:
    cells = [(TITLES[way], SIGNS[line["votes"].get(way, 0)]) for way in WAYS]
    return {**line, "answer": line["answer"] or "not answered", "cells": cells, "known": bool(line["votes"])}


def _total(value: int) -> str:
    return f"{value:+d}".replace("-", "−") if value else "0"


def _dimension(found: Document) -> dict[str, Any]:
    low, high = found["low"], found["high"]
    grade = f"{low:.1f}" if low == high else f"{low:.1f} to {high:.1f}"
    return {
        "title": found["title"],
        "grade": grade,
        "left": f"{(low - 1) * 25:.1f}%",
        "width": f"{max(2.0, (high - low) * 25):.1f}%",
        "answered": f"{found['answered']} of {found['asked']} answered",
        "questions": [(q["question"], ANSWERS[q["answer"]], q["answer"] or "open") for q in found["questions"]],
    }


def measured(found: Document | None) -> list[tuple[str, str]] | None:
    """Return what the file said, label and figure; None where there was none."""
    if found is None:
        return None
    rows = [("Rows", words.count(found["rows"])), ("with an answer", words.count(found["labelled_rows"]))]
    if "classes" in found:
        rows += [("Classes", words.count(found["classes"])), ("The rarest of them", f"{found['rarest_share']:.3g} %")]
    rows += [("History", f"{found['history_years']:.3g} years" if "history_years" in found else "no clock was named")]
    gaps = [f"{name} {share:.1%}".replace("%", " %") for name, share in list(found["gaps"].items())[:5]]
    lists = {
        "Empty cells": gaps,
        "With very many values": found["many_values"],
        "That name a row": found["names_of_rows"],
        "That look personal": found["looks_personal"],
    }
    rows += [("Repeated rows", words.count(found["copies"])), ("Input columns", words.count(found["columns"]))]
    return rows + [(label, ", ".join(names) if names else "none") for label, names in lists.items()]


def _cases(found: Document) -> list[dict[str, Any]]:
    ranked = found["use_cases"]
    if ranked is None:
        return []
    currency = found["plan"]["currency"]
    return [
        {
            "name": case["name"],
            "score": f"{case['score']['value']:.2f}",
            "span": f"{case['score']['low']:.2f} to {case['score']['high']:.2f}",
            "first": f"{case['first'] * 100:.0f} of 100",
            "impact": say.ends(case.get("impact"), currency),
            "weeks": say.ends(case.get("weeks")),
            "unknown": ", ".join(case["unknown"]) or "nothing",
        }
        for case in ranked["ranking"]
    ]


def _phase(found: Document) -> dict[str, str]:
    share = f"{100 * found['share']['low']:.0f} to {100 * found['share']['high']:.0f} %"
    return {
        "name": words.capital(found["phase"]),
        "what": found["what"],
        "share": share,
        "weeks": say.interval(found["weeks"]),
    }


def unknown(found: Document) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the unanswered questions (key, question) by section."""
    open_keys = {row["key"]: row["question"] for row in found["unknown"]}
    groups = [
        (title, [(q.key, open_keys[q.key]) for q in questions if q.key in open_keys])
        for title, questions in SECTIONS.items()
    ]
    return [(title, rows) for title, rows in groups if rows]
