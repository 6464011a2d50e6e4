"""How the networks learnt: the curve of each, what it took, and what went wrong."""

from __future__ import annotations

from typing import Any

from deepenough.report import charts_training, words
from deepenough.report.documents import Document, Documents, title_of

ORDER = 60
LABEL = "Training"
SHOWN = 4  # networks
STAGES = {"head": "the head alone", "search": "to find how long", "all": "all of it"}
ENDED = {"patience": "it stopped improving", "epochs": "all epochs were used", "diverged": "it diverged"}


def view(found: Documents) -> dict[str, Any] | None:
    """Return a part a network that learnt in epochs; None where none did."""
    trained = {key: d for key, d in (found.figures.get("training") or {}).items() if d.get("stages")}
    if not trained:
        return None
    return {"networks": [_network(found, key, d) for key, d in list(trained.items())[:SHOWN]]}


def _network(found: Documents, key: str, document: Document) -> dict[str, Any]:
    stages = [s for s in document["stages"] if s.get("epochs")]
    return {
        "title": title_of(found.verdict or {}, key) or str(document.get("title")),
        "curves": [(_stage(s), charts_training.curve(s)) for s in stages if s["epochs"][0].get("score") is not None],
        "facts": _facts(document, stages),
        "findings": document.get("findings") or [],
    }


def _stage(stage: Document) -> str:
    """Say what was trained, and how it ended."""
    number, name = len(stage["epochs"]), STAGES.get(str(stage["stage"]), str(stage["stage"]))
    ended = ENDED.get(str(stage["ended"]), "")
    kept = f"epoch {stage['chosen']} kept" if stage["chosen"] else "the start kept"
    return f"{words.capital(name)}: {words.plural(number, 'epoch')}, {kept}; {ended}"


def _facts(document: Document, stages: list[Document]) -> list[tuple[str, str]]:
    about = stages[-1].get("about") or {}
    rows = sum(int(e.get("rows") or 0) for s in stages for e in s["epochs"])
    seconds = sum(float(e.get("seconds") or 0.0) for s in stages for e in s["epochs"])
    facts = [
        ("trained on", f"{about.get('device', 'cpu')}, {about.get('half') or 'float32'}"),
        ("CPU time", words.duration(document.get("cpu_seconds"))),
        ("examples learnt", words.count(rows)),
    ]
    return [*facts, ("a second", words.count(round(rows / seconds)))] if seconds > 0 else facts
