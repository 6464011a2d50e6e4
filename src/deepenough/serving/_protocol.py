"""The connection: uvicorn's own protocol, with an eye on those that come too slowly, too many, or talk nonsense."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LOOK_S = 1.0
REFUSED = b'{"error":"%s"}'
HEAD = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n%s\r\n%s"


def reply(status: bytes, sentence: bytes, more: bytes = b"") -> bytes:
    """Return a whole reply that ends its connection."""
    body = REFUSED % sentence
    return HEAD % (status, len(body), more, body)


TOO_MANY = reply(b"503 Service Unavailable", b"Too many connections are open. Come again.", b"retry-after: 1\r\n")
TOO_SLOW = reply(b"408 Request Timeout", b"The request did not arrive in time.")
TOO_LONG = reply(b"431 Request Header Fields Too Large", b"The headers are too many or too long.")
NONSENSE = reply(b"400 Bad Request", b"This is no HTTP request.")


def protocol(connections: int, head_bytes: int, rejected: Any) -> type[HttpToolsProtocol]:
    """Return the class of connections of a server that holds so many, with heads of so many bytes."""

    class Guarded(HttpToolsProtocol):
        """A connection.

        Attributes
        ----------
        waiting_since : when the request that has not arrived whole began; 0.0 between two requests.
        """

        waiting_since = 0.0
        head = 0

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self.waiting_since = time.monotonic()
            if len(self.connections) > connections:
                rejected()
                transport.write(TOO_MANY)
                transport.close()

        def data_received(self, data: bytes) -> None:
            if self.transport.is_closing():
                return
            if self.head >= 0:  # in a head, that may come bit by bit
                self.head += len(data)
            super().data_received(data)
            if self.head > head_bytes and not self.transport.is_closing():
                self.end(TOO_LONG)

        def on_message_begin(self) -> None:
            self.head = 0
            self.waiting_since = time.monotonic()
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self.head = -1
            super().on_headers_complete()
            self.scope["state"]["arrived"] = self.waiting_since

        def on_message_complete(self) -> None:
            self.waiting_since = 0.0
            self.head = 0
            super().on_message_complete()

        def send_400_response(self, msg: str) -> None:
            self.end(NONSENSE)

        def end(self, said: bytes) -> None:
            """Say why, and close."""
            cycle = self.cycle
            if cycle is None or cycle.response_complete or not cycle.response_started:
                self.transport.write(said)
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
            self.transport.close()

    return Guarded


async def watch(connections: set[Any], slow_s: float) -> None:
    """End those whose request did not arrive whole within so many seconds; look every second."""
    while True:
        await asyncio.sleep(LOOK_S)
        now = time.monotonic()
        for connection in list(connections):
            if connection.waiting_since and now - connection.waiting_since > slow_s:
                connection.end(TOO_SLOW)
