"""What learning curves say to a person: plain words, and never a metric's name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from deepenough import wording

NOTHING = "Cannot tell whether more rows would help: no model that learns from rows could be judged."
SURE = "80 % sure"
Document = dict[str, Any]


def too_dear(seconds: float) -> str:
    """Say why nothing was measured."""
    return (
        f"Whether more rows would help was not measured: it would take about {seconds:,.0f} CPU seconds more. "
        "--how-much-data measures it all the same."
    )


def of_no_curve(title: str, rows: int) -> str:
    """Say why there is no curve."""
    return (
        f"{title}: cannot tell what more rows would bring. {rows:,} rows to learn from, cut in eight, four and two, leave too few "
        "points for a curve."
    )


def of_curve(curve: Document, high_is_good: bool) -> str:
    """Say how many more rows reach the bar; where there is none, what twice the rows would bring."""
    what = "score" if high_is_good else "error"
    title, now, to_bar = curve["title"], curve["now"], curve["to_bar"]
    flat = f"the curve is flat at {figure(now['value'])}"
    if to_bar is None:
        if curve["flat"]:
            return f"{title}: more rows would change little, {flat}."
        twice = curve["twice"]
        return (
            f"{title}: twice the rows would take the {what} from {figure(now['value'])} to about "
            f"{figure(twice['value'], now['value'])} ({SURE}: {_span(twice)})."
        )
    if to_bar["answer"] == "reach":
        return f"{title}: about {rough(to_bar['more']['value'])} more rows to reach the bar ({_range(to_bar['more'])})."
    if to_bar["answer"] == "already":
        return f"{title}: already there, as far as the curve can tell. What is missing is rows to judge it by, not rows to learn from."
    most = curve["most"]
    end = f"{figure(most['value'])} ({SURE}: {_span(most)}) is foreseen with 100 times the rows"
    if to_bar["answer"] == "never":
        return f"{title}: no amount of such rows reaches the bar: {flat if curve['flat'] else end}."
    least = rough(to_bar["more"]["low"])
    return f"{title}: cannot tell whether any number of such rows reaches the bar; {end}. It would take {least} more rows at best."


def of_overtaking(answer: Document, complex: str, simple: str) -> str:
    """Say where the network overtakes the simpler model by what a gain must be to count."""
    who, whom, rows = complex, wording.inside(simple), answer["rows"]
    if answer["answer"] == "already":
        return f"{who}: ahead of {whom} by the worth already, as far as the curves can tell."
    if answer["answer"] == "never":
        return f"{who}: would never overtake {whom} by the worth within 100 times the rows."
    if answer["answer"] == "reach":
        return f"{who}: would overtake {whom} by the worth at about {rough(rows['value'])} rows ({_range(rows)})."
    return (
        f"{who}: would probably not overtake {whom} by the worth within 100 times the rows; at {rough(rows['low'])} rows at the "
        "earliest."
    )


def headline(curves: Sequence[Document], overtake: Document | None) -> str:
    """Return the answer in a sentence or two: of the simpler model, and of the network where it would do better."""
    first, last = curves[0], curves[-1]
    if _near(last) and not _near(first):
        return f"{first['sentence']} {last['sentence']}"
    return str(first["sentence"]) if overtake is None else f"{first['sentence']} {overtake['sentence']}"


def _near(curve: Document) -> bool:
    return curve["to_bar"] is not None and curve["to_bar"]["answer"] in ("already", "reach")


def _range(rows: Document) -> str:
    if rows["high"] is None:
        return f"{SURE}: {rough(rows['low'])} at least, with no upper end in sight"
    return f"{SURE}: {rough(rows['low'])} to {rough(rows['high'])}"


def _span(estimate: Document) -> str:
    return f"{figure(estimate['low'], estimate['value'])} to {figure(estimate['high'], estimate['value'])}"


def rough(rows: int) -> str:
    """Return a number of rows to two figures.

    >>> rough(3128), rough(87), rough(0)
    ('3,100', '87', '0')
    """
    return f"{round(rows, 2 - len(str(rows))):,}" if rows > 99 else f"{rows:,}"


def figure(value: float, like: float | None = None) -> str:
    """Return a score to three figures, or with as many decimals as `like` has then.

    >>> figure(0.8123), figure(31234.5), figure(0.0123)
    ('0.812', '31,234', '0.0123')
    """
    size = abs(value if like is None else like)
    places = 3 if size == 0 else max(0, 2 - math.floor(math.log10(size)))
    return f"{value:,.{places}f}"
