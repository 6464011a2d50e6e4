"""The guard: who may ask what, by the head of a request alone, before a byte of its body is read."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from deepenough.serving._refused import Refused
from deepenough.serving._settings import Settings

LOCAL = ("localhost", "127.0.0.1", "[::1]")
MOST_HEADERS = 64
ONCE = (b"host", b"content-length", b"content-type", b"authorization", b"origin", b"transfer-encoding")
SITES = (b"same-origin", b"none")
Headers = dict[bytes, bytes]


class Guard:
    """What a server lets through.

    A name that is not on the list of hosts is refused (a page of a stranger whose name was turned to this address), and so is
    whatever a page of another origin sends. Changes need the bearer token.
    """

    def __init__(self, settings: Settings) -> None:
        plain = settings.host if ":" not in settings.host else f"[{settings.host}]"
        self._hosts = frozenset(h.lower() for h in (plain, *LOCAL, *settings.hosts))
        self._seen: set[bytes] = set()  # as they are written, port and all: there are few
        self._token = settings.token.encode() if settings.token else None
        self._everywhere = not settings.local
        self._most = settings.head_bytes

    def head(self, raw: Sequence[tuple[bytes, bytes]]) -> Headers:
        """Return the headers by name; raise `Refused` where they are too many, doubled, or from where they must not come."""
        headers = dict(raw)
        if len(headers) != len(raw):
            self._must_be_single(raw)
        if len(raw) > MOST_HEADERS or sum([len(name) + len(value) for name, value in raw]) > self._most:
            raise Refused(431, "The headers are too many or too long.", close=True)
        host = headers.get(b"host", b"")
        if host not in self._seen:
            self._must_be_known(host)
        if b"origin" in headers:
            self._must_be_own(headers[b"origin"], host)
        elif b"sec-fetch-site" in headers and headers[b"sec-fetch-site"] not in SITES:
            raise Refused(403, "A page of another site may not ask here.", "Sec-Fetch-Site")
        return headers

    def _must_be_single(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        names = [name for name, _ in raw]
        for name in ONCE:
            if names.count(name) > 1:
                raise Refused(400, "A header that may come once came twice.", name.decode(), close=True)

    def _must_be_known(self, host: bytes) -> None:
        name = host.decode("latin-1").lower()
        plain = name.rpartition(":")[0] if name.rpartition(":")[2].isdigit() else name
        if plain not in self._hosts:
            raise Refused(421, "This server does not go by that name. Allow it with --allow-host.", "Host", close=True)
        if len(self._seen) < 256:
            self._seen.add(host)

    def _must_be_own(self, origin: bytes, host: bytes) -> None:
        if origin not in (b"http://" + host, b"https://" + host):
            raise Refused(403, "A page of another origin may not ask here.", "Origin")

    def may(self, headers: Headers, change: bool) -> None:
        """Raise `Refused` where a token is needed and not given: for every change, and everywhere where others can reach the
        address."""
        if not change and not self._everywhere:
            return
        if self._token is None:
            raise Refused(403, "Changes are off: the server was started without a token. Start it with --token-file.")
        kind, _, given = headers.get(b"authorization", b"").partition(b" ")
        if kind.lower() != b"bearer" or not hmac.compare_digest(given.strip(), self._token):
            raise Refused(401, "This needs the server's token: Authorization: Bearer TOKEN.", "Authorization")
