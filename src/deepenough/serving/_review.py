"""The review queue at the wire: what is to be decided next, and what was decided."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs

import msgspec

from deepenough.errors import DataError
from deepenough.serving import _body, _truth
from deepenough.serving._guard import Headers
from deepenough.serving._refused import Refused
from deepenough.serving._service import Service
from deepenough.traffic import Decision, Log, Reviews

QUERY = b":query"  # under which the application puts what follows the question mark: no header has a colon in its name
MOST, USUAL = 100, 10
MOST_WHO, MOST_LABEL = 64, 10_000
MOST_SECONDS = 86_400.0


class Answer(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /review: what a person decided of an item, or that it is taken back."""

    id: str
    who: str
    label: str | float | bool | None = None
    seconds: float = 0.0
    undo: bool = False


ANSWER = msgspec.json.Decoder(Answer)


async def show(service: Service, headers: Headers, receive: _body.Receive) -> dict[str, Any]:
    """Say what somebody is to decide next, what can be answered, and how the rest goes.

    The answer of the model is not shown where it is judged: on random rows, and to the second one who decides.
    """
    asked = parse_qs(headers.get(QUERY, b"").decode("latin-1"))
    who, n = _person(asked.get("who", [""])[-1]), asked.get("n", [str(USUAL)])[-1]
    if not (n.isascii() and n.isdigit() and len(n) < 4 and 1 <= int(n) <= MOST):
        raise Refused(422, f"'n' must be a number from 1 to {MOST}.", "n")
    task = service.model.task

    def work(log: Log) -> dict[str, Any]:
        reviews = Reviews(log)
        return {
            "model": service.model.name,
            "target": task.target,
            "labels": list(task.labels),
            "columns": [{"name": c.name, "kind": c.kind} for c in task.inputs],
            "waiting": reviews.waiting(who),
            "items": [_shown(item.document(), turn) for item, turn in reviews.next(who, int(n))],
            "automation": reviews.report(),
        }

    return await _truth.with_log(service, work)


def _shown(item: dict[str, Any], turn: int) -> dict[str, Any]:
    names = ("request", "row", "reason", "version", "answered_by", "inputs")
    said = {"id": item["item"], "when": item["moment"], "turn": turn} | {name: item[name] for name in names}
    return said if turn > 1 or item["reason"] == "random" or not item["answer"] else said | {"answer": item["answer"]}


async def decide(service: Service, headers: Headers, receive: _body.Receive) -> dict[str, Any]:
    """Keep what a person decided, or take it back. Acknowledged is kept."""
    asked: Answer = await _truth.asked(service, headers, receive, ANSWER)
    who = _person(asked.who)
    if not 0 <= asked.seconds <= MOST_SECONDS:
        raise Refused(422, "'seconds' must be a number from 0 to a day's.", "seconds")
    label = None if asked.undo else _label(asked.label, service)

    def work(log: Log) -> dict[str, Any]:
        if asked.undo:
            Reviews(log).undo(asked.id, who)
            return {"kept": False, "turn": None}
        return {"kept": True, "turn": Reviews(log).decide(Decision(asked.id, label, who, asked.seconds, time.time()))}

    try:
        return await _truth.with_log(service, work)
    except DataError as error:
        raise Refused(409, str(error), "id") from None


def _label(given: str | float | bool | None, service: Service) -> str | None:
    """Return what was decided as the log keeps truths: a class of the model, or a number; None: it cannot be told."""
    labels = service.model.task.labels
    if given is None:
        return None
    plain = str(given)
    if labels and plain not in labels:
        raise Refused(422, "'label' must be one of the model's classes, or null where it cannot be told.", "label")
    if not labels and (isinstance(given, str | bool) or len(plain) > MOST_LABEL):
        raise Refused(422, "'label' must be a number, or null where it cannot be told.", "label")
    return plain


def _person(who: str) -> str:
    if not who or len(who) > MOST_WHO or not who.isprintable():
        raise Refused(422, f"'who' must say who decides, in 1 to {MOST_WHO} printable characters.", "who")
    return who
