"""Rules held against the columns of a task: every name known, every value of its column's kind, every answer one there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from deepenough.errors import RulesError, nearest
from deepenough.rules._comparing import Comparing, kind_of
from deepenough.rules._conditions import All, Any, Condition, Missing, Number, holds
from deepenough.rules._grammar import Among, Compare, Flag, IsMissing, Join, Not, Tree, parse
from deepenough.rules._reading import Answer, Rules
from deepenough.rules._tokens import Token, wrong
from deepenough.task import Column, Task

LARGEST = 3.4e38  # what models answer in: float32
NEGATED = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


@dataclass(frozen=True)
class Bound:
    """Rules as the features of a row are asked.

    Attributes
    ----------
    conditions : one a rule, in their order.
    answers : of each rule, then of the rows that no rule decides: number of the label, or value; None: to be learnt.
    notes : what can never hold, as sentences.
    """

    conditions: tuple[Condition, ...]
    answers: tuple[float | None, ...]
    notes: tuple[str, ...] = ()

    def holding(self, features: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return (rules, n) whether each rule's condition holds, whatever those before it say."""
        return np.array([holds(c, features) for c in self.conditions])

    def deciding(self, features: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return (n,) the number of the rule that decides each row: the first that holds; ``len(conditions)`` where none does."""
        held = self.holding(features)
        return np.where(held.any(axis=0), held.argmax(axis=0), len(held))


def bind(rules: Rules, task: Task, features: Sequence[str]) -> Bound:
    """Hold rules against a task; `RulesError` says which rule, where in it, what was seen, and the mend.

    Parameters
    ----------
    features : the names of the task's features: a date stands there as its parts (``since:year``).
    """
    conditions, notes = [], []
    for i, rule in enumerate(rules.rules):
        binder = _Binder(rule.when, task, features)
        try:
            conditions.append(binder.bind(parse(rule.when), False))
            answer_of(rule.then, task)
        except RulesError as error:
            raise RulesError(f"{_capital(rules.called(i))}, {error}") from error
        notes += [f"{_capital(rules.called(i))}: {note}" for note in binder.notes]
    answers = [answer_of(rule.then, task) for rule in rules.rules]
    otherwise = None if rules.otherwise is None else answer_of(rules.otherwise, task, "otherwise")
    return Bound(tuple(conditions), (*answers, otherwise), tuple(notes))


def answer_of(then: Answer, task: Task, key: str = "then") -> float:
    """Return the number of a label, or the value, that a rule answers with."""
    if not task.labels:
        if isinstance(then, str | bool) or not np.isfinite(then) or abs(then) > LARGEST:
            raise RulesError(f"{key} = {then!r} is no number, and '{task.target}' is one. Write: {key} = 12.5.")
        return float(then)
    text = str(then)
    if text in task.labels:
        return task.labels.index(text)
    whole = str(int(then)) if isinstance(then, float) and then.is_integer() else text
    folded = [label.casefold() for label in task.labels]
    if folded.count(whole.casefold()) == 1:
        return folded.index(whole.casefold())
    raise RulesError(
        f"{key} = '{text}' is no value of the target '{task.target}'. {nearest(text, task.labels)}"
        f"It has: {', '.join(task.labels[:20])}."
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@dataclass
class _Binder:
    """Carries one condition's text along, for the sentences that show a place in it."""

    text: str
    task: Task
    features: Sequence[str]
    notes: list[str] = field(default_factory=list)

    def bind(self, tree: Tree, negated: bool) -> Condition:
        """Return what a tree asks; `negated`: what its contrary asks, so that no "not" is left."""
        if isinstance(tree, Not):
            return self.bind(tree.item, not negated)
        if isinstance(tree, Join):
            items = tuple(self.bind(item, negated) for item in tree.items)
            return All(items) if tree.every is not negated else Any(items)
        if isinstance(tree, IsMissing):
            return Missing(self.first_feature(tree.column), tree.empty is not negated)
        if isinstance(tree, Among):
            return self.among(tree, tree.inside is not negated)
        if isinstance(tree, Flag):
            return self.flag(tree.column, negated)
        return self.compare(tree, NEGATED[tree.sign] if negated else tree.sign)

    def compare(self, tree: Compare, sign: str) -> Condition:
        return self.comparing(tree.column).compare(sign, tree.value)

    def among(self, tree: Among, inside: bool) -> Condition:
        comparing = self.comparing(tree.column)
        each = tuple(comparing.compare("==" if inside else "!=", value) for value in tree.values)
        return Any(each) if inside else All(each)

    def flag(self, name: Token, negated: bool) -> Condition:
        column = self.column(name)
        if not isinstance(column, Column) or column.kind != "boolean":
            raise wrong(
                self.text,
                name.start,
                name.end,
                f"'{name.text}' {kind_of(column)}, so it says neither yes nor no by itself: compare it with a value.",
            )
        return Number(name.text, "==", 0.0 if negated else 1.0)

    def comparing(self, name: Token) -> Comparing:
        return Comparing(self.text, name, self.column(name), self.features, self.notes)

    def first_feature(self, name: Token) -> str:
        column = self.column(name)
        return f"{name.text}:month" if isinstance(column, Column) and column.kind == "time" else name.text

    def column(self, name: Token) -> Column | None:
        """Return the input of this name; None for a part of a date (`since:weekday`), which is a plain number."""
        known = {c.name: c for c in self.task.measured if c.kind != "image"}
        if name.text in known:
            return known[name.text]
        if name.text in self.features and name.text not in [c.name for c in self.task.inputs]:
            return None
        raise wrong(self.text, name.start, name.end, self.unknown(name.text, list(known) or list(self.features)))

    def unknown(self, name: str, known: list[str]) -> str:
        column = next((c for c in self.task.columns if c.name == name), None)
        if column is not None and column.role == "target":
            return f"'{name}' is what is to be predicted: no rule may look at it."
        if column is not None and column.kind == "text" and column.role == "input":
            return f"'{name}' is free text, which no rule compares: make a column of what you look for in it."
        if column is not None:
            why = f" (it {column.why})" if column.why else ""
            return f"No model may read the column '{name}'{why}: leave it out of the rule."
        shown = ", ".join(known[:12]) + (" ..." if len(known) > 12 else "")
        return f"There is no column '{name}'. {nearest(name, known)}The columns are: {shown}."
