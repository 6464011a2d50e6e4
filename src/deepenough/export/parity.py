"""What was tested is what ships: proven on rows, or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from deepenough import shelves
from deepenough.bundle import Bundle, thresholds
from deepenough.dataset import Answer, Dataset
from deepenough.errors import ParityError
from deepenough.examples import Columns, Lazy
from deepenough.export.examples import as_request, sent
from deepenough.task import Column

ROWS = 1000
ODD = 64
BOUNDARY = 1000
FILES = 32  # real ones that are sent, each of which is opened anew
FAR = (0.0, -1e30, 1e30, 1e-30)
UNSEEN = ("", "Zoë – 北京 🙂", "a category that nobody has seen", " ", "NA", "0")

Predict = Callable[[Dataset], Answer]


def prove(predict: Predict, bundle: Bundle, dataset: Dataset, seed: int = 0) -> None:
    """Compare the trained model with its bundle on up to 1,000 real rows, on odd ones, and where the graph branches.

    Odd rows: everything missing, extremes, cells missing at random, categories never seen. Boundary rows: each threshold of
    a graph of trees (of thousands, a sample) and the two float32 beside it. Sent rows: as JSON would bring them, one at a time
    and all at once. Raises `ParityError` with the number of rows that differ.
    """
    rng = np.random.default_rng([seed, 2])
    real = dataset.take(rng.permutation(len(dataset))[:ROWS])
    kind = shelves.load("tasks", dataset.task.kind)
    for name, rows in () if bundle.reads_examples else _batches(bundle, real, rng):
        differs = int((~kind.alike(predict(rows), bundle.answer_features(rows.features, len(rows)))).sum())
        _must_not_differ(differs, len(rows), name)
    if isinstance(dataset.examples, Columns | Lazy):
        _prove_sent(predict, bundle, real, kind)


def _must_not_differ(differs: int, rows: int, name: str) -> None:
    if differs:
        raise ParityError(
            f"The exported model answers {differs} of {rows} {name} rows otherwise than the trained one, so it "
            "is not shipped. Please report this with the data's shape."
        )


def _batches(bundle: Bundle, real: Dataset, rng: np.random.Generator) -> Iterator[tuple[str, Dataset]]:
    yield "real", real
    yield "odd", odd(real.take(np.arange(min(ODD, len(real)))), rng)
    if not bundle.steps and len(real):
        edges = boundary(real, thresholds(bundle.graph), rng)
        if edges is not None:
            yield "boundary", edges


def odd(rows: Dataset, rng: np.random.Generator) -> Dataset:
    """Return rows that no file holds: missing, extreme, unseen."""
    features = {}
    for name, values in rows.features.items():
        mixed = values.copy()
        if values.dtype.kind not in "fiu":
            mixed[:] = np.resize(np.array(UNSEEN, dtype=object), len(mixed))
            features[name] = mixed
            continue
        blank = rng.random(len(mixed)) < 0.3
        mixed[blank] = np.nan if values.dtype.kind == "f" else 0
        if values.dtype.kind == "f":
            mixed[1:5] = FAR[: len(mixed[1:5])]
        mixed[:1] = np.nan if values.dtype.kind == "f" else 0
        features[name] = mixed
    return _with_features(rows, features)


def boundary(real: Dataset, where: dict[tuple[str, int], np.ndarray], rng: np.random.Generator) -> Dataset | None:
    """Return real rows half of whose numbers stand at a threshold, or at one of the two float32 beside it; None without any.

    Categories are drawn anew, so that branches are reached that no real row takes.
    """
    edges = {column: _with_neighbours(values) for column, values in where.items()}
    n = min(BOUNDARY, max((len(values) for values in edges.values()), default=0) * 2)
    if not n:
        return None
    rows = real.take(np.resize(np.arange(len(real)), n))
    features, order = dict(rows.features), {"f": "numbers", "i": "codes", "u": "codes"}
    place = {"numbers": 0, "codes": 0}
    for name, values in rows.features.items():
        tensor = order.get(values.dtype.kind)
        if tensor is None:
            continue
        column, place[tensor] = (tensor, place[tensor]), place[tensor] + 1
        new = edges.get(column) if tensor == "numbers" else np.arange(int(real.features[name].max(initial=0)) + 1)
        if new is not None:
            features[name] = _half_replaced(values, new, rng)
    return _with_features(rows, features)


def _with_neighbours(values: np.ndarray) -> np.ndarray:
    values = values.astype(np.float32)
    with np.errstate(over="ignore"):
        near = np.concatenate(
            [np.nextafter(values, np.float32(-np.inf)), values, np.nextafter(values, np.float32(np.inf))]
        )
    return np.asarray(near[np.isfinite(near)])


def _half_replaced(values: np.ndarray, new: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return values with half the cells, chosen at random, taken from `new`: all of them before any comes twice."""
    changed, cells = values.copy(), rng.permutation(len(values))[: max(1, len(values) // 2)]
    changed[cells] = np.resize(rng.permutation(new), len(cells)).astype(values.dtype)
    return changed


def _with_features(rows: Dataset, features: dict[str, np.ndarray]) -> Dataset:
    return Dataset(rows.task, rows.examples, rows.target, rows.about, rows.ids, features)


def _prove_sent(predict: Predict, bundle: Bundle, real: Dataset, kind: Any) -> None:
    """Rows as they are sent go the same way as those of a file, and one alone the same as among others."""
    rows = _sent(real)
    modality = shelves.load("modalities", real.task.modality)
    examples = modality.decode(rows, real.task)
    index = np.zeros(len(rows), np.intp)
    few = real.take(index)
    dataset = Dataset(real.task, examples, None, few.about, few.ids, modality.features(examples, real.task))
    said = bundle.answer(examples)
    _must_not_differ(int((~kind.alike(predict(dataset), said)).sum()), len(rows), "sent")
    whole = bundle.predict(rows)
    alone = [bundle.predict([row]) for row in rows]
    differs = sum(any(not _same(one[name][0], whole[name][i]) for name in whole) for i, one in enumerate(alone))
    _must_not_differ(differs, len(rows), "single")


def _same(a: Any, b: Any) -> bool:
    return bool(a == b) if isinstance(a, str) else bool(abs(a - b) <= 1e-5 * max(1.0, abs(a)))


def _sent(real: Dataset) -> list[dict[str, Any]]:
    """Return requests: a few real ones, and odd ones."""
    modality = shelves.load("modalities", real.task.modality)
    if modality.files:
        return [
            *(sent(real.examples, i, real.task) for i in range(min(FILES, len(real)))),
            *modality.made_up(real.task),
        ]
    whole = [as_request(real.examples[i], real.task) for i in range(min(8, len(real)))]
    strange = [{c.name: _strange(c, text) for c in real.task.inputs} for text in UNSEEN]
    return [*whole, *strange, {c.name: None for c in real.task.inputs}]


def _strange(column: Column, text: str) -> Any:
    return text if column.categories or column.kind == "text" else ""
