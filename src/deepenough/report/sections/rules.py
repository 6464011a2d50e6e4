"""The expert's rules: what each decided, how often it was right, and what they come to beside the chosen model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deepenough.report import tables, words
from deepenough.report.documents import Document, Documents, chosen_trial, title_of, trials

ORDER = 15
LABEL = "Rules"
SETS = ("development", "sealed")


@dataclass(frozen=True)
class Line:
    """One rule, ready to print: `cells` are (rows decided, right or mean, its range) on development and on sealed rows."""

    name: str
    when: str
    then: str
    why: str
    note: str
    cells: list[tuple[str, str, str]]


def view(found: Documents) -> dict[str, Any] | None:
    """Return a line a rule, one for the rows that no rule decides, and what the rules come to as a whole."""
    fired = found.figures.get("rules")
    if not fired or not fired.get("rules"):
        return None
    number = fired.get("kind") == "regression"
    lines = [_line(i, rule, fired["rules"], number) for i, rule in enumerate(fired["rules"])]
    return {
        "lines": lines,
        "rest": _rest(fired.get("rest") or {}, number),
        "number": number,
        "whole": _whole(found.verdict or {}),
    }


def _line(i: int, rule: Document, every: Sequence[Document], number: bool) -> Line:
    return Line(
        name=f"{i + 1}. {rule['name']}" if rule.get("name") else f"Rule {i + 1}",
        when=str(rule.get("when") or ""),
        then=_said(rule.get("then"), number),
        why=str(rule.get("why") or ""),
        note=_note(rule, every, number),
        cells=[_cell(rule.get(name) or {}) for name in SETS],
    )


def _rest(rest: Document, number: bool) -> Line:
    how = f"what these rows are {'on average' if number else 'most often'}" if rest.get("learnt") else "as was said"
    said = f"{_said(rest.get('then'), number)}, {how}"
    return Line("Otherwise", "no rule holds", said, "", "", [_cell(rest.get(name) or {}) for name in SETS])


def _said(then: Any, number: bool) -> str:
    return words.score(then) if number else str(then)


def _cell(on: Document) -> tuple[str, str, str]:
    if on.get("mean"):
        return (words.count(on.get("rows")), *tables.estimate(on["mean"]))
    right = on.get("right") or {}
    ends = [_percent(right.get(k)) for k in ("low", "high")]
    span = "" if words.NONE in ends else " to ".join(ends).replace(f"{words.SPACE}%", "", 1)
    return words.count(on.get("rows")), _percent(right.get("value")), span


def _percent(share: Any) -> str:
    value = words.real(share)
    return words.NONE if value is None else f"{100.0 * value:.0f}{words.SPACE}%"


def _note(rule: Document, every: Sequence[Document], number: bool) -> str:
    if rule.get("never"):
        return "It holds in no row."
    behind = [str(i + 1) for i in rule.get("behind") or [] if i < len(every)]
    if behind:
        before = (
            f"rule {behind[0]} holds" if len(behind) == 1 else f"rules {', '.join(behind[:-1])} and {behind[-1]} hold"
        )
        return f"It never decides: {before} first wherever it would."
    seen = rule.get("development") or {}
    if number:
        mean, then = seen.get("mean") or {}, words.real(rule.get("then"))
        low, high = (words.real(mean.get(k)) for k in ("low", "high"))
        off = low is not None and high is not None and then is not None and not low <= then <= high
        return "The mean of its rows is another." if off else ""
    high = words.real((seen.get("right") or {}).get("high"))
    return "It is wrong more often than right." if high is not None and high < 0.5 else ""


def _whole(verdict: Document) -> str:
    """Return what the rules score as a whole, and what the chosen model gains over them."""
    beside, best = verdict.get("rules"), chosen_trial(verdict)
    stated = next((t for t in trials(verdict) if t.get("candidate") == "rules"), None)
    if stated is None:
        return ""
    if stated.get("status") != "ok":
        return f"As a whole they could not be judged: {stated.get('reason')}"
    value, span = tables.estimate(stated.get("test") or stated.get("validation"))
    on = "on the sealed rows" if stated.get("test") else "out of fold"
    scored = f"As a whole they score {value}{f' ({span})' if span else ''} {on}."
    if best is None or beside is None:
        return scored
    if best.get("key") == stated.get("key"):
        return f"{scored} They are what was chosen."
    relative = not verdict.get("higher_is_better", True)
    gain = beside.get("gain") or {}
    range_, name = words.gain_span(gain, relative), title_of(verdict, best.get("key"))
    gained = f"{words.gain(gain.get('value'), relative)}{f' ({range_})' if range_ else ''}"
    return f"{scored} The chosen model ({name}) gains {gained} over them."
