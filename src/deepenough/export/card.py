"""The model card: front matter as Hugging Face reads it, what verdict and audit know, and blanks for what only a person can say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from deepenough.task import Column, Task

BLANK = "**[to be filled in: {}]**"
LISTED = 60  # columns named in full
Document = Mapping[str, Any]


def text(task: Task, manifest: Document, documents: Mapping[str, Document]) -> str:
    """Return card.md.

    Parameters
    ----------
    documents : by name; ``verdict`` and ``audit`` are read, where they are there.
    """
    verdict, audit = documents.get("verdict"), documents.get("audit")
    parts = [
        _front(task, manifest, verdict),
        f"# What {task.target or 'the answer'} will be",
        _what(task, manifest),
        _how_good(verdict),
        _data(audit),
        _inputs(task),
        _limits(task),
        _people(),
        _use(),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _quoted(value: Any) -> str:
    """A JSON string is a YAML string."""
    return json.dumps(str(value), ensure_ascii=False)


def _front(task: Task, manifest: Document, verdict: Document | None) -> str:
    made = manifest.get("made_by", {})
    kind = f"{task.modality}-{task.kind}"
    name = f"{task.target or task.kind}, {str(made.get('candidate', 'model')).replace('_', ' ')}"
    lines = [
        "---",
        "library_name: deepenough",
        f"pipeline_tag: {kind}",
        f"tags: [deepenough, onnx, {task.modality}, {task.kind}]",
        "license: other  # to be filled in",
        "model-index:",
        f"- name: {_quoted(name)}",
    ]
    results = list(_results(task, verdict, kind)) if verdict else []
    return "\n".join([*lines, *(["  results:", *results] if results else ["  results: []"]), "---"])


def _chosen(verdict: Document) -> Document | None:
    return next((t for t in verdict.get("trials", []) if t.get("key") == verdict.get("chosen_trial")), None)


def _results(task: Task, verdict: Document, kind: str) -> Iterator[str]:
    trial = _chosen(verdict)
    if trial is None or not trial.get("test"):
        return
    score = trial["test"]
    yield f"  - task: {{type: {kind}}}"
    yield f"    dataset: {{type: private, name: {_quoted(f'sealed rows of the table with {task.target}')}}}"
    yield f"    metrics: [{{type: {verdict['metric']}, value: {score['value']:.6g}, name: {_quoted(_interval(score))}}}]"


def _interval(score: Document) -> str:
    if score.get("low") is None or score.get("high") is None:
        return "on the sealed rows; no interval can be given"
    return f"on the sealed rows, 95 % interval {score['low']:.4g} to {score['high']:.4g}"


def _what(task: Task, manifest: Document) -> str:
    made = manifest.get("made_by", {})
    answer = f"one of {len(task.labels)} classes ({', '.join(task.labels[:10])})" if task.labels else "a number"
    read = "a picture" if task.modality == "image" else f"{len(task.inputs)} columns"
    return (
        f"Answers `{task.target}` with {answer}, from {read}. Made by deepenough {made.get('deepenough')}: "
        f"family `{made.get('candidate')}`, settings `{json.dumps(made.get('settings', {}), sort_keys=True)}`, seed {made.get('seed')}. "
        "It is a folder of data without code; it answers through onnxruntime and NumPy, and was proven to answer as the trained model."
    )


def _how_good(verdict: Document | None) -> str:
    if verdict is None:
        return "## How good it is\n\nNot judged: no verdict came with this bundle."
    lines = ["## How good it is", "", verdict.get("sentence") or ""]
    trial = _chosen(verdict)
    if trial is not None and trial.get("test"):
        title = str(verdict.get("metric_title") or verdict["metric"])
        lines += [
            "",
            f"{title[:1].upper()}{title[1:]} (`{verdict['metric']}`): {trial['test']['value']:.4g}, {_interval(trial['test'])}.",
        ]
    lines += [f"\n{verdict['interval_note']}"] if verdict.get("interval_note") else []
    worst = [s for s in verdict.get("segments") or [] if isinstance(s, Mapping) and s.get("worse")]
    lines += [f"\nWorse than elsewhere where `{s.get('by')}` is {s.get('value')}." for s in worst[:5]]
    return "\n".join(lines)


def _data(audit: Document | None) -> str:
    head = "## What the audit of the data found\n\n"
    if audit is None:
        return head + "No audit came with this bundle."
    found = [f for f in audit.get("findings", []) if f.get("severity") in ("blocker", "warning")]
    if not found:
        return head + "Nothing that speaks against its use."
    return head + "\n".join(f"- {f['code']}, {f['severity']}: {f['message']}" for f in found[:20])


def _inputs(task: Task) -> str:
    rows = [
        f"| `{c.name}` | {c.kind.replace('_', ' ')} | {_range(c)} | {'yes' if c.missing else 'no'} |"
        for c in task.inputs[:LISTED]
    ]
    more = len(task.inputs) - LISTED
    tail = f"\n\nAnd {more:,} more: see `signature.json`." if more > 0 else ""
    table = ["| column | kind | seen in training | empty cells seen |", "|---|---|---|---|", *rows]
    return "## What it reads\n\n" + "\n".join(table) + tail


def _range(column: Column) -> str:
    if column.categories:
        names = ", ".join(column.categories[:5])
        return names if len(column.categories) <= 5 else f"{names} and {len(column.categories) - 5:,} more"
    if column.low is None or column.high is None or column.kind == "time":
        return ""
    return f"{column.low:.6g} to {column.high:.6g}"


def _limits(task: Task) -> str:
    return (
        "## Where it is not to be trusted\n\n"
        "Outside the ranges and categories above nothing is known; `deepenough predict` marks such rows (`in_range`). A category never "
        "seen counts as unknown, an empty cell is answered. It knows the time its data are from, and no later one.\n\n"
        + BLANK.format("known cases in which it fails, and what then happens")
    )


def _people() -> str:
    asked = (
        "whose data these are, and by what right they are used",
        "who may be harmed by a wrong answer, and how they object",
    )
    return "## People\n\n" + "\n\n".join(BLANK.format(a) for a in asked)


def _use() -> str:
    asked = (
        "what it is meant for, and what it must not be used for",
        "who answers for it, and how to reach them",
        "its licence",
    )
    return "## Use\n\n" + "\n\n".join(BLANK.format(a) for a in asked)
