"""The value of decisions: what each right and wrong one brings or costs, and where to draw the line by it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from deepenough.errors import SettingError, nearest
from deepenough.stats import Estimate, symmetric

LEVEL = 0.90  # two-sided: the gain's lower end is a one-sided 95 % bound
POINTS = 101
EXAMPLE = '"fn=50, fp=1, rows_per_month=20000"'


@dataclass(frozen=True)
class Value:
    """What decisions about two classes are worth, in money a row.

    Attributes
    ----------
    fn, fp : what a missed positive and a false alarm cost (positive numbers are costs).
    tp, tn : what a hit and a rightly left row bring (positive numbers are gains).
    rows_per_month : decisions a month, for yearly sums; None where nobody said.
    """

    fn: float = 0.0
    fp: float = 0.0
    tp: float = 0.0
    tn: float = 0.0
    rows_per_month: float | None = None

    @property
    def threshold(self) -> float:
        """The probability from which it pays to say positive, where probabilities are true (Elkan 2001).

        >>> Value(fn=50.0, fp=1.0).threshold
        0.0196078431372549
        """
        return (self.fp + self.tn) / (self.fp + self.tn + self.fn + self.tp)

    @property
    def rows_per_year(self) -> float | None:
        return None if self.rows_per_month is None else 12.0 * self.rows_per_month

    def of_rows(self, truth: np.ndarray, said: np.ndarray) -> np.ndarray:
        """Return what each decision brought, (n,), from codes of two classes, 1 being the positive one."""
        table = np.array([[self.tn, -self.fp], [-self.fn, self.tp]])
        return np.asarray(table[np.asarray(truth, np.intp), np.asarray(said, np.intp)])

    def document(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}


def parse(text: str) -> Value:
    """Read ``fn=50, fp=1, rows_per_month=20000``; `SettingError` where it cannot be kept.

    >>> parse("fn=50, fp=1").threshold == Value(fn=50.0, fp=1.0).threshold
    True
    """
    known, found = [f.name for f in fields(Value)], {}
    for item in filter(None, (part.strip() for part in re.split(r"[,;](?!\d{3}\b)", text))):
        name, sign, number = (part.strip() for part in item.partition("="))
        if not sign or name not in known:
            raise SettingError(f"--value '{item}' cannot be read. {nearest(name, known)}Write {EXAMPLE}.")
        try:
            found[name] = float(number.replace(",", ""))
        except ValueError:
            found[name] = math.nan
        if not math.isfinite(found[name]):
            raise SettingError(f"--value '{item}': '{number}' is no number. Write {EXAMPLE}.")
    value = Value(**found)
    if value.fp + value.tn <= 0.0 or value.fn + value.tp <= 0.0:
        raise SettingError(
            f"--value '{text}' always pays for the same answer, so there is nothing to decide. Say what a missed positive (fn) and "
            f"a false alarm (fp) cost, both above 0: {EXAMPLE}."
        )
    if value.rows_per_month is not None and value.rows_per_month <= 0.0:
        raise SettingError(
            f"--value rows_per_month={value.rows_per_month:g} makes no sense. Write decisions a month: {EXAMPLE}."
        )
    return value


def decide(probability: np.ndarray, threshold: float) -> np.ndarray:
    """Return (n,) codes: 1 where the positive class is at least as likely as `threshold`. `probability` is (n, 2) or (n,)."""
    positive = probability if probability.ndim == 1 else probability[:, 1]
    return np.asarray(positive.astype(np.float32) >= np.float32(threshold), np.intp)


def draw_line(value: Value, probability: np.ndarray, truth: np.ndarray) -> float:
    """Return the threshold to decide by, from answers out of fold.

    That of the values alone, which is best where probabilities are true; the one that was best on these rows (Sheng and
    Ling 2006) only where it is better beyond chance, paired.
    """
    plain = value.threshold
    best = best_line(value, probability, truth)
    gain = compare(value, truth, decide(probability, plain), decide(probability, best))
    return best if gain.low is not None and gain.low > 0.0 else plain


def best_line(value: Value, probability: np.ndarray, truth: np.ndarray) -> float:
    """Return the threshold that brought most on these rows, half-way to the next lower probability."""
    positive = probability[:, 1].astype(np.float64)
    order = np.argsort(-positive, kind="stable")
    score, hit = positive[order], truth[order] == 1
    steps = np.where(hit, value.tp + value.fn, -(value.fp + value.tn))
    last = np.append(score[1:] != score[:-1], True)
    sums = np.cumsum(steps)[last]
    if not len(sums) or sums.max() <= 0.0:
        return 1.0  # never say positive, but for certainty
    at = int(sums.argmax())
    levels = score[last]
    return float((levels[at] + levels[at + 1]) / 2 if at + 1 < len(levels) else levels[at])


def line_at_precision(probability: np.ndarray, truth: np.ndarray, precision: float) -> float | None:
    """Return the lowest threshold whose precision on these rows is at least `precision`, for the most recall; None where none is."""
    return _lowest(probability, truth, lambda hits, taken, _all: hits >= precision * taken, last=True)


def line_at_recall(probability: np.ndarray, truth: np.ndarray, recall: float) -> float | None:
    """Return the highest threshold whose recall on these rows is at least `recall`, for the most precision."""
    return _lowest(probability, truth, lambda hits, _taken, all_: hits >= recall * all_, last=False)


def _lowest(probability: np.ndarray, truth: np.ndarray, good: Any, last: bool) -> float | None:
    positive = probability[:, 1].astype(np.float64)
    order = np.argsort(-positive, kind="stable")
    score, hits = positive[order], np.cumsum(truth[order] == 1)
    ends = np.append(score[1:] != score[:-1], True)
    score, hits, taken = score[ends], hits[ends], np.flatnonzero(ends) + 1
    where = np.flatnonzero(good(hits, taken, hits[-1] if len(hits) else 0))
    return float(score[where[-1 if last else 0]]) if len(where) else None


def compare(value: Value, truth: np.ndarray, simple: np.ndarray, complex: np.ndarray, level: float = LEVEL) -> Estimate:
    """Return what complex decisions bring over simple ones, a row, paired t; no interval where all decide alike."""
    gained = value.of_rows(truth, complex) - value.of_rows(truth, simple)
    n = len(gained)
    se = float(gained.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan
    return symmetric(float(gained.mean()), se, level=level, n=n, df=max(1, n - 1))


def curve(value: Value, probability: np.ndarray, truth: np.ndarray, threshold: float) -> dict[str, Any]:
    """Return the profit curve: what a row brings at each threshold, and at the one decided by."""
    grid = np.unique(np.append(np.linspace(0.0, 1.0, POINTS), threshold))
    worth = [float(value.of_rows(truth, decide(probability, t)).mean()) for t in grid]
    at = float(value.of_rows(truth, decide(probability, threshold)).mean())
    return {
        "thresholds": [round(float(t), 6) for t in grid],
        "per_row": [round(w, 6) for w in worth],
        "threshold": round(threshold, 6),
        "at": round(at, 6),
        "nobody": round(float(value.of_rows(truth, np.zeros(len(truth), np.intp)).mean()), 6),
        "everybody": round(float(value.of_rows(truth, np.ones(len(truth), np.intp)).mean()), 6),
    }
