"""The pictures themselves: mistakes, doubts, typical ones, and those that the audit speaks of."""

from __future__ import annotations

from typing import Any

from deepenough.report.documents import Document, Documents

ORDER = 41
LABEL = "Pictures"
KIND = "data:image/jpeg;base64,"  # nothing else is shown


def view(found: Documents) -> dict[str, Any] | None:
    """Return the sheets, each with its sets of pictures."""
    sheets = [_sheet(s) for s in (found.figures.get("pictures") or {}).get("sheets") or []]
    shown = [s for s in sheets if s["sets"]]
    return {"sheets": shown} if shown else None


def _sheet(sheet: Document) -> dict[str, Any]:
    sets = [[i for i in items if str(i.get("src")).startswith(KIND)] for items in sheet.get("sets") or []]
    return {"title": sheet.get("title"), "lead": sheet.get("lead"), "sets": [items for items in sets if items]}
