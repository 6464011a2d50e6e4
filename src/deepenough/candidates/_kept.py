"""What a trial leaves in its folder, so that a run that was killed goes on where it was.

``part-<k>/answers.npz`` holds the answers of each part, ``trial.json`` what became of the trial, ``refit.json`` of its refit. Each bears
the stamp of the question it belongs to; what bears another is as good as not there.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from deepenough.bundle import Bundle
from deepenough.dataset import Answer
from deepenough.errors import BundleError
from deepenough.files import write_bytes, write_json

TRIAL, REFIT, ANSWERS = "trial.json", "refit.json", "answers.npz"
ABOUT = "about"  # the array in answers.npz that is no answer: a line of JSON
PLAIN = "fiub"  # kinds of arrays that are kept as they are; of others the part is fitted again


@dataclass(frozen=True)
class Fitted:
    """What one fit came to: answers to the rows it had not seen, its seconds on the wall, and those of the CPU."""

    answer: Answer
    fit_seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class Kept:
    """The folder of a trial, as a resumed run reads it and every run writes it.

    Attributes
    ----------
    stamp : of the question asked; without one nothing is kept, and nothing that is there is used.
    """

    folder: Path
    stamp: str | None

    def part(self, k: int) -> Fitted | None:
        """Return what the fit of a part came to in an earlier try."""
        path = self.folder / f"part-{k}" / ANSWERS
        if self.stamp is None or not path.is_file():
            return None
        try:
            with np.load(io.BytesIO(path.read_bytes())) as arrays:
                answer = {name: arrays[name] for name in arrays.files}
            about = json.loads(str(answer.pop(ABOUT)))
        except (OSError, ValueError, KeyError, BadZipFile):  # damaged since: it is fitted again
            return None
        return Fitted(answer, about["fit_seconds"], about["cpu_seconds"]) if about["asked"] == self.stamp else None

    def keep_part(self, k: int, fitted: Fitted) -> None:
        """Write what the fit of a part came to."""
        if self.stamp is None or any(a.dtype.kind not in PLAIN for a in fitted.answer.values()):
            return
        about = {"asked": self.stamp, "fit_seconds": fitted.fit_seconds, "cpu_seconds": fitted.cpu_seconds}
        arrays: dict[str, Any] = {ABOUT: np.array(json.dumps(about)), **fitted.answer}
        packed = io.BytesIO()
        np.savez(packed, **arrays)
        write_bytes(self.folder / f"part-{k}" / ANSWERS, packed.getvalue())

    def trial(self) -> dict[str, Any] | None:
        """Return what became of the trial in an earlier try."""
        return self._read(self.folder / TRIAL)

    def keep_trial(self, document: dict[str, Any]) -> None:
        """Write what became of the trial: the answers of its parts are there by then."""
        self._write(self.folder / TRIAL, document)

    def refit(self) -> tuple[dict[str, Any], Bundle | None] | None:
        """Return what became of the refit in an earlier try, and its bundle: the very one that is on record."""
        said = self._read(self.folder / REFIT)
        if said is None or said["digest"] is None:
            return None if said is None else (said, None)
        try:
            bundle = Bundle.load(self.folder / "bundle")
        except BundleError:
            return None
        return (said, bundle) if bundle.digest == said["digest"] else None

    def keep_refit(self, document: dict[str, Any], bundle: Bundle | None) -> None:
        """Write what became of the refit, and the hash of its bundle, which is there by then."""
        self._write(self.folder / REFIT, document | {"digest": bundle.digest if bundle else None})

    def _read(self, path: Path) -> dict[str, Any] | None:
        if self.stamp is None or not path.is_file():
            return None
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:  # damaged since: it is made again
            return None
        return said if isinstance(said, dict) and said.get("asked") == self.stamp else None

    def _write(self, path: Path, document: dict[str, Any]) -> None:
        if self.stamp is not None:
            write_json(path, {"asked": self.stamp, **document})
