"""Whether deep learning is worth it: what the best network adds, and what it takes."""

from __future__ import annotations

from typing import Any

from deepenough.report import charts, tables, words
from deepenough.report.answers import deep_reason
from deepenough.report.documents import Document, Documents, title_of

ORDER = 20
LABEL = "Deep learning"


def view(found: Documents) -> dict[str, Any] | None:
    """Return the gain with its picture, the multiples of what it takes, and the rows that would settle it."""
    verdict = found.verdict or {}
    deep = verdict.get("deep_learning")
    if not deep:
        return None
    relative = not verdict.get("higher_is_better", True)
    gain = deep.get("gain") or {}
    value, low, high = (words.real(gain.get(k)) for k in ("value", "low", "high"))
    svg = None
    if value is not None and low is not None and high is not None:
        svg = charts.gain(value, low, high, words.real(verdict.get("worth_used")), relative)
    return {
        "svg": svg,
        "gain": words.gain(value, relative),
        "range": words.gain_span(gain, relative),
        "why": deep_reason(verdict),
        "best_deep": title_of(verdict, deep.get("best_deep")),
        "best_classical": title_of(verdict, deep.get("best_classical")),
        "multiples": tables.multiples(deep),
        "rows": tables.rows_needed(deep),
        "sources": _sources(deep, relative),
    }


def _sources(deep: Document, relative: bool) -> list[tuple[str, str]]:
    """Return what each kind of rows says by itself, where the evidence is pooled."""
    nested, sealed = deep.get("nested_gain"), deep.get("sealed_gain")
    if not nested or not sealed:
        return []
    fits = "each row by models that had not seen it, everything that chooses inside"
    return [
        (f"{words.gain(gain.get('value'), relative)} ({words.gain_span(gain, relative)})", what)
        for gain, what in ((nested, f"on the development rows, {fits}"), (sealed, "on the sealed rows by themselves"))
    ]
