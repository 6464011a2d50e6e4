"""Runs in processes of their own that are killed at a chosen write: `python killing.py` is asked line by line, and forks.

A process that has everything imported and no threads forks a child for each asking, so that being killed costs little.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

FAMILIES = ("dummy", "linear", "gradient_boosting")


class Killer:
    """The process that forks; a context manager for the tests."""

    def __enter__(self) -> Killer:
        self.process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()

    def run(
        self,
        table: Path,
        at: int | str | None = None,
        crash: str | None = None,
        after: float | None = None,
        **asked: Any,
    ) -> dict[str, Any]:
        """Run `table` in a child; return how it ended (`status`, negative for a signal), its sentence, and the names of its writes.

        Parameters
        ----------
        at : the moment (before a write is safe, or after it got its name) at which the child is killed: its number, or name.
        after : seconds after which it is killed, wherever it is.
        crash : family whose fit crashes as a faulty library does.
        """
        assert self.process.stdin and self.process.stdout
        asking = {"table": str(table), "at": at, "after": after, "crash": crash, "asked": asked}
        self.process.stdin.write(json.dumps(asking) + "\n")
        self.process.stdin.flush()
        said: dict[str, Any] = json.loads(self.process.stdout.readline())
        return said


def name_writes(at: int | str | None) -> list[str]:
    """Name the moments at which a death would matter; die at the one that is asked for (counted from 0, or the first of a name)."""
    seen: list[str] = []
    fsync, replace = os.fsync, os.replace

    def passed(moment: str) -> None:
        seen.append(moment)
        if at in (len(seen) - 1, moment):
            os.kill(os.getpid(), signal.SIGKILL)

    def before(handle: int) -> None:
        passed(f"before {Path(f'/proc/self/fd/{handle}').readlink().name}")
        fsync(handle)

    def after(name: Any, new: Any) -> None:
        replace(name, new)
        passed(f"after {Path(new).name}")

    os.fsync, os.replace = before, after  # type: ignore[assignment]
    return seen


def answer(asking: dict[str, Any], say: Callable[[dict[str, Any]], None]) -> None:
    """Run, and say what came of it."""
    from deepenough import shelves
    from deepenough.errors import DeepEnoughError
    from deepenough.runs import run

    books = shelves.shelf("candidates")
    for name in [n for n in books if n not in FAMILIES]:
        del books[name]
    if asking["crash"]:
        import ctypes

        family = shelves.load("candidates", asking["crash"])
        type(family).build = lambda *_: ctypes.string_at(0)
    writes = name_writes(asking["at"])
    try:
        run(asking["table"], **{"target": "answer", "report": False, "cores": 1} | asking["asked"])
        sentence = None
    except DeepEnoughError as error:
        sentence = str(error)
    say({"sentence": sentence, "writes": writes})


def fork(asking: dict[str, Any]) -> dict[str, Any]:
    """Answer in a child; a child that dies says nothing but how."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        answer(asking, lambda said: os.write(writer, json.dumps(said).encode()) and None)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        if asking["after"] is not None and not select.select([pipe], [], [], asking["after"])[0]:
            os.kill(child, signal.SIGKILL)
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    return {"status": os.waitstatus_to_exitcode(status), **(json.loads(text) if text else {})}


def main() -> None:
    """Serve until nobody asks any more."""
    import onnxruntime  # noqa: F401
    import sklearn.linear_model  # noqa: F401

    import deepenough.candidates.gradient_boosting
    import deepenough.runs  # noqa: F401

    for line in sys.stdin:
        sys.stdout.write(json.dumps(fork(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
