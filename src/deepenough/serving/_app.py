"""The application: which request goes where, as plain ASGI, so that any ASGI server can host it."""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from deepenough.serving import _asking, _control, _openapi, _page, _review, _tensors, _truth
from deepenough.serving._body import Gone, Receive
from deepenough.serving._counters import ROUTES
from deepenough.serving._guard import Guard, Headers
from deepenough.serving._model import Model
from deepenough.serving._refused import Refused
from deepenough.serving._service import Service

JSON, HTML, TEXT = b"application/json", b"text/html; charset=utf-8", b"text/plain; version=0.0.4; charset=utf-8"
POLICY = (
    b"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; \
form-action 'none'; frame-ancestors 'none'"
)
PAGE = [
    (b"content-security-policy", POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]
CHANGES = ("labels", "control")
NOTHING: dict[str, float] = {}
Scope = dict[str, Any]
Send = Callable[[Any], Awaitable[None]]


class Reply:
    """What goes back: a status, a body, and of what kind it is."""

    __slots__ = ("body", "kind", "more", "status")

    def __init__(self, body: bytes, kind: bytes = JSON, status: int = 200, more: Any = ()) -> None:
        self.body, self.kind, self.status, self.more = body, kind, status, more


Handler = Callable[[Headers, Receive, float], Awaitable[Reply]]
Routes = dict[str, dict[str, tuple[str, Handler]]]


class App:
    """The ASGI application of one worker."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.guard = Guard(service.settings)
        self._free = {"health", "review"} if not service.settings.local else {*ROUTES} - {*CHANGES}
        self._review_page = Reply(_page.review(), HTML, more=PAGE)
        self.routes: Routes = {}
        self._next: Routes = {}
        self.build()
        service.rollout.changed = self.build

    def build(self) -> None:
        """Lay the paths out; anew where other versions answer."""
        self._next = {}
        self._add_pages()
        self._add_protocol()
        self._on("POST", "/predict", "predict", self._predict)
        for path, route, handler in (*_truth.ROUTES, *_control.ROUTES):
            self._on("POST", path, route, self._with_service(handler))
        self._on("GET", "/review", "review", self._review)
        self._on("POST", "/review", "review", self._decide)
        self._on("GET", "/deployment", "control", self._with_service(_control.show))
        self.routes = self._next  # at once: a request sees all of the old paths, or of the new ones

    def _on(self, method: str, path: str, route: str, handler: Handler) -> None:
        self._next.setdefault(path, {})[method] = (route, handler)
        if method == "GET":
            self._next[path]["HEAD"] = (route, handler)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        service, route = self.service, "none"
        begun: float = scope.get("state", NOTHING).get("arrived") or time.monotonic()
        try:
            headers = self.guard.head(scope["headers"])
            route, handler = self._handler(scope)
            if route == "review":
                headers[_review.QUERY] = scope["query_string"]
            if route not in self._free:
                self.guard.may(headers, route in CHANGES)
            reply = await handler(headers, receive, begun)
        except Refused as error:
            reply = _refusal(error)
        except Gone:
            service.row.add('rejected_total{reason="gone"}')
            return
        except Exception as error:
            sys.stderr.write(f"deepenough: a request failed: {type(error).__name__}: {error}\n")
            reply = _refusal(Refused(500, "Something failed here that should not. It is on the server's stderr."))
        service.row.request(route, reply.status, time.monotonic() - begun)
        head = [(b"content-type", reply.kind), (b"content-length", b"%d" % len(reply.body)), *reply.more]
        if service.draining:
            head.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": reply.status, "headers": head})
        await send({"type": "http.response.body", "body": reply.body})

    def _handler(self, scope: Scope) -> tuple[str, Handler]:
        methods = self.routes.get(scope["path"])
        if methods is None:
            raise Refused(404, "There is nothing of that path. What there is stands at /docs.")
        found = methods.get(scope["method"])
        if found is None:
            raise Refused(405, f"This path takes {', '.join(methods)}.")
        return found

    # --- pages ---------------------------------------------------------------------------------------------------------

    def _add_pages(self) -> None:
        described = _openapi.describe(self.service.model)
        pages = {
            "/": Reply(_page.render(self.service.model, described), HTML, more=PAGE),
            "/docs": Reply(_page.docs(self.service.model, described), HTML, more=PAGE),
            "/openapi.json": Reply(_asking.ENCODE(described)),
        }
        for path, page in pages.items():
            self._on("GET", path, "pages", _always(page))
        self._on("GET", "/metrics", "metrics", self._metrics)

    async def _metrics(self, headers: Headers, receive: Receive, begun: float) -> Reply:
        model = self.service.model
        info = {"model_name": model.name, "model_version": model.version, "variant": "champion"}
        return Reply(self.service.counters.text(info).encode(), TEXT)

    # --- answering -----------------------------------------------------------------------------------------------------

    async def _predict(self, headers: Headers, receive: Receive, begun: float) -> Reply:
        status, body = await _asking.predict(self.service, headers, receive, begun)
        return Reply(body, status=status)

    async def _review(self, headers: Headers, receive: Receive, begun: float) -> Reply:
        """Answer a browser with the page, which holds nothing of anybody; who has the token, with what is to be decided."""
        if b"text/html" in headers.get(b"accept", b""):
            return self._review_page
        self.guard.may(headers, True)
        return Reply(_asking.ENCODE(await _review.show(self.service, headers, receive)))

    async def _decide(self, headers: Headers, receive: Receive, begun: float) -> Reply:
        self.guard.may(headers, True)
        return Reply(_asking.ENCODE(await _review.decide(self.service, headers, receive)))

    def _with_service(self, handler: Any) -> Handler:
        async def handled(headers: Headers, receive: Receive, begun: float) -> Reply:
            return Reply(_asking.ENCODE(await handler(self.service, headers, receive)))

        return handled

    # --- the Open Inference Protocol -----------------------------------------------------------------------------------

    def _add_protocol(self) -> None:
        rollout = self.service.rollout
        server = {"name": "deepenough", "version": _openapi.version(), "extensions": ["predict"]}
        self._on("GET", "/v2", "metadata", _always(Reply(_asking.ENCODE(server))))
        self._on("GET", "/v2/health/live", "health", _always(Reply(b'{"live":true}')))
        self._on("GET", "/v2/health/ready", "health", self._ready)
        active = {model.version: model for model in (rollout.champion, rollout.challenger) if model is not None}
        name, versions = rollout.champion.name, [None, *active]
        for version in versions:
            model = None if version is None else active[version]
            place = f"/v2/models/{name}" + ("" if version is None else f"/versions/{version}")
            about = _tensors.metadata(model or rollout.champion) | {"versions": list(active)}
            self._on("GET", place, "metadata", _always(Reply(_asking.ENCODE(about))))
            self._on("GET", f"{place}/ready", "health", self._model_ready)
            self._on("POST", f"{place}/infer", "infer", self._infer(model))

    async def _ready(self, headers: Headers, receive: Receive, begun: float) -> Reply:
        ready, log = await self.service.ready(), self.service.log
        said: dict[str, Any] = {"ready": ready, "live": True}
        if log is not None:
            counters = self.service.counters
            said["log"] = "degraded" if counters.total("log_degraded") else "ok"
            said["unlogged"] = int(counters.total("unlogged_total"))
        return Reply(_asking.ENCODE(said), status=200 if ready else 503)

    async def _model_ready(self, headers: Headers, receive: Receive, begun: float) -> Reply:
        ready = await self.service.ready()
        return Reply(_asking.ENCODE({"name": self.service.model.name, "ready": ready}), status=200 if ready else 503)

    def _infer(self, model: Model | None) -> Handler:
        async def handler(headers: Headers, receive: Receive, begun: float) -> Reply:
            status, body = await _asking.infer(self.service, model, headers, receive, begun)
            return Reply(body, status=status)

        return handler


def _always(reply: Reply) -> Handler:
    async def handler(headers: Headers, receive: Receive, begun: float) -> Reply:
        return reply

    return handler


def _refusal(error: Refused) -> Reply:
    more = [(b"retry-after", b"%d" % error.after)] if error.after else []
    more += [(b"connection", b"close")] if error.close else []
    more += [(b"www-authenticate", b"Bearer")] if error.status == 401 else []
    return Reply(_asking.ENCODE(error.document()), status=error.status, more=more)
