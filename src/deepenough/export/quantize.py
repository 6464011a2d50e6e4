"""Eight-bit weights: tried where a graph has any worth it, kept only where they are faster here and lose nothing that counts."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from deepenough.bundle import Bundle
from deepenough.dataset import Answer, Dataset
from deepenough.metrics import Metric

SCHEMA = "deepenough.quantization/1"
WAYS = ("dynamic", "static")
FASTER = 1.2  # times, for one row, from which it is worth a second set of digits
LOSS = 0.005  # points of a score, or share of an error, that may be lost, upper bound of the interval included
LEAST_WEIGHTS = 1000  # of float32 in matrix products; with fewer there is nothing to gain
ROWS = 2000  # development rows it is judged on
PICTURES = 256  # of them where each is a picture
CALIBRATION, BATCHES = 256, 4  # rows of a batch, and batches, from which static ranges are learnt
CALLS, ROUNDS = 60, 5
PRODUCTS = ("MatMul", "Gemm", "Conv")
Feed = dict[str, np.ndarray]


@dataclass(frozen=True)
class Comparison:
    """What became of the attempt.

    Attributes
    ----------
    graph : the quantized graph that is to answer; None where the float one stays.
    document : how they compare, as the report shows it, whichever was kept.
    """

    graph: bytes | None
    document: dict[str, Any]


def compare(
    bundle: Bundle, development: Dataset, metric: Metric, threshold: float | None = None, seed: int = 0
) -> Comparison:
    """Quantize a bundle's graph in two ways, and hold each against the graph in float32, on this machine and these rows.

    Parameters
    ----------
    threshold : the bar, where there is one: what meets it must still meet it.
    """
    nothing = _nothing_to_gain(bundle.graph)
    if nothing:
        return Comparison(None, _document(nothing, None, []))
    rng = np.random.default_rng([seed, 8])
    most = PICTURES if bundle.reads_examples else ROWS
    rows = development.take(np.sort(rng.permutation(len(development))[:most]))
    feeds = list(bundle.feeds(rows.examples, rows.features))
    samples = [{name: values[:CALIBRATION] for name, values in feed.items()} for feed in feeds[:BATCHES]]
    plain = _Measured.of(bundle.graph, feeds, metric, rows)
    tried, best = [], None
    for how in WAYS:
        try:
            graph = quantize(bundle.graph, samples, how)
            found = _Measured.of(graph, feeds, metric, rows)
        except Exception as error:  # onnxruntime's quantizer raises what it likes; the model in single precision stands
            tried.append({"how": how, "kept": False, "reason": f"It could not be made ({type(error).__name__})."})
            continue
        judged = _judged(how, plain, found, metric, threshold)
        tried.append(judged)
        if judged["kept"] and (best is None or found.one_row_ms < best[0]):
            best = (found.one_row_ms, how, graph)
    reason = f"Kept: {best[1]}." if best else "Neither way is worth it here: the model answers in float32."
    document = _document(reason, plain, [{**t, "kept": best is not None and t["how"] == best[1]} for t in tried])
    return Comparison(best[2] if best else None, document)


def _document(reason: str, plain: _Measured | None, tried: list[dict[str, Any]]) -> dict[str, Any]:
    kept = next((t["how"] for t in tried if t["kept"]), None)
    return {
        "schema": SCHEMA,
        "kept": kept,
        "reason": reason,
        "float32": plain.document() if plain else None,
        "tried": tried,
    }


def _nothing_to_gain(graph: bytes) -> str | None:
    model = onnx.load_model_from_string(graph)
    if any(node.op_type == "TreeEnsemble" for node in model.graph.node):
        return "Trees compare numbers; they multiply none, so there is nothing to quantize."
    constants = {t.name: t for t in model.graph.initializer if t.data_type == onnx.TensorProto.FLOAT}
    weights = [constants[i] for n in model.graph.node if n.op_type in PRODUCTS for i in n.input if i in constants]
    cells = sum(numpy_helper.to_array(t).size for t in weights)
    return (
        None
        if cells >= LEAST_WEIGHTS
        else f"It multiplies by {cells:,} numbers of single precision: too few to gain by."
    )


class _Measured:
    """A graph's answers to the rows, its time for one of them, and its size."""

    def __init__(self, evidence: Any, one_row_ms: float, batch_ms: float, size: int, score: float) -> None:
        self.evidence, self.one_row_ms, self.batch_ms, self.size, self.score = (
            evidence,
            one_row_ms,
            batch_ms,
            size,
            score,
        )

    @classmethod
    def of(cls, graph: bytes, feeds: Sequence[Feed], metric: Metric, rows: Dataset) -> _Measured:
        session = _session(graph)
        outputs = [o.name for o in session.get_outputs()]
        said = [session.run(outputs, feed) for feed in feeds]
        answer: Answer = {
            name: np.concatenate(parts) for name, parts in zip(outputs, zip(*said, strict=True), strict=True)
        }
        evidence = metric.evidence(rows.truth, answer)
        first = {name: values[:1] for name, values in feeds[0].items()}
        alone = _milliseconds(lambda: session.run(outputs, first), CALLS)
        together = _milliseconds(lambda: session.run(outputs, feeds[0]), 1)
        return cls(evidence, alone, together, len(graph), float(metric.interval(evidence, quick=True).value))

    def document(self) -> dict[str, Any]:
        return {
            "one_row_ms": round(self.one_row_ms, 4),
            "batch_ms": round(self.batch_ms, 3),
            "bytes": self.size,
            "score": round(self.score, 6),
        }


def _session(graph: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _milliseconds(call: Callable[[], Any], calls: int) -> float:
    """CPU milliseconds a call: the least of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        begun = time.process_time()
        for _ in range(calls):
            call()
        best = min(best, (time.process_time() - begun) / calls * 1000.0)
    return best


def _judged(how: str, plain: _Measured, found: _Measured, metric: Metric, threshold: float | None) -> dict[str, Any]:
    """Say whether one way is to be kept, and why not: speed first, then what it loses."""
    faster = plain.one_row_ms / max(found.one_row_ms, 1e-9)
    gain = metric.gain(plain.evidence, found.evidence)
    low = gain.value if gain.low is None else gain.low
    fails = threshold is not None and _meets(plain, metric, threshold) and not _meets(found, metric, threshold)
    reason = (
        f"It is {faster:.2f} times as fast for one row, and {FASTER} times are wanted."
        if faster < FASTER
        else f"It may lose {-low:.4f} of {metric.name}, and no more than {LOSS} may be lost."
        if low < -LOSS
        else "It no longer meets the bar on the development rows."
        if fails
        else f"It is {faster:.2f} times as fast and loses nothing that counts."
    )
    kept = faster >= FASTER and low >= -LOSS and not fails
    return {
        "how": how,
        **found.document(),
        "times_faster": round(faster, 3),
        "gain": gain.document(),
        "kept": kept,
        "reason": reason,
    }


def _meets(one: _Measured, metric: Metric, threshold: float) -> bool:
    return one.score >= threshold if metric.high_is_good else one.score <= threshold


class _Rows:
    """Rows for onnxruntime's calibration, a batch at a time."""

    def __init__(self, feeds: Iterable[Feed]) -> None:
        self._batches: Iterator[Feed] = iter(feeds)

    def get_next(self) -> Feed | None:
        return next(self._batches, None)


def quantize(graph: bytes, samples: Sequence[Feed], how: str) -> bytes:
    """Return the graph with weights of eight bits: ``dynamic`` (ranges found row by row) or ``static`` (from `samples`)."""
    from onnxruntime import quantization as q

    with tempfile.TemporaryDirectory() as folder, _quiet():
        written, source, target = (Path(folder) / name for name in ("written.onnx", "shaped.onnx", "int8.onnx"))
        plain = onnx.load_model_from_string(graph)
        plain.graph.ClearField("value_info")  # an exporter may have noted the shapes of its own example
        written.write_bytes(plain.SerializeToString())
        # not optimised: that would fuse nodes into operators that only onnxruntime knows
        q.quant_pre_process(str(written), str(source), skip_symbolic_shape=True, skip_optimization=True)
        if how == "dynamic":
            q.quantize_dynamic(source, target, weight_type=q.QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm"])
        else:
            kinds = {"activation_type": q.QuantType.QUInt8, "weight_type": q.QuantType.QInt8}
            about = {"quant_format": q.QuantFormat.QDQ, "op_types_to_quantize": list(PRODUCTS), **kinds}
            q.quantize_static(source, target, _Rows(samples), **about)
        model = onnx.load(target)
    domains = {node.domain for node in model.graph.node} | {""}
    for i in reversed([i for i, o in enumerate(model.opset_import) if o.domain not in domains]):
        del model.opset_import[i]
    return bytes(model.SerializeToString())


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep onnxruntime's hints on how to do it better, which go to everybody's log, to itself."""
    logger = logging.getLogger()
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
