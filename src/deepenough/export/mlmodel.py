"""The file MLmodel, by which MLflow reads a bundle: `mlflow.pyfunc.load_model`, `mlflow models serve`."""

from __future__ import annotations

import json
from importlib.metadata import version

from deepenough.task import Column, Task

LOADER = "deepenough.bundle.mlflow_flavor"


def text(task: Task, identity: str) -> str:
    """Return MLmodel as YAML. It says no time and no place, so that the same model is the same bundle anywhere."""
    inputs = json.dumps([_column(c) for c in task.inputs], ensure_ascii=False)
    lines = [
        "flavors:",
        "  python_function:",
        f"    loader_module: {LOADER}",
        "    env: {}",
        f"  deepenough: {{version: {version('deepenough')}, bundle: deepenough.bundle/1}}",
        f"model_uuid: {identity}",
        "signature:",
        f"  inputs: {json.dumps(inputs, ensure_ascii=False)}",
        "  outputs: null",
        "  params: null",
    ]
    return "\n".join(lines) + "\n"


def _column(column: Column) -> dict[str, object]:
    """MLflow's own check of types is told of numbers alone: what else a cell may hold, the bundle itself checks."""
    return {"name": column.name, "type": "double" if column.kind == "number" else "any", "required": True}
