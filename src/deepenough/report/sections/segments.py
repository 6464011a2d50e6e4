"""Where the chosen model is wrong: the sealed rows in parts, worst first."""

from __future__ import annotations

from typing import Any

from deepenough.report import words
from deepenough.report.documents import Document, Documents
from deepenough.report.tables import estimate

ORDER = 44
LABEL = "Segments"
SHOWN, TOLD = 8, 3
Row = dict[str, Any]


def view(found: Documents) -> dict[str, Any] | None:
    """Return a sentence, and a row a segment."""
    segments = (found.verdict or {}).get("segments") or []
    if not segments:
        return None
    rows = [_row(s) for s in segments]
    return {
        "sentences": sentences(segments),
        "rows": rows[:SHOWN],
        "more": rows[SHOWN:],
        "metric": str((found.verdict or {}).get("metric_title") or "score"),
    }


def sentences(segments: list[Document]) -> list[str]:
    """Say which segments are shown to be worse than the rest, and of how many that were looked at."""
    worse = [s for s in segments if s.get("worse")]
    if not worse:
        return [f"No segment is shown to be worse than the rest ({words.count(len(segments))} looked at)."]
    more = [f"{words.plural(len(worse) - TOLD, 'more segment is', 'more segments are')} worse, too."]
    counted = f"{words.plural(len(segments), 'segment was', 'segments were')} looked at."
    return [*map(_sentence, worse[:TOLD]), *(more if len(worse) > TOLD else []), counted]


def _sentence(segment: Document) -> str:
    score = segment.get("score") or {}
    span = f" ({words.span(score)})" if words.span(score) else ""
    return (
        f"On {words.count(segment.get('rows'))} rows with {segment.get('by')}: {segment.get('value')} it is worse than on the rest: "
        f"{words.score(score.get('value'))}{span} against {words.score(segment.get('rest'), score.get('value'))}."
    )


def _row(segment: Document) -> Row:
    score = segment.get("score") or {}
    return {
        "by": str(segment.get("by")),
        "value": str(segment.get("value")),
        "rows": words.count(segment.get("rows")),
        "score": estimate(score),
        "rest": words.score(segment.get("rest"), score.get("value")),
        "worse": bool(segment.get("worse")),
    }
