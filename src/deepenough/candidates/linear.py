"""Logistic regression and ridge, on standardised numbers and one column a category."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from deepenough.bundle import Plan
from deepenough.candidates._base import Candidate, Settings
from deepenough.dataset import Answer, Dataset
from deepenough.export.graph import Graph, two_columns, widths
from deepenough.task import Task
from deepenough.workspace import Workspace

STRENGTHS = (1e-3, 1e-2, 0.1, 1.0, 10.0)  # C of the logistic regression: inverse of the penalty
PENALTIES = (1e4, 1e3, 100.0, 10.0, 1.0, 0.1)
LEAST_MISSING = 5  # empty cells a number needs for a flag of its own
MOST_LEVELS = 1000  # categories with a weight of their own; of more, the most frequent
NEWTON_WEIGHTS = 1200  # above, the Hessian of Newton's method costs more than L-BFGS saves
FOLDS = 3  # of the cross-validation that chooses the penalty
FAR = 3.0  # standard deviations: what lies farther counts as that far, so that one odd cell carries no answer


class Linear(Candidate):
    """A weighted sum of the columns: logistic regression for classes, ridge for numbers."""

    name = "linear"
    title = "Linear model"
    rung = 1
    answers = ("classification", "regression")
    modalities = ("tabular",)
    requires = ("sklearn",)
    cost = (0.05, 0.0, 1.5)

    def suits(self, task: Task) -> bool:
        return True

    def portfolio(self, task: Task, rows: int) -> Sequence[Settings]:
        return [{}]

    def build(self, task: Task, settings: Settings, seed: int) -> LinearModel:
        return LinearModel(task)


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

    def __init__(self, task: Task) -> None:
        self.task = task

    def fit(self, learn: Dataset, tune: Dataset, workspace: Workspace) -> LinearModel:
        levels = [len(c.categories) for c in self.task.inputs if c.kind in ("category", "high_cardinality")]
        self.widths = widths(learn.tensors)
        both = {name: np.concatenate([learn.tensors[name], tune.tensors[name]]) for name in learn.tensors}
        self.encoding = Encoding(both, levels)
        design, truth = self.encoding.design(both), np.concatenate([learn.truth, tune.truth])
        self._solve(design, truth, self._choose(design, truth, len(learn)))
        return self

    def _choose(self, x: np.ndarray, truth: np.ndarray, learnt: int) -> float:
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

    def _loss(self, x: np.ndarray, truth: np.ndarray) -> float:
        raw = x @ self.weights.T + self.bias
        if not self.task.labels:
            return float(np.mean((raw[:, 0] - truth) ** 2))
        chance = _softmax(raw) if raw.shape[1] > 1 else _two(raw[:, 0])
        return float(-np.mean(np.log(np.maximum(chance[np.arange(len(truth)), truth], 1e-15))))

    def _solve(self, x: np.ndarray, truth: np.ndarray, strength: float, before: Any = None) -> Any:
        if not self.task.labels:
            from sklearn.linear_model import Ridge

            # the target in its own spread, so that the penalties mean the same for cents and for millions
            spread = float(truth.std()) or 1.0
            ridge = Ridge(alpha=strength, solver="cholesky").fit(x, truth / spread)
            self.weights, self.bias = np.atleast_2d(ridge.coef_) * spread, np.atleast_1d(ridge.intercept_) * spread
            return None
        return self._logistic(x, truth, strength, before)

    def _logistic(self, x: np.ndarray, truth: np.ndarray, strength: float, before: Any) -> Any:
        from sklearn.linear_model import LogisticRegression

        present, codes = np.unique(truth, return_inverse=True)
        count = len(self.task.labels)
        outputs = 1 if count == 2 else count
        self.weights, self.bias = np.zeros((outputs, x.shape[1])), np.full(outputs, -30.0 if outputs > 1 else 0.0)
        if len(present) == 1:  # a part without the other class: certain, as far as these rows can tell
            self.bias[0 if outputs == 1 else present[0]] = 30.0 if outputs > 1 or present[0] == 1 else -30.0
            return None
        newton = x.shape[1] * (1 if len(present) == 2 else len(present)) <= NEWTON_WEIGHTS
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
        if not self.task.labels:
            return {"value": raw[:, 0].astype(np.float32)}
        return {"probability": (_softmax(raw) if raw.shape[1] > 1 else _two(raw[:, 0])).astype(np.float32)}

    def export(self) -> Plan:
        """In double precision: the graph is tiny, and a year beside a share would cost digits in single."""
        graph, terms = Graph(self.widths), []
        if self.widths["numbers"]:
            terms += self._numbers(graph)
        if self.widths["codes"]:
            terms.append(self._codes(graph))
        raw = graph.constant(self.bias[None, :])
        for term in terms:
            raw = graph.add("Add", raw, term)
        if not self.task.labels:
            value = graph.add("Squeeze", raw, graph.constant(np.array([1])))
            graph.add("Cast", value, output="value", to=1)
            return Plan(graph.finish(["value"], None), ("value",))
        chance = (
            graph.add("Softmax", raw, axis=1)
            if len(self.bias) > 1
            else two_columns(graph, graph.add("Sigmoid", raw), np.float64)
        )
        graph.add("Cast", chance, output="probability", to=1)
        return Plan(graph.finish(["probability"], len(self.task.labels)), ("probability",))

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
