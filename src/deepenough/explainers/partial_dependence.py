"""How the answer moves with one column, the others left as they are (Friedman 2001; Goldstein et al. 2015)."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import ParityError
from deepenough.modalities._shifts import shifted
from deepenough.task import Column

from ._base import Dependence, Explainer, Model

ROWS = 200  # of them each is asked once a point of the grid
POINTS = 12  # of a number: its quantiles
LEVELS = 12  # of a category: the most frequent ones
COLUMNS = 6
SPREAD = (0.1, 0.9)  # eight of ten single rows lie between
DRAWN = ("number", "boolean", "category", "high_cardinality")


class PartialDependence(Explainer):
    """The mean answer when one column is set to each of its values in turn, and how much single rows differ in it."""

    name = "partial_dependence"
    title = "Partial dependence"
    explains = "model"
    needs = "answers"
    exact = False

    def explain(self, model: Model, dataset: Dataset) -> Dependence:
        """Ask 200 rows again with a column set to each of its quantiles, or to each of its most frequent categories.

        Of two classes the probability of the second is followed, of more the probability of the one that is answered most.
        An entry a column: ``{"column", "kind", "at", "mean", "low", "high", "class"}``; low and high hold eight of ten rows
        (individual conditional expectations).
        """
        rng = np.random.default_rng([model.seed, 4])
        rows = dataset.take(np.sort(rng.permutation(len(dataset))[:ROWS]))
        said = model.bundle.answer_features(rows.features, len(rows))
        followed, moved = _followed(said), shifted(rows.task)
        curves = []
        for column in _columns(model, rows):
            values, shown = grid(rows.features[column.name], column, moved.get(column.name, 0.0))
            if len(values) < 2:
                continue
            asked = np.stack([_answers(model, rows, column.name, v, followed) for v in values])
            low, high = np.quantile(asked, SPREAD, axis=1)
            curves.append(
                {
                    "column": column.name,
                    "kind": "number" if column.kind == "number" else "category",
                    "at": shown,
                    "mean": _plain(asked.mean(axis=1)),
                    "low": _plain(low),
                    "high": _plain(high),
                    "class": rows.task.labels[followed] if followed is not None else None,
                }
            )
        return Dependence(curves)

    def prove(self, model: Model, dataset: Dataset) -> None:
        """Set to the value it has, a column leaves the answer as it is."""
        row = dataset.take(np.arange(1))
        followed = _followed(model.bundle.answer_features(row.features, len(row)))
        truth = _part(model.bundle.answer_features(row.features, len(row)), followed)
        for column in _columns(model, row):
            said = _answers(model, row, column.name, row.features[column.name][0], followed)
            if not np.array_equal(said, truth):
                raise ParityError(f"Left as it was, '{column.name}' changes the answer. Please report this.")


def _columns(model: Model, rows: Dataset) -> list[Column]:
    known = {c.name: c for c in rows.task.inputs if c.kind in DRAWN and c.name in rows.features}
    return [known[name] for name in (model.columns or known) if name in known][:COLUMNS]


def _followed(answer: dict[str, np.ndarray]) -> int | None:
    if "value" in answer:
        return None
    chance = answer["probability"]
    return 1 if chance.shape[1] == 2 else int(np.bincount(chance.argmax(axis=1)).argmax())


def _part(answer: dict[str, np.ndarray], followed: int | None) -> np.ndarray:
    return np.asarray(answer["value"] if followed is None else answer["probability"][:, followed])


def grid(values: np.ndarray, column: Column, moved: float = 0.0) -> tuple[list[Any], list[Any]]:
    """Return the values to set a column to, and how they are written: quantiles of a number, most frequent categories.

    `moved` is what a step took off the number before the model reads it.

    >>> grid(np.arange(100, dtype=np.float32), Column("age", "number"))[1][:3]
    [4.95, 13.05, 21.15]
    """
    if column.kind == "number":
        known = values[~np.isnan(values)]
        if not len(known):
            return [], []
        found = np.unique(np.quantile(known.astype(np.float64), np.linspace(0.05, 0.95, POINTS)).astype(np.float32))
        return list(found), [float(f"{v + moved:.{6 if moved == 0.0 else 12}g}") for v in found.astype(np.float64)]
    if column.kind == "boolean":
        present = np.unique(values[~np.isnan(values)])
        return list(present), ["yes" if v else "no" for v in present]
    codes, counts = np.unique(values[values > 0], return_counts=True)
    kept = np.sort(codes[np.argsort(-counts, kind="stable")[:LEVELS]])
    return list(kept), [column.categories[int(code) - 1] for code in kept]


def _answers(model: Model, rows: Dataset, name: str, value: Any, followed: int | None) -> np.ndarray:
    features = {**rows.features, name: np.full_like(rows.features[name], value)}
    return _part(model.bundle.answer_features(features, len(rows)), followed)


def _plain(values: np.ndarray) -> list[float]:
    return [float(f"{v:.6g}") for v in values]
