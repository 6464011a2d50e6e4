"""One HTML file that says it all, with nothing to load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deepenough.files import write_text
from deepenough.report import sections, words
from deepenough.report.answers import answer
from deepenough.report.documents import Document, Documents, read
from deepenough.report.glossary import Glossary
from deepenough.report.pages import fill

NAME = "report.html"


def render(folder: Path) -> Path:
    """Write ``report.html`` into a run's folder from the documents there, and return its path.

    Whatever stage the run is at: without a verdict the page says so. The page is one file, loads nothing from anywhere,
    and the same documents give the same bytes. An older report stays until the new one is whole.

    Raises `DataError` where a document is missing or damaged, `StorageError` where the page cannot be written.
    """
    folder = Path(folder)
    write_text(folder / NAME, compose(read(folder), folder.resolve().name))
    return folder / NAME


def compose(found: Documents, name: str) -> str:
    """Return the page of a run's documents; `name` is the folder's, where nothing else says what to call it."""
    return fill("report.html.j2", view(found, name))


def view(found: Documents, name: str) -> dict[str, Any]:
    """Return everything the templates print, ready as text: each section under its own name."""
    run, verdict = found.run, found.verdict
    said = {key: section.view(found) for key, section in sections.find()}
    return said | {
        "name": str(run.get("name") or name),
        "about": _about(run),
        "created": str(run.get("created") or "")[:10],
        "first": answer(verdict, found.audit, found.folder, str(run.get("command") or "")),
        "sentence": str((verdict or {}).get("sentence") or ""),
        "term": Glossary(),
        "sections": [(key, section.LABEL) for key, section in sections.find() if said[key]],
    }


def _about(run: Document) -> str:
    task = run.get("task") or {}
    target = f"Predicting {task['target']}" if task.get("target") else words.capital(str(task.get("kind") or "A run"))
    source = f" from {run['source']}" if run.get("source") else ""
    rows = f", {words.count(task['rows'])} rows" if task.get("rows") else ""
    return f"{target}{source}{rows}"
