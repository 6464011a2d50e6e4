"""Bundle: a folder of data that answers."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnxruntime

from deepenough import shelves
from deepenough.errors import BundleError
from deepenough.examples import Examples, tensors
from deepenough.task import Task

Answer = dict[str, np.ndarray]
SCHEMA = "deepenough.bundle/1"
SIGNATURE = "deepenough.signature/1"


class Bundle:
    """A loaded bundle. One thread answers; a single row is never split over cores.

    Examples
    --------
    >>> bundle = Bundle.load("runs/churn/bundle")              # doctest: +SKIP
    >>> bundle.predict([{"tenure": 3, "contract": "monthly"}])  # doctest: +SKIP
    {'prediction': array(['yes'], dtype=object), 'probability_no': array([0.31]), 'probability_yes': array([0.69])}
    """

    def __init__(self, task: Task, graph: bytes, signature: dict[str, Any], folder: Path) -> None:
        self.task, self.signature, self.folder = task, signature, folder
        self._modality = shelves.load("modalities", task.modality)
        self._kind = shelves.load("tasks", task.kind)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own errors share no base class
            raise BundleError(
                f"The graph of '{folder}' cannot be opened by onnxruntime {onnxruntime.__version__} "
                f"({type(error).__name__}). Install a newer one, or train again."
            ) from error
        self._inputs = [i.name for i in self._session.get_inputs()]
        self._outputs = [o.name for o in self._session.get_outputs()]

    @classmethod
    def load(cls, path: str | Path) -> Bundle:
        """Read a bundle and verify the size and hash of every file.

        Raises `BundleError` where a file is missing, was changed, or comes from a newer version.
        """
        folder = Path(path)
        listed = _document(folder / "manifest.json", _read(folder / "manifest.json"), SCHEMA).get("files")
        if not isinstance(listed, dict) or not {"model.onnx", "signature.json"} <= set(listed):
            raise BundleError(f"The manifest of '{folder}' does not list all that answers. Copy the bundle again.")
        files = {name: _verified(folder, name, entry) for name, entry in listed.items()}
        signature = _document(folder / "signature.json", files["signature.json"], SIGNATURE)
        return cls(_task(signature, folder), files["model.onnx"], signature, folder)

    def answer(self, examples: Examples) -> Answer:
        """Answer decoded examples: the graph's outputs by name, first axis n."""
        return self.run(tensors(self._modality.features(examples, self.task), len(examples)))

    def run(self, arrays: dict[str, np.ndarray]) -> Answer:
        """Answer the stacked tensors themselves."""
        results = self._session.run(self._outputs, {name: arrays[name] for name in self._inputs})
        return dict(zip(self._outputs, results, strict=True))

    def predict(self, rows: Any) -> dict[str, np.ndarray]:
        """Answer rows: dicts by column name, columns by name, or a frame.

        Returns
        -------
        ``prediction`` (n,), and ``probability_<class>`` (n,) for each class. A missing column is refused by name,
        columns nobody asked for are left aside.
        """
        columns: dict[str, np.ndarray] = self._kind.columns(
            self.answer(self._modality.decode(rows, self.task)), self.task
        )
        return columns

    @property
    def digest(self) -> str:
        """sha256 of the manifest, which holds the hash of every file: the bundle's identity."""
        return hashlib.sha256((self.folder / "manifest.json").read_bytes()).hexdigest()

    @property
    def size_bytes(self) -> int:
        """Size of the graph that answers."""
        return (self.folder / "model.onnx").stat().st_size


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BundleError(
            f"'{path.parent}' is no bundle: it has no {path.name}. Name a folder that `deepenough run` made."
        ) from None
    except OSError as error:
        raise BundleError(f"'{path}' cannot be read ({error.__class__.__name__}). Copy the bundle again.") from error


def _document(path: Path, data: bytes, schema: str) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(data)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BundleError(f"'{path}' cannot be read ({error.__class__.__name__}). Copy the bundle again.") from error
    if not isinstance(document, dict) or document.get("schema") != schema:
        raise BundleError(f"'{path}' is not of the schema {schema}. It is damaged, or made by another version.")
    return document


def _verified(folder: Path, name: str, entry: Any) -> bytes:
    """Return the bytes of a file, read once: what was hashed is what is used."""
    if Path(name).name != name:
        raise BundleError(f"'{folder}' lists a file outside itself ('{name}'). Do not use it.")
    path = folder / name
    if not path.is_file():
        raise BundleError(f"'{folder}' lacks {name}. Copy the bundle again.")
    data = _read(path)
    if (
        not isinstance(entry, dict)
        or len(data) != entry.get("size")
        or hashlib.sha256(data).hexdigest() != entry.get("sha256")
    ):
        raise BundleError(f"'{path}' was changed since it was written: its hash differs. Copy the bundle again.")
    return data


def _task(signature: dict[str, Any], folder: Path) -> Task:
    try:
        task = msgspec.convert(signature.get("task"), Task)
    except msgspec.ValidationError as error:
        raise BundleError(
            f"The signature of '{folder}' says no task ({error}). It is damaged, or made by another version."
        ) from error
    books = shelves.shelf("modalities")
    if task.modality not in books or task.kind not in shelves.shelf("tasks"):
        raise BundleError(
            f"'{folder}' is for {task.kind} of {task.modality}, which is not known here. "
            "Install the deepenough that made it."
        )
    version, made = books[task.modality].facts["version"], signature.get("modality_version")
    if made != version:
        raise BundleError(
            f"'{folder}' reads {task.modality} in version {made}, and version {version} is installed. "
            "Install the deepenough that made it, or train again."
        )
    return task
