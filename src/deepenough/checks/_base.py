"""What a check is: one file, one code, and a fault it can plant and must find."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from deepenough.dataset import Dataset
from deepenough.findings import Finding


class Check(ABC):
    """Looks at a dataset and answers with findings, worst first; none is good news.

    Facts: ``code`` (DE001 ...), ``name``, ``title``, ``looks_at``: ``inputs`` (all rows, never the target), ``labels``
    (development rows, with the target) or ``files`` (two tables one after the other, without targets). ``modalities``: the kinds
    of examples that it asks about; none named: all. ``parts``: rows of one of its clusters stay on one side of every split.
    """

    name: ClassVar[str]
    code: ClassVar[str]
    title: ClassVar[str]
    looks_at: ClassVar[str]
    modalities: ClassVar[tuple[str, ...]] = ()
    parts: ClassVar[bool] = False

    @abstractmethod
    def run(self, dataset: Dataset) -> list[Finding]:
        """Return what was found; raise `NotApplicable` with a sentence where the question makes no sense here."""

    @abstractmethod
    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Return `clean` with this check's own fault in it, which `run` must then find."""
