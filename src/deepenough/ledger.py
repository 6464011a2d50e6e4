"""The ledger of a seal: lines that are only ever added, each bound to the one before it by a hash."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from deepenough.errors import SealError

try:
    import fcntl
except ImportError:  # Windows: two judges at the same moment must take turns there
    fcntl = None  # type: ignore[assignment]

FIRST = "0" * 64  # what the first line carries in place of a hash
LEVEL = 0.05


@dataclass(frozen=True)
class Fault:
    """What does not hold, and in which line (counted from 1) where it is one of the ledger's."""

    line: int | None
    message: str

    def __str__(self) -> str:
        return self.message if self.line is None else f"sealed.jsonl, line {self.line}: {self.message}"


def level_of(look: int) -> float:
    """Return the share of false claims that a look at the seal may make: all looks together stay under a tenth.

    >>> [level_of(j) for j in (1, 2, 3)]
    [0.05, 0.025, 0.0125]
    """
    return float(LEVEL / 2 ** (look - 1))


def digest(text: str | bytes) -> str:
    """Return the sha256 of a text (in UTF-8) or of bytes, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8") if isinstance(text, str) else text).hexdigest()


class Ledger:
    """`sealed.jsonl`: the plan, every look at the sealed rows, and what came of it.

    Each line carries its number `n`, the sha256 of the line before (`previous`) and that of itself without it (`own`), so
    that a line that is changed, taken out, put in or moved is found.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines; `SealError` where the chain is broken."""
        raw = self._raw()
        found = faults(raw)
        if found:
            raise SealError(f"{found[0]} The ledger of '{self.path.parent}' is no proof any more: make the run anew.")
        return [json.loads(line) for line in raw]

    def append(self, event: str, **what: Any) -> dict[str, Any]:
        """Add a line; an opening gets the number of its look and the level it is judged at. Returns the line."""
        with self._locked() as file:
            before, raw = self.lines(), self._raw()
            line: dict[str, Any] = {
                "n": len(raw) + 1,
                "when": datetime.now(UTC).isoformat(timespec="seconds"),
                "event": event,
            }
            if event == "opening":
                look = 1 + sum(b["event"] == "opening" for b in before)
                line |= {"look": look, "level": level_of(look)}
            line |= what | {"previous": digest(raw[-1]) if raw else FIRST}
            line["own"] = digest(_canonical(line))
            _add(file, json.dumps(line) + "\n")
        return line

    @property
    def head(self) -> str:
        """The hash of the last line: noted elsewhere, it proves later that nothing before it was rewritten."""
        raw = self._raw()
        return digest(raw[-1]) if raw else FIRST

    def holds(self, head: str) -> bool:
        """Whether some line has this hash, so that the ledger goes on from what was noted then."""
        return head in {digest(line) for line in self._raw()}

    def faults(self) -> list[Fault]:
        """Return what is wrong with the chain, first the first."""
        return faults(self._raw())

    def _raw(self) -> list[str]:
        if not self.path.exists():
            return []
        text = self.path.read_bytes().decode("utf-8", errors="replace")
        return text.removesuffix("\n").split("\n") if text else []

    @contextmanager
    def _locked(self) -> Iterator[IO[str]]:
        with self.path.open("a", encoding="utf-8", newline="\n") as file:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX)
            yield file


def until_verdict(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines up to the last verdict; all where there is none."""
    ends = [i for i, line in enumerate(lines) if line["event"] == "verdict"]
    return lines[: ends[-1] + 1] if ends else lines


def since_verdict(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines after the last verdict: of a further look that is not done yet; none where there is no verdict."""
    return lines[len(until_verdict(lines)) :]


def _add(file: IO[str], text: str) -> None:
    """Write a whole line or none: half of one, on a full disk, would look like tampering."""
    size = os.fstat(file.fileno()).st_size
    try:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    except OSError:
        os.ftruncate(file.fileno(), size)
        raise


def faults(raw: list[str]) -> list[Fault]:
    """Return the lines that are no lines, were changed, or do not follow from the one before."""
    found, before = [], FIRST
    for number, text in enumerate(raw, 1):
        problem = _problem(text, number, before)
        found += [Fault(number, problem)] if problem else []
        before = digest(text)
    return found


def _problem(text: str, number: int, before: str) -> str | None:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return "it cannot be read: it was cut off, or changed by hand."
    if not isinstance(line, dict) or not {"n", "event", "previous", "own"} <= set(line):
        return "it carries no hash: it was put in by hand, or written by an earlier version."
    own = {k: v for k, v in line.items() if k != "own"}
    if line["own"] != digest(_canonical(own)) or text != json.dumps(line):
        return "it was changed after it was written."
    if line["previous"] != before or line["n"] != number:
        return "it does not follow from the line before: a line was changed, taken out, put in or moved here."
    return None


def _canonical(line: dict[str, Any]) -> str:
    return json.dumps(line, sort_keys=True)
