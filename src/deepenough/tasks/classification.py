"""One class out of two or more."""

from __future__ import annotations

import numpy as np

from deepenough.errors import SettingError, nearest
from deepenough.task import Task
from deepenough.tasks._base import Answer, TaskKind

MOST_CLASSES_OF_NUMBERS = 20
TOLERANCE = 1e-5
# by convention the second is the positive one, whichever is rarer
PAIRS = (
    ("0", "1"),
    ("-1", "1"),
    ("no", "yes"),
    ("n", "y"),
    ("false", "true"),
    ("f", "t"),
    ("negative", "positive"),
    ("neg", "pos"),
)


class Classification(TaskKind):
    """Which class: probabilities in the order of the labels, and the likeliest one."""

    name = "classification"
    metric = "roc_auc"

    def fits(self, target: np.ndarray | None) -> bool:
        """Text and booleans are classes; so are two different numbers, or up to 20 whole ones that repeat."""
        if target is None or len(target) == 0:
            return False
        if target.dtype.kind not in "iuf":
            return True
        distinct = np.unique(target)
        whole = bool((distinct == np.round(distinct)).all())
        return len(distinct) == 2 or (whole and len(distinct) <= min(MOST_CLASSES_OF_NUMBERS, len(target) // 10))

    def encode(
        self, target: np.ndarray, labels: tuple[str, ...], positive: str | None
    ) -> tuple[tuple[str, ...], np.ndarray]:
        """Return the labels in order and (n,) codes; -1 for a value that is none of given labels."""
        text = np.array([str(v) for v in target.tolist()], dtype=object)
        if not labels:
            labels = _in_order(text, positive)
        codes = {label: i for i, label in enumerate(labels)}
        return labels, np.array([codes.get(v, -1) for v in text], dtype=np.int64)

    def strata(self, target: np.ndarray) -> np.ndarray | None:
        return target

    def columns(self, answer: Answer, task: Task) -> dict[str, np.ndarray]:
        probability = answer["probability"]
        labels = np.array(task.labels, dtype=object)
        columns: dict[str, np.ndarray] = {"prediction": labels[probability.argmax(axis=1)]}
        return columns | {f"probability_{label}": probability[:, i] for i, label in enumerate(task.labels)}

    def alike(self, a: Answer, b: Answer) -> np.ndarray:
        """Same class but for exact ties, and no probability differs by more than 1e-5."""
        p, q = a["probability"].astype(np.float64), b["probability"].astype(np.float64)
        top = q.argmax(axis=1)
        same = p[np.arange(len(p)), top] >= p.max(axis=1) - TOLERANCE
        return np.asarray(same & (np.abs(p - q).max(axis=1) <= TOLERANCE))


def _in_order(text: np.ndarray, positive: str | None) -> tuple[str, ...]:
    distinct, counts = np.unique(text.astype(str), return_counts=True)
    labels = [str(v) for v in distinct]
    if all(_is_number(v) for v in labels):
        labels = sorted(labels, key=float)
    if positive is not None and positive not in labels:
        raise SettingError(
            f"--positive '{positive}' is no value of the target. {nearest(positive, labels)}"
            f"It has: {', '.join(labels[:20])}."
        )
    if len(labels) != 2:
        return tuple(labels)
    if positive is None:
        folded = tuple(v.casefold() for v in labels)
        known = folded in PAIRS or folded[::-1] in PAIRS
        rarer = str(distinct[counts.argmin()])
        positive = labels[folded.index(next(p for p in PAIRS if set(p) == set(folded))[1])] if known else rarer
    return (next(v for v in labels if v != positive), positive)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
