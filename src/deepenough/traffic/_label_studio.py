"""The review queue as Label Studio's JSON, out and in: a task an item, an annotation a decision."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from deepenough.errors import DataError
from deepenough.traffic._entry import ENCODE
from deepenough.traffic._reviews import Decision, Item

FORM, SHOWN = "label", "row"  # what the labelling interface calls the choices, and what they are about


class Data(msgspec.Struct):
    """What a task is about: an item, and its cells as a text that a person reads."""

    item: str
    request: str
    row: int
    moment: float
    key: str | None
    model: str
    version: str
    answered_by: str
    reason: str
    chance: float
    second: int
    inputs: dict[str, Any]
    answer: dict[str, Any]


class Result(msgspec.Struct):
    """One thing that a person marked."""

    value: dict[str, Any] = {}


class Annotation(msgspec.Struct):
    """What one person decided; nothing marked: it cannot be told."""

    result: list[Result] = []
    completed_by: int | str | dict[str, Any] | None = None
    lead_time: float | None = None
    created_at: str | None = None


class Task(msgspec.Struct):
    """One item with what was decided of it."""

    data: Data
    annotations: list[Annotation] = []


TASKS = msgspec.json.Decoder(list[Task])


def exported(everything: Sequence[tuple[Item, Sequence[Decision]]]) -> bytes:
    """Return the file that Label Studio imports."""
    return msgspec.json.format(ENCODE([_task(item, decided) for item, decided in everything]), indent=1)


def imported(file: bytes) -> Iterator[tuple[Item, list[Decision]]]:
    """Yield items and decisions of a file that Label Studio exported (JSON), or `exported` gave.

    Raises `DataError` where it is something else.
    """
    try:
        tasks = TASKS.decode(file)
        for task in tasks:
            plain = msgspec.structs.asdict(task.data)
            cells = {name: ENCODE(plain[name]).decode() for name in ("inputs", "answer")}
            yield (
                Item(**{**plain, **cells}),
                [_decision(task.data.item, a, turn) for turn, a in enumerate(task.annotations, 1)],
            )
    except (ValueError, TypeError) as error:  # msgspec's own errors are of these
        raise DataError(
            f"This is no file of the review queue: {error}. Export it from Label Studio as JSON."
        ) from error


def _task(item: Item, decided: Sequence[Decision]) -> dict[str, Any]:
    data = item.document()
    text = "\n".join(f"{name}: {'' if value is None else value}" for name, value in data["inputs"].items())
    said = data["answer"].get("prediction")
    predictions = [] if said is None else [{"model_version": item.version, "result": [_result(str(said))]}]
    return {
        "data": data | {"text": text},
        "annotations": [_annotation(decision) for decision in decided],
        "predictions": predictions if item.reason != "random" else [],
    }


def _result(label: str) -> dict[str, Any]:
    return {"from_name": FORM, "to_name": SHOWN, "type": "choices", "value": {"choices": [label]}}


def _annotation(decision: Decision) -> dict[str, Any]:
    return {
        "result": [] if decision.label is None else [_result(decision.label)],
        "was_cancelled": decision.label is None,
        "completed_by": {"email": decision.who},
        "lead_time": decision.seconds,
        "created_at": datetime.fromtimestamp(decision.moment, UTC).isoformat(),
    }


def _decision(item: str, annotation: Annotation, turn: int) -> Decision:
    by = annotation.completed_by
    who = by.get("email") or by.get("id") if isinstance(by, dict) else by
    when = datetime.fromisoformat(annotation.created_at) if annotation.created_at else datetime.now(UTC)
    value = annotation.result[0].value if annotation.result else {}
    choices = value.get("choices", [value["number"]] if "number" in value else [])
    label = str(choices[0]) if choices else None
    return Decision(item, label, str(who or "unknown"), annotation.lead_time or 0.0, when.timestamp(), turn)
