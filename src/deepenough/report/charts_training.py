"""The picture of a training: the loss on the rows learnt from and on those held out, epoch by epoch."""

from __future__ import annotations

from typing import Any

from deepenough.report import words
from deepenough.report._canvas import Canvas
from deepenough.report.charts import DASHES, SIDE, scale, tick_text, ticks

HEIGHT, TOP, BELOW = 260, 26, 44
Document = dict[str, Any]


def curve(stage: Document) -> str:
    """Return the drawing of one training."""
    epochs = stage["epochs"]
    lines = {
        key: [(int(e["number"]), v) for e in epochs if (v := words.real(e.get(key))) is not None]
        for key in ("loss", "score")
    }
    values = [v for points in lines.values() for _, v in points]
    low, high = min(values), max(values)
    edge = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    canvas, up = Canvas(SIDE, HEIGHT), scale(low - edge, high + edge, HEIGHT - BELOW, TOP)
    marks = ticks(low - edge, high + edge, 5)
    left, right = 18 + 6.8 * max((len(tick_text(t)) for t in marks), default=1), SIDE - 16
    across = scale(1, max(2, len(epochs)), left, right)
    for value in marks:
        canvas.line([(left, up(value)), (right, up(value))])
        canvas.text((left - 7, up(value)), tick_text(value), "muted", 11, "right")
    for key, colour, dash in (("loss", "muted", DASHES[1]), ("score", "accent", "-")):
        points = [(across(n), up(v)) for n, v in lines[key]]
        if len(points) > 1:
            canvas.line(points, colour, 2.0, dash)
        for at in points if len(points) == 1 else []:
            canvas.ring(at, colour, 3.6)
    kept = next((v for n, v in lines["score"] if n == stage["chosen"]), None)
    if kept is not None:
        canvas.ring((across(stage["chosen"]), up(kept)), "accent", 4.5)
    canvas.text((left, 10), "- - rows learnt from      — rows held out, ring: kept", "muted", 11)
    canvas.text((right, HEIGHT - BELOW + 28), f"epoch 1 to {len(epochs)}", "muted", 11, "right")
    return canvas.svg(
        "training", f"Loss by epoch, of rows learnt from and rows held out; epoch {stage['chosen']} was kept."
    )
