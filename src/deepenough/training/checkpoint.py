"""Checkpoints: one safetensors file, its facts as JSON in the head, whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from deepenough.files import write_bytes

FACTS = "facts"


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training after an epoch: tensors by name, and everything else as JSON takes it."""

    tensors: Mapping[str, Tensor]
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Checkpoints:
    """Where one training leaves its state; the newest takes the place of the one before.

    Attributes
    ----------
    asked : hash of what is trained: a file of another training is as good as not there.
    every_seconds : that lie between two of them: what a kill costs at most.
    """

    path: Path
    asked: str
    every_seconds: float = 20.0

    def write(self, checkpoint: Checkpoint) -> None:
        """Write it; `StorageError` where the disk is full."""
        from safetensors.torch import save

        facts = json.dumps({"asked": self.asked, **checkpoint.facts})
        write_bytes(self.path, save({n: t.contiguous() for n, t in checkpoint.tensors.items()}, {FACTS: facts}))

    def read(self) -> Checkpoint | None:
        """Return what an earlier try of the same training left; None where there is none, or no whole one."""
        from safetensors import SafetensorError, safe_open

        if not self.path.is_file():
            return None
        try:
            with safe_open(self.path, "pt") as file:
                facts = json.loads((file.metadata() or {}).get(FACTS, "{}"))
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, ValueError):  # cut short by a power cut: the training begins again
            return None
        return Checkpoint(tensors, facts) if facts.get("asked") == self.asked else None


def hash_of(*facts: Any) -> str:
    """Return sixteen hex digits of some facts: what makes two trainings the same."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:16]
