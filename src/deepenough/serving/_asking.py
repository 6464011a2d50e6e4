"""What is asked of a model: rows by name, or tensors of the Open Inference Protocol; and how the answer is said."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import msgspec

from deepenough.serving import _body, _tensors
from deepenough.serving._doubt import LATE
from deepenough.serving._guard import Headers
from deepenough.serving._model import Model
from deepenough.serving._refused import Refused, shown
from deepenough.serving._rollout import Chosen
from deepenough.serving._service import Service
from deepenough.serving._settings import PERSON
from deepenough.serving._wire import Scalar
from deepenough.traffic import Entry

MOST_ID = 128
SOON = 0.2  # of the time that is left, kept for who answers instead
Columns = dict[str, list[Any]]


class Predict(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /predict."""

    rows: list[dict[str, Scalar]]
    id: str | None = None
    key: str | None = None
    timeout_ms: float | None = None


PREDICT = msgspec.json.Decoder(Predict)
ANY = msgspec.json.Decoder()
ENCODE = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Ask:
    """One request for an answer, decoded.

    Attributes
    ----------
    rows : cells by name, not yet held against the signature. key : what stays on one side of a rollout.
    begun, until : when it came, and by when it is to be answered.
    """

    rows: list[dict[str, Any]]
    id: str
    key: str | None
    begun: float
    until: float
    route: str


def named(given: str | None, service: Service) -> str:
    """Return the id of a request: its own, or a new one."""
    if given is None:
        return service.new_id()
    if not given or len(given) > MOST_ID or not given.isprintable():
        raise Refused(422, f"'id' must be 1 to {MOST_ID} printable characters.", "id")
    return given


def until(begun: float, timeout_ms: float | None, service: Service) -> float:
    """Return by when to answer: the server's deadline, or the client's where that is sooner."""
    if timeout_ms is None:
        return begun + service.settings.deadline_s
    if not timeout_ms > 0:
        raise Refused(422, "'timeout_ms' must be a number above 0.", "timeout_ms")
    return begun + min(service.settings.deadline_s, timeout_ms / 1e3)


async def predict(service: Service, headers: Headers, receive: _body.Receive, begun: float) -> tuple[int, bytes]:
    """Answer POST /predict: a status (202 where a person is to answer), and a body."""
    service.admit()
    _body.must_be_json(headers)
    body = await _body.read(receive, headers, service.settings)
    _body.look_over(body, service.settings.elements)
    asked = _rows(body)
    if not asked.rows:
        raise Refused(422, "'rows' is empty. Send at least one, as an object by column name.", "rows")
    ask = Ask(
        asked.rows,
        named(asked.id, service),
        asked.key,
        begun,
        until(begun, asked.timeout_ms, service),
        "predict",
    )
    said, outside, chosen = await answer(service, ask, receive)
    lines = [dict(zip(said, cells)) for cells in zip(*said.values())]  # noqa: B905  all of one length, and in a hurry
    for line, far in zip(lines, outside):  # noqa: B905
        line["in_range"] = not far
        if far:
            line["outside"] = far
    model = chosen.model
    about = {"id": ask.id, "model": model.name, "version": model.version, **_who(chosen)}
    return _status(chosen), ENCODE({**about, "predictions": lines})


def _who(chosen: Chosen) -> dict[str, Any]:
    """Say who answered, why it is not the one that was meant, and whether a person looks at it."""
    said: dict[str, Any] = {"answered_by": chosen.variant}
    if chosen.why:
        said["why"] = chosen.why
    if chosen.review:
        said["review"] = True
    return said


def _status(chosen: Chosen) -> int:
    return 202 if chosen.variant == PERSON else 200


def _rows(body: bytes) -> Predict:
    try:
        return PREDICT.decode(body)
    except (ValueError, RecursionError):
        pass
    document = _body.decode(body, ANY)
    rows = document.get("rows") if isinstance(document, dict) else None
    for i, row in enumerate(rows if isinstance(rows, list) else ()):
        for name, value in row.items() if isinstance(row, dict) else ():
            if isinstance(value, list | dict):
                where = f" (row {i}, counted from 0)" if len(rows or ()) > 1 else ""
                raise Refused(422, f"'{shown(name)}' must be one value, not a list or an object{where}.", shown(name))
    asked: Predict = _body.decode(body, PREDICT)  # refused, with its place
    return asked


async def infer(
    service: Service, version: Model | None, headers: Headers, receive: _body.Receive, begun: float
) -> tuple[int, bytes]:
    """Answer POST /v2/models/NAME/infer; `version` is the one that the path names, if it does."""
    model = version or service.model
    service.admit()
    _body.must_be_json(headers)
    body = await _body.read(receive, headers, service.settings)
    _body.look_over(body, service.settings.elements)
    asked: _tensors.Infer = _body.decode(body, _tensors.INFER)
    parameters = asked.parameters or {}
    key, limit = parameters.get("key"), parameters.get("timeout_ms")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int | float)):
        raise Refused(422, "'timeout_ms' must be a number above 0.", "timeout_ms")
    rows = _tensors.rows(asked, model.task, service.settings.elements)
    wanted = _tensors.wanted(asked, model)
    ask = Ask(
        rows,
        named(asked.id, service),
        None if key is None else str(key),
        begun,
        until(begun, limit, service),
        "infer",
    )
    said, outside, chosen = await answer(service, ask, receive, version)
    outputs = _tensors.outputs(said, outside, model, wanted) if said else []
    return _status(chosen), ENCODE(
        {
            "model_name": chosen.model.name,
            "model_version": chosen.model.version,
            "id": ask.id,
            "parameters": _who(chosen),
            "outputs": outputs,
        }
    )


async def answer(
    service: Service, ask: Ask, receive: _body.Receive, model: Model | None = None
) -> tuple[Columns, list[list[str]], Chosen]:
    """Answer the rows by who is chosen, or by the model that is named; count and log.

    Returns the columns, what of each row is out of range, and who answered.
    """
    rollout, row = service.rollout, service.row
    if time.monotonic() > ask.until:
        raise service.late()
    chosen = rollout.choose(ask.key or ask.id) if model is None else rollout.named(model)
    if chosen.model.is_heavy(len(ask.rows)):
        said, outside, chosen = await _beside(service, ask, chosen, receive)
    else:
        said, outside, chosen = rollout.answer(chosen, ask.rows)
    now = time.monotonic()
    service.proved = now
    row.add("rows_total", len(outside))
    far = len(outside) - outside.count([])
    if far:
        row.add("rows_out_of_range_total", far)
    if service.reviewing is not None:
        chosen = await service.reviewing.consider(ask, said, outside, chosen)
    if service.log is not None:
        taken = (now - ask.begun) * 1e3
        about = (ask.id, time.time(), ask.key, chosen.model.name, chosen.model.version, chosen.variant, ask.route)
        service.log.put(Entry(*about, taken, not far, ask.rows, said))
    return said, outside, chosen


async def _beside(
    service: Service, ask: Ask, chosen: Chosen, receive: _body.Receive
) -> tuple[Columns, list[list[str]], Chosen]:
    """Answer beside the loop; where that takes too long, and somebody else may answer, there is a little time left for that."""
    rollout = service.rollout
    kept = SOON * (ask.until - time.monotonic()) if rollout.has_more(chosen) else 0.0
    try:
        found: Any = await service.beside(lambda: rollout.answer(chosen, ask.rows), ask.until - kept, receive)
    except Refused as error:
        if error.status != 504 or not kept:
            raise
        found = await service.aside(lambda: rollout.answer(chosen, ask.rows, LATE), ask.until)
    answered: tuple[Columns, list[list[str]], Chosen] = found
    return answered
