"""The report's pictures, drawn from a run's documents to inline SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from deepenough.report import words
from deepenough.report._canvas import Canvas, Point

Scale = Callable[[float], float]
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.5, 2)), (0, (6, 2, 1.5, 2)))
SIDE = 340  # pixels: what a phone shows without shrinking


@dataclass(frozen=True)
class Curve:
    """One candidate's line in a picture."""

    title: str
    x: Sequence[float]
    y: Sequence[float]
    chosen: bool = False
    low: Sequence[float] = ()
    high: Sequence[float] = ()


def scale(low: float, high: float, start: float, end: float) -> Scale:
    """Return what puts a value between `low` and `high` on the sheet between `start` and `end`."""
    width = (high - low) or 1.0
    return lambda value: start + (value - low) / width * (end - start)


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return round numbers inside a range, to write on an axis."""
    from matplotlib.ticker import MaxNLocator

    found = MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return [float(t) for t in found if low - 1e-12 <= t <= high + 1e-12]


def tick_text(value: float) -> str:
    """Return a tick as short as it is exact."""
    return f"{value:,.10g}".replace("-", "−") if abs(value) >= 1000 else f"{value:.6g}".replace("-", "−")


class Frame:
    """Two axes with a grid: the square most pictures are drawn in."""

    def __init__(self, x: tuple[float, float, str], y: tuple[float, float, str], height: int = SIDE) -> None:
        self.canvas = Canvas(SIDE, height)
        across, up = ticks(x[0], x[1], 5), ticks(y[0], y[1], 5)
        longest = max((len(tick_text(tick)) for tick in up), default=1)
        left, right, top, bottom = 18 + 6.8 * longest, SIDE - 10 - 3.0 * len(tick_text(x[1])), 26, height - 44
        self.x, self.y = scale(x[0], x[1], left, right), scale(y[0], y[1], bottom, top)
        for tick in across:
            self.canvas.line([(self.x(tick), top), (self.x(tick), bottom)])
            self.canvas.text((self.x(tick), bottom + 13), tick_text(tick), "muted", 11, "center")
        for tick in up:
            self.canvas.line([(left, self.y(tick)), (right, self.y(tick))])
            self.canvas.text((left - 7, self.y(tick)), tick_text(tick), "muted", 11, "right")
        self.canvas.text((right, bottom + 33), x[2], "muted", 11, "right")
        self.canvas.text((4, 9), y[2], "muted", 11)

    def points(self, x: Sequence[float], y: Sequence[float]) -> list[Point]:
        """Return the pairs of finite numbers, on the sheet."""
        pairs = ((words.real(a), words.real(b)) for a, b in zip(x, y, strict=False))
        return [(self.x(a), self.y(b)) for a, b in pairs if a is not None and b is not None]

    def curve(self, curve: Curve, dash: Any) -> None:
        """Draw one candidate's line, the chosen one's in the accent."""
        points = thin(self.points(curve.x, curve.y), 160)
        if points:
            self.canvas.line(points, "accent" if curve.chosen else "muted", 2.2 if curve.chosen else 1.3, dash)


def thin(points: list[Point], most: int) -> list[Point]:
    """Keep at most `most` points, both ends among them: more cannot be seen at this size."""
    if len(points) <= most:
        return points
    step = (len(points) - 1) / (most - 1)
    return [points[round(i * step)] for i in range(most)]


def legend(frame: Frame, curves: Sequence[Curve], top: float, left: float) -> None:
    """Name the lines by their dash, so that nothing hangs on a colour."""
    for i, (curve, dash) in enumerate(zip(curves, DASHES, strict=False)):
        y = top + 18 * i
        colour = "accent" if curve.chosen else "muted"
        frame.canvas.boxes([(left - 4, y - 9, 30, 18)], "paper", 1.0)
        frame.canvas.line([(left, y), (left + 22, y)], colour, 2.2 if curve.chosen else 1.3, dash)
        frame.canvas.text((left + 30, y), words.short(curve.title, 24), "ink", 11, bold=curve.chosen)


def roc(curves: Sequence[Curve]) -> str:
    """Return the trade between false alarms and hits."""
    frame = Frame((0, 1, "false alarms, as a share of all that are not"), (0, 1, "hits, as a share of all that are"))
    frame.canvas.line([(frame.x(0), frame.y(0)), (frame.x(1), frame.y(1))], "muted", 1, (0, (1, 3)))
    for curve, dash in zip(curves, DASHES, strict=False):
        frame.curve(curve, dash)
    legend(frame, curves, frame.y(0.03) - 18 * len(curves[:4]), frame.x(0.36))
    return frame.canvas.svg("roc", f"ROC curves of {_names(curves)}: hits against false alarms.")


def precision_recall(curves: Sequence[Curve]) -> str:
    """Return the trade between how many are found and how many of those are right."""
    frame = Frame((0, 1, "recall: share of all that are, found"), (0, 1, "precision: share of found that are right"))
    for curve, dash in zip(curves, DASHES, strict=False):
        frame.curve(curve, dash)
    legend(frame, curves, frame.y(0.03) - 18 * len(curves[:4]), frame.x(0.04))
    return frame.canvas.svg("precision-recall", f"Precision-recall curves of {_names(curves)}.")


def calibration(curve: Curve) -> str:
    """Return what was promised against what came true, with intervals."""
    frame = Frame((0, 1, "probability it gave"), (0, 1, "share that came true"))
    frame.canvas.line([(frame.x(0), frame.y(0)), (frame.x(1), frame.y(1))], "muted", 1, (0, (1, 3)))
    frame.canvas.text((frame.x(0.98), frame.y(0.9)), "as promised", "muted", 11, "right")
    for down, up in zip(frame.points(curve.x, curve.low), frame.points(curve.x, curve.high), strict=False):
        frame.canvas.line([down, up], "accent", 1.3)
    points = frame.points(curve.x, curve.y)
    if points:
        frame.canvas.line(points, "accent", 1.3)
    for point in points:
        frame.canvas.ring(point, "accent", 3.2)
    return frame.canvas.svg("calibration", f"Calibration of {curve.title}: share that came true by probability given.")


def residuals(predicted: Sequence[float], truth: Sequence[float]) -> str:
    """Return what was predicted against what was so; a perfect model lies on the line."""
    values = [v for v in map(words.real, [*predicted, *truth]) if v is not None] or [0.0, 1.0]
    low, high = min(values), max(values)
    edge = (high - low) * 0.04 or 1.0
    ends = (low - edge, high + edge)
    frame = Frame((*ends, "predicted"), (*ends, "true"))
    frame.canvas.dots(frame.points(predicted, truth), "accent", 4.5, 0.45)
    frame.canvas.line([(frame.x(e), frame.y(e)) for e in ends], "ink", 1, (0, (4, 3)))
    return frame.canvas.svg("residuals", "True value against predicted value; a perfect model lies on the dashed line.")


def gain(value: float, low: float, high: float, worth: float | None, relative: bool) -> str:
    """Return a gain with its range, against nothing and against what it must be worth."""
    marks = [0.0, value, low, high] + ([worth] if worth is not None else [])
    canvas = Canvas(SIDE, 112)
    x = scale(min(marks), max(marks), 56, SIDE - 40)
    canvas.line([(6, 56), (SIDE - 6, 56)])
    _threshold(canvas, x(0.0), 28, "no gain", "-")
    if worth is not None:
        _threshold(canvas, x(worth), 12, "worth it from here", (0, (4, 3)))
    canvas.line([(x(low), 56), (x(high), 56)], "accent", 4)
    canvas.ring((x(value), 56), "accent", 6)
    for at in (low, high):
        canvas.text((min(max(x(at), 40), SIDE - 40), 94), words.gain(at, relative), "muted", 11, "center")
    said = f"Gain {words.gain(value, relative)}, range {words.gain(low, relative)} to {words.gain(high, relative)}"
    return canvas.svg("gain", said + (f"; worth it from {words.gain(worth, relative)}." if worth is not None else "."))


def _threshold(canvas: Canvas, at: float, top: float, name: str, dash: Any) -> None:
    canvas.line([(at, top + 8), (at, 76)], "ink", 1.2, dash)
    room = at > 5.8 * len(name) + 4
    canvas.text((at - 4 if room else at + 4, top), name, "ink", 11, "right" if room else "left")


def confusion(labels: Sequence[str], counts: Sequence[Sequence[float]]) -> str:
    """Return a large confusion matrix as shades; small ones are a table."""
    cell, n = 15, len(labels)
    gutter = 10 + 6.0 * min(40, max((len(str(label)) for label in labels), default=1))
    canvas = Canvas(gutter + cell * n + 8, gutter + cell * n + 8)
    shades: dict[int, list[tuple[float, float, float, float]]] = {}
    for row, line in enumerate(counts):
        total = sum(v for v in map(words.real, line) if v) or 1.0
        for column, value in enumerate(map(words.real, line)):
            if value:
                shade = math.ceil(5 * math.sqrt(value / total))
                shades.setdefault(shade, []).append((gutter + column * cell + 0.5, gutter + row * cell + 0.5, 14, 14))
    for i, label in enumerate(labels):
        at = gutter + (i + 0.5) * cell
        canvas.line([(gutter, at + cell / 2), (gutter + n * cell, at + cell / 2)], "line", 0.5)
        canvas.text((gutter - 6, at), words.short(label, 40), "ink", 10, "right")
        canvas.text((at, gutter - 6), words.short(label, 40), "ink", 10, "left", turn=90)
    for shade, boxes in sorted(shades.items()):
        canvas.boxes(boxes, "accent", shade / 5)
    return canvas.svg("confusion", f"Confusion matrix of {n} classes: the truth in rows, what was said in columns.")


def _names(curves: Sequence[Curve]) -> str:
    return ", ".join(c.title for c in curves)
