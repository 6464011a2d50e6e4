"""What a network says of examples, as a table that the simpler families read; and both graphs as one."""

from __future__ import annotations

import numpy as np

from deepenough.dataset import Dataset
from deepenough.examples import Columns
from deepenough.task import Column, Task
from deepenough.training.backbones import EMBEDDING

NUMBERS = "numbers"


def as_table(dataset: Dataset, embedding: np.ndarray) -> Dataset:
    """Return the examples as rows of (n, d) numbers, with the same truth, groups and times."""
    features = {f"e{i}": column for i, column in enumerate(np.ascontiguousarray(embedding.T))}
    kept = tuple(c for c in dataset.task.columns if c.role != "input")
    columns = (*(Column(name, "number", "input") for name in features), *kept)
    old = dataset.task
    task = Task(old.kind, "tabular", columns, old.labels)
    return Dataset(task, Columns(features, len(dataset)), dataset.target, dataset.about, dataset.ids, features)


def after(first: bytes, second: bytes) -> bytes:
    """Return one graph: `second` reads as its numbers what `first` gives as its embedding."""
    import onnx
    from onnx import compose

    one, two = (
        onnx.load_from_string(first),
        compose.add_prefix(onnx.load_from_string(second), "head_", rename_outputs=False),
    )
    joined = compose.merge_models(one, two, io_map=[(EMBEDDING, f"head_{NUMBERS}")])
    versions = {(o.domain, o.version): o for o in joined.opset_import}  # both name the plain operators
    del joined.opset_import[:], joined.metadata_props[:]
    joined.opset_import.extend(versions.values())
    return bytes(joined.SerializeToString())
