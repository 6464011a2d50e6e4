"""Bundle: a folder of data that answers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import msgspec
import numpy as np
import onnxruntime

from deepenough import shelves, steps
from deepenough.bundle import _gate, _signature
from deepenough.bundle._archive import Memory
from deepenough.bundle._contents import Contents, document
from deepenough.errors import BundleError
from deepenough.examples import Examples, batches, tensors

Answer = dict[str, np.ndarray]
_OPEN: WeakValueDictionary[bytes, Any] = WeakValueDictionary()  # sessions by the sha256 of their graph
EXAMPLES = "deepenough.examples/1"
BATCH = 16  # pictures and the like that are decoded at a time


class Bundle:
    """A loaded bundle. One thread answers; a single row is never split over cores.

    Attributes
    ----------
    task : what is predicted from what. signature : the document that says so.
    reads_examples : whether its steps read the examples themselves (pictures), so that `answer` is the one road.
    folder : the folder, or the zip, it was loaded from.
    digest : sha256 of the manifest, which holds the hash of every file, without what came after the verdict: the identity of the
        model. It is the same before and after evidence and card join.

    Examples
    --------
    >>> bundle = Bundle.load("runs/churn/bundle")              # doctest: +SKIP
    >>> bundle.predict([{"tenure": 3, "contract": "monthly"}])  # doctest: +SKIP
    {'prediction': array(['yes'], dtype=object), 'probability_no': array([0.31]), 'probability_yes': array([0.69])}
    """

    def __init__(self, contents: Contents, replay: bool = True) -> None:
        """Read and verify everything; `load` is the way in for callers."""
        self.folder, self.digest = contents.path, contents.digest
        self._contents = contents
        files = {name: contents.read(name) for name in contents.files}
        self.signature = document(self.folder / "signature.json", files["signature.json"], _signature.SCHEMA)
        said = _signature.read(self.signature, self.folder)
        self.task, self.steps, self.threshold, self._graph = said.task, said.steps, said.threshold, said.graph
        self._files = {name.removeprefix("steps/"): data for name, data in files.items() if name.startswith("steps/")}
        self._modality = shelves.load("modalities", self.task.modality)
        self._kind = shelves.load("tasks", self.task.kind)
        self._session = _open(files.get(self._graph, b""), self.folder)
        self._inputs = [i.name for i in self._session.get_inputs()]
        self._outputs = [o.name for o in self._session.get_outputs()]
        self._labels = np.array(self.task.labels, dtype=object)
        self._reader: Any = None
        self.reads_examples = steps.reads_examples(self.steps)
        if replay:
            self._replay(document(self.folder / "examples.json", files["examples.json"], EXAMPLES))

    @classmethod
    def load(cls, path: str | Path) -> Bundle:
        """Read a bundle (a folder, or a zip stored without compression), verify every file, and replay its examples.

        Raises `BundleError` where a file is missing, was changed, comes from a newer version, or could do harm; and where the
        bundle answers its own examples otherwise here than where it was made.
        """
        return cls(Contents(Path(path)))

    @classmethod
    def of(cls, files: Mapping[str, bytes], folder: Path) -> Bundle:
        """Return the bundle that these files will be when they are written into `folder`; its examples are not replayed."""
        return cls(Contents(folder, Memory(files)), replay=False)

    def answer(self, examples: Examples) -> Answer:
        """Answer decoded examples: the graph's outputs by name, first axis n."""
        if self.reads_examples:
            return self._answer_examples(examples)
        return self.answer_features(self._modality.features(examples, self.task), len(examples))

    def answer_known(self, examples: Examples, features: Mapping[str, np.ndarray]) -> Answer:
        """Answer examples whose features are known already; those that steps read themselves are read anew."""
        return self._answer_examples(examples) if self.reads_examples else self.answer_features(features, len(examples))

    def _answer_examples(self, examples: Examples) -> Answer:
        parts = [self.run(arrays) for arrays in self._fed_by_examples(examples)]
        if not parts:
            raise BundleError("No example was given, so there is nothing to answer.")
        return {name: np.concatenate([part[name] for part in parts]) for name in self._outputs}

    def answer_features(self, features: Mapping[str, np.ndarray], n: int) -> Answer:
        """Answer the features of n examples, as a dataset holds them: through the bundle's steps, then the graph."""
        return self.run(self._fed_by_features(features, n))

    def feeds(self, examples: Examples, features: Mapping[str, np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
        """Yield the tensors that the graph takes of examples whose features are known: what stands after the steps.

        All at once; what steps read as it is some at a time, for pictures are large.
        """
        if self.reads_examples:
            yield from self._fed_by_examples(examples)
        else:
            yield self._fed_by_features(features, len(examples))

    def _fed_by_examples(self, examples: Examples) -> Iterator[dict[str, np.ndarray]]:
        column = self.task.inputs[0].name
        for batch in batches(examples, BATCH):
            arrays = steps.run(self.steps, {column: batch}, self._files)
            yield {name: arrays[name] for name in self._inputs}

    def _fed_by_features(self, features: Mapping[str, np.ndarray], n: int) -> dict[str, np.ndarray]:
        arrays = steps.run(self.steps, dict(features), self._files)
        flat = {name: values for name, values in arrays.items() if values.ndim == 1}
        made = {**tensors(flat, n), **{name: v for name, v in arrays.items() if v.ndim > 1}}
        return {name: made[name] for name in self._inputs}

    @property
    def reads_rows(self) -> bool:
        """Whether the graph reads the cells of a row as they are, with no steps before it."""
        return self._reader is not None

    def run(self, arrays: Mapping[str, np.ndarray]) -> Answer:
        """Answer the tensors themselves: what stands after the steps."""
        results = self._session.run(self._outputs, {name: arrays[name] for name in self._inputs})
        return dict(zip(self._outputs, results, strict=True))

    def predict(self, rows: Any) -> dict[str, np.ndarray]:
        """Answer rows: dicts by column name, columns by name, or a frame.

        Returns
        -------
        ``prediction`` (n,), and ``probability_<class>`` (n,) for each class. A missing column is refused by name,
        columns nobody asked for are left aside.
        """
        return self.columns(self.answer_rows(rows))

    def answer_rows(self, rows: Any) -> Answer:
        """Answer rows as `predict` takes them: the graph's outputs by name, first axis n."""
        if self._reader is not None and type(rows) is list and len(rows) == 1 and type(rows[0]) is dict:
            read = self._reader(rows[0])
            if read is not None:  # None: an odd cell, which the road for many rows reads, or refuses
                return self.run(read)
        return self.answer(self._modality.decode(rows, self.task))

    def columns(self, answer: Answer) -> dict[str, np.ndarray]:
        """Return the columns that `predict` gives, of an answer."""
        columns: dict[str, np.ndarray] = self._kind.columns(answer, self.task)
        if self.threshold is not None:
            columns["prediction"] = self._labels[(answer["probability"][:, 1] >= self.threshold).astype(np.intp)]
        return columns

    def read(self, name: str) -> Any:
        """Return a JSON document of the bundle (``reference.json``, ``evidence/verdict.json``), verified.

        Raises `BundleError` where the bundle has none of that name.
        """
        if name not in self._contents.files:
            raise BundleError(f"'{self.folder}' has no {name}.")
        return msgspec.json.decode(self._contents.read(name))

    @property
    def files(self) -> tuple[str, ...]:
        """Names of all files that the manifest lists."""
        return tuple(self._contents.files)

    @property
    def graph(self) -> bytes:
        """The ONNX graph that answers, verified."""
        return self._contents.read(self._graph)

    @property
    def size_bytes(self) -> int:
        """Size of what answers: the graph, and what the steps before it read."""
        return int(self._contents.files[self._graph]["size"]) + sum(map(len, self._files.values()))

    def _replay(self, examples: Mapping[str, Any]) -> None:
        """Answer the examples that the bundle brings, by all roads, and compare."""
        quick = not self.steps and shelves.shelf("modalities")[self.task.modality].facts.get("one_row", False)
        try:
            self._reader = self._modality.reader(self.task) if quick else None
            rows, expected = list(examples["rows"]), dict(examples["answers"])
            said = self.answer(self._modality.decode(rows, self.task))
            self.predict(rows[:1])
            if "probability" in said and said["probability"].shape[1] != len(self.task.labels):
                raise ValueError("not as many probabilities as classes")
            written = {name: np.array(values, dtype=np.float64) for name, values in expected.items()}
            alike = written.keys() == said.keys() and all(said[n].shape == written[n].shape for n in said)
            alike = alike and self._kind.alike(written, said).all()
        except (
            Exception
        ) as error:  # onnxruntime's errors share no base class, and a foreign signature can fail anywhere
            raise BundleError(
                f"'{self.folder}' cannot answer its own examples ({type(error).__name__}). It is damaged: copy it again."
            ) from error
        if not alike:
            raise BundleError(
                f"'{self.folder}' answers its own examples otherwise here (onnxruntime {onnxruntime.__version__}) than where it "
                "was made. Use the versions its manifest names, or train again."
            )


def _open(graph: bytes, folder: Path) -> Any:
    """Return a session of the graph; that of an open bundle with the same graph, where there is one: it keeps no state."""
    digest = hashlib.sha256(graph).digest()
    session = _OPEN.get(digest)
    if session is None:
        session = _OPEN[digest] = _session(graph, folder)
    return session


def _session(graph: bytes, folder: Path) -> Any:
    try:
        _gate.check(graph)
    except _gate.Refused as error:
        raise BundleError(f"The graph of '{folder}' {error}. Do not use it, or train again.") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        # without its fallback, which prints to stdout and tries the same once more
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"], enable_fallback=0)
    except Exception as error:  # onnxruntime's own errors share no base class
        raise BundleError(
            f"The graph of '{folder}' cannot be opened by onnxruntime {onnxruntime.__version__} "
            f"({type(error).__name__}). Install a newer one, or train again."
        ) from error
