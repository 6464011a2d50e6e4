"""What an example is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from deepenough.examples import Examples
from deepenough.task import Task


class Modality(ABC):
    """A kind of example. Facts: ``name``, ``version`` (of `decode` and `features`), ``requires``; ``one_row`` and
    ``in_pieces``: it is `ReadsOneRow` and `ReadsInPieces`, too; ``files``: an example is a file, and it is `ReadsFiles`.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    requires: ClassVar[tuple[str, ...]] = ()
    one_row: ClassVar[bool] = False
    in_pieces: ClassVar[bool] = False
    files: ClassVar[bool] = False

    @abstractmethod
    def recognises(self, source: Any, roles: Mapping[str, Any]) -> float:
        """How sure, 0..1, that this source holds this kind of example."""

    @abstractmethod
    def read(self, source: Any, roles: Mapping[str, Any]) -> tuple[Task, Any]:
        """Read a file or frame: what was found out, fixed in a Task, and the rows as they are."""

    @abstractmethod
    def decode(self, rows: Any, task: Task) -> Examples:
        """Many rows in, examples out: the same in training and for one request."""

    @abstractmethod
    def features(self, examples: Examples, task: Task) -> dict[str, np.ndarray]:
        """The common ground: a pure function of the examples and the task, never of other rows."""

    @abstractmethod
    def sample(self, kind: str, n: int, seed: int) -> tuple[Task, Any]:
        """Return a made task of this kind and n rows of it, for the conformance suite."""


class ReadsOneRow(Protocol):
    """What a modality with the fact ``one_row`` can do besides: a short road for one example at a time."""

    def reader(self, task: Task) -> Callable[[dict[str, Any]], dict[str, np.ndarray] | None]:
        """Return a function from one row, a dict, to the tensors of a graph: the same to the last bit as `decode` and
        `features` give; or to None, where they must say what is wrong with it."""


class ReadsInPieces(Protocol):
    """What a modality with the fact ``in_pieces`` can do besides: read a file that does not fit into memory."""

    def pieces(self, source: str | Path, task: Task) -> Iterator[tuple[Any, float]]:
        """Yield rows as `read` gives them, a piece at a time, and the share of the file that is read by then."""


class ReadsFiles(Protocol):
    """What a modality with the fact ``files`` can do besides: its examples are files, which may be damaged and may leak."""

    def left_out(self, rows: Any, task: Task) -> dict[int, str]:
        """Return the rows, by place, whose file cannot be opened, and why: the rest of a sentence."""

    def set_aside(self, source: Any) -> tuple[Any, str] | None:
        """Return the part of a source that its maker set aside to test on, and what it is called; None where there is none."""

    def made_up(self, task: Task) -> list[dict[str, Any]]:
        """Return rows that were never data, as somebody would send them: what a bundle brings along, usual ones and odd ones."""
