"""The picture of learning curves: what was seen with fewer rows, and what is foreseen with more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from deepenough.report import words
from deepenough.report._canvas import Canvas, Point
from deepenough.report.charts import DASHES, SIDE, scale, tick_text, ticks

HEIGHT, TOP, BELOW = 320, 26, 44
Document = dict[str, Any]


class Sheet:
    """Rows across, each mark ten times the one before; the score upwards."""

    def __init__(self, rows: tuple[float, float], scores: tuple[float, float], name: str) -> None:
        self.canvas = Canvas(SIDE, HEIGHT)
        up = ticks(*scores, 5)
        self.left = 18 + 6.8 * max((len(tick_text(t)) for t in up), default=1)
        self.right, self.bottom = SIDE - 16, HEIGHT - BELOW
        self._across = scale(math.log10(rows[0]), math.log10(rows[1]), self.left, self.right)
        self.up = scale(*scores, self.bottom, TOP)
        for tick in marks(*rows):
            self.canvas.line([(self.across(tick), TOP), (self.across(tick), self.bottom)])
            self.canvas.text((self.across(tick), self.bottom + 13), short(tick), "muted", 11, "center")
        for value in up:
            self.canvas.line([(self.left, self.up(value)), (self.right, self.up(value))])
            self.canvas.text((self.left - 7, self.up(value)), tick_text(value), "muted", 11, "right")
        self.canvas.text((self.right, self.bottom + 33), "rows learnt from", "muted", 11, "right")
        self.canvas.text((4, 9), name, "muted", 11)

    def across(self, rows: float) -> float:
        return self._across(math.log10(rows))

    def points(self, found: Sequence[Document], key: str = "value") -> list[Point]:
        """Return the pairs of finite numbers, on the sheet."""
        pairs = ((words.real(p.get("rows")), words.real(p.get(key))) for p in found)
        return [(self.across(n), self.up(v)) for n, v in pairs if n and v is not None]


def marks(low: float, high: float) -> list[float]:
    """Return round numbers of rows inside a range, three to six of them.

    >>> marks(450, 23000)
    [1000.0, 3000.0, 10000.0]
    >>> marks(90, 900)
    [100.0, 200.0, 500.0]
    """
    tens = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0)):
        found = [s * 10.0**t for t in tens for s in steps if low <= s * 10.0**t <= high]
        if len(found) >= 3:
            return found[:: math.ceil(len(found) / 6)]
    return found


def short(rows: float) -> str:
    """Return a number of rows as a mark: 500, 2k, 30M.

    >>> [short(n) for n in (500, 2000, 3e7)]
    ['500', '2k', '30M']
    """
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if rows >= size:
            return f"{rows / size:g}{unit}"
    return f"{rows:g}"


def learning(figure: Document) -> str | None:
    """Return the curves with their ranges, the bar, and where we stand; None where there is no curve."""
    curves = [c for c in figure.get("curves") or [] if c.get("line")]
    if not curves:
        return None
    bar, now = words.real(figure.get("bar")), words.real(figure.get("rows_now"))
    shown = [p for c in curves for p in (*c["points"], *c["line"])]
    reach = [n for p in shown if (n := words.real(p.get("rows")))]
    sheet = Sheet((min(reach), max(reach)), _heights(shown, bar), "score" if figure["higher_is_better"] else "error")
    if bar is not None:
        _level(sheet, bar)
    if now is not None:
        sheet.canvas.line([(sheet.across(now), TOP), (sheet.across(now), sheet.bottom)], "muted", 1.2, (0, (1, 3)))
        sheet.canvas.text((sheet.across(now), TOP - 8), "now", "muted", 11, "center")
    for curve in curves:
        _curve(sheet, curve, "muted" if curve["deep"] else "accent", DASHES[1] if curve["deep"] else "-")
    _names(sheet, curves, bool(figure["higher_is_better"]))
    return sheet.canvas.svg("learning", _said(curves, bar))


def _heights(shown: Sequence[Document], bar: float | None) -> tuple[float, float]:
    """Return the range of scores drawn: all lines and points; of their ranges no more than as much again."""
    middle = [v for p in shown if (v := words.real(p.get("value"))) is not None] + ([] if bar is None else [bar])
    ends = [v for p in shown for k in ("low", "high") if (v := words.real(p.get(k))) is not None]
    room = 0.5 * (max(middle) - min(middle)) or 0.05 * abs(middle[0]) or 1.0
    low, high = max(min(ends + middle), min(middle) - room), min(max(ends + middle), max(middle) + room)
    edge = 0.04 * (high - low)
    return low - edge, high + edge


def _level(sheet: Sheet, bar: float) -> None:
    sheet.canvas.line([(sheet.left, sheet.up(bar)), (sheet.right, sheet.up(bar))], "ink", 1.2, (0, (4, 3)))
    sheet.canvas.text((sheet.left + 4, sheet.up(bar) - 8), "the bar", "ink", 11)


def _curve(sheet: Sheet, curve: Document, colour: str, dash: Any) -> None:
    low, high = sheet.points(curve["line"], "low"), sheet.points(curve["line"], "high")
    inside = [(x, min(max(y, TOP), sheet.bottom)) for x, y in [*low, *reversed(high)]]
    if inside:
        sheet.canvas.area(inside, colour, 0.16)
    sheet.canvas.line(sheet.points(curve["line"]), colour, 2.2, dash)
    for point in sheet.points(curve["points"]):
        sheet.canvas.ring(point, colour, 3.6, filled=not curve["deep"])


def _names(sheet: Sheet, curves: Sequence[Document], rising: bool) -> None:
    """Name the curves by line and mark, in the corner that they leave free."""
    top = sheet.bottom - 12 - 18 * (len(curves) - 1) if rising else TOP + 14
    left = sheet.right - 188
    sheet.canvas.boxes([(left - 6, top - 10, 192, 18 * len(curves) + 2)], "paper", 0.85)
    for i, curve in enumerate(curves):
        colour, y = "muted" if curve["deep"] else "accent", top + 18 * i
        sheet.canvas.line([(left, y), (left + 24, y)], colour, 2.2, DASHES[1] if curve["deep"] else "-")
        sheet.canvas.ring((left + 12, y), colour, 3.6, filled=not curve["deep"])
        sheet.canvas.text((left + 32, y), words.short(curve["title"], 26), "ink", 11)


def _said(curves: Sequence[Document], bar: float | None) -> str:
    against = "" if bar is None else f" The bar is {bar:g}."
    return f"Learning curves of {', '.join(str(c['title']) for c in curves)}: score by rows learnt from.{against}"
