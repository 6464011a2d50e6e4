"""What a step is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

Arrays = dict[str, np.ndarray]
Declared = tuple[
    str, int, Mapping[str, Any]
]  # name, version and parameters, as a plan, a task and a signature hold them


class Step(ABC):
    """Something between the features of an example, or the example itself, and the tensors of a graph.

    Facts: ``name``, ``version``, ``requires`` (packages that must be there where it answers), ``reads``: ``features``, as the
    modality makes them, or ``examples``: then it is handed the decoded examples themselves, as one (n,) object array under the
    name of the input, a batch at a time, and nobody computes features. A step learns nothing: what was
    learnt comes as parameters (small, JSON) and files (large, bytes by name), so that `fit` and the bundle run the same code.
    A version that would answer otherwise is a new version; the old one stays on the shelf as the book ``<name>_<version>``.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    requires: ClassVar[tuple[str, ...]] = ()
    reads: ClassVar[str] = "features"

    @abstractmethod
    def run(self, arrays: Arrays, params: Mapping[str, Any], files: Mapping[str, bytes]) -> Arrays:
        """Return all arrays for what comes next: those given, changed, joined or left out; the given ones stay as they are.

        Arrays have n rows first. Of what comes out, floating (n,) become columns of the tensor ``numbers`` and integer (n,)
        of ``codes``, in their order; a floating (n, d) array is a tensor of its own name; the rest is left aside.
        A row's arrays depend on that row alone.
        """

    @abstractmethod
    def sample(self) -> tuple[Arrays, Mapping[str, Any], Mapping[str, bytes]]:
        """Return arrays of some rows, parameters and files to try it on, for the conformance suite."""
