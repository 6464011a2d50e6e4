"""explain.html: one decision with its reasons; one file without network, in the report's style. Prints, computes nothing."""

from __future__ import annotations

from typing import Any

from deepenough.report import words
from deepenough.report.glossary import Glossary
from deepenough.report.pages import fill

Document = dict[str, Any]
STATES = {"sure": "met", "unsure": "undecided", "outside": "missed", "number": "chosen"}
STATUS = {
    "sure": "Sure of it",
    "unsure": "Not sure",
    "outside": "Outside of what it learnt from",
    "number": "Within what it learnt from",
}
PARTS = {
    "sealed": "a sealed row: the model had never seen it",
    "development": "a row the model learnt from: its answer here proves nothing",
    "left out": "a row that was left out: it has no usable answer of its own",
    "new": "a new row",
}
SHOWN_REASONS = 12
SHOWN_INPUTS = 4  # cells of a neighbour


def compose(found: Document) -> str:
    """Return the page; the same document gives the same bytes."""
    rows = [view(found, row) for row in found["rows"]]
    one = len(rows) == 1
    values = {
        "run": found["run"],
        "model": found["model"],
        "title": f"{found['target']} of {rows[0]['name'].lower()}" if one else f"{len(rows)} decisions",
        "state": rows[0]["state"] if one else "chosen",
        "rows": rows,
        "left": found["asked"] - len(rows),
        "term": Glossary(),
    }
    return fill("explain.html.j2", values)


def view(found: Document, row: Document) -> Document:
    """Return one decision as the template prints it."""
    many = SHOWN_REASONS
    return {
        "id": f"row-{row['row']}",
        "name": name(row),
        "state": STATES[row["state"]],
        "status": STATUS[row["state"]],
        "headline": f"{found['target']}: {answer(row)}",
        "sentence": sentence(found, row),
        "boxes": boxes(found, row),
        "how": how(found),
        "why_not": found["why_no_contributions"],
        "starts": starts(found, row),
        "sides": sides(found, row),
        "bars": bars(found, row["reasons"])[:many],
        "more": words.plural(len(row["reasons"]) - many, "more column adds", "more columns add") + " less."
        if len(row["reasons"]) > many
        else "",
        "changes": [change(found, c) for c in row["changes"]],
        "has_changes": bool(found["labels"]),
        "neighbours": neighbours(row),
        "inputs": list(row["inputs"].items()),
    }


def name(row: Document) -> str:
    """Return "Row 17", or "New row 0"."""
    return f"New row {row['row']}" if row["part"] == "new" else f"Row {row['row']}"


def percent(share: Any) -> str:
    """Return a probability as a person says it: never 0 or 100 for what is not.

    >>> [percent(p).replace(words.SPACE, " ") for p in (0.714, 0.9991, 1.0)]
    ['71 %', '99.9 %', '100 %']
    """
    number = words.real(share)
    if number is None:
        return words.NONE
    return f"{number * 100:.{1 if 0.0 < min(number, 1.0 - number) < 0.01 else 0}f}{words.SPACE}%"


def number(value: Any) -> str:
    """Return a figure with four digits, thousands parted."""
    real = words.real(value)
    if real is None:
        return words.NONE
    text = f"{real:,.0f}" if abs(real) >= 1000 else f"{real:.4f}" if 0.0 < abs(real) < 0.001 else f"{real:.4g}"
    return text.replace("-", "−")


def answer(row: Document) -> str:
    """Return what was answered: the class, or the number."""
    return row["prediction"] if row["probability"] is not None else number(row["prediction"])


def likelihood(row: Document) -> float | None:
    """Return the probability of the class that was answered."""
    return None if row["probability"] is None else float(row["probability"][row["prediction"]])


def sentence(found: Document, row: Document) -> str:
    """Return the decision in a sentence or two: the answer, and the columns that speak most for and against it."""
    said = f"{found['model']} says {answer(row)}"
    chance = likelihood(row)
    said += f", with a probability of {percent(chance)}." if chance is not None else "."
    for_it = [r for r in row["reasons"] if _speaks_for(found, row, r)][:2]
    against = [r for r in row["reasons"] if not _speaks_for(found, row, r) and r["adds"] != 0.0][:1]
    if for_it:
        what = "speaks most for it" if chance is not None else "raises it most"
        said += f" What {what}: {_and(for_it)}."
    if against:
        said += (
            f" What speaks most against it: {_and(against)}."
            if chance is not None
            else f" What lowers it most: {_and(against)}."
        )
    return said


def _speaks_for(found: Document, row: Document, reason: Document) -> bool:
    return bool(reason["towards"] == row["prediction"] if found["labels"] else reason["adds"] > 0.0)


def _and(reasons: list[Document]) -> str:
    return " and ".join(f"{r['column']} = {words.short(r['value'], 40)}" for r in reasons)


def boxes(found: Document, row: Document) -> list[tuple[str, str, list[str]]]:
    """Return what stands beneath the headline: title, figure, notes."""
    return [
        ("How sure", percent(likelihood(row)) if found["labels"] else _give_or_take(row), [record(found, row)]),
        ("Does it know the like?", _known(row), unlike(row)),
        ("What was true", _truth(row), [words.capital(PARTS[row["part"]]) + "."]),
    ]


def _give_or_take(row: Document) -> str:
    within = (row["record"] or {}).get("within")
    return words.NONE if within is None else f"± {number(within)}"


def record(found: Document, row: Document) -> str:
    """Say what became of such answers on the sealed rows."""
    kept = row["record"]
    if kept is None:
        return "The sealed rows hold no answers like this one to go by."
    if "within" in kept:
        return f"Eight of ten sealed answers were no more than {number(kept['within'])} off."
    of = f"for {found['labels'][1]}" if len(found["labels"]) == 2 else "for their likeliest class"
    low, high = (words.real(kept.get(k)) for k in ("low", "high"))
    span = "" if low is None or high is None else f" ({percent(low)} to {percent(high)})"
    return f"Of sealed rows given about {percent(kept['given'])} {of}, it came true for {percent(kept.get('came_true'))}{span}."


def _known(row: Document) -> str:
    return "No" if row["outside"] else "Hardly" if row["unlike"] else "Yes"


def unlike(row: Document) -> list[str]:
    """Say where a row lies outside of what was learnt from."""
    notes = [o["why"] + "." for o in row["outside"][:4]]
    if len(row["outside"]) > 4:
        notes.append(f"{len(row['outside']) - 4} more columns are outside, too.")
    if row["unlike"]:
        notes.append("No row it learnt from is much like this one as a whole.")
    if row["outside"]:
        notes.append("What it says here is a guess: nothing it was tested on is like this.")
    return notes or ["Each column lies within what the rows it learnt from had."]


def _truth(row: Document) -> str:
    if row["truth"] is None:
        return "Unknown"
    return str(row["truth"]) if row["probability"] is not None else number(row["truth"])


def how(found: Document) -> str:
    """Say what the reasons are counted in, and whether chance is in them."""
    unit = {
        "value": f"in units of {found['target']}",
        "log_odds": f"in log-odds of {found['labels'][1] if len(found['labels']) == 2 else ''}: 0.7 more doubles the odds",
        "log_probability": "in log-probability of the class that is answered, against the mean of all classes",
    }[found["scale"]]
    exact = (
        "They are exact" if found["contributions"] == "exact" else "They are estimated by asking the model many times"
    )
    return f"Counted {unit}. {exact}, and add up to the answer."


def starts(found: Document, row: Document) -> str:
    """Say where the reasons start from."""
    usual = row["usual"]
    if usual is None:
        return ""
    if not found["labels"]:
        return f"It starts from {number(usual['answer'])}, the usual answer."
    label = found["labels"][1] if len(found["labels"]) == 2 else row["prediction"]
    return f"It starts from {percent(usual['answer'])} for {label}, what it says when it knows nothing of the row."


def sides(found: Document, row: Document) -> tuple[str, str]:
    """Return what bars to the left, and to the right, speak for."""
    if not found["labels"]:
        return "lower", "higher"
    if len(found["labels"]) == 2:
        return f"towards {words.short(found['labels'][0], 24)}", f"towards {words.short(found['labels'][1], 24)}"
    return "against", f"for {words.short(row['prediction'], 24)}"


def bars(found: Document, reasons: list[Document]) -> list[Document]:
    """Return the reasons with the width of their bars, in per cent of half the room."""
    largest = max((abs(r["adds"]) for r in reasons), default=0.0)
    if largest == 0.0:
        return []
    return [
        {
            "column": r["column"],
            "value": words.short(r["value"], 60),
            "adds": adds(found, r),
            "width": f"{50.0 * abs(r['adds']) / largest:.1f}%",
            "up": r["adds"] > 0.0,
            "without": without(found, r),
        }
        for r in reasons
    ]


def adds(found: Document, reason: Document) -> str:
    """Return what a column adds, with its direction in words: "+0.82 towards yes"."""
    off = reason["error"]
    give = "" if not off else f" ± {1.96 * off:.2g}"
    if not found["labels"]:
        return f"{'+' if reason['adds'] >= 0 else '−'}{number(abs(reason['adds']))}{give}"
    if reason["towards"] is None:
        return f"−{abs(reason['adds']):.2f}{give} against it"
    return f"+{abs(reason['adds']):.2f}{give} towards {words.short(reason['towards'], 24)}"


def without(found: Document, reason: Document) -> str:
    """Say what the answer would be had the column said nothing."""
    told = number(reason["without"]) if not found["labels"] else percent(reason["without"])
    return (
        f"without it {told}"
        if len(found["labels"]) != 2
        else f"without it {told} {words.short(found['labels'][1], 24)}"
    )


def change(found: Document, made: Document) -> tuple[str, str, str, str]:
    """Return a change that alone would turn the answer: column, from, to, what is then answered."""
    return (
        made["column"],
        words.short(made["from"], 40),
        words.short(made["to"], 40),
        f"{words.short(made['prediction'], 40)}, {percent(made['probability'])}",
    )


def neighbours(row: Document) -> list[Document]:
    """Return the nearest rows learnt from, with the cells of the columns that add most."""
    first = [r["column"] for r in row["reasons"]][:SHOWN_INPUTS] or list(row["inputs"])[:SHOWN_INPUTS]
    return [
        {
            "row": str(n["row"]),
            "distance": f"{n['distance']:.3f}",
            "truth": n["truth"] if isinstance(n["truth"], str) else number(n["truth"]),
            "cells": [(c, words.short(n["inputs"][c], 30), n["inputs"][c] == row["inputs"][c]) for c in first],
        }
        for n in row["neighbours"]
    ]
