"""What turned out to be true, joined with the log by id; and what is to be forgotten."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from deepenough.errors import StorageError
from deepenough.serving import _body
from deepenough.serving._guard import Headers
from deepenough.serving._refused import Refused
from deepenough.serving._service import Service
from deepenough.traffic import Label, Log, open_log

PATIENCE_S = 30.0
SETTLED_S = 0.6  # by when every worker has written what it held


class Truth(msgspec.Struct, forbid_unknown_fields=True):
    """The truth of one row of a request."""

    id: str
    truth: str | float | bool | None
    row: int = 0


class Truths(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /labels."""

    labels: list[Truth]


class Erase(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /erase."""

    key: str


TRUTHS, ERASE = msgspec.json.Decoder(Truths), msgspec.json.Decoder(Erase)


async def labels(service: Service, headers: Headers, receive: _body.Receive) -> dict[str, Any]:
    """Keep truths; say how many were, and which ids no request has. Acknowledged is kept."""
    said: Truths = await asked(service, headers, receive, TRUTHS)
    now = time.time()
    found = [Label(t.id, t.row, None if t.truth is None else str(t.truth), now) for t in said.labels]

    def work(log: Log) -> dict[str, Any]:
        kept, unknown = log.label(found)
        if unknown:  # maybe of requests that are being written just now
            time.sleep(SETTLED_S)
            more, unknown = log.label([label for label in found if label.id in set(unknown)])
            kept += more
        return {"kept": kept, "unknown": unknown}

    return await with_log(service, work)


async def erase(service: Service, headers: Headers, receive: _body.Receive) -> dict[str, Any]:
    """Forget every request of a key, and its truths; say how many there were."""
    said: Erase = await asked(service, headers, receive, ERASE)

    def work(log: Log) -> dict[str, Any]:
        time.sleep(SETTLED_S)
        return {"erased": log.erase(said.key)}

    return await with_log(service, work)


async def asked(service: Service, headers: Headers, receive: _body.Receive, decoder: Any) -> Any:
    """Return what the body of a change says."""
    _body.must_be_json(headers)
    body = await _body.read(receive, headers, service.settings)
    _body.look_over(body, service.settings.elements)
    return _body.decode(body, decoder)


async def with_log(service: Service, work: Any) -> dict[str, Any]:
    """Return what work does with the log, beside the loop.

    Raises `Refused` where nothing is logged, or the log cannot be used now.
    """
    address = service.settings.log
    if address is None:
        raise Refused(409, "Nothing is logged here, so there is nothing to join. Start the server with --log.")

    def done() -> dict[str, Any]:
        log = open_log(address)
        try:
            found: dict[str, Any] = work(log)
            return found
        finally:
            log.close()

    try:
        said: dict[str, Any] = await service.aside(done, time.monotonic() + PATIENCE_S)
        return said
    except StorageError as error:
        raise Refused(503, "The log cannot be written now. Come again.", after=5) from error


ROUTES = (("/labels", "labels", labels), ("/erase", "control", erase))
