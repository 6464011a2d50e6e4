"""One HTML file that says it all, with nothing to load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deepenough.files import write_text
from deepenough.report import charts, ladder, method, tables, words
from deepenough.report.answers import answer, deep_reason
from deepenough.report.documents import Document, Documents, chosen_trial, read, title_of, trials
from deepenough.report.glossary import Glossary

TEMPLATES = Path(__file__).parent / "templates"
NAME = "report.html"

SHOWN_COLUMNS = 10


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
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page: str = environment.get_template("report.html.j2").render(**view(found, name))
    return page


def view(found: Documents, name: str) -> dict[str, Any]:
    """Return everything the templates print, ready as text."""
    run, verdict = found.run, found.verdict
    folder = method.folder_of(run, name)
    shipped = verdict is not None and chosen_trial(verdict) is not None
    return {
        "name": str(run.get("name") or name),
        "about": _about(run),
        "created": str(run.get("created") or "")[:10],
        "first": answer(verdict, found.audit, folder, str(run.get("command") or "")),
        "sentence": str((verdict or {}).get("sentence") or ""),
        "term": Glossary(),
        "ladder": _ladder(verdict) if verdict else None,
        "deep": _deep(verdict) if verdict else None,
        "findings": tables.findings(found.audit),
        "audited": found.audit is not None,
        "not_applicable": [
            (str(n.get("code")), str(n.get("reason") or "")) for n in (found.audit or {}).get("not_applicable") or []
        ],
        "segments": tables.segments(verdict or {}),
        "pictures": pictures(found),
        "matrix": tables.confusion(found.figures.get("confusion")),
        "matrix_svg": _large_matrix(found.figures.get("confusion")),
        "commands": method.commands(run, folder, shipped),
        "facts": method.facts(found),
    }


def _about(run: Document) -> str:
    task = run.get("task") or {}
    target = f"Predicting {task['target']}" if task.get("target") else words.capital(str(task.get("kind") or "A run"))
    source = f" from {run['source']}" if run.get("source") else ""
    rows = f", {words.count(task['rows'])} rows" if task.get("rows") else ""
    return f"{target}{source}{rows}"


def _ladder(verdict: Document) -> dict[str, Any] | None:
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


def _deep(verdict: Document) -> dict[str, Any] | None:
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
    }


def pictures(found: Documents) -> list[tuple[str, str, str]]:
    """Return the pictures there are data for: (title, key of the term, drawing)."""
    drawn = [
        ("Hits and false alarms", "roc", charts.roc, "roc", "fpr", "tpr"),
        ("Precision and recall", "pr", charts.precision_recall, "precision_recall", "recall", "precision"),
    ]
    made = [
        (title, key, draw(curves))
        for title, key, draw, figure, x, y in drawn
        if (curves := _curves(found, figure, x, y))
    ]
    if kept := _curves(found, "calibration", "predicted", "observed"):
        made.append(("Promised and true", "calibration", charts.calibration(kept[0])))
    if columns := (found.figures.get("importance") or {}).get("columns"):
        relative = not (found.verdict or {}).get("higher_is_better", True)
        made.insert(0, ("What drives it", "importance", charts.importance(columns[:SHOWN_COLUMNS], relative)))
    left = found.figures.get("residuals") or {}
    if left.get("predicted") and left.get("truth"):
        made.append(("Predicted and true", "residuals", charts.residuals(left["predicted"], left["truth"])))
    return made


def _curves(found: Documents, figure: str, x: str, y: str) -> list[charts.Curve]:
    data, verdict = found.figures.get(figure) or {}, found.verdict or {}
    chosen = verdict.get("chosen_trial") or verdict.get("chosen")
    ordered = sorted((c for c in data if data[c].get(x) and data[c].get(y)), key=lambda c: (c != chosen, c))
    return [
        charts.Curve(
            title_of(verdict, c),
            data[c][x],
            data[c][y],
            c == chosen,
            data[c].get("low") or (),
            data[c].get("high") or (),
        )
        for c in ordered[:4]
    ]


def _large_matrix(figure: Document | None) -> str | None:
    labels = [str(label) for label in (figure or {}).get("labels") or []]
    if figure is None or len(labels) <= tables.SMALL:
        return None
    return charts.confusion(labels, figure.get("counts") or [])
