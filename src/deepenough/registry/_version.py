"""What the registry answers with: versions, and moves of aliases."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Version:
    """One version of a model: it never changes.

    Attributes
    ----------
    digest : sha256 of the bundle's manifest, which holds the hash of every file. folder : the registry's own copy.
    parent : the version that was the newest before. made_by : the deepenough that registered it.
    lineage : where it came from: run, data, verdict, seal. aliases : what points at it now.
    """

    name: str
    version: int
    digest: str
    parent: int | None
    created: str
    who: str
    made_by: str
    lineage: dict[str, Any]
    aliases: tuple[str, ...]
    folder: Path

    @property
    def reference(self) -> str:
        """How it is named wherever a bundle is: ``churn/3``."""
        return f"{self.name}/{self.version}"

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON takes it."""
        return asdict(self) | {"aliases": list(self.aliases), "folder": str(self.folder)}


@dataclass(frozen=True)
class Move:
    """An alias was set, rolled back or removed: to which version, and from which (None: it pointed nowhere)."""

    name: str
    alias: str
    what: str
    version: int | None
    previous: int | None
    moved: str
    who: str

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON takes it."""
        return asdict(self)


@dataclass(frozen=True)
class Added:
    """What registering did: `new` is False where the name had this bundle already; `move` is None where no alias moved."""

    version: Version
    new: bool
    move: Move | None
