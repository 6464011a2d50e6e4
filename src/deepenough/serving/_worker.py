"""One worker: loads the model, answers on a socket that it shares with the others, and ends in order."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

from deepenough.errors import DeepEnoughError
from deepenough.serving import _protocol
from deepenough.serving._app import App
from deepenough.serving._counters import Counters
from deepenough.serving._doubt import Doubt
from deepenough.serving._refused import Refused
from deepenough.serving._rollout import Rollout, loader
from deepenough.serving._service import Service
from deepenough.serving._settings import Settings
from deepenough.traffic import Writer, open_log

LOOK_S = 0.05  # between two looks at the deployment
PATIENCE_S = 60.0
HEARD_S = 0.2  # for whom a connection was just made to say what it wants


def work(
    path: Path,
    name: str | None,
    settings: Settings,
    counters: Counters,
    number: int,
    listening: socket.socket,
    started: Callable[[str], None],
    parent: int | None = None,
) -> None:
    """Answer until told to end.

    Parameters
    ----------
    path : the document that says which versions answer. started : told the name of the model once it can answer.
    parent : end of a pipe that closes when the parent is gone.
    """
    row = counters.row(number)
    load = loader(name, settings.outside)
    doubt = Doubt(settings.fallback_below, settings.fallback_outside)
    rollout = Rollout(path, load, frozenset(settings.known), counters, row, settings.fallbacks, doubt)
    Doubt(settings.review_below).must_fit(rollout.champion.task.labels)
    log = None
    if settings.log is not None:
        address = settings.log
        open_log(address).close()  # what is wrong with it is said now, not at the first request
        log = Writer(
            lambda: open_log(address),
            settings.log_inputs,
            settings.redact,
            settings.keep_days,
            lambda n: row.add("logged_total", n),
            lambda n: row.add("unlogged_total", n),
            lambda yes: row.set("log_degraded", float(yes)),
        )
    service = Service(rollout, settings, counters, row, log)
    server = _server(service)
    gc.collect()
    gc.freeze()  # what was loaded stays: it need not be walked again and again
    started(rollout.champion.name)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(server, service, listening, parent))
    finally:
        service.close()


def _server(service: Service) -> _Server:
    settings = service.settings
    guarded = _protocol.protocol(
        settings.connections, settings.head_bytes, lambda: service.row.add('rejected_total{reason="connections"}')
    )
    config = uvicorn.Config(
        App(service),
        http=guarded,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.key,
        timeout_keep_alive=int(max(settings.slow_s, 5)),
        timeout_graceful_shutdown=int(settings.drain_limit_s),
    )
    return _Server(config)


class _Server(uvicorn.Server):
    """uvicorn's server, but for its ending: that would close what is open before anybody is told, and what waits unaccepted."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        loop, config = asyncio.get_running_loop(), self.config
        taken = [connection for listening in sockets or () for connection in _waiting(listening)]
        for server in self.servers:
            server.close()
        for listening in sockets or ():
            listening.close()
        for connection in taken:
            kind: Any = config.http_protocol_class
            made = kind(config=config, server_state=self.server_state, app_state=self.lifespan.state)
            await loop.connect_accepted_socket(partial(_itself, made), connection, ssl=config.ssl)
        await asyncio.sleep(HEARD_S)  # who is connected may be about to ask; each reply by now ends its connection
        await super().shutdown()


def _itself(made: Any) -> Any:
    return made


def _waiting(listening: socket.socket) -> Iterator[socket.socket]:
    """Yield the connections that the system has made and nobody has taken yet."""
    while True:
        try:
            found = listening.accept()[0]
        except OSError:
            return
        found.setblocking(False)
        yield found


class _Ending:
    """How a worker ends: it says so first, so that nobody sends it more, and answers what is under way."""

    def __init__(self, server: _Server, service: Service) -> None:
        self._server, self._service, self._begun = server, service, False

    def begin(self) -> None:
        """Announce the end; a second time, end at once."""
        if self._begun:
            self._server.force_exit = self._server.should_exit = True
            return
        self._begun = True
        self._service.draining = True
        asyncio.get_running_loop().call_later(self._service.settings.drain_s, self._end)

    def _end(self) -> None:
        self._server.should_exit = True


async def _serve(server: _Server, service: Service, listening: socket.socket, parent: int | None) -> None:
    loop = asyncio.get_running_loop()
    ending = _Ending(server, service)
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, ending.begin)
    if parent is not None:
        loop.add_reader(parent, _orphaned, loop, parent, ending)
    service.tasks = server.server_state.tasks
    slow_s, connections = service.settings.slow_s, server.server_state.connections
    beside = [loop.create_task(_protocol.watch(connections, slow_s)), loop.create_task(_follow(service))]
    await server.serve(sockets=[listening])
    for task in beside:
        task.cancel()


async def _follow(service: Service) -> None:
    """Answer as the document says that all workers share, soon after it was changed."""
    while True:
        await asyncio.sleep(LOOK_S)
        if service.rollout.behind:
            try:
                await service.aside(service.rollout.follow, time.monotonic() + PATIENCE_S)
            except (DeepEnoughError, Refused) as error:
                sys.stderr.write(f"deepenough: a worker stays with what it answers with: {error}\n")


def _orphaned(loop: asyncio.AbstractEventLoop, parent: int, ending: _Ending) -> None:
    loop.remove_reader(parent)
    os.close(parent)
    ending.begin()
