"""Plan: what a model hands over to be shipped. Data only, never code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """A model as it ships.

    Attributes
    ----------
    graph : a serialised ONNX model that takes ``numbers`` (n, a) float32 and ``codes`` (n, b) int64 (either may be
        left out where the model reads none) and gives the outputs.
    outputs : names of the graph's outputs, in order: ``probability`` (n, C) float32, or ``value`` (n,) float32.
    """

    graph: bytes
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class NotExportable:
    """Why a model cannot ship, as a sentence."""

    reason: str
