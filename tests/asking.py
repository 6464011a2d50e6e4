"""Servers that a test starts, asks and ends: real processes on ports that the system chooses."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parent / "golden" / "0.1.0"
START = "import sys; from deepenough.cli import main; sys.argv = ['deepenough', *sys.argv[1:]]; main()"
TOKEN = "a-token-of-a-test-1234"
JSON = {"content-type": "application/json"}
BEARER = {"authorization": f"Bearer {TOKEN}"}


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """A server that runs."""

    process: subprocess.Popen[bytes]
    port: int
    model: str

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, timeout: float = 10.0
    ) -> Reply:
        """Send one request over a connection of its own."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, data, (JSON if data is not None else {}) | (headers or {}))
            reply = connection.getresponse()
            return Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Reply:
        return self.ask("GET", path, headers=headers)

    def predict(self, *rows: Any, **more: Any) -> Reply:
        return self.ask("POST", "/predict", {"rows": list(rows), **more})

    def raw(self, data: bytes, timeout: float = 5.0) -> bytes:
        """Send bytes as they are; return what comes until the server closes, or is quiet for a while."""
        with socket.create_connection(("127.0.0.1", self.port), timeout) as s:
            with suppress(OSError):  # it closed while we were sending: what it said may be there still
                s.sendall(data)
            return read_until(s)

    def counter(self, name: str) -> float:
        lines = self.get("/metrics").body.decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"deepenough_{name}"))

    @property
    def workers(self) -> list[int]:
        pid = self.process.pid
        return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    @property
    def resident(self) -> int:
        """Bytes of memory of the workers."""
        pages = sum(int(Path(f"/proc/{p}/statm").read_text().split()[1]) for p in self.workers)
        return pages * os.sysconf("SC_PAGE_SIZE")


def read_until(s: socket.socket) -> bytes:
    """Read one reply: up to its content-length, the end of the connection, or the time-out."""
    held = b""
    while True:
        try:
            part = s.recv(65536)
        except (TimeoutError, ConnectionResetError):
            return held
        if not part:
            return held
        held += part
        head, sign, rest = held.partition(b"\r\n\r\n")
        lengths = [
            line.partition(b":")[2] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
        ]
        if sign and lengths and len(rest) >= int(lengths[0]):
            return held


@contextmanager
def serving(
    model: Path | str, *more: str, env: dict[str, str] | None = None, cwd: Path | None = None
) -> Iterator[Server]:
    """Start `deepenough serve` and end it by its pid."""
    words = [sys.executable, "-c", START, "serve", str(model), "--port", "0", "--json", "--drain", "0.1", *more]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | (env or {}), cwd=cwd
    )
    try:
        assert process.stdout and process.stderr
        lines: list[str] = []
        while not (lines and lines[-1].startswith("}")):
            line = process.stdout.readline().decode()
            assert line, process.stderr.read().decode()
            lines.append(line)
        said = json.loads("".join(lines))
        yield Server(process, int(said["address"].rpartition(":")[2]), said["model"])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()


def refused(model: Path | str, *more: str, env: dict[str, str] | None = None) -> str:
    """Start a server that must refuse to start; return its sentence."""
    words = [sys.executable, "-c", START, "serve", str(model), "--port", "0", *more]
    done = subprocess.run(words, capture_output=True, text=True, timeout=30, env=os.environ | (env or {}), check=False)
    assert done.returncode in (2, 3) and "Traceback" not in done.stderr, done.stderr
    return done.stderr


def eventually(question: Any, seconds: float = 5.0) -> Any:
    """Ask until the answer is true; return it."""
    end = time.monotonic() + seconds
    while True:
        found = question()
        if found or time.monotonic() > end:
            return found
        time.sleep(0.05)


class Load:
    """Threads that ask over kept connections until told to stop; what became of each request."""

    def __init__(self, port: int, row: dict[str, Any], threads: int = 4) -> None:
        self.seen: Counter[object] = Counter()
        self.stop = threading.Event()
        self._body = json.dumps({"rows": [row]}).encode()
        self._threads = [threading.Thread(target=self._ask, args=(port,)) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def _ask(self, port: int) -> None:
        connection: http.client.HTTPConnection | None = None
        while not self.stop.is_set():
            sent = False
            try:
                if connection is None:
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                    connection.connect()
                connection.request("POST", "/predict", self._body, JSON)
                sent = True
                reply = connection.getresponse()
                assert json.loads(reply.read())["predictions"]
                self.seen[reply.status] += 1
                if reply.getheader("connection") == "close":
                    connection.close()
                    connection = None
            except ConnectionRefusedError:
                break  # it has ended, and says so
            except (OSError, http.client.HTTPException, KeyError):
                self.seen["lost" if sent else "unsent"] += 1
                if connection is not None:
                    connection.close()
                connection = None

        if connection is not None:
            connection.close()

    def end(self) -> Counter[object]:
        self.stop.set()
        for thread in self._threads:
            thread.join(15)
        return self.seen
