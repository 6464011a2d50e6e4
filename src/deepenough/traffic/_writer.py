"""The writer: takes answered requests off the road, and writes them in groups from a thread of its own."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection

from deepenough.errors import DeepEnoughError
from deepenough.traffic._entry import Entry, Record, record
from deepenough.traffic._log import Log

MOST = 50_000  # requests held while the log cannot be written
GROUP = 2_000
EVERY_S = 0.2
AGAIN_S = 1.0  # after a failure
SWEEP_S = 3600.0  # between two looks for what is too old
DAY_S = 86_400.0
Count = Callable[[int], None]


class Writer:
    """Writes beside. Where the log fails, requests are held, and tried again; what is held no more is counted exactly.

    Parameters
    ----------
    open_log : opens the log; called in the writer's own thread. logged, lost : told how many requests were written, or never will be.
    failing : told when the log begins, and ceases, to fail.
    inputs : none, hash or full. redact : columns that are never kept. keep_days : age at which requests are forgotten.
    """

    def __init__(
        self,
        open_log: Callable[[], Log],
        inputs: str = "hash",
        redact: Collection[str] = (),
        keep_days: float | None = None,
        logged: Count = lambda n: None,
        lost: Count = lambda n: None,
        failing: Callable[[bool], None] = lambda yes: None,
    ) -> None:
        self._open, self._inputs, self._redact, self._keep_days = open_log, inputs, frozenset(redact), keep_days
        self._logged, self._lost, self._failing = logged, lost, failing
        self._held: deque[Entry] = deque()
        self._ending = threading.Event()
        self._log: Log | None = None
        self._swept = -SWEEP_S
        self.degraded = False
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Hand over a request; never waits."""
        if len(self._held) >= MOST:
            self._lost(1)
        else:
            self._held.append(entry)

    def close(self, patience: float = 5.0) -> None:
        """Write what is held, and end; what cannot be written by then is counted as lost."""
        self._ending.set()
        self._thread.join(patience)
        self._lost(len(self._held))

    def _run(self) -> None:
        while not self._ending.wait(AGAIN_S if self.degraded else EVERY_S):
            self._write()
        self._write()
        if self._log is not None:
            self._log.close()

    def _write(self) -> None:
        """Write all that is held, a group at a time; leave what fails."""
        try:
            log = self._log = self._log or self._open()
            while group := self._group():
                log.write(group)
                for _ in group:
                    self._held.popleft()
                self._logged(len(group))
            self._sweep(log)
            self._is(False)
        except DeepEnoughError:
            self._is(True)

    def _is(self, degraded: bool) -> None:
        if degraded != self.degraded:
            self.degraded = degraded
            self._failing(degraded)

    def _group(self) -> list[Record]:
        held = self._held  # by place: a deque that grows must not be walked
        return [record(held[i], self._inputs, self._redact) for i in range(min(GROUP, len(held)))]

    def _sweep(self, log: Log) -> None:
        if self._keep_days is not None and time.monotonic() - self._swept > SWEEP_S:
            log.forget(time.time() - self._keep_days * DAY_S)
            self._swept = time.monotonic()
