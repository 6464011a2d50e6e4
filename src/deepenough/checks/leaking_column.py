"""DE003: a column that knows the answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding, Severity
from deepenough.task import Column

from ._alone import MOST_TOGETHER, Question, question, score, together
from ._base import Check
from ._faults import with_column
from ._identifiers import coming_back
from ._look import arrays, features, gaps, need_classes, need_truth, owners, percent

LEAST_ROWS = 50
LEAST_IN_CLASS = 10
# By what the score is: two classes (area under the ROC curve), more classes (skill), numbers (R2).
NEARLY_PERFECT = {"auc": 0.995, "skill": 0.99, "r2": 0.999}
SUSPICIOUS = {"auc": 0.95, "skill": 0.9, "r2": 0.85}
FAR_BEHIND = 5.0  # the others' error over this column's: it answers, they do not
CLEARLY_BEHIND = 2.5  # the same, for a column that is only suspicious
BY_GAPS_ALONE = 0.98  # share of the lift that empty or filled cells alone must give
_SAYS = {
    "auc": "tells {labels}: of two rows, one of each, it picks the right one in {share} of cases",
    "skill": "avoids {share} of the mistakes that always giving the most frequent answer would make",
    "r2": "explains {share} of the spread of '{target}'",
}


@dataclass(frozen=True)
class Alone:
    """What one column scores by itself, through its best feature."""

    column: str
    feature: str
    score: float


@dataclass(frozen=True)
class Others:
    """What the columns that do not give the answer away score jointly, and how many of both there are."""

    score: float
    like_it: int
    rest: int

    def said(self) -> str:
        if self.rest == 0:
            return "there is no other column to compare it with" if self.like_it == 1 else "so does every other column"
        reach = f"together reach {percent(max(self.score, 0.0))}"
        if self.like_it == 1:
            return f"all the other columns {reach}"
        return f"{self.like_it} columns are like that, and all the others {reach}"


class LeakingColumn(Check):
    """One column answers the question by itself while all the others cannot: it may have been written afterwards."""

    name = "leaking_column"
    code = "DE003"
    title = "A column that knows the answer"
    looks_at = "labels"
    modalities = ("tabular",)

    def run(self, dataset: Dataset) -> list[Finding]:
        asked, scores = _asked(dataset)
        measure = _measure(asked)
        near = [s for s in scores if s.score >= NEARLY_PERFECT[measure] - asked.grain]
        rest = scores[len(near) :]
        # The others are asked only where one stands out: that is rare, and costs more than all the rest.
        if near:
            return [
                self._finding(dataset, s, others, asked, _weight(s, others, asked))
                for others in [_others(dataset, near, rest, asked)]
                for s in near
            ]
        if rest and rest[0].score >= SUSPICIOUS[measure]:
            others = _others(dataset, rest[:1], rest[1:], asked)
            if 1 - others.score >= CLEARLY_BEHIND * (1 - rest[0].score):
                return [self._finding(dataset, rest[0], others, asked, "warning")]
        return []

    def _finding(self, dataset: Dataset, found: Alone, others: Others, asked: Question, severity: Severity) -> Finding:
        by_gaps = _gaps_tell(dataset, found, asked)
        subject = f"Whether '{found.column}' is filled in" if by_gaps else f"'{found.column}' alone"
        says = _SAYS[_measure(asked)].format(
            share=percent(found.score),
            target=dataset.task.target,
            labels=" from ".join(f"'{label}'" for label in reversed(dataset.task.labels)),
        )
        remedy = (
            "Ask when this column is filled in. If only after the answer is known, or from it, leave it out; "
            "if it is known beforehand, keep it: then it is the best thing you have."
        )
        evidence = {
            "measure": _measure(asked),
            "score": found.score,
            "others": others.score,
            "like_it": others.like_it,
            "rows": len(asked.truth),
            "by_gaps": by_gaps,
        }
        return Finding(self.code, severity, found.column, f"{subject} {says}; {others.said()}.", remedy, evidence)

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Add a number that is the answer and a little noise."""
        truth = need_truth(clean).astype(np.float64)
        noise = np.random.default_rng(seed).normal(size=len(clean))
        width = 0.05 if clean.task.kind == "classification" else 0.01 * float(truth.std())
        array = (3.0 + 2.0 * (truth + width * noise)).astype(np.float32)
        column = Column("planted_leak", "number", low=float(array.min()), high=float(array.max()))
        return with_column(clean, column, array)


def _asked(dataset: Dataset) -> tuple[Question, list[Alone]]:
    """The question on a sample of the rows, and what each column scores, best first."""
    truth = need_truth(dataset)
    classes = len(dataset.task.labels) if dataset.task.kind == "classification" else 0
    _need_enough(dataset, truth, classes)
    names = coming_back(dataset)
    asked = question(truth, classes, _groups(dataset, names))
    best: dict[str, Alone] = {}
    owner = owners(dataset)
    for feature, array in features(dataset).items():
        if owner[feature] in names:
            continue  # DE004 tells of it; as an input it would know every row's group, and so hide a leak
        found = Alone(owner[feature], feature, score(array[asked.rows], asked))
        if found.column not in best or best[found.column].score < found.score:
            best[found.column] = found
    return asked, sorted(best.values(), key=lambda s: (-s.score, s.column))


def _groups(dataset: Dataset, names: list[str]) -> np.ndarray | None:
    """(n,) what rows belong together: the group, else the first column that looks like one."""
    group = dataset.task.with_role("group")
    if group in dataset.about:
        return np.asarray(dataset.about[group].astype(str))
    return np.nan_to_num(arrays(dataset)[names[0]], nan=-1.0) if names else None


def _need_enough(dataset: Dataset, truth: np.ndarray, classes: int) -> None:
    if len(truth) < LEAST_ROWS:
        raise NotApplicable(f"With {len(truth)} rows, fewer than {LEAST_ROWS}, a column can look perfect by luck.")
    if classes and np.sum(need_classes(dataset) >= LEAST_IN_CLASS) < 2:
        raise NotApplicable(f"Fewer than two classes have {LEAST_IN_CLASS} rows: a column can look perfect by luck.")
    if not classes and truth.std() == 0:
        raise NotApplicable("The target has one value in every row.")


def _others(dataset: Dataset, near: list[Alone], rest: list[Alone], asked: Question) -> Others:
    """What the rest answers: jointly, or the best of them by itself where that is more."""
    best = rest[0].score if rest else asked.chance
    joint = together([dataset.features[s.feature][asked.rows] for s in rest[:MOST_TOGETHER]], asked)
    return Others(max(best, joint), len(near), len(rest))


def _weight(found: Alone, others: Others, asked: Question) -> Severity:
    """A blocker where the others are far behind; a note where most columns know: then the question is easy."""
    if others.like_it > max(1, others.rest):
        return "note"
    return "blocker" if 1 - others.score >= FAR_BEHIND * max(1 - found.score, asked.exact) else "note"


def _gaps_tell(dataset: Dataset, found: Alone, asked: Question) -> bool:
    empty = gaps(dataset.features[found.feature][asked.rows])
    if not empty.any() or empty.all():
        return False
    lift = score(empty.astype(np.int64), asked) - asked.chance
    return lift >= BY_GAPS_ALONE * (found.score - asked.chance)


def _measure(asked: Question) -> str:
    return {0: "r2", 2: "auc"}.get(asked.classes, "skill")
