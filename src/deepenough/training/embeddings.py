"""Embeddings of pictures: computed once, kept by the content of the picture and the network that looked at it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from deepenough import steps
from deepenough.dataset import Dataset
from deepenough.examples import Examples, Identified, batches
from deepenough.files import write_bytes
from deepenough.training.backbones import EMBEDDING, PIXELS, Backbone, Session
from deepenough.training.checkpoint import hash_of
from deepenough.workspace import Workspace

AT_A_TIME = 16


def identities(dataset: Dataset) -> np.ndarray:
    """Return (n,) uint64: equal content, equal number. By what the examples are, where they know it: not by whom they are listed with."""
    return dataset.examples.identities() if isinstance(dataset.examples, Identified) else dataset.ids


class Embeddings:
    """What a network says of pictures, kept under the network's digest.

    Attributes
    ----------
    computed : how many pictures this object had to look at itself.
    """

    def __init__(self, backbone: Backbone, workspace: Workspace) -> None:
        self.backbone, self.workspace, self.computed = backbone, workspace, 0
        name = f"{backbone.digest}-{hash_of(backbone.step)}.npz"
        self._path: Path | None = workspace.cache / "embeddings" / name if workspace.cache else None
        self._known = self._read()

    def of(self, dataset: Dataset) -> np.ndarray:
        """Return (n, d) float32, a row an example; what is not known yet is computed, and kept."""
        ids = identities(dataset)
        new = np.flatnonzero([i not in self._known for i in ids.tolist()])
        _, first = np.unique(ids[new], return_index=True)
        new = new[np.sort(first)]
        if len(new):
            found = list(self._look(dataset.examples.take(new)))
            self._known |= dict(zip(ids[new].tolist(), np.concatenate(found), strict=True))
            self.computed += len(new)
            self._write()
        return (
            np.stack([self._known[i] for i in ids.tolist()]) if len(ids) else np.zeros((0, self._width()), np.float32)
        )

    def _look(self, examples: Examples) -> Iterator[np.ndarray]:
        session, done = Session(self.backbone.graph(), EMBEDDING, self.workspace.cores), 0
        for pixels in self._pixels(examples):
            found = session.run(pixels)
            done += len(found)
            self.workspace.say(f"Looking at pictures through {self.backbone.name}: {done:,} of {len(examples):,}")
            yield found

    def _pixels(self, examples: Examples) -> Iterator[np.ndarray]:
        column = str(self.backbone.step[2]["column"])
        for batch in batches(examples, AT_A_TIME):
            yield steps.run([self.backbone.step], {column: batch}, {})[PIXELS]

    def _width(self) -> int:
        return len(next(iter(self._known.values()))) if self._known else 0

    def _read(self) -> dict[int, np.ndarray]:
        if self._path is None or not self._path.is_file():
            return {}
        try:
            with np.load(io.BytesIO(self._path.read_bytes())) as kept:
                return dict(zip(kept["ids"].tolist(), kept["rows"], strict=True))
        except (OSError, ValueError, KeyError, BadZipFile):  # damaged since: computed again
            return {}

    def _write(self) -> None:
        """Write all that is known, with what another process may have found meanwhile."""
        if self._path is None:
            return
        self._known = self._read() | self._known
        packed = io.BytesIO()
        ids = np.array(list(self._known), np.uint64)
        np.savez(packed, ids=ids, rows=np.stack(list(self._known.values())))
        write_bytes(self._path, packed.getvalue())
