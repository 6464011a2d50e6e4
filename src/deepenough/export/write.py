"""Write a bundle: whole, hashed, and proven."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from deepenough import shelves, steps
from deepenough.bundle import EXAMPLES, SCHEMA, Bundle, Plan
from deepenough.dataset import Answer, Dataset
from deepenough.export import examples, mlmodel, reference, signature
from deepenough.files import new_folder, write_bytes
from deepenough.task import Task

version = cache(installed)  # metadata are read from disk anew each time
VERSIONS = ("deepenough", "numpy", "onnx", "onnxruntime")
ALWAYS = ("numpy", "onnxruntime", "msgspec")


def write(
    folder: Path, task: Task, plan: Plan, learnt: Dataset, about: dict[str, Any], answer: Answer | None = None
) -> Bundle:
    """Write all files of a bundle but those that come after the verdict; return it, loaded from what was written.

    Parameters
    ----------
    learnt : rows of the kind the model learnt from: the order of their features is written down, and how they are spread.
    about : what made the model (candidate, settings, seed): said in the manifest.
    answer : what the model said of rows it had not learnt from, for reference.json.
    """
    spread = reference.describe(learnt, answer)
    files = {
        "model.onnx": plan.graph,
        "signature.json": as_json(signature.describe(task, plan, learnt)),
        "reference.json": as_json(spread, indent=None),
        "MLmodel": mlmodel.text(task, hashlib.sha256(plan.graph).hexdigest()[:32]).encode("utf-8"),
        **({} if plan.quantized is None else {"model.int8.onnx": plan.quantized}),
        **{f"steps/{name}": data for name, data in plan.files.items()},
    }
    manifest = {
        "schema": SCHEMA,
        "made_by": {"deepenough": version("deepenough"), **about},
        "versions": {name: version(name) for name in VERSIONS},
        "requires": sorted(
            {*ALWAYS, *_of_modality(task), *(r for s in _all_steps(task, plan) for r in steps.find(*s).requires)}
        ),
        "steps": [list(s) for s in _all_steps(task, plan)],
    }
    modality = shelves.load("modalities", task.modality)
    rows = modality.made_up(task) if modality.files else examples.make_up(task, spread["inputs"])
    files["examples.json"] = b"{}"
    unproven = Bundle.of(_listed(files, manifest), folder)
    said = unproven.answer(modality.decode(rows, task))
    files["examples.json"] = examples.document(EXAMPLES, rows, said)
    with new_folder(folder) as temporary:
        for name, data in _listed(files, manifest).items():
            write_bytes(temporary / name, data)
    return Bundle.load(folder)


def _of_modality(task: Task) -> tuple[str, ...]:
    return tuple(shelves.shelf("modalities")[task.modality].facts.get("requires", ()))


def _all_steps(task: Task, plan: Plan) -> list[tuple[str, int]]:
    """Name and version of the steps of the task, then of those of the model."""
    return [(name, number) for name, number, _ in (*task.settings.get("steps", ()), *plan.steps)]


def _listed(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the files, and after them the manifest that lists them."""
    entries = {name: entry(data) for name, data in files.items()}
    return {**files, "manifest.json": as_json({**manifest, "files": entries})}


def entry(data: bytes) -> dict[str, Any]:
    """Return what the manifest says of a file."""
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def as_json(document: Any, indent: int | None = 1) -> bytes:
    """Return a document as it stands in a bundle."""
    return (json.dumps(document, indent=indent, ensure_ascii=False, allow_nan=False, sort_keys=True) + "\n").encode(
        "utf-8"
    )
