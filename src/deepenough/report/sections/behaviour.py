"""How the chosen model behaves on the sealed rows: right and wrong, and pictures."""

from __future__ import annotations

from typing import Any

from deepenough.report import charts, tables
from deepenough.report.documents import Document, Documents, title_of

ORDER = 40
LABEL = "Behaviour"


def view(found: Documents) -> dict[str, Any] | None:
    """Return the pictures and the confusion matrix there are data for."""
    matrix = found.figures.get("confusion")
    shown = {
        "pictures": pictures(found),
        "matrix": tables.confusion(matrix),
    }
    return shown | {"matrix_svg": _large_matrix(matrix)} if any(shown.values()) else None


def pictures(found: Documents) -> list[tuple[str, str, str]]:
    """Return the pictures there are data for: (title, key of the term, drawing)."""
    drawn = [
        ("Hits and false alarms", "roc", charts.roc, "roc", "fpr", "tpr"),
        ("Precision and recall", "pr", charts.precision_recall, "precision_recall", "recall", "precision"),
    ]
    made = [
        (title, key, draw(curves))
        for title, key, draw, figure, x, y in drawn
        if (curves := _curves(found, figure, x, y))
    ]
    if kept := _curves(found, "calibration", "predicted", "observed"):
        made.append(("Promised and true", "calibration", charts.calibration(kept[0])))
    left = found.figures.get("residuals") or {}
    if left.get("predicted") and left.get("truth"):
        made.append(("Predicted and true", "residuals", charts.residuals(left["predicted"], left["truth"])))
    return made


def _curves(found: Documents, figure: str, x: str, y: str) -> list[charts.Curve]:
    data, verdict = found.figures.get(figure) or {}, found.verdict or {}
    chosen = verdict.get("chosen_trial") or verdict.get("chosen")
    ordered = sorted((c for c in data if data[c].get(x) and data[c].get(y)), key=lambda c: (c != chosen, c))
    return [
        charts.Curve(
            title_of(verdict, c),
            data[c][x],
            data[c][y],
            c == chosen,
            data[c].get("low") or (),
            data[c].get("high") or (),
        )
        for c in ordered[:4]
    ]


def _large_matrix(figure: Document | None) -> str | None:
    labels = [str(label) for label in (figure or {}).get("labels") or []]
    if figure is None or len(labels) <= tables.SMALL:
        return None
    return charts.confusion(labels, figure.get("counts") or [])
