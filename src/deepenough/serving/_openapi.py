"""The API, described from the signature: what /openapi.json says and /docs shows."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib.metadata import version as installed
from typing import Any

from deepenough.serving import _tensors
from deepenough.serving._model import Model
from deepenough.task import Column

LARGEST = 3.4e38  # what single precision holds
PLAIN: dict[str, Any] = {
    "number": {"type": ["number", "null"], "minimum": -LARGEST, "maximum": LARGEST},
    "boolean": {"type": ["boolean", "null"]},
    "category": {"type": ["string", "number", "boolean", "null"]},
    "high_cardinality": {"type": ["string", "number", "boolean", "null"]},
    "time": {"type": ["string", "null"]},
    "text": {"type": ["string", "null"]},
    "image": {"type": ["string", "null"], "contentEncoding": "base64"},
}
SHOWN = 30  # categories that a description names


@cache
def version() -> str:
    """Return the version of deepenough that is installed."""
    return installed("deepenough")


def describe(model: Model) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a server of this model."""
    place, numbered = f"/v2/models/{model.name}", f"/v2/models/{model.name}/versions/{model.version}"
    infer = _post(
        "Answer tensors, one a column (Open Inference Protocol v2).", "Infer", "Inferred", _infer_example(model)
    )
    about = _get("Inputs and outputs of the model.")
    ready = _get("Whether the model answers.", {"200": _said("It does."), "503": _said("It does not.")})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": model.name,
            "version": model.version,
            "description": f"{model.task.kind} of {model.task.target or 'new rows'}: one row, one answer.",
        },
        "paths": {
            "/predict": _post("Answer rows by column name.", "Predict", "Predicted", {"rows": [model.example]}),
            "/v2": _get("Name and version of the server."),
            "/v2/health/live": _get("Whether the server lives."),
            "/v2/health/ready": ready,
            place: about,
            f"{place}/ready": ready,
            f"{place}/infer": infer,
            numbered: about,
            f"{numbered}/ready": ready,
            f"{numbered}/infer": infer,
            "/metrics": _get("Counters, in the text format of Prometheus.", {"200": _said("Counters.", "text/plain")}),
        },
        "components": {"schemas": _schemas(model)},
    }


def _get(summary: str, responses: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"get": {"summary": summary, "responses": responses or {"200": _said("What was asked.")}}}


def _said(text: str, kind: str = "application/json", schema: Any = None) -> dict[str, Any]:
    return {"description": text, "content": {kind: {"schema": schema or {}}}}


def _post(summary: str, takes: str, gives: str, example: Any) -> dict[str, Any]:
    refused = {"$ref": "#/components/schemas/Refused"}
    reasons = {
        "400": "No JSON, or nested too deeply.",
        "413": "Too long.",
        "415": "Not of JSON.",
        "422": "Not what the signature says: the field is named.",
        "503": "Too much to do: come again after `Retry-After` seconds.",
        "504": "The deadline passed.",
    }
    content = {"schema": {"$ref": f"#/components/schemas/{takes}"}, "example": example}
    said = {"$ref": f"#/components/schemas/{gives}"}
    answers = {"200": _said("The answer.", schema=said), "202": _said("A person is to answer.", schema=said)}
    return {
        "post": {
            "summary": summary,
            "requestBody": {"required": True, "content": {"application/json": content}},
            "responses": answers | {code: _said(text, schema=refused) for code, text in reasons.items()},
        }
    }


def _schemas(model: Model) -> dict[str, Any]:
    text, number = {"type": "string"}, {"type": "number"}
    row = _object({c.name: _column(c) for c in model.task.inputs})
    row["properties"] |= {c.name: {} for c in model.task.columns if c not in model.task.inputs}
    answer: dict[str, Any] = {"prediction": text if model.task.labels else number}
    answer |= {f"probability_{label}": number for label in model.task.labels}
    told = {
        "id": {**text, "minLength": 1, "maxLength": 128},
        "key": text,
        "timeout_ms": {**number, "exclusiveMinimum": 0},
    }
    rows = {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Row"}}
    lines = _object(answer | {"in_range": {"type": "boolean"}})
    lines["properties"]["outside"] = {"type": "array", "items": text}
    return {
        "Row": row,
        "Predict": _object({"rows": rows}, told),
        "Predicted": _object(
            {
                "id": text,
                "model": text,
                "version": text,
                "answered_by": text,
                "predictions": {"type": "array", "items": lines},
            },
            {"why": text, "review": {"type": "boolean"}},
        ),
        "Infer": _infer(model),
        "Inferred": {"type": "object"},
        "Refused": _object({"error": text}, {"field": text}),
    }


def _object(properties: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties | (optional or {}),
        "required": list(properties),
        "additionalProperties": False,
    }


def _column(column: Column) -> dict[str, Any]:
    said: dict[str, Any] = {**PLAIN[column.kind], "description": _describe(column)}
    if column.categories:
        said["examples"] = list(column.categories[:SHOWN])
    return said


def _describe(column: Column) -> str:
    words = [column.kind.replace("_", " ")]
    if column.kind == "number" and column.low is not None:
        words.append(f"{column.low:g} to {column.high:g} in training")
    if column.categories:
        words.append(f"{len(column.categories)} known")
    if column.kind == "time":
        words.append(f"such as {datetime(2026, 11, 20, 13, 45).strftime(column.format or '%Y-%m-%d')}")
    words.append("may be empty" if column.missing else "never empty in training")
    return ", ".join(words)


def _infer(model: Model) -> dict[str, Any]:
    name = {"enum": [c.name for c in model.task.inputs]}
    tensor = _object(
        {
            "name": name,
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "maxItems": 2},
            "datatype": {"enum": ["BOOL", "BYTES", *_tensors.NUMBERS]},
            "data": {"type": "array"},
        },
        {"parameters": {"type": "object"}},
    )
    outputs = {"enum": [name for name, _, _ in _tensors.announced(model)]}
    wanted = {"type": "array", "items": _object({"name": outputs})}
    n = len(model.task.inputs)
    inputs = {"type": "array", "items": tensor, "minItems": n, "maxItems": n}
    return _object({"inputs": inputs}, {"id": {"type": "string"}, "parameters": {"type": "object"}, "outputs": wanted})


def _infer_example(model: Model) -> dict[str, Any]:
    inputs = [
        {"name": c.name, "shape": [1, 1], "datatype": _tensors.TYPES[c.kind][0], "data": [model.example.get(c.name)]}
        for c in model.task.inputs
    ]
    return {"inputs": inputs}
