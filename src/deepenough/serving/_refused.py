"""Refused: a request that is not answered, and what its sender is told."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """Why a request is refused: a sentence that names the field, and never a value or a path.

    Attributes
    ----------
    status : 4xx where the request is at fault, 503 or 504 where the server cannot now.
    field : what of the request is meant; None: all of it. after : seconds until it is worth asking again.
    close : whether the connection ends with the reply.
    """

    def __init__(
        self, status: int, sentence: str, field: str | None = None, after: int | None = None, close: bool = False
    ) -> None:
        super().__init__(sentence)
        self.status, self.field, self.after, self.close = status, field, after, close

    def document(self) -> dict[str, Any]:
        """Return what stands in the body of the reply."""
        return {"error": str(self)} | ({"field": self.field} if self.field is not None else {})


def shown(name: str) -> str:
    """Return a name from a request as a sentence may hold it: short, and of one line.

    >>> shown("age"), shown("a\\x00\\n" + "b" * 99)[:8]
    ('age', 'a??bbbbb')
    """
    return "".join(c if c.isprintable() else "?" for c in name[:60])
