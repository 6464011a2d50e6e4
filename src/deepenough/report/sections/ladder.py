"""The ladder: every trial with its score, its range and what it costs."""

from __future__ import annotations

from typing import Any

from deepenough.report import ladder, tables, words
from deepenough.report.documents import Document, Documents, trials

ORDER = 10
LABEL = "Ladder"


def view(found: Documents) -> dict[str, Any] | None:
    """Return the picture, wide and narrow, and the lines of the leaderboard."""
    verdict = found.verdict
    if verdict is None:
        return None
    lines = tables.leaderboard(verdict)
    if not lines:
        return None
    rungs = [_rung(line, trial) for line, trial in zip(lines, trials(verdict), strict=True)]
    bar = words.real((verdict.get("bar") or {}).get("threshold"))
    metric = str(verdict.get("metric_title") or verdict.get("metric") or "score")
    better = "higher" if verdict.get("higher_is_better", True) else "lower"
    named = metric if len(metric) <= 40 else words.short(words.metric_words(verdict), 40)
    title = f"{named}, {better} is better"
    return {
        "lines": lines,
        "metric": metric,
        "better": better,
        "bar": bar is not None,
        "svgs": [(size, ladder.draw(rungs, bar, title, size == "wide")) for size in ("wide", "narrow")],
    }


def _rung(line: tables.Line, trial: Document) -> ladder.Rung:
    number, _, kind = line.rung.partition(" ")
    return ladder.Rung(
        title=line.title,
        note=f"rung {number}, {kind.lower()}" + (f" · {line.settings}" if line.settings else ""),
        status=str(trial.get("status") or "ok"),
        validation=_range(trial.get("validation")),
        test=_range(trial.get("test")),
        seconds=words.real(trial.get("fit_seconds")),
        latency_ms=words.real((trial.get("latency_ms") or {}).get("p95")),
        chosen=line.chosen,
    )


def _range(estimate: Document | None) -> ladder.Range | None:
    value = words.real((estimate or {}).get("value"))
    if estimate is None or value is None:
        return None
    return value, words.real(estimate.get("low")), words.real(estimate.get("high"))
