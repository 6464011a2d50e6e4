"""What drives the chosen model: what each column is worth to it, and how its answer moves with the first of them."""

from __future__ import annotations

from typing import Any

from deepenough.report import charts_drivers, words
from deepenough.report.documents import Document, Documents

ORDER = 42
LABEL = "Drivers"
SHOWN = 10


def view(found: Documents) -> dict[str, Any] | None:
    """Return the picture of importances, the groups that were shuffled together, and a picture a column."""
    columns = (found.figures.get("importance") or {}).get("columns") or []
    if not columns:
        return None
    relative = not (found.verdict or {}).get("higher_is_better", True)
    return {
        "svg": charts_drivers.importance(columns[:SHOWN], relative),
        "more": max(0, len(columns) - SHOWN),
        "groups": [group for c in columns[:SHOWN] if len(group := c.get("columns") or []) > 1],
        "curves": pictures((found.figures.get("dependence") or {}).get("curves") or [], found),
    }


def pictures(curves: list[Document], found: Documents) -> list[tuple[str, str]]:
    """Return (column, drawing) of each column there is a curve for, on one axis."""
    whole = [
        c for c in curves if c.get("at") and all(len(c.get(k) or []) == len(c["at"]) for k in ("mean", "low", "high"))
    ]
    ends = [v for c in whole for k in ("low", "high", "mean") if (v := words.real(min(c[k]))) is not None]
    tops = [v for c in whole for k in ("low", "high", "mean") if (v := words.real(max(c[k]))) is not None]
    if not ends:
        return []
    target = ((found.verdict or {}).get("task") or {}).get("target")
    return [
        (str(c["column"]), charts_drivers.dependence(c, (min(ends), max(tops)), _said(c, target), i))
        for i, c in enumerate(whole)
    ]


def _said(curve: Document, target: Any) -> str:
    if curve.get("class") is None:
        return f"mean answer ({words.short(target, 28)})"
    return f"mean probability of {words.short(curve['class'], 28)}"
