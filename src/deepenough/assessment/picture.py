"""Money spent and earned over time, as a fan."""

from __future__ import annotations

from deepenough.report.charts import Frame


def payback(paths: dict[str, list[float]], currency: str) -> str:
    """Return the drawing: the middle case in the accent, the ends of the middle 90 % dashed, nothing as a line."""
    edges = [*paths["low"], *paths["high"], 0.0]
    size, unit = _unit(max(abs(e) for e in edges))
    low, high = min(edges) / size, max(edges) / size
    room = (high - low) * 0.06 or 1.0
    frame = Frame(
        (0.0, paths["years"][-1], "years from the start"),
        (low - room, high + room, f"earned less spent, {unit}{currency}"),
    )
    frame.canvas.line([(frame.x(0.0), frame.y(0.0)), (frame.x(paths["years"][-1]), frame.y(0.0))], "ink", 1.2)
    for end in ("low", "high"):
        frame.canvas.line(frame.points(paths["years"], [v / size for v in paths[end]]), "muted", 1.3, (0, (5, 2)))
    frame.canvas.line(frame.points(paths["years"], [v / size for v in paths["middle"]]), "accent", 2.2)
    said = (
        "Money earned less money spent, by years from the start: the middle case, and the ends of the middle 90 of 100."
    )
    return frame.canvas.svg("payback", said)


def _unit(largest: float) -> tuple[float, str]:
    return next(
        ((size, word) for size, word in ((1e6, "millions of "), (1e3, "thousands of ")) if largest >= 5 * size),
        (1.0, ""),
    )
