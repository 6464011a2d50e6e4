"""What an expert says: rules, tried from top to bottom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from deepenough.bundle import Plan
from deepenough.candidates._base import Candidate, Settings
from deepenough.dataset import Answer, Dataset
from deepenough.export.graph import Graph, widths
from deepenough.rules import All, Code, Condition, Missing, Number, bound
from deepenough.rules import Any as AnyOf
from deepenough.task import Task
from deepenough.workspace import Workspace

WEIGHT = 2.0  # rows that the shares of all rows count for beside a rule's own (the m-estimate, Cestnik 1990)
AHEAD = 1e-3  # by which an answer that the data contradict is still the likeliest
OPERATORS = {"<": "Less", "<=": "LessOrEqual", ">": "Greater", ">=": "GreaterOrEqual", "==": "Equal"}


class Rules(Candidate):
    """The rules of an expert, where they were given: what any model must beat."""

    name = "rules"
    title = "The expert's rules"
    rung = 0
    answers = ("classification", "regression")
    modalities = ("tabular", "image")
    cost = (0.02, 0.0, 0.1)
    readable = True
    stated = True
    example = (
        (
            "classification",
            """
            [[rules.rule]]
            when = "shape == 'round' and size > -1"
            then = "yes"

            [[rules.rule]]
            when = "size > 0.5 or made >= '2026-10-01' and not new"
            then = "yes"

            [[rules.rule]]
            when = "size is missing or shape in ('flat', 'square')"
            then = "no"
            """,
        ),
        (
            "regression",
            """
            rules.otherwise = 0.1

            [[rules.rule]]
            when = "shape == 'round' and size > -1"
            then = 1.5

            [[rules.rule]]
            when = "not (size >= -0.5 or size is missing)"
            then = -1
            """,
        ),
    )

    def suits(self, task: Task) -> bool:
        return "rules" in task.settings

    def portfolio(self, task: Task, rows: int) -> Sequence[Settings]:
        return [{}]

    def build(self, task: Task, settings: Settings, seed: int) -> Stated:
        return Stated(task)


class Stated:
    """Answers as the expert said. How sure to be of it is learnt: the share of each class in the rows a rule decides."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def fit(self, learn: Dataset, tune: Dataset, workspace: Workspace) -> Stated:
        found = bound(self.task, list(learn.features))
        if found is None:
            raise ValueError("the task carries no rules")
        self.bound, self.widths = found, widths(learn.tensors)
        self.columns = _columns(learn.features)
        decided = np.concatenate([found.deciding(d.features) for d in (learn, tune)])
        truth = np.concatenate([learn.truth, tune.truth])
        classes = len(self.task.labels)
        self.table = (shares if classes else values)(decided, truth, found.answers, classes).astype(np.float32)
        return self

    def predict(self, dataset: Dataset) -> Answer:
        return {"probability" if self.task.labels else "value": self.table[self.bound.deciding(dataset.features)]}

    def export(self) -> Plan:
        """Comparisons, joined; then the first rule that holds looks its answer up."""
        graph, conditions = Graph(self.widths), self.bound.conditions
        shape = graph.add("Concat", graph.rows(), graph.constant(np.array([1])), axis=0)
        rule = graph.add("Expand", graph.constant(np.array([len(conditions)])), shape)
        for i in reversed(range(len(conditions))):
            rule = graph.add("Where", self._write(graph, conditions[i]), graph.constant(np.array([i])), rule)
        output = "probability" if self.task.labels else "value"
        flat = graph.add("Squeeze", rule, graph.constant(np.array([1])))
        graph.add("Gather", graph.constant(self.table), flat, output=output)
        return Plan(graph.finish([output], len(self.task.labels) or None), (output,))

    def _write(self, graph: Graph, condition: Condition) -> str:
        """Append a condition; return the name of (n, 1) whether it holds."""
        if isinstance(condition, All | AnyOf):
            return _joined(
                graph, "And" if isinstance(condition, All) else "Or", [self._write(graph, c) for c in condition.items]
            )
        tensor, place = self.columns[condition.feature]
        cells = graph.add("Gather", tensor, graph.constant(np.array([place])), axis=1)
        if isinstance(condition, Number):
            return graph.add(OPERATORS[condition.sign], cells, graph.constant(np.array([condition.single])))
        zero = graph.constant(np.array([0]))
        if isinstance(condition, Missing):
            empty = graph.add("IsNaN", cells) if tensor == "numbers" else graph.add("Equal", cells, zero)
            return empty if condition.empty else graph.add("Not", empty)
        return _among(graph, condition, cells, zero)


def _columns(features: Mapping[str, np.ndarray]) -> dict[str, tuple[str, int]]:
    """Return, by feature, the tensor of a graph that holds it, and its place there."""
    numbers = [name for name, values in features.items() if values.dtype.kind == "f"]
    codes = [name for name, values in features.items() if values.dtype.kind in "iu"]
    return {name: (t, i) for t, names in (("numbers", numbers), ("codes", codes)) for i, name in enumerate(names)}


def _joined(graph: Graph, operator: str, names: Sequence[str]) -> str:
    joined = names[0]
    for name in names[1:]:
        joined = graph.add(operator, joined, name)
    return joined


def _among(graph: Graph, condition: Code, cells: str, zero: str) -> str:
    known = graph.add("Greater", cells, zero)
    equal = [graph.add("Equal", cells, graph.constant(np.array([code]))) for code in condition.codes]
    if condition.inside:
        return _joined(graph, "Or", equal) if equal else graph.add("Less", cells, zero)
    return _joined(graph, "And", [known, *(graph.add("Not", e) for e in equal)])


def shares(decided: np.ndarray, truth: np.ndarray, answers: Sequence[float | None], classes: int) -> np.ndarray:
    """Return (rules + 1, classes) how likely each class is where a rule decides: its share there, drawn towards that of all rows.

    What the expert said stays the likeliest: where the data say otherwise, the probability is the nearest to them (in log loss)
    that still has the expert's class ahead. The last line is of the rows that no rule decides; without an `otherwise`, their
    most frequent class is the answer there.
    """
    overall = np.bincount(truth, minlength=classes) / len(truth)
    table = np.zeros((len(answers), classes))
    for i, answer in enumerate(answers):
        counts = np.bincount(truth[decided == i], minlength=classes)
        share = (counts + WEIGHT * overall) / (counts.sum() + WEIGHT)
        table[i] = share if answer is None else led_by(int(answer), share)
    return table


def led_by(label: int, share: np.ndarray) -> np.ndarray:
    """Return the distribution nearest to `share` (in log loss) in which `label` is the likeliest class, just so where it must be.

    >>> led_by(1, np.array([0.7, 0.3])).round(3).tolist(), led_by(0, np.array([0.7, 0.3])).tolist()
    ([0.5, 0.5], [0.7, 0.3])
    """
    rivals = np.delete(np.arange(len(share)), label)
    rivals = rivals[np.argsort(-share[rivals], kind="stable")]
    if share[label] > share[rivals[0]] + AHEAD:
        return share
    pooled, tied = share[label], [label]
    for rival in rivals:  # classes likelier than the mean of the pool join it: isotonic regression with one class ahead
        if share[rival] <= pooled:
            break
        tied.append(int(rival))
        pooled = share[tied].mean()
    even = share.copy()
    even[tied] = pooled
    return np.asarray((1.0 - AHEAD) * even + AHEAD * (np.arange(len(share)) == label))


def values(decided: np.ndarray, truth: np.ndarray, answers: Sequence[float | None], classes: int) -> np.ndarray:
    """Return (rules + 1,) what each rule says; without an `otherwise`, the mean of the rows that no rule decides."""
    left = truth[decided == len(answers) - 1]
    mean = float((left if len(left) else truth).mean())
    return np.array([mean if answer is None else answer for answer in answers])
