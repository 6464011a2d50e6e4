"""Pictures of what drives a model: what each column is worth, and how the answer moves with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deepenough.report import words
from deepenough.report._canvas import Canvas
from deepenough.report.charts import SIDE, Frame, scale

ROW = 34


def importance(found: Sequence[dict[str, Any]], relative: bool) -> str:
    """Return what each column is worth to the model, with its range, the most first."""
    left = 8
    canvas = Canvas(SIDE, 16 + ROW * len(found))
    ends = [words.real(f.get(k)) or 0.0 for f in found for k in ("value", "low", "high")]
    x = scale(min(0.0, *ends), max(1e-9, *ends), left, SIDE - 84)
    canvas.line([(x(0.0), 4), (x(0.0), 12 + ROW * len(found))])
    for i, entry in enumerate(found):
        top, value = 14 + ROW * i, words.real(entry.get("value")) or 0.0
        low, high = (words.real(entry.get(k)) for k in ("low", "high"))
        canvas.text((left, top), words.short(" + ".join(entry.get("columns") or []), 44), "ink", 11)
        canvas.boxes([(x(min(0.0, value)), top + 9, abs(x(value) - x(0.0)), 6)], "accent", 0.55)
        if low is not None and high is not None:
            canvas.line([(x(low), top + 12), (x(high), top + 12)], "ink", 1.4)
        canvas.text((SIDE - 4, top + 12), words.gain(value, relative), "muted", 11, "right")
    first = " + ".join(found[0].get("columns") or []) if found else "nothing"
    return canvas.svg("importance", f"What each column is worth to the model; the most: {first}.")


def dependence(curve: dict[str, Any], ends: tuple[float, float], said: str, number: int) -> str:
    """Return how the answer moves with a column: the mean, and a band that holds eight of ten rows.

    `ends` of the axis are shared by all columns, so that a column that moves little looks so; `said` names the axis.
    """
    label = f"{words.capital(said)} by {curve['column']}: {_in_words(curve)}"
    if curve["kind"] == "number":
        return _line(curve, ends, said).svg(f"dependence-{number}", label)
    return _levels(curve, ends, said).svg(f"dependence-{number}", label)


def _line(curve: dict[str, Any], ends: tuple[float, float], said: str) -> Canvas:
    at = [float(v) for v in curve["at"]]
    frame = Frame((min(at), max(at), words.short(str(curve["column"]), 40)), (*ends, said), 240)
    low, high = (frame.points(at, curve[k]) for k in ("low", "high"))
    frame.canvas.area([*low, *reversed(high)], "accent", 0.14)
    frame.canvas.line(frame.points(at, curve["mean"]), "accent", 2.2)
    return frame.canvas


def _levels(curve: dict[str, Any], ends: tuple[float, float], said: str) -> Canvas:
    left = 8
    canvas = Canvas(SIDE, 34 + ROW * len(curve["at"]))
    x = scale(*ends, left, SIDE - 60)
    canvas.text((4, 9), said, "muted", 11)
    for i, (level, mean, low, high) in enumerate(
        zip(curve["at"], curve["mean"], curve["low"], curve["high"], strict=True)
    ):
        top = 32 + ROW * i
        canvas.text((left, top), words.short(str(level), 44), "ink", 11)
        canvas.line([(left, top + 13), (SIDE - 60, top + 13)], "line", 1)
        canvas.boxes([(x(low), top + 9, max(1.0, x(high) - x(low)), 8)], "accent", 0.2)
        canvas.ring((x(mean), top + 13), "accent", 3.6)
        canvas.text((SIDE - 4, top + 13), words.score(mean), "muted", 11, "right")
    return canvas


def _in_words(curve: dict[str, Any]) -> str:
    at, mean = curve["at"], curve["mean"]
    places = sorted(range(len(mean)), key=lambda i: mean[i])
    least, most = places[0], places[-1]
    return f"least {words.score(mean[least])} at {at[least]}, most {words.score(mean[most])} at {at[most]}."
