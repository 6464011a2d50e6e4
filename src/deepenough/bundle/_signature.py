"""What signature.json says: the task, the steps before the graph, the outputs, and how a class is decided on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from deepenough import shelves, steps
from deepenough.errors import BundleError, ShelfError, Unavailable
from deepenough.task import Task

SCHEMA = "deepenough.signature/1"


@dataclass(frozen=True)
class Signature:
    """What of a signature is needed to answer.

    Attributes
    ----------
    graph : name of the file that answers.
    steps : run between the features and the graph; those of the task are run by its modality.
    threshold : probability of the second class from which it is the prediction; None: the likelier one.
    """

    task: Task
    graph: str
    steps: tuple[steps.Declared, ...]
    threshold: float | None


def read(document: Mapping[str, Any], path: Path) -> Signature:
    """Read a signature; `BundleError` where it says no task, or one that nothing here can answer."""
    task = _task(document, path)
    try:
        declared = msgspec.convert(document.get("steps", []), tuple[steps.Declared, ...])
        of_task = msgspec.convert(task.settings.get("steps", []), tuple[steps.Declared, ...])
        decision = msgspec.convert(document.get("decision", {}), dict[str, float | None])
        graph = msgspec.convert(document.get("graph", "model.onnx"), str)
    except msgspec.ValidationError as error:
        raise BundleError(f"The signature of '{path}' is damaged ({error}). Copy the bundle again.") from error
    for name, version, _ in (*of_task, *declared):
        try:
            steps.find(name, version)
        except (ShelfError, Unavailable) as error:
            raise BundleError(f"'{path}' cannot answer here. {error}") from error
    return Signature(task, graph, declared, decision.get("threshold"))


def _task(document: Mapping[str, Any], path: Path) -> Task:
    try:
        task = msgspec.convert(document.get("task"), Task)
    except msgspec.ValidationError as error:
        raise BundleError(
            f"The signature of '{path}' says no task ({error}). It is damaged, or made by another version."
        ) from error
    books = shelves.shelf("modalities")
    if task.modality not in books or task.kind not in shelves.shelf("tasks"):
        raise BundleError(
            f"'{path}' is for {task.kind} of {task.modality}, which is not known here. Install the deepenough that made it."
        )
    version, made = books[task.modality].facts["version"], document.get("modality_version")
    if made != version:
        raise BundleError(
            f"'{path}' reads {task.modality} in version {made}, and version {version} is installed. "
            "Install the deepenough that made it, or train again."
        )
    return task
