"""Plan: what a model hands over to be shipped. Data only, never code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deepenough.steps import Declared


@dataclass(frozen=True)
class Plan:
    """A model as it ships.

    Attributes
    ----------
    graph : a serialised ONNX model that takes ``numbers`` (n, a) float32 and ``codes`` (n, b) int64 (either may be
        left out where the model reads none), and tensors that its steps make; and gives the outputs.
    outputs : names of the graph's outputs, in order: ``probability`` (n, C) float32, or ``value`` (n,) float32.
    steps : (name, version, parameters) of what runs between the features and the graph, in order. `fit` ran the same.
    files : what the steps read besides, by plain name (``terms.json``, ``weights.npy``).
    quantized : the same graph in eight bits, where it is to answer (`export.quantize.compare`); the other ships beside it.
    threshold : of two classes, the probability of the positive one from which it is the prediction; None: the likelier one.
    """

    graph: bytes
    outputs: tuple[str, ...]
    steps: tuple[Declared, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    threshold: float | None = None
    quantized: bytes | None = None


@dataclass(frozen=True)
class NotExportable:
    """Why a model cannot ship, as a sentence."""

    reason: str
