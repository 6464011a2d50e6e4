"""Whether more rows, or a deeper model, would help: learning curves, and what they foresee."""

from __future__ import annotations

from typing import Any

from deepenough.report import charts_curves, words
from deepenough.report.documents import Document, Documents

ORDER = 25
LABEL = "More data"


def view(found: Documents) -> dict[str, Any] | None:
    """Return the answer, the picture, and a line a model; None where it was not asked."""
    figure = found.figures.get("learning")
    if not figure or not figure.get("more_data"):
        return None
    overtake = figure.get("overtake") or {}
    curves = [c for c in figure.get("curves") or [] if c.get("now")]
    return {
        "lead": str(figure["more_data"]),
        "svg": charts_curves.learning(figure) if curves else None,
        "rows": words.count(figure.get("rows_now")),
        "foreseen": [_foreseen(c, figure) for c in curves],
        "besides": [s for s in _sentences(figure, overtake) if s not in str(figure["more_data"])],
    }


def _sentences(figure: Document, overtake: Document) -> list[str]:
    said = [c.get("sentence") for c in figure.get("curves") or []] + [overtake.get("sentence")]
    return [str(s) for s in said if s]


def _foreseen(curve: Document, figure: Document) -> dict[str, Any]:
    """What is foreseen of one model: now, and with twice and a hundred times the rows."""
    times = words.count(figure.get("farthest"))
    steps = (
        ("now", "with the rows at hand"),
        ("twice", "with twice the rows"),
        ("most", f"with {times} times the rows"),
    )
    found = [(words.score(curve[k]["value"]), words.span(curve[k]), text) for k, text in steps if curve.get(k)]
    return {"title": str(curve.get("title")), "steps": found}
