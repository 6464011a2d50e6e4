"""The ladder as a picture: each trial's score with its range, by rung, beside what it costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from deepenough.report import words
from deepenough.report._canvas import Canvas
from deepenough.report.charts import SIDE, Scale, scale, tick_text, ticks

Ends = tuple[float, float]
Range = tuple[float, float | None, float | None]


@dataclass(frozen=True)
class Rung:
    """One row of the picture."""

    title: str
    note: str
    status: str
    validation: Range | None = None
    test: Range | None = None
    seconds: float | None = None
    latency_ms: float | None = None
    chosen: bool = False


def draw(rungs: Sequence[Rung], bar: float | None, metric: str, wide: bool) -> str:
    """Return the ladder, lowest rung below; `wide` for a desk, else for a phone."""
    row, top = (44.0, 40.0) if wide else (62.0, 40.0)
    width = 960 if wide else SIDE
    canvas = Canvas(width, top + row * len(rungs) + 34)
    bottom = top + row * len(rungs)
    left, right = (250, 640) if wide else (10, SIDE - 10)
    low, high = _window(rungs, bar)
    x = scale(low, high, left, right)
    _axis(canvas, x, (low, high), (top, bottom), 6 if wide else 4, metric)
    if bar is not None:
        _bar(canvas, x(bar), bar, (top, bottom), (left, right))
    ordered = list(reversed(rungs))
    for i, rung in enumerate(ordered):
        middle = top + row * (i + 0.5)
        canvas.line([(0, top + row * i), (width, top + row * i)], "line", 0.8)
        if wide:
            _name(canvas, rung, middle)
        else:
            _name_above(canvas, rung, top + row * i + 14)
        if wide or rung.validation or rung.test:  # on a phone the line above has said it
            _marks(canvas, rung, x, (low, high), middle if wide else middle + 14)
    if wide:
        _costs(canvas, ordered, top, row)
    said = f"The ladder: {len(rungs)} trials by rung, {metric}" + (f"; the bar is {bar:g}" if bar is not None else "")
    return canvas.svg(f"ladder-{'wide' if wide else 'narrow'}", said + ". The table below says the same.")


def _window(rungs: Sequence[Rung], bar: float | None) -> Ends:
    """Return the range to draw: one far-off trial (a rule of thumb, mostly) must not flatten all the others."""
    ranges = [[v for v in r if v is not None] for rung in rungs for r in (rung.validation, rung.test) if r]
    asked = [bar] if bar is not None else []
    centres = sorted([r[0] for r in ranges] + asked)
    if not centres:
        return 0.0, 1.0
    middle = centres[len(centres) // 2]
    spread = sorted(abs(c - middle) for c in centres)[len(centres) // 2] or abs(middle) * 0.02 or 0.01
    near = [v for r in ranges if abs(r[0] - middle) <= 6 * spread for v in r] + asked
    width = (max(near) - min(near)) or abs(middle) * 0.5 or 0.5
    below, above = any(r[0] < min(near) for r in ranges), any(r[0] > max(near) for r in ranges)
    return min(near) - width * (0.2 if below else 0.07), max(near) + width * (0.2 if above else 0.07)


def _axis(canvas: Canvas, x: Scale, window: Ends, ends: Ends, most: int, metric: str) -> None:
    for tick in ticks(*window, most):
        canvas.line([(x(tick), ends[0]), (x(tick), ends[1])])
        canvas.text((x(tick), ends[1] + 13), tick_text(tick), "muted", 11, "center")
    canvas.text((x(window[1]), ends[1] + 27), metric, "muted", 11, "right")


def _name(canvas: Canvas, rung: Rung, middle: float) -> None:
    canvas.text((2, middle - 8), words.short(rung.title, 34), "ink", 13, bold=rung.chosen)
    canvas.text((2, middle + 9), words.short(rung.note, 42), "muted", 11)


def _name_above(canvas: Canvas, rung: Rung, y: float) -> None:
    canvas.boxes([(0, y - 12, SIDE, 22)], "paper", 1.0)  # the bar and the grid must not run through the names
    cost = [words.duration(rung.seconds), words.milliseconds(rung.latency_ms)]
    canvas.text((2, y), words.short(rung.title, 26), "ink", 12.5, bold=rung.chosen)
    said = " · ".join(c for c in cost if c != words.NONE) or words.STATUS.get(rung.status, rung.status)
    canvas.text((SIDE - 2, y), said, "muted", 11, "right")


def _marks(canvas: Canvas, rung: Rung, x: Scale, window: Ends, y: float) -> None:
    if rung.validation is None and rung.test is None:
        said = words.STATUS.get(rung.status, rung.status)
        _aside(canvas, (x(window[0]) + 4, y), "no score" if said == "done" else said, "left")
        return
    apart = 6.0 if rung.validation and rung.test else 0.0
    if rung.test and not window[0] <= rung.test[0] <= window[1]:
        _mark(canvas, rung.test, x, window, y, "muted", True)
        return
    for estimate, shift, sealed in ((rung.validation, -apart, False), (rung.test, apart, True)):
        if estimate is not None:
            _mark(canvas, estimate, x, window, y + shift, "accent" if rung.chosen else "muted", sealed)


def _mark(canvas: Canvas, estimate: Range, x: Scale, window: Ends, y: float, colour: str, sealed: bool) -> None:
    value, low, high = estimate
    if not window[0] <= value <= window[1]:
        below = value < window[0]
        text = f"◂ {words.score(value)}" if below else f"{words.score(value)} ▸"
        _aside(canvas, (x(window[0] if below else window[1]), y), text, "left" if below else "right")
        return
    if low is not None and high is not None:
        ends = [(x(max(low, window[0])), y), (x(min(high, window[1])), y)]
        canvas.line(ends, colour, 3.2 if sealed else 1.4)
    canvas.ring((x(value), y), colour, 4.4, filled=sealed)


def _aside(canvas: Canvas, at: tuple[float, float], text: str, anchor: str) -> None:
    width = 6.6 * len(text) + 6
    left = at[0] - 3 if anchor == "left" else at[0] - width + 3
    canvas.boxes([(left, at[1] - 8, width, 16)], "paper", 1.0)  # no grid line through the words
    canvas.text(at, text, "muted", 11, anchor)


def _bar(canvas: Canvas, at: float, bar: float, ends: Ends, sides: Ends) -> None:
    canvas.line([(at, ends[0] - 8), (at, ends[1])], "ink", 1.4, (0, (5, 3)))
    anchor = "left" if at - sides[0] < 60 else "right" if sides[1] - at < 60 else "center"
    canvas.text((at, ends[0] - 19), f"asked for: {bar:g}", "ink", 11.5, anchor, bold=True)


def _costs(canvas: Canvas, ordered: Sequence[Rung], top: float, row: float) -> None:
    columns = (
        ("to train", [r.seconds for r in ordered], words.duration, 682, 800),
        ("an answer", [r.latency_ms for r in ordered], words.milliseconds, 832, 950),
    )
    for name, values, say, left, right in columns:
        known = [v for v in values if v is not None and v > 0]
        canvas.text((left, top - 19), name, "muted", 11.5)
        if not known:
            continue
        ends = (math.log10(min(known)) - 0.4, math.log10(max(known)) + 0.1)
        x = scale(*ends, left, right - 20)
        for i, value in enumerate(values):
            if value is not None:
                y = top + row * (i + 0.5)
                at = x(max(math.log10(value), ends[0])) if value > 0 else left
                colour = "accent" if ordered[i].chosen else "muted"
                canvas.text((left, y - 8), say(value), "ink", 11.5)
                canvas.line([(left, y + 8), (at, y + 8)], colour, 3.2)
