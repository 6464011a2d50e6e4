"""The small decision tree, question by question, where one was opened on the sealed rows."""

from __future__ import annotations

from typing import Any

from deepenough.report import words
from deepenough.report.documents import Document, Documents, chosen_trial

ORDER = 16
LABEL = "Tree"


def view(found: Documents) -> dict[str, Any] | None:
    """Return the tree as nested text, and what it is to the verdict."""
    figure = found.figures.get("tree") or {}
    root = figure.get("root")
    if not root:
        return None
    columns = (found.run.get("task") or {}).get("columns") or []
    gaps = {c.get("name") for c in columns if c.get("missing")}
    ships = (chosen_trial(found.verdict or {}) or {}).get("key") == figure.get("trial")
    return {
        "lead": "This is the whole of what ships." if ships else "It does not ship: another model was chosen.",
        "root": node(root, gaps),
        "rows": words.count(root.get("rows")),
    }


def node(found: Document, gaps: set[Any]) -> dict[str, Any]:
    """Return a node and all below it as text: its question with two ways on, or its answer; `gaps`: columns with empty cells."""
    if "yes" not in found or "no" not in found:
        return {"answer": _answer(found), "rows": words.count(found.get("rows"))}
    way = found.get("missing") if found.get("column") in gaps else None
    return {
        "question": f"{found.get('column')} {str(found.get('test')).replace('<=', '≤')}?",
        "missing": f"empty counts as {way}" if way in ("yes", "no") else "",
        "rows": words.count(found.get("rows")),
        "ways": [(way, node(found[way], gaps)) for way in ("yes", "no")],
    }


def _answer(found: Document) -> str:
    if "prediction" not in found:
        return words.score(found.get("value"))
    share = words.real(found.get("share"))
    return f"{found['prediction']}" + ("" if share is None else f", {share * 100:.0f}{words.SPACE}%")
