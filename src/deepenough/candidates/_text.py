"""Free text for the families that read it: terms are learnt in the fit, and a step reads them at the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from deepenough import steps
from deepenough.dataset import Dataset
from deepenough.errors import FitError
from deepenough.files import write_bytes, write_json
from deepenough.steps import Declared
from deepenough.steps._terms import Vocabulary, as_npy, split, weigh
from deepenough.task import Task

TENSOR = "texts"
LEAST_TEXTS = 2  # that hold a term, for it to be learnt
MOST_TERMS = 20_000  # of a column
STEP, VERSION = "tfidf", 1
NATIVE = "texts.json"


def text_columns(task: Task) -> list[str]:
    """Return the names of the columns of free text."""
    return [c.name for c in task.inputs if c.kind == "text"]


class Terms:
    """The terms of the texts of some rows, learnt from these rows alone.

    Attributes
    ----------
    matrix : (n, terms) sparse, what each term weighs in each row; the terms of one column after those of another.
    """

    def __init__(self, task: Task, *datasets: Dataset) -> None:
        self._vocabularies: dict[str, Vocabulary] = {}
        parts = [sparse.csr_matrix((sum(map(len, datasets)), 0))]
        for name in text_columns(task):
            texts = split(t for d in datasets for t in d.features[name])
            known = Vocabulary.learn(texts, LEAST_TEXTS, MOST_TERMS)
            found = weigh(texts, known)
            parts.append(sparse.csr_matrix((found.weights, found.places, found.starts), (len(texts), len(known))))
            self._vocabularies[name] = known
        self.matrix = sparse.hstack(parts, format="csr")

    def beside(self, design: np.ndarray, scale: float) -> Any:
        """Return (n, columns + terms) sparse: a design of other columns, and beside it the terms times `scale`.

        Raises `FitError` where there is neither.
        """
        both = sparse.hstack([sparse.csr_matrix(design), scale * self.matrix], format="csr")
        if both.shape[1] == 0:
            raise FitError(f"No word stands in {LEAST_TEXTS} texts or more, and there is nothing else to learn from.")
        return both

    def reader(self, table: np.ndarray) -> TextReader:
        """Return what reads texts by a table (terms, d): what each term stands for."""
        ends = np.cumsum([len(v) for v in self._vocabularies.values()])
        tables = np.split(table.astype(np.float32), ends[:-1])
        return _declared(self._vocabularies, tables)

    def directions(self, most: int, seed: int) -> np.ndarray:
        """Return (terms, d) the directions in which the texts differ most: the singular vectors of the matrix."""
        from sklearn.utils.extmath import randomized_svd

        wanted = min(most, *(s - 1 for s in self.matrix.shape))
        if wanted < 1:
            return np.zeros((self.matrix.shape[1], 0))
        return np.asarray(randomized_svd(self.matrix, wanted, n_iter=4, random_state=seed)[2].T)


@dataclass(frozen=True)
class TextReader:
    """Texts as a tensor (n, columns x d), by the step that ships.

    Attributes
    ----------
    steps, files : of the plan. columns : of text, in their order. width : d, of one column.
    """

    steps: tuple[Declared, ...] = ()
    files: Mapping[str, bytes] | None = None
    columns: tuple[str, ...] = ()
    width: int = 0

    def tensor(self, dataset: Dataset) -> np.ndarray:
        """Return (n, columns x d) float32."""
        if not self.columns:
            return np.zeros((len(dataset), 0), np.float32)
        arrays = {name: dataset.features[name] for name in self.columns}
        return np.asarray(steps.run(self.steps, arrays, self.files or {})[TENSOR])

    def keep(self, folder: Path) -> None:
        """Write it down."""
        for name, data in (self.files or {}).items():
            write_bytes(folder / name, data)
        said = {"steps": [list(s) for s in self.steps], "files": list(self.files or {}), "width": self.width}
        write_json(folder / NATIVE, {**said, "columns": list(self.columns)})

    @classmethod
    def kept(cls, folder: Path) -> TextReader:
        """Return the reader that `keep` wrote down; one of nothing where there is none."""
        if not (folder / NATIVE).exists():
            return cls()
        said = json.loads((folder / NATIVE).read_text(encoding="utf-8"))
        files = {name: (folder / name).read_bytes() for name in said["files"]}
        declared = tuple((name, version, params) for name, version, params in said["steps"])
        return cls(declared, files, tuple(said["columns"]), said["width"])


def _declared(vocabularies: Mapping[str, Vocabulary], tables: Sequence[np.ndarray]) -> TextReader:
    columns: list[dict[str, str]] = []
    files: dict[str, bytes] = {}
    for i, (name, table) in enumerate(zip(vocabularies, tables, strict=True)):
        columns.append({"column": name, "terms": f"terms-{i}.json", "table": f"terms-{i}.npy"})
        files[f"terms-{i}.json"] = json.dumps(vocabularies[name].document(), ensure_ascii=False).encode()
        files[f"terms-{i}.npy"] = as_npy(table)
    step = (STEP, VERSION, {"columns": columns, "into": TENSOR})
    return TextReader((step,), files, tuple(vocabularies), tables[0].shape[1])
