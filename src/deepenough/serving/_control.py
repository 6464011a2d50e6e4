"""The control plane: which version answers, changed while requests are answered, by whoever holds the token."""

from __future__ import annotations

import time
from typing import Any

import msgspec

from deepenough.errors import DeepEnoughError, StorageError
from deepenough.serving import _body
from deepenough.serving._deployment import Change
from deepenough.serving._guard import Headers
from deepenough.serving._refused import Refused
from deepenough.serving._service import Service

PATIENCE_S = 30.0
CHANGE = msgspec.json.Decoder(Change)


async def show(service: Service, headers: Headers, receive: _body.Receive) -> dict[str, Any]:
    """Say what answers, what is tried, and how that goes."""
    rollout, total = service.rollout, service.counters.total
    if rollout.behind:
        await service.aside(rollout.follow, time.monotonic() + PATIENCE_S)
    said: dict[str, Any] = {
        "champion": {"reference": rollout.deployment.champion, "version": rollout.champion.version},
        "previous": list(rollout.deployment.previous),
        "stopped": rollout.deployment.stopped,
        "challenger": None,
    }
    if rollout.challenger is not None:
        deployment = rollout.deployment
        said["challenger"] = {
            "reference": deployment.challenger,
            "version": rollout.challenger.version,
            "mode": deployment.mode,
        }
        if deployment.mode == "canary":
            said["challenger"]["percent"] = deployment.percent
        else:
            rows = total("shadow_rows_total")
            said["challenger"] |= {
                "rows": int(rows),
                "agreement": total("shadow_agreed_total") / rows if rows else None,
            }
    return said


async def change(service: Service, headers: Headers, receive: _body.Receive) -> dict[str, Any]:
    """Make one change, once what it names is loaded; say what answers then."""
    _body.must_be_json(headers)
    body = await _body.read(receive, headers, service.settings)
    asked: Change = _body.decode(body, CHANGE)
    try:
        await service.aside(lambda: service.rollout.change(asked), time.monotonic() + PATIENCE_S)
    except StorageError as error:
        raise Refused(503, "The deployment cannot be written now. Come again.", after=5) from error
    except DeepEnoughError as error:
        raise Refused(409, str(error)) from error
    return await show(service, headers, receive)


ROUTES = (("/deployment", "control", change),)
