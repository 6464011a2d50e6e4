"""What it costs to choose among models that a person can follow."""

from __future__ import annotations

from typing import Any

from deepenough.report import charts, words
from deepenough.report.documents import Documents, chosen_trial, title_of

ORDER = 18
LABEL = "Readable only"


def view(found: Documents) -> dict[str, Any] | None:
    """Return the sentence, and the picture of what the best of the others gains over the chosen one."""
    verdict = found.verdict or {}
    asked, chosen = verdict.get("readable_only"), chosen_trial(verdict)
    if not asked or chosen is None:
        return None
    relative = not verdict.get("higher_is_better", True)
    gain = asked.get("gain") or {}
    value, low, high = (words.real(gain.get(k)) for k in ("value", "low", "high"))
    svg = None
    if value is not None and low is not None and high is not None:
        svg = charts.gain(value, low, high, words.real(verdict.get("worth_used")), relative)
    return {
        "why": str(asked.get("why") or ""),
        "svg": svg,
        "other": title_of(verdict, asked.get("trial")),
        "chosen": title_of(verdict, chosen.get("key")),
        "gain": words.gain(value, relative),
        "range": words.gain_span(gain, relative),
    }
