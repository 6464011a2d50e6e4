"""Calibration, in the graph: what the model says goes through softmax(slope x log p + offsets)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import onnx
from onnx import helper, numpy_helper

from deepenough.bundle import Plan

LOWEST = 1e-30
NEAREST_ONE = 1.0 - 3e-5  # above, 1 - p of a float32 holds too few digits to take its logarithm
OUTPUT = "probability"
INNER = "uncalibrated"


def calibrated(plan: Plan, slope: float, offsets: Sequence[float]) -> Plan:
    """Return the plan with the calibration's nodes behind its probabilities."""
    model = onnx.load_model_from_string(plan.graph)
    graph = model.graph
    for node in graph.node:
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                if name == OUTPUT:
                    names[i] = INNER
    constants = {
        "calibration_low": np.float32(LOWEST),
        "calibration_high": np.float32(NEAREST_ONE),
        "calibration_slope": np.float32(slope),
        "calibration_offsets": np.array(offsets, np.float32)[None, :],
        "calibration_one": np.float32(1.0),
        "calibration_second": np.array([1]),
        "calibration_end": np.array([2]),
        "calibration_axis": np.array([1]),
    }
    graph.initializer.extend(numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items())
    add = helper.make_node
    if len(offsets) == 2:
        graph.node.extend(
            [
                add("Slice", [INNER, "calibration_second", "calibration_end", "calibration_axis"], ["positive"]),
                add("Clip", ["positive", "calibration_low", "calibration_high"], ["positive_clipped"]),
                add("Sub", ["calibration_one", "positive_clipped"], ["negative"]),
                add("Concat", ["negative", "positive_clipped"], ["clipped"], axis=1),
            ]
        )
    else:
        graph.node.append(add("Max", [INNER, "calibration_low"], ["clipped"]))
    graph.node.extend(
        [
            add("Log", ["clipped"], ["logs"]),
            add("Mul", ["logs", "calibration_slope"], ["scaled"]),
            add("Add", ["scaled", "calibration_offsets"], ["shifted"]),
            add("Softmax", ["shifted"], [OUTPUT], axis=1),
        ]
    )
    return replace(plan, graph=bytes(model.SerializeToString()))
