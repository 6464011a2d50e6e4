"""How it was done: what another person needs to believe it, or to do it again."""

from __future__ import annotations

import shlex
from typing import Any

from deepenough.report import words
from deepenough.report.documents import Document, Documents, chosen_trial

ORDER = 90
LABEL = "Method"
Fact = tuple[str, str]
STRATEGIES = {
    "stratified": "by chance, each class in its proportion",
    "random": "by chance",
    "by group": "by group: rows that share one stay together",
    "by time": "by time: the latest rows are sealed",
    "given file": "as given: a file of its own",
}
LIMITS = (
    ("latency_ms", "answers within {:g} ms"),
    ("size_mb", "at most {:g} MB"),
    ("cost", "at most {:g} for 1,000 answers"),
)


def view(found: Documents) -> dict[str, Any]:
    """Return the command lines that do it again, and the facts behind it."""
    shipped = found.verdict is not None and chosen_trial(found.verdict) is not None
    return {"commands": commands(found.run, found.folder, shipped), "facts": facts(found)}


def commands(run: Document, folder: str, shipped: bool) -> list[Fact]:
    """Return the command lines that do it again, and use it."""
    place = shlex.quote(folder)
    found = [("Do it again", str(run.get("command") or ""))]
    if shipped:
        what, new = (
            ("pictures", "new_pictures") if (run.get("task") or {}).get("modality") == "image" else ("rows", "new.csv")
        )
        found += [(f"Predict new {what}", f"deepenough predict {place} {new} --out predictions.csv")]
    return [(name, line) for name, line in found if line]


def facts(found: Documents) -> list[tuple[str, list[Fact]]]:
    """Return groups of facts: data, split, judging, machine."""
    groups = [
        ("Data", _data(found.run)),
        ("Split", _split(found.split or {})),
        ("Judging", _judging(found.verdict, found.run, found.figures.get("quantization"))),
        ("Setting", _setting(found)),
    ]
    return [
        (name, [(k, v) for k, v in rows if v and v != words.NONE])
        for name, rows in groups
        if any(v and v != words.NONE for _, v in rows)
    ]


def _data(run: Document) -> list[Fact]:
    task = run.get("task") or {}
    labels = task.get("labels") or []
    return [
        ("Source", str(run.get("source") or "")),
        ("Target", str(task.get("target") or "")),
        ("Kind of answer", str(task.get("kind") or "")),
        ("Kind of data", str(task.get("modality") or "")),
        ("Rows", words.count(task.get("rows"))),
        ("Columns", words.count(len(task["columns"])) if task.get("columns") else ""),
        *_texts(task.get("columns") or []),
        ("Classes", words.short(", ".join(map(str, labels)), 160) if labels else ""),
    ]


def _texts(columns: list[Document]) -> list[Fact]:
    """Return which columns of text are read, and which are not and why."""
    texts = [c for c in columns if c.get("kind") == "text" and c.get("role") != "target"]
    read = [str(c["name"]) for c in texts if c.get("role") == "input"]
    rest = [f"{c['name']} {c.get('why') or ''}".strip() for c in texts if c.get("role") == "about"]
    return [
        ("Read as free text", words.short(", ".join(read), 160)),
        ("Text left aside", words.short("; ".join(rest), 240)),
    ]


def _split(split: Document) -> list[Fact]:
    parts = split.get("parts") or []
    strategy = str(split.get("strategy") or "")
    first = parts[0] if parts else {}
    each = ", ".join(f"{words.count(first[k])} to {k}" for k in ("learn", "tune", "score") if first.get(k) is not None)
    return [
        ("Divided", STRATEGIES.get(strategy, strategy)),
        ("Development rows", words.count(split.get("development"))),
        ("Sealed rows", words.count(split.get("sealed"))),
        ("Parts", words.count(split.get("folds") or len(parts)) if parts or split.get("folds") else ""),
        ("In the first part", each),
        ("Provable", words.capital(str((split.get("provable") or {}).get("text") or ""))),
    ]


def _judging(verdict: Document | None, run: Document, eight_bits: Document | None) -> list[Fact]:
    verdict = verdict or {}
    bar = verdict.get("bar") or run.get("bar") or {}
    relative = not verdict.get("higher_is_better", True)
    worth = verdict.get("worth_used")
    how = str(verdict.get("worth_text") or "fixed before the seal was opened")
    return [
        ("Measured", str(verdict.get("metric_title") or verdict.get("metric") or "")),
        ("Asked for", _asked(bar)),
        ("Worth", "" if worth is None else f"{words.gain(worth, relative).lstrip('+')}, {how}"),
        ("Evidence", str(verdict.get("evidence") or "")),
        ("Openings of the seal", words.count(verdict.get("openings"))),
        ("Weights of eight bits", _eight_bits(eight_bits)),
    ]


def _eight_bits(found: Document | None) -> str:
    """Return what became of the network in eight bits, and why."""
    if not found:
        return ""
    tried = "; ".join(f"{t.get('how')}: {t.get('reason')}" for t in found.get("tried") or [])
    return f"{found.get('title')}: {found.get('reason')} {tried}".strip()


def _asked(bar: Document) -> str:
    said = [text.format(v) for key, text in LIMITS if (v := words.real(bar.get(key))) is not None]
    return ", ".join([str(t) for t in [bar.get("text")] if t] + said)


def _setting(found: Documents) -> list[Fact]:
    run = found.run
    versions = run.get("versions") or (found.verdict or {}).get("versions") or {}
    return [
        ("Date", str(run.get("created") or "").replace("T", " ").replace("Z", " UTC")),
        ("Seed", "" if run.get("seed") is None else str(run["seed"])),
        ("Cores", words.count(run.get("cores"))),
        ("Budget", words.duration(run.get("budget_seconds"))),
        ("Machine", str(run.get("machine") or "")),
        ("Versions", ", ".join(f"{k} {v}" for k, v in versions.items())),
    ]
