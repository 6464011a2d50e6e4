"""The report's tables, as rows of ready text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deepenough.findings import ORDER
from deepenough.report import words
from deepenough.report.documents import Document, chosen_trial, title_of, trials

SMALL = 12  # classes up to which a confusion matrix is a table with its counts
Fact = tuple[str, str]


@dataclass(frozen=True)
class Line:
    """One trial of the leaderboard, ready to print."""

    title: str
    settings: str
    rung: str
    chosen: bool
    opened: bool
    ok: bool
    status: str
    reason: str
    validation: Fact
    test: Fact
    gain: Fact
    over: str
    p50: str
    p95: str
    seconds: str
    size: str
    money: str


def leaderboard(verdict: Document) -> list[Line]:
    """Return a line a trial, by rung."""
    best = chosen_trial(verdict)
    relative = not verdict.get("higher_is_better", True)
    return [_line(verdict, t, t is best, relative) for t in trials(verdict)]


def _line(verdict: Document, trial: Document, chosen: bool, relative: bool) -> Line:
    gain, latency = trial.get("gain") or {}, trial.get("latency_ms") or {}
    status, rung = str(trial.get("status") or "ok"), trial.get("rung") or 0
    name = words.RUNG_NAMES[rung] if 0 <= rung < len(words.RUNG_NAMES) else ""
    return Line(
        title=str(trial.get("title") or title_of(verdict, trial.get("candidate"))),
        settings=str(trial.get("settings_text") or ""),
        rung=f"{rung} {name}",
        chosen=chosen,
        opened=bool(trial.get("shown") or trial.get("test")),
        ok=status == "ok",
        status=words.STATUS.get(status, status),
        reason=str(trial.get("reason") or ""),
        validation=estimate(trial.get("validation")),
        test=estimate(trial.get("test")),
        gain=(words.gain(gain.get("value"), relative), words.gain_span(gain, relative)),
        over=title_of(verdict, gain.get("over")) if gain else "",
        p50=words.milliseconds(latency.get("p50")),
        p95=words.milliseconds(latency.get("p95")),
        seconds=words.duration(trial.get("fit_seconds")),
        size=words.size(trial.get("size_bytes")),
        money=words.money((trial.get("cost") or {}).get("per_1000"), verdict.get("currency")),
    )


def estimate(found: Document | None) -> Fact:
    """Return a score and its range, each as text."""
    return words.score((found or {}).get("value")), words.span(found)


def findings(audit: Document | None) -> list[dict[str, Any]]:
    """Return the findings, worst first, with their evidence as text."""
    found = (audit or {}).get("findings") or []
    ordered = sorted(found, key=lambda f: (ORDER.get(f.get("severity"), 3), str(f.get("code")), str(f.get("subject"))))
    return [
        {
            **{k: str(f.get(k) or "") for k in ("code", "severity", "subject", "message", "remedy")},
            "evidence": [(str(k).replace("_", " "), plain(v)) for k, v in (f.get("evidence") or {}).items()],
            "rows": _rows(f.get("rows") or []),
        }
        for f in ordered
    ]


def _rows(rows: Sequence[Any]) -> str:
    shown = ", ".join(str(r) for r in rows[:12])
    return f"{shown} and {words.count(len(rows) - 12)} more" if len(rows) > 12 else shown


def plain(value: Any) -> str:
    """Return any piece of evidence as a person reads it."""
    if isinstance(value, dict):
        return ", ".join(f"{k}: {plain(v)}" for k, v in value.items())
    if isinstance(value, list):
        return words.short(", ".join(plain(v) for v in value[:8]) + (" …" if len(value) > 8 else ""), 240)
    number = words.real(value)
    if number is None:
        return words.NONE if value is None else "yes" if value is True else "no" if value is False else str(value)
    return f"{number:,.0f}" if number.is_integer() and abs(number) < 1e15 else f"{number:.4g}"


def multiples(deep: Document) -> list[Fact]:
    """Return what the deep model takes of everything, as multiples of the best classical one."""
    names = (
        ("train", "the time to train"),
        ("latency", "the time for an answer"),
        ("size", "the size"),
        ("cost", "the money"),
    )
    found = deep.get("times") or {}
    return [(words.times(found.get(key)), name) for key, name in names if words.real(found.get(key)) is not None]


def rows_needed(deep: Document) -> list[Fact]:
    """Return how many rows it would take to know."""
    planning, settle = deep.get("rows_planning"), deep.get("rows_to_settle")
    found = []
    if planning is not None:
        found.append(
            (
                words.count(planning),
                "rows to judge on would tell a gain of nothing, or of twice the worth, from the worth itself",
            )
        )
    if settle is not None:
        said = "rows would settle it if the gain stays as measured"
        found.append((words.count(settle), said + words.between(deep.get("rows_between"))))
    elif deep.get("gain") and deep.get("worth_it") == "undecided":
        found.append(("Too close", "to the line to say how many rows would settle it"))
    return found


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix: small ones cell by cell, and of any the mistakes made most often."""

    labels: list[str]
    cells: list[list[tuple[str, float]]]
    mistakes: list[tuple[str, str, str]]


def confusion(figure: Document | None) -> Matrix | None:
    """Return the matrix with a shade (0 to 1, of its row) a cell; cells only where they can be read."""
    labels, counts = (figure or {}).get("labels") or [], (figure or {}).get("counts") or []
    if not labels or not counts:
        return None
    names = [str(label) for label in labels]
    values = [[words.real(v) or 0.0 for v in row] for row in counts]
    wrong = [(v, i, j) for i, row in enumerate(values) for j, v in enumerate(row) if i != j and v]
    wrong.sort(key=lambda found: (-found[0], found[1], found[2]))
    mistakes = [(names[i], names[j], words.count(v)) for v, i, j in wrong[:8]]
    cells = [[(words.count(v), round(v / (sum(row) or 1.0), 2)) for v in row] for row in values]
    return Matrix(names, cells if len(names) <= SMALL else [], mistakes)
