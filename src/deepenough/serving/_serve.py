"""Serve: bind the address, start the workers, replace one that dies, end them all in order."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from deepenough.errors import DataError, DeepEnoughError, SettingError, Unavailable
from deepenough.serving._counters import Counters
from deepenough.serving._deployment import Deployment, pinned, write
from deepenough.serving._settings import Settings

NEEDED = ("uvicorn", "httptools", "uvloop")
BACKLOG = 1024
FAILED = 3  # exit of a worker that could not start; its reason stands in its pipe
YOUNG_S = 5.0  # one that dies younger is not replaced at once
PAUSE_S = 1.0
Say = Callable[[str, str], None]


@dataclass
class _Worker:
    """A process: where it says that it answers, and since when it lives."""

    pid: int
    pipe: int
    since: float
    name: str | None = None


def serve(reference: str, settings: Settings, name: str | None = None, say: Say = lambda name, address: None) -> None:
    """Serve a bundle, a run or ``models:/NAME@alias`` until told to end (SIGTERM, Ctrl-C).

    Parameters
    ----------
    name : by which clients ask for the model; the default is that of the registry, or of the run's folder.
    say : told the model's name and the address once it answers.

    Raises `Unavailable` where the extra ``serve`` is missing, `SettingError` where the address cannot be had, and what loading
    the model raises.
    """
    _must_be_installed()
    deployment = Deployment(
        pinned(reference), settings.challenger and pinned(settings.challenger), settings.mode, settings.percent
    )
    listening = _bind(settings)
    with tempfile.TemporaryDirectory(prefix="deepenough-") as home:
        path = Path(home) / "deployment.json"
        write(path, deployment)
        _Supervisor(path, settings, name, say, listening).run()


def _must_be_installed() -> None:
    import importlib.util

    missing = [package for package in NEEDED if importlib.util.find_spec(package) is None]
    if missing:
        raise Unavailable(f"Serving needs {', '.join(missing)}. Install it with: pip install 'deepenough[serve]'.")


def _bind(settings: Settings) -> socket.socket:
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
        listening.setblocking(False)
        listening.set_inheritable(True)
    except OSError as error:
        raise SettingError(
            f"The address {settings.host}:{settings.port} cannot be had: {(error.strerror or str(error)).lower()}. "
            "Choose another --port, or --host."
        ) from error
    return listening


class _Supervisor:
    """The parent: it loads nothing, so that it cannot fail with what it watches."""

    def __init__(self, path: Path, settings: Settings, name: str | None, say: Say, listening: socket.socket) -> None:
        self._path, self._settings, self._name, self._say = path, settings, name, say
        self._listening = listening
        self._counters = Counters(settings.workers)
        self._workers: dict[int, _Worker] = {}
        self._alive, self._hold = os.pipe()  # closes in the children's sight when this process is gone
        self._ending = False
        self._told = False

    def run(self) -> None:
        """Watch until all have ended."""
        woken, wake = os.pipe()
        os.set_blocking(wake, False)
        before = {s: signal.signal(s, self._signalled) for s in (signal.SIGTERM, signal.SIGINT)}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake)
        try:
            for number in range(self._settings.workers):
                self._start(number)
            while self._workers:
                self._wait(woken)
                self._bury()
        finally:
            signal.set_wakeup_fd(-1)
            for sign, handler in before.items():
                signal.signal(sign, handler)
            self._end()
            for handle in (woken, wake, self._alive, self._hold):
                os.close(handle)
            self._listening.close()

    def _signalled(self, *_: object) -> None:
        self._ending = True
        self._listening.close()  # the workers have it; it ends with the last of them
        self._end()

    def _end(self) -> None:
        for worker in list(self._workers.values()):
            os.kill(worker.pid, signal.SIGTERM)

    # --- one worker ----------------------------------------------------------------------------------------------------

    def _start(self, number: int) -> None:
        pipe, told = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(pipe)
            os.close(self._hold)
            for other in self._workers.values():
                os.close(other.pipe)
            self._child(number, told)
        os.close(told)
        self._workers[number] = _Worker(pid, pipe, time.monotonic())
        self._counters.share("alive", len(self._workers))

    def _child(self, number: int, told: int) -> NoReturn:
        """Be a worker, and never come back into the parent's code."""
        code = FAILED
        try:
            signal.set_wakeup_fd(-1)
            for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
                signal.signal(sign, signal.SIG_DFL)
            from deepenough.serving._worker import work

            def started(name: str) -> None:
                os.write(told, b"+" + name.encode())

            work(
                self._path,
                self._name,
                self._settings,
                self._counters,
                number,
                self._listening,
                started,
                self._alive,
            )
            code = 0
        except DeepEnoughError as error:
            os.write(told, b"-" + str(error).encode()[:4000])
        except BaseException as error:
            traceback.print_exc()
            os.write(told, b"-" + f"A worker failed: {type(error).__name__}.".encode())
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _wait(self, woken: int) -> None:
        """Sleep until a worker says something, or one ends, or a signal comes."""
        pipes = {worker.pipe: worker for worker in self._workers.values() if worker.name is None and worker.pipe >= 0}
        for handle in select.select([woken, *pipes], [], [], PAUSE_S)[0]:
            if handle == woken:
                os.read(woken, 4096)
            else:
                self._heard(pipes[handle], os.read(handle, 8192).decode("utf-8", "replace"))

    def _heard(self, worker: _Worker, text: str) -> None:
        if text.startswith("-") and not self._told:
            self._workers = {n: w for n, w in self._workers.items() if w is not worker}
            os.waitpid(worker.pid, 0)
            raise DataError(text[1:])
        worker.name = text[1:]
        if text.startswith("+") and not self._told:
            self._told = True
            host, port = self._listening.getsockname()[:2]
            scheme = "https" if self._settings.certificate else "http"
            self._say(worker.name, f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}")

    def _bury(self) -> None:
        """Take note of those that ended; start another in the place of one that was not told to."""
        for number, worker in list(self._workers.items()):
            pid, _ = os.waitpid(worker.pid, os.WNOHANG)
            if pid == 0:
                continue
            if worker.name is None and not self._told:
                self._heard(worker, os.read(worker.pipe, 8192).decode("utf-8", "replace") or "-A worker ended at once.")
            os.close(worker.pipe)
            del self._workers[number]
            self._counters.share("alive", len(self._workers))
            if not self._ending:
                self._counters.share("restarts", self._counters.shared("restarts") + 1)
                if time.monotonic() - worker.since < YOUNG_S:
                    time.sleep(PAUSE_S)
                self._start(number)
