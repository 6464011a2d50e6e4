"""What each column adds, exactly: for models that are a sum (Lundberg et al. 2020; linear models by their coefficients)."""

from __future__ import annotations

import numpy as np

from deepenough import shelves
from deepenough.dataset import Answer, Dataset
from deepenough.errors import NotApplicable

from ._base import Additive, Contributions, Explainer, Model
from ._columns import features_of, in_tensor_order
from ._scale import TOLERANCE, must_add_up, off, scores

EDGE = 1e-4  # a probability under which, or as near to 1, a float32 holds too few digits to tell a stretch
FEWEST = 20  # rows that can tell one


class ExactShapley(Explainer):
    """What each column adds to the score: a linear model's own terms, or the exact Shapley values of boosted trees."""

    name = "exact_shapley"
    title = "Exact contributions"
    explains = "row"
    needs = "terms"
    exact = True

    def explain(self, model: Model, dataset: Dataset) -> Contributions:
        """Return the family's own terms, by column of the table: parts of a date and levels of a category are summed.

        Linear: coefficient times the distance from the mean of the rows it learnt from. Trees: tree SHAP, in the way of the
        paths that the rows it learnt from took. Where what ships calibrates the probabilities, the terms are stretched as it
        stretches the log-odds. Raises `NotApplicable` where the model keeps no form of its own, or where the terms
        do not add up to what the bundle answers.
        """
        native, classes = _restored(model), len(dataset.task.labels)
        measured = dataset if model.usual is None else model.usual
        slope, offset = _stretch(
            _terms(native, measured).sum(axis=1),
            model.bundle.answer_features(measured.features, len(measured)),
            classes,
        )
        names = in_tensor_order(dataset.features)
        terms = _terms(native, dataset) * slope
        terms[:, -1] += offset
        if (
            not off(terms.sum(axis=1), model.bundle.answer_features(dataset.features, len(dataset)), classes)
            <= TOLERANCE
        ):
            raise NotApplicable("What ships does more than add up its terms, so they do not explain it exactly.")
        columns, place = features_of(names, dataset.task), {name: i for i, name in enumerate(names)}
        unread = len(names) + 1 - terms.shape[1]  # texts, of a family that reads none: they add nothing
        terms = np.insert(terms, [terms.shape[1] - 1] * unread, 0.0, axis=1)
        values = np.stack([terms[:, [place[p] for p in parts]].sum(axis=1) for parts in columns.values()], axis=1)
        return Contributions(tuple(columns), values, terms[0, -1])

    def prove(self, model: Model, dataset: Dataset) -> None:
        """The contributions add up to the answer of what ships."""
        found = self.explain(model, dataset)
        must_add_up(
            found.totals(), model.bundle.answer_features(dataset.features, len(dataset)), len(dataset.task.labels)
        )


def _restored(model: Model) -> Additive:
    book = shelves.shelf("candidates").get(model.family)
    if book is None or not book.facts.get("additive"):
        raise NotApplicable(f"{model.family or 'This model'} is no sum of terms.")
    if model.native is None or not model.native.is_dir():
        raise NotApplicable("This run keeps no form of its model besides what ships.")
    found: Additive = shelves.load("candidates", model.family).restore(model.bundle.task, model.native)
    return found


def _terms(native: Additive, rows: Dataset) -> np.ndarray:
    terms = native.terms(rows)
    if terms.shape[2] > 1:  # only differences between classes count
        terms = terms - terms.mean(axis=2, keepdims=True)
    return terms


def _stretch(raw: np.ndarray, answer: Answer, classes: int) -> tuple[float, np.ndarray]:
    """Return slope and offsets (outputs,) of the straight line from a model's scores to what ships: 1 and 0 but for calibration."""
    none = np.zeros(raw.shape[1])
    if not classes or off(raw, answer, classes) <= TOLERANCE:
        return 1.0, none
    told = answer["probability"].min(axis=1) > EDGE
    if told.sum() < FEWEST:
        return 1.0, none
    x, y = raw[told], scores(answer)[told]
    away = x - x.mean(axis=0)
    spread = float((away**2).sum())
    slope = float((away * (y - y.mean(axis=0))).sum()) / spread if spread > 0.0 else 1.0
    line = slope, y.mean(axis=0) - slope * x.mean(axis=0)
    return line if off(line[0] * raw + line[1], answer, classes) <= TOLERANCE else (1.0, none)
