"""Write a bundle: whole, hashed, and proven."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from deepenough import shelves
from deepenough.bundle import SCHEMA, SIGNATURE, Bundle, Plan
from deepenough.dataset import Dataset
from deepenough.files import new_folder, write_bytes
from deepenough.task import Task


def write(folder: Path, task: Task, plan: Plan, learnt: Dataset, about: dict[str, Any]) -> Bundle:
    """Write model.onnx, signature.json and manifest.json; return the bundle, loaded from what was written.

    Parameters
    ----------
    learnt : rows of the kind the model learnt from: the order of their features is written down.
    about : what made the model (candidate, settings, seed): said in the manifest.
    """
    signature = {
        "schema": SIGNATURE,
        "task": msgspec.to_builtins(task),
        "features": list(learnt.features),
        "modality_version": shelves.shelf("modalities")[task.modality].facts["version"],
        "outputs": list(plan.outputs),
    }
    files = {"model.onnx": plan.graph, "signature.json": _json(signature)}
    manifest = {
        "schema": SCHEMA,
        "made_by": {"deepenough": version("deepenough"), **about},
        "files": {
            name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()
        },
    }
    with new_folder(folder) as temporary:
        for name, data in (*files.items(), ("manifest.json", _json(manifest))):
            write_bytes(temporary / name, data)
    return Bundle.load(folder)


def _json(document: Any) -> bytes:
    return (json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False, sort_keys=True) + "\n").encode("utf-8")
