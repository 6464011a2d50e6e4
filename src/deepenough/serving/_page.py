"""The pages that a person sees: one to try the model by hand, one that shows what can be asked."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

from deepenough.serving._model import Model
from deepenough.task import Column

HOME = Path(__file__).parent / "pages"
FEW = 50  # categories that are chosen from a list


def render(model: Model, described: dict[str, Any]) -> bytes:
    """Return the page at /: a form with a field a column, and the answer beside it."""
    schema = described["components"]["schemas"]["Row"]["properties"]
    fields = "\n".join(_field(c, i, schema[c.name]["description"], model) for i, c in enumerate(model.task.inputs))
    return _filled("try.html", model, FIELDS=fields)


def docs(model: Model, described: dict[str, Any]) -> bytes:
    """Return the page at /docs: every path, and every column."""
    paths = "\n".join(
        _path(path, method, what) for path, ways in described["paths"].items() for method, what in ways.items()
    )
    schema = described["components"]["schemas"]["Row"]["properties"]
    columns = "\n".join(
        f"<tr><td><code>{escape(c.name)}</code></td><td>{escape(schema[c.name]['description'])}</td></tr>"
        for c in model.task.inputs
    )
    example = json.dumps({"rows": [model.example]}, ensure_ascii=False)
    return _filled("docs.html", model, PATHS=paths, COLUMNS=columns, EXAMPLE=escape(example))


def review() -> bytes:
    """Return the page at /review, which asks for what it shows: in itself it holds nothing of the model or of anybody."""
    return _put("review.html", {})


def _filled(page: str, model: Model, **parts: str) -> bytes:
    own = {
        "NAME": escape(model.name),
        "VERSION": escape(model.version),
        "WHAT": escape(model.task.target or "the answer"),
    }
    return _put(page, own | parts)


def _put(page: str, parts: dict[str, str]) -> bytes:
    text = (HOME / page).read_text(encoding="utf-8")
    for key, value in ({"STYLE": (HOME / "style.css").read_text(encoding="utf-8")} | parts).items():
        text = text.replace("{{" + key + "}}", value)
    return text.encode()


def _field(column: Column, i: int, described: str, model: Model) -> str:
    value = model.example.get(column.name)
    label = f'<label for="f{i}">{escape(column.name)}</label><span class="small">{escape(described)}</span>'
    about = f'id="f{i}" data-name="{escape(column.name)}" data-kind="{column.kind}"'
    if column.kind == "boolean" or 0 < len(column.categories) <= FEW:
        choices = ["true", "false"] if column.kind == "boolean" else list(column.categories)
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        options = "".join(
            f'<option value="{escape(c)}"{" selected" if c == shown else ""}>{escape(c)}</option>' for c in choices
        )
        return f'<div class="field">{label}<select {about}><option value="">empty</option>{options}</select></div>'
    plain = "" if value is None else escape(str(value))
    if column.kind == "image":
        return f'<div class="field wide">{label}<input type="file" accept="image/*" {about} data-value="{plain}"></div>'
    if column.kind == "text":
        return f'<div class="field wide">{label}<textarea {about} rows="3">{plain}</textarea></div>'
    mode = ' inputmode="decimal"' if column.kind == "number" else ""
    return f'<div class="field">{label}<input {about}{mode} value="{plain}"></div>'


def _path(path: str, method: str, what: dict[str, Any]) -> str:
    codes = ", ".join(what["responses"])
    return (
        f"<tr><td><code>{method.upper()}</code></td><td><code>{escape(path)}</code></td><td>{escape(what['summary'])}</td>"
        f'<td class="small">{codes}</td></tr>'
    )
