"""Service: what answers, and what all requests of one worker share."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sized
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

from deepenough.serving._body import Gone, Receive
from deepenough.serving._counters import Counters, Row
from deepenough.serving._model import Model
from deepenough.serving._refused import Refused
from deepenough.serving._reviewing import Reviewing
from deepenough.serving._rollout import Rollout
from deepenough.serving._settings import Settings
from deepenough.traffic import Writer

READY_S = 5.0  # for how long an answer proves that the model answers


class Service:
    """One worker's share of a server.

    Attributes
    ----------
    rollout : what answers. log : where requests are written, None where none is.
    draining : whether the end was announced. proved : when the model last answered.
    tasks : the requests that wait or are answered now; how many there may be is bounded.
    """

    def __init__(
        self, rollout: Rollout, settings: Settings, counters: Counters, row: Row, log: Writer | None = None
    ) -> None:
        self.rollout, self.settings, self.counters, self.row, self.log = rollout, settings, counters, row, log
        self.draining = False
        self.tasks: Sized = ()
        self._waiting = 0
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="aside")
        self._prefix, self._number = secrets.token_hex(6), count(1)
        self.proved = time.monotonic()
        self.reviewing = Reviewing(self) if settings.reviewed else None

    @property
    def model(self) -> Model:
        """The champion."""
        return self.rollout.champion

    def new_id(self) -> str:
        """Return an id that no other request has."""
        return f"{self._prefix}-{next(self._number):x}"

    # --- answering -----------------------------------------------------------------------------------------------------

    def admit(self) -> None:
        """Raise `Refused` where as many wait as may."""
        if len(self.tasks) > self.settings.waiting:
            self.row.add('rejected_total{reason="queue"}')
            raise Refused(503, "Too many requests wait. Come again.", after=1)

    async def beside(self, work: Callable[[], Any], until: float, receive: Receive | None = None) -> Any:
        """Return what work gives, done beside the loop that talks to clients.

        Raises `Refused` (504) where the deadline passes first, `Gone` where the client leaves first; what has not begun by then
        is not begun any more.
        """
        if self._waiting >= self.settings.waiting:
            self.row.add('rejected_total{reason="queue"}')
            raise Refused(503, "Too many requests wait. Come again.", after=1)
        return await self._run(self._pool, work, until, receive)

    async def inside(self, pool: ThreadPoolExecutor, work: Callable[[], Any], until: float) -> Any:
        """Return what work gives, done in a thread that somebody else keeps."""
        return await self._run(pool, work, until, None)

    async def aside(self, work: Callable[[], Any], until: float) -> Any:
        """Return what work gives that needs no model: done in a thread of its own kind."""
        return await self._run(self._aside, work, until, None)

    async def _run(
        self, pool: ThreadPoolExecutor, work: Callable[[], Any], until: float, receive: Receive | None
    ) -> Any:
        self._waiting += 1
        loop = asyncio.get_running_loop()
        future = asyncio.ensure_future(loop.run_in_executor(pool, work))
        future.add_done_callback(self._done)
        left = None if receive is None else asyncio.ensure_future(receive())
        try:
            watched = {future} if left is None else {future, left}
            limit = max(0.0, until - time.monotonic())
            await asyncio.wait(watched, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            if future.done():
                return future.result()
            future.cancel()
            if left is not None and left.done():
                raise Gone
            raise self.late()
        finally:
            if left is not None:
                left.cancel()

    def _done(self, future: asyncio.Future[Any]) -> None:
        self._waiting -= 1
        if not future.cancelled():
            future.exception()  # looked at, or asyncio complains of it where nobody waits any more

    def late(self) -> Refused:
        """Return the refusal of what the deadline has overtaken."""
        self.row.add('rejected_total{reason="deadline"}')
        return Refused(504, "The answer would come after the deadline.", after=1)

    # --- being ready ---------------------------------------------------------------------------------------------------

    async def ready(self) -> bool:
        """Whether the model answers: it has, lately, or does now."""
        if self.draining:
            return False
        if time.monotonic() - self.proved < READY_S:
            return True
        try:
            until = time.monotonic() + 1.0
            await self.beside(lambda: self.model.bundle.predict([self.model.example]), until)
        except Refused:
            return False
        self.proved = time.monotonic()
        return True

    def close(self) -> None:
        """End what runs beside, and write what is held."""
        self.rollout.close()
        for pool in (self._pool, self._aside):
            pool.shutdown(wait=False, cancel_futures=True)
        if self.reviewing is not None:
            self.reviewing.close()
        if self.log is not None:
            self.log.close()
