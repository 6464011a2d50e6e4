"""Free text as numbers: its words weighed, and added up by what was learnt of each."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from deepenough.steps._base import Arrays, Step
from deepenough.steps._terms import Vocabulary, as_npy, split, weigh


class Tfidf(Step):
    """Turns columns of text into one tensor: of each text the weighed sum of what each of its terms stands for.

    Terms are words and pairs of neighbours. A term weighs (1 + ln count) x idf; the words of a text then have length 1, as
    have its pairs. An empty text, and one without a known term, is all zeros.

    Parameters: ``columns``, a list of ``column`` (its name), ``terms`` (a file, JSON: ``terms``, words and pairs, and their
    ``idf``) and ``table`` (a file, npy: (terms, d), what each stands for); ``into``, the name of the tensor (n, sum of d)
    float32, column after column. The columns of text themselves are left out.
    """

    name = "tfidf"
    version = 1
    requires = ()

    def run(self, arrays: Arrays, params: Mapping[str, Any], files: Mapping[str, bytes]) -> Arrays:
        columns = params["columns"]
        parts = [
            weigh(split(arrays[of["column"]]), _vocabulary(files[of["terms"]])).project(_table(files[of["table"]]))
            for of in columns
        ]
        rest = {name: values for name, values in arrays.items() if name not in [of["column"] for of in columns]}
        return {**rest, params["into"]: np.hstack(parts)}

    def sample(self) -> tuple[Arrays, Mapping[str, Any], Mapping[str, bytes]]:
        texts = np.array(["late again, late", "On time!", "", "北京 late\x00", "nothing that is known"], dtype=object)
        table = np.arange(10.0, dtype=np.float32).reshape(5, 2)
        files = {
            "terms.json": json.dumps(
                {"terms": [["again", "late", "time", "京"], ["late again"]], "idf": [[2.0, 1.0, 2.0, 3.0], [2.0]]}
            ).encode(),
            "table.npy": as_npy(table),
        }
        params = {"columns": [{"column": "note", "terms": "terms.json", "table": "table.npy"}], "into": "texts"}
        return {"note": texts, "size": np.arange(5, dtype=np.float32)}, params, files


@lru_cache(maxsize=32)
def _vocabulary(data: bytes) -> Vocabulary:
    return Vocabulary.of(json.loads(data))


@lru_cache(maxsize=32)
def _table(data: bytes) -> np.ndarray:
    return np.asarray(np.load(io.BytesIO(data)))
