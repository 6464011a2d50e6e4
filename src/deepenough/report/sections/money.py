"""What the decisions are worth: savings against the rule, what the network would add, and the profit curve."""

from __future__ import annotations

from typing import Any

from deepenough.report import words
from deepenough.report.charts import Frame
from deepenough.report.documents import Document, Documents
from deepenough.savings import round_money

ORDER = 35
LABEL = "Money"
NAMES = {
    "fn": "a missed positive costs",
    "fp": "a false alarm costs",
    "tp": "a hit brings",
    "tn": "a row rightly left brings",
}


def view(found: Documents) -> dict[str, Any] | None:
    """Return the sums in words, the values they rest on, and the curve; None where no values were given."""
    savings = (found.verdict or {}).get("savings")
    if not savings:
        return None
    money, value = str(savings["currency"]), savings["value"]
    given = [(NAMES[k], words.money(value[k], money)) for k in NAMES if value.get(k)]
    if value.get("rows_per_month"):
        given.append(("decisions a month", words.count(value["rows_per_month"])))
    return {
        "sentence": savings.get("sentence_with_cost") or "There is nothing simpler to hold these decisions against.",
        "sums": _sums(savings, money),
        "given": given,
        "threshold": words.score(savings["threshold"]),
        "unit": savings["unit"],
        "svg": _curve(savings["curve"], money),
    }


def _sums(savings: Document, money: str) -> list[tuple[str, str, str]]:
    per = f"a {savings['unit']}" if savings["unit"] == "year" else f"per {savings['unit']}"
    lines = [(f"Deciding by it brings, {per}", _sum(savings["brings"], money), "")]
    for key, text in (("against_rule", f"More than the rule, {per}"), ("deep_adds", f"The network would add, {per}")):
        gain = savings.get(key)
        if gain:
            span = "" if gain["low"] is None else f"{_sum(gain['low'])} to {_sum(gain['high'])}"
            lines.append((text, _sum(gain["value"], money), span))
    lines.append((f"It takes to run, {per}", words.coins(savings["running_cost"], money), ""))
    if savings.get("deep_extra_cost") is not None:
        lines.append((f"The network would take more, {per}", words.coins(savings["deep_extra_cost"], money), ""))
    return lines


def _sum(amount: float, money: str = "") -> str:
    return f"{round_money(amount).replace('-', '−')} {money}".strip()


def _curve(curve: Document, money: str) -> str:
    """Draw what a row brings at each threshold; the one decided by is ringed, doing nothing and everything are dashed."""
    worth = [float(w) for w in curve["per_row"]]
    low, high = min(worth), max(worth)
    edge = 0.05 * (high - low) or 1.0
    frame = Frame(
        (0, 1, "threshold: the probability from which it says yes"), (low - edge, high + edge, f"{money} a decision")
    )
    for level in (curve["nobody"], curve["everybody"]):
        frame.canvas.line(frame.points((0, 1), (level, level)), "muted", 1, (0, (1, 3)))
    frame.canvas.line(frame.points(curve["thresholds"], worth), "accent", 2.2)
    for point in frame.points([curve["threshold"]], [curve["at"]]):
        frame.canvas.ring(point, "ink", 5)
    return frame.canvas.svg(
        "profit", f"What a decision brings by the threshold; the one used is {curve['threshold']:.3g}."
    )
