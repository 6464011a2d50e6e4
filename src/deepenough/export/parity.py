"""What was tested is what ships: proven on rows, or refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deepenough import shelves
from deepenough.bundle import Bundle
from deepenough.dataset import Answer, Dataset
from deepenough.errors import ParityError

ROWS = 1000
ODD = 64
FAR = (0.0, -1e30, 1e30, 1e-30)


def prove(predict: Callable[[Dataset], Answer], bundle: Bundle, dataset: Dataset, seed: int = 0) -> None:
    """Compare the trained model with its bundle on up to 1,000 real rows and on odd ones.

    Odd rows: everything missing, extremes, cells missing at random, categories never seen.
    Raises `ParityError` with the number of rows that differ.
    """
    rng = np.random.default_rng([seed, 2])
    real = dataset.take(rng.permutation(len(dataset))[:ROWS])
    kind = shelves.load("tasks", dataset.task.kind)
    for name, rows in (("real", real), ("odd", odd(real.take(np.arange(min(ODD, len(real)))), rng))):
        differs = np.flatnonzero(~kind.alike(predict(rows), bundle.run(rows.tensors)))
        if len(differs):
            raise ParityError(
                f"The exported model answers {len(differs)} of {len(rows)} {name} rows otherwise than the trained one, so it "
                "is not shipped. Please report this with the data's shape."
            )


def odd(rows: Dataset, rng: np.random.Generator) -> Dataset:
    """Return rows that no file holds: missing, extreme, unseen."""
    features = {}
    for name, values in rows.features.items():
        mixed = values.copy()
        blank = rng.random(len(mixed)) < 0.3
        mixed[blank] = np.nan if values.dtype.kind == "f" else 0
        if values.dtype.kind == "f":
            mixed[1:5] = FAR[: len(mixed[1:5])]
        mixed[:1] = np.nan if values.dtype.kind == "f" else 0
        features[name] = mixed
    return Dataset(rows.task, rows.examples, rows.target, rows.about, rows.ids, features)
