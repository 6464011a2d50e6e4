"""Logistic regression and ridge, on standardised numbers, one column a category, and one a term of free text."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from deepenough.bundle import Plan
from deepenough.candidates._base import Candidate, Settings
from deepenough.candidates._text import TENSOR, Terms, TextReader, text_columns
from deepenough.dataset import Answer, Dataset
from deepenough.export.graph import Graph, two_columns, widths
from deepenough.files import write_json
from deepenough.task import Task
from deepenough.workspace import Workspace

STRENGTHS = (1e-3, 1e-2, 0.1, 1.0, 10.0)  # C of the logistic regression: inverse of the penalty
PENALTIES = (1e4, 1e3, 100.0, 10.0, 1.0, 0.1)
LEAST_MISSING = 5  # empty cells a number needs for a flag of its own
MOST_LEVELS = 1000  # categories with a weight of their own; of more, the most frequent
NEWTON_WEIGHTS = 1200  # above, the Hessian of Newton's method costs more than L-BFGS saves
FOLDS = 3  # of the cross-validation that chooses the penalty
NATIVE = "linear.json"
LEARNT = {"fill": np.float64, "mean": np.float64, "flagged": np.int64, "offsets": np.int64, "levels": np.int64}
TEXT_SCALE = 3.0  # of a term: a text is of length 1, so its weights need that much to say what one number can
FAR = 3.0  # standard deviations: what lies farther counts as that far, so that one odd cell carries no answer


class Linear(Candidate):
    """A weighted sum of the columns: logistic regression for classes, ridge for numbers."""

    name = "linear"
    title = "Linear model"
    rung = 1
    answers = ("classification", "regression")
    modalities = ("tabular", "image")
    requires = ("sklearn",)
    cost = (0.05, 0.0, 1.5)
    readable = True
    restores = True
    additive = True

    def suits(self, task: Task) -> bool:
        return True

    def portfolio(self, task: Task, rows: int) -> Sequence[Settings]:
        return [{}]

    def build(self, task: Task, settings: Settings, seed: int) -> LinearModel:
        return LinearModel(task)

    def restore(self, task: Task, folder: Path) -> LinearModel:
        """Return the model that `keep` wrote down."""
        model = LinearModel(task).read(json.loads((folder / NATIVE).read_text(encoding="utf-8")))
        model.texts = TextReader.kept(folder)
        return model


class Encoding:
    """Numbers: the median where missing, standardised, far values drawn in, a flag for missing. Categories: one column a level."""

    def __init__(self, tensors: dict[str, np.ndarray], levels: Sequence[int]) -> None:
        numbers, codes = tensors["numbers"].astype(np.float64), tensors["codes"]
        gone = np.isnan(numbers)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a column that is empty in these rows: filled with 0 below
            self.fill = np.nan_to_num(np.nanmedian(numbers, axis=0)) if len(numbers) else np.zeros(numbers.shape[1])
        filled = np.where(gone, self.fill, numbers)
        self.mean, spread = filled.mean(axis=0), filled.std(axis=0)
        self.scale = np.where(spread > 1e-12 * np.maximum(1.0, np.abs(self.mean)), spread, np.inf)
        self.flagged = np.flatnonzero(gone.sum(axis=0) >= LEAST_MISSING)
        # column of the design matrix by (feature, code); the last column stands for "no weight of its own"
        self.offsets = np.concatenate([[0], np.cumsum([k + 1 for k in levels])]).astype(np.int64)
        counts = np.zeros(int(self.offsets[-1]), np.int64)
        for j in range(codes.shape[1]):
            counts[self.offsets[j] : self.offsets[j + 1]] = np.bincount(codes[:, j], minlength=levels[j] + 1)
        frequent = np.argsort(-counts, kind="stable")[
            :MOST_LEVELS
        ]  # the penalty, not a threshold, keeps the rare ones small
        self.levels = np.sort(frequent[counts[frequent] > 0])

    def design(self, tensors: dict[str, np.ndarray]) -> np.ndarray:
        """Return (n, weights) float64."""
        numbers, codes = tensors["numbers"].astype(np.float64), tensors["codes"]
        gone = np.isnan(numbers)
        z = np.clip((np.where(gone, self.fill, numbers) - self.mean) / self.scale, -FAR, FAR)
        position = np.full(int(self.offsets[-1]) + 1, len(self.levels))
        position[self.levels] = np.arange(len(self.levels))
        hot = np.zeros((len(z), len(self.levels) + 1))
        for j in range(codes.shape[1]):
            hot[np.arange(len(z)), position[codes[:, j] + self.offsets[j]]] = 1.0
        return np.hstack([z, gone[:, self.flagged], hot[:, :-1]])

    def features(self) -> np.ndarray:
        """Return (weights,): the feature that each column of the design belongs to, numbers first."""
        of_levels = np.searchsorted(self.offsets, self.levels, side="right") - 1
        return np.concatenate([np.arange(len(self.fill)), self.flagged, len(self.fill) + of_levels])

    def document(self) -> dict[str, Any]:
        """Return what it learnt, as JSON takes it; a column of one value has no scale."""
        scale = [None if np.isinf(v) else float(v) for v in self.scale]
        return {"scale": scale} | {name: getattr(self, name).tolist() for name in LEARNT}

    @classmethod
    def of(cls, document: dict[str, Any]) -> Encoding:
        """Return the encoding that `document` described."""
        made = cls.__new__(cls)
        made.scale = np.array([np.inf if v is None else v for v in document["scale"]], np.float64)
        for name, kind in LEARNT.items():
            setattr(made, name, np.array(document[name], kind))
        return made

    def tables(self, weights: np.ndarray) -> np.ndarray:
        """Return (offsets[-1], outputs): the weight of every code, 0 for the rare."""
        table = np.zeros((int(self.offsets[-1]), weights.shape[0]))
        table[self.levels] = weights[:, len(self.fill) + len(self.flagged) :].T
        return table


class LinearModel:
    """The penalty is chosen by cross-validation over `learn` and `tune`, and the model fitted on both.

    A single fifth of the rows chooses badly: its chance error is larger than what the right penalty gains. With a clock or
    groups it is the fifth that was set aside for it all the same, for a part drawn at random would tell too much.
    """

    weights: np.ndarray
    bias: np.ndarray

    def __init__(self, task: Task) -> None:
        self.task = task
        self.texts = TextReader()
        self.usual_texts = np.zeros(0)

    def fit(self, learn: Dataset, tune: Dataset, workspace: Workspace) -> LinearModel:
        levels = [len(c.categories) for c in self.task.inputs if c.kind in ("category", "high_cardinality")]
        self.widths = widths(learn.tensors)
        both = {name: np.concatenate([learn.tensors[name], tune.tensors[name]]) for name in learn.tensors}
        self.encoding = Encoding(both, levels)
        design, truth = self.encoding.design(both), np.concatenate([learn.truth, tune.truth])
        self.usual = design.mean(axis=0)
        if text_columns(self.task):
            return self._fit_texts(design, truth, learn, tune)
        self._solve(design, truth, self._choose(design, truth, len(learn)))
        return self

    def _fit_texts(self, design: np.ndarray, truth: np.ndarray, learn: Dataset, tune: Dataset) -> LinearModel:
        """Fit with a column for each term beside the others; what the terms add is summed by a step before the graph."""
        terms = Terms(self.task, learn, tune)
        x, columns = terms.beside(design, TEXT_SCALE), design.shape[1]
        self._solve(x, truth, self._choose(x, truth, len(learn)))
        self.texts = terms.reader(TEXT_SCALE * self.weights[:, columns:].T)
        self.weights = self.weights[:, :columns]
        self.widths = {**self.widths, TENSOR: len(self.texts.columns) * self.texts.width}
        self.usual_texts = np.concatenate([self.texts.tensor(d) for d in (learn, tune)]).mean(axis=0, dtype=np.float64)
        return self

    def _choose(self, x: Any, truth: np.ndarray, learnt: int) -> float:
        """Return the penalty with the least loss on rows that were left out."""
        grid = STRENGTHS if self.task.labels else PENALTIES
        held = self._held_out(len(truth), learnt)
        losses: list[float] = []
        before: list[Any] = [None] * len(held)
        for strength in grid:
            losses.append(0.0)
            for i, out in enumerate(held):
                before[i] = self._solve(x[~out], truth[~out], strength, before[i])
                losses[-1] += self._loss(x[out], truth[out]) * int(out.sum())
            if len(losses) > 2 and losses[-1] > losses[-2] > losses[-3]:
                break  # the loss is convex enough along the path: it will not come down again
        return grid[int(np.argmin(losses))]

    def _held_out(self, n: int, learnt: int) -> list[np.ndarray]:
        """Return (n,) which rows are left out, for each fit that judges a penalty."""
        if self.task.with_role("time") or self.task.with_role("group"):
            return [np.arange(n) >= learnt]
        fold = np.random.default_rng(0).permutation(n) % FOLDS
        return [fold == i for i in range(FOLDS)]

    def _loss(self, x: Any, truth: np.ndarray) -> float:
        raw = x @ self.weights.T + self.bias
        if not self.task.labels:
            return float(np.mean((raw[:, 0] - truth) ** 2))
        chance = _softmax(raw) if raw.shape[1] > 1 else _two(raw[:, 0])
        return float(-np.mean(np.log(np.maximum(chance[np.arange(len(truth)), truth], 1e-15))))

    def _solve(self, x: Any, truth: np.ndarray, strength: float, before: Any = None) -> Any:
        if not self.task.labels:
            from sklearn.linear_model import Ridge

            # the target in its own spread, so that the penalties mean the same for cents and for millions
            spread = float(truth.std()) or 1.0
            solver = "cholesky" if isinstance(x, np.ndarray) else "sparse_cg"
            ridge = Ridge(alpha=strength, solver=solver).fit(x, truth / spread)
            self.weights, self.bias = np.atleast_2d(ridge.coef_) * spread, np.atleast_1d(ridge.intercept_) * spread
            return None
        return self._logistic(x, truth, strength, before)

    def _logistic(self, x: Any, truth: np.ndarray, strength: float, before: Any) -> Any:
        from sklearn.linear_model import LogisticRegression

        present, codes = np.unique(truth, return_inverse=True)
        count = len(self.task.labels)
        outputs = 1 if count == 2 else count
        self.weights, self.bias = np.zeros((outputs, x.shape[1])), np.full(outputs, -30.0 if outputs > 1 else 0.0)
        if len(present) == 1:  # a part without the other class: certain, as far as these rows can tell
            self.bias[0 if outputs == 1 else present[0]] = 30.0 if outputs > 1 or present[0] == 1 else -30.0
            return None
        few = x.shape[1] * (1 if len(present) == 2 else len(present)) <= NEWTON_WEIGHTS
        newton = few and isinstance(x, np.ndarray)
        model = before or LogisticRegression(
            solver="newton-cholesky" if newton else "lbfgs", warm_start=True, max_iter=300, tol=1e-4
        )
        model.C = strength
        model.fit(x, codes)
        self._take(model, present, outputs)
        return model

    def _take(self, model: Any, present: np.ndarray, outputs: int) -> None:
        if outputs == 1:
            self.weights, self.bias = model.coef_, model.intercept_
        elif len(present) == 2:
            sides = np.array([-0.5, 0.5])
            self.weights[present], self.bias[present] = sides[:, None] * model.coef_, sides * model.intercept_
        else:
            self.weights[present], self.bias[present] = model.coef_, model.intercept_

    def predict(self, dataset: Dataset) -> Answer:
        raw = self.encoding.design(dataset.tensors) @ self.weights.T + self.bias
        if self.texts.columns:
            raw += self._of_texts(dataset).sum(axis=1)
        if not self.task.labels:
            return {"value": raw[:, 0].astype(np.float32)}
        return {"probability": (_softmax(raw) if raw.shape[1] > 1 else _two(raw[:, 0])).astype(np.float32)}

    def _of_texts(self, dataset: Dataset) -> np.ndarray:
        """Return (n, columns of text, outputs) float64: what each text adds."""
        return self.texts.tensor(dataset).astype(np.float64).reshape(len(dataset), -1, len(self.bias))

    def terms(self, dataset: Dataset) -> np.ndarray:
        """Return (n, features + 1, outputs): coefficient times distance from the mean learnt from; last the score at the mean.

        Features: numbers, codes, then texts.
        """
        outputs, usual = len(self.bias), self.weights * self.usual
        here = self.encoding.design(dataset.tensors)
        places = len(self.encoding.fill) + len(self.encoding.offsets) - 1
        added = np.zeros((len(here), places + len(self.texts.columns) + 1, outputs))
        for column, feature in enumerate(self.encoding.features()):
            added[:, feature] += here[:, column, None] * self.weights[:, column] - usual[:, column]
        added[:, -1] = self.bias + usual.sum(axis=1)
        if self.texts.columns:
            of_texts = self.usual_texts.reshape(-1, outputs)
            added[:, places:-1] = self._of_texts(dataset) - of_texts
            added[:, -1] += of_texts.sum(axis=0)
        return added

    def keep(self, folder: Path) -> None:
        """Write coefficients and encoding down as JSON, every digit."""
        learnt = {name: getattr(self, name).tolist() for name in ("weights", "bias", "usual", "usual_texts")}
        if self.texts.columns:
            self.texts.keep(folder)
        write_json(folder / NATIVE, learnt | {"widths": self.widths, "encoding": self.encoding.document()})

    def read(self, document: dict[str, Any]) -> LinearModel:
        """Take over what `keep` wrote down."""
        self.weights, self.bias, self.usual = (np.array(document[name]) for name in ("weights", "bias", "usual"))
        self.weights = self.weights.reshape(len(self.bias), -1)
        self.usual_texts = np.array(document.get("usual_texts", []))
        self.widths, self.encoding = document["widths"], Encoding.of(document["encoding"])
        return self

    def export(self) -> Plan:
        """In double precision: the graph is tiny, and a year beside a share would cost digits in single."""
        graph, terms = Graph(self.widths), []
        if self.widths["numbers"]:
            terms += self._numbers(graph)
        if self.widths["codes"]:
            terms.append(self._codes(graph))
        if self.texts.columns:
            terms.append(self._texts(graph))
        raw = graph.constant(self.bias[None, :])
        for term in terms:
            raw = graph.add("Add", raw, term)
        if not self.task.labels:
            value = graph.add("Squeeze", raw, graph.constant(np.array([1])))
            graph.add("Cast", value, output="value", to=1)
            return Plan(graph.finish(["value"], None), ("value",), self.texts.steps, self.texts.files or {})
        chance = (
            graph.add("Softmax", raw, axis=1)
            if len(self.bias) > 1
            else two_columns(graph, graph.add("Sigmoid", raw), np.float64)
        )
        graph.add("Cast", chance, output="probability", to=1)
        made = graph.finish(["probability"], len(self.task.labels))
        return Plan(made, ("probability",), self.texts.steps, self.texts.files or {})

    def _numbers(self, graph: Graph) -> list[str]:
        e, a = self.encoding, self.widths["numbers"]
        x = graph.add("Cast", "numbers", to=11)
        gone = graph.add("IsNaN", x)
        centred = graph.add("Sub", graph.add("Where", gone, graph.constant(e.fill), x), graph.constant(e.mean))
        z = graph.add("Mul", centred, graph.constant(1.0 / e.scale))
        far = [graph.constant(np.array(v)) for v in (-FAR, FAR)]
        terms = [graph.add("MatMul", graph.add("Clip", z, *far), graph.constant(self.weights[:, :a].T))]
        if len(e.flagged):
            flags = np.zeros((a, len(self.bias)))
            flags[e.flagged] = self.weights[:, a : a + len(e.flagged)].T
            terms.append(graph.add("MatMul", graph.add("Cast", gone, to=11), graph.constant(flags)))
        return terms

    def _texts(self, graph: Graph) -> str:
        """Append the sum over columns of text, each of which adds to every output."""
        summed = np.tile(np.eye(len(self.bias)), (len(self.texts.columns), 1))
        return graph.add("MatMul", graph.add("Cast", TENSOR, to=11), graph.constant(summed))

    def _codes(self, graph: Graph) -> str:
        place = graph.add("Add", "codes", graph.constant(self.encoding.offsets[None, :-1]))
        rows = graph.add("Gather", graph.constant(self.encoding.tables(self.weights)), place)
        return graph.add("ReduceSum", rows, graph.constant(np.array([1])), keepdims=0)


def _softmax(raw: np.ndarray) -> np.ndarray:
    shifted = np.exp(raw - raw.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def _two(raw: np.ndarray) -> np.ndarray:
    positive = 1.0 / (1.0 + np.exp(-np.clip(raw, -700, 700)))
    return np.stack([1.0 - positive, positive], axis=1)
