"""The body of a request: bounded while it arrives, and looked over before it is parsed."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from deepenough.serving._guard import Headers
from deepenough.serving._refused import Refused
from deepenough.serving._settings import Settings

DEEPEST = 32
NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
DEEP = re.compile(rb"[\[{]{%d}" % (DEEPEST + 1))
PAIR = re.compile(rb"\[\]|\{\}")
PLACE = re.compile(r" - at `\$\.?(.*)`$")
Receive = Callable[[], Awaitable[Any]]


class Gone(Exception):
    """The client left before it had sent all."""


async def read(receive: Receive, headers: Headers, settings: Settings) -> bytes:
    """Return the whole body; `Refused` where it is said to be, or becomes, too long; `Gone` where the client leaves."""
    if b"content-encoding" in headers and headers[b"content-encoding"].lower() != b"identity":
        raise Refused(415, "Bodies are not unpacked here. Send it as it is.", "Content-Encoding", close=True)
    most, said = settings.body_bytes, headers.get(b"content-length")
    if said is not None and (not said.isdigit() or len(said) > 18 or int(said) > most):
        raise _too_long(most)
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    whole: bytes = message.get("body", b"")
    if message.get("more_body"):
        parts, n = [whole], len(whole)
        while message.get("more_body"):
            if n > most:
                raise _too_long(most)
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            parts.append(message.get("body", b""))
            n += len(parts[-1])
        whole = b"".join(parts)
    if len(whole) > most:
        raise _too_long(most)
    return whole


def _too_long(most: int) -> Refused:
    return Refused(413, f"The body is too long: at most {most:,} bytes.", close=True)


def must_be_json(headers: Headers) -> None:
    """Refuse a body that says it is something else."""
    kind, _, more = headers.get(b"content-type", b"").partition(b";")
    if kind.strip().lower() != b"application/json":
        raise Refused(415, "The body must be JSON: Content-Type: application/json.", "Content-Type")
    if more and more.strip().lower().replace(b'"', b"") not in (b"charset=utf-8", b"charset=utf8"):
        raise Refused(415, "JSON comes in UTF-8: Content-Type: application/json.", "Content-Type")


def look_over(body: bytes, elements: int) -> None:
    """Refuse a body of more elements, or deeper, than any request needs, without parsing it.

    >>> look_over(b'{"rows": [{"a": "[[[["}]}', 10)
    >>> look_over(b"[" * 40 + b"]" * 40, 100)
    Traceback (most recent call last):
        ...
    deepenough.serving._refused.Refused: The body is nested too deeply: at most 32 levels.
    """
    opening = body.count(b"[") + body.count(b"{")
    if body.count(b",") >= elements or opening > elements:
        raise Refused(413, f"The body holds too many elements: at most {elements:,}.", close=True)
    if opening > DEEPEST and _deeper(body) and _deeper(STRING.sub(b"", body)):
        raise Refused(400, f"The body is nested too deeply: at most {DEEPEST} levels.")


def _deeper(body: bytes) -> bool:
    left = body.translate(None, NOT_BRACKETS)
    for _ in range(DEEPEST):
        if not left:
            return False
        if DEEP.search(left):
            return True
        left = PAIR.sub(b"", left)
    return bool(left)


def decode(body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    """Return what a body says; `Refused` where it is no JSON, or not of the form that is wanted."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _form(str(error)) from None
    except (ValueError, RecursionError):  # msgspec's own errors, and bytes that are no text
        raise Refused(400, "The body is no JSON.") from None


def _form(said: str) -> Refused:
    """Say what msgspec says, which names places and kinds and no values."""
    place = PLACE.search(said)
    plain = PLACE.sub("", said)
    if place is None and "field `" in plain:
        return Refused(422, f"{_short(plain)}.", _short(plain.partition("`")[2].rstrip("`")))
    field = _short(place.group(1)) if place else "body"
    return Refused(422, f"'{field}': {_short(plain)}.", field)


def _short(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text[:160])
