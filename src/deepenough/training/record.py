"""What the trainings of one fit leave: their state while it goes on, their curves when it is done."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from deepenough.training import curve
from deepenough.training.checkpoint import Checkpoints, hash_of
from deepenough.training.curve import Curve
from deepenough.training.diagnosis import diagnose
from deepenough.training.progress import Progress
from deepenough.workspace import Workspace

STATE = "state"


class Record:
    """The folder of a fit, as its trainings use it; without a folder, or without a stamp, nothing is written.

    Parameters
    ----------
    what : is trained, for the person who waits.
    asked : whatever makes this fit another than one that was begun in the same folder: settings, seed, rows.
    """

    def __init__(self, workspace: Workspace, what: str, *asked: Any) -> None:
        self.what, self.say = what, workspace.say
        self.folder = workspace.folder if workspace.stamp is not None else None
        self._asked = hash_of(workspace.stamp, workspace.doing, *asked)
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def checkpoints(self, stage: str) -> Checkpoints | None:
        """Return where the state of one of the trainings is left; a stage has a name of its own within the fit."""
        if self.folder is None:
            return None
        return Checkpoints(self.folder / f"{STATE}-{stage}.safetensors", f"{self._asked}-{stage}")

    def progress(self, epochs: int) -> Progress:
        return Progress(self.say, self.what, epochs)

    def finish(self, *stages: Curve) -> None:
        """Write the curves, and take the state away: nothing is left to be gone on with."""
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        found = [asdict(f) for stage in stages for f in diagnose(stage, self.what)]
        curve.write(self.folder, self.what, stages, {"wall_seconds": wall, "cpu_seconds": cpu, "findings": found})
        if self.folder is not None:
            for path in self.folder.glob(f"{STATE}-*.safetensors"):
                path.unlink()
