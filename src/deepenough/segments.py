"""Where a model is wrong: its score on parts of the sealed rows that share a value, and which are worse than the rest."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np

from deepenough.dataset import Answer, Dataset
from deepenough.metrics import Metric, interval_by_group
from deepenough.metrics._losses import Losses
from deepenough.modalities._shifts import shifted
from deepenough.stats import Estimate, from_scale, increasing, jackknife, to_scale
from deepenough.stats.association import strength
from deepenough.stats.holm import holm
from deepenough.stats.one_sided import more_by_fisher, more_by_moving, more_by_t, more_by_welch
from deepenough.stats.shrinkage import shrunk
from deepenough.task import Column

LEAST = 50  # rows of a segment, and of the rest
SMALL = 100  # rows under which the test moves rows instead of trusting a formula
LEVELS = 20  # of a column that is cut by its values
COLUMNS = 30  # cut by their values: of more, those that the answers go along with most
NUMBERS = 5  # cut into bands: those that the answers go along with most
BANDS = 4
LEVEL = 0.05  # of a false "worse" among all segments together
MOST_BLOCKS = 50  # groups are joined to so many, so that leaving them out one by one stays cheap
FEWEST_GROUPS = 5
DAY = 86400.0
CODED = ("category", "high_cardinality")
MISSING = "missing"


@dataclass(frozen=True)
class Segment:
    """Some of the sealed rows. `band`: they share a band of a number the model reads, not a value."""

    by: str
    value: str
    inside: np.ndarray
    band: bool = False


def by_segment(sealed: Dataset, answer: Answer, metric: Metric, seed: int = 0) -> list[dict[str, Any]]:
    """Return the score by segment, worst first by the shrunk score, as ``verdict.json`` holds it.

    A segment is a value of a column of up to 20, a band of one of the numbers that the answers go along with most, or the
    rows in which a column is empty; at least 50 rows each. Columns that are no inputs count, too. ``worse`` stands only
    where the rows are shown to be answered worse than all others, at 5 % for all segments together (Holm): see `_chance`.
    """
    judged = Judged(sealed, answer, metric, seed)
    found = []
    for segment in _distinct(_segments(sealed, judged)):
        score = judged.score(segment)
        if math.isfinite(score.value):
            found.append((segment, score, judged.rest(segment)))
    chances = [_chance(judged, segment, score, rest) for segment, score, rest in found]
    tested = np.array([c for c in chances if c is not None])
    corrected = iter(holm(tested).tolist())
    drawn = _shrunk([score for _, score, _ in found], judged.whole.scale)
    entries = []
    for (segment, score, rest), chance, towards in zip(found, chances, drawn, strict=True):
        p = None if chance is None else next(corrected)
        entries.append(_document(segment, score, rest.value, towards, p))
    worst = 1.0 if metric.high_is_good else -1.0
    return sorted(entries, key=lambda e: (worst * e["shrunk"], e["by"], e["value"]))


class Judged:
    """The sealed rows with what the model said of them, cut as asked."""

    def __init__(self, sealed: Dataset, answer: Answer, metric: Metric, seed: int) -> None:
        self.truth, self.answer, self.metric, self.seed = sealed.truth, answer, metric, seed
        self.groups, self.group_name = sealed.groups, sealed.task.with_role("group")
        self.evidence = metric.evidence(self.truth, answer)
        self.whole = metric.interval(self.evidence, quick=True)
        self.classes = None if metric.answers == "value" else self.truth

    def grouped(self, segment: Segment) -> np.ndarray | None:
        """(n,) the groups that chance draws whole; None where rows are drawn one by one, as those of one group are."""
        return None if segment.by == self.group_name else self.groups

    def score(self, segment: Segment) -> Estimate:
        return self._score(segment.inside, self.grouped(segment))

    def rest(self, segment: Segment) -> Estimate:
        return self._score(~segment.inside, self.grouped(segment))

    def _score(self, where: np.ndarray, groups: np.ndarray | None) -> Estimate:
        evidence = self.metric.evidence(self.truth[where], {k: v[where] for k, v in self.answer.items()})
        if groups is not None:
            return interval_by_group(self.metric, evidence, _blocks(groups[where]))
        return self.metric.interval(evidence, quick=True)

    def losses(self) -> np.ndarray | None:
        """(n,) the loss of each row, where the score is a mean of them; None for rankings and tables."""
        if isinstance(self.evidence, Losses):
            return 1.0 - self.evidence.rows if self.metric.high_is_good else self.evidence.rows
        if self.metric.answers == "value":
            return np.asarray((self.answer["value"] - self.truth) ** 2, np.float64)
        return None

    def unforeseen(self) -> np.ndarray:
        """(n,) log-loss beyond what the model's own probabilities foresee: where they are true, nothing on average."""
        chance = np.clip(np.asarray(self.answer["probability"], np.float64), 1e-7, 1.0)
        logs = np.log(chance)
        return np.asarray((chance * logs).sum(axis=1) - logs[np.arange(len(logs)), self.truth])

    def worse_by(self, weights: np.ndarray, inside: np.ndarray) -> float:
        """How much worse the score is inside than outside, of weighted rows."""
        here, there = (self.metric.value(self.evidence, weights * part) for part in (inside, ~inside))
        return there - here if self.metric.high_is_good else here - there


def _segments(sealed: Dataset, judged: Judged) -> Iterator[Segment]:
    said = judged.answer.get("value", judged.answer.get("probability"))
    assert said is not None
    said = np.asarray(said if said.ndim == 1 else said[:, 1 if said.shape[1] == 2 else 0], np.float64)
    coded = [c for c in sealed.task.inputs if c.kind in (*CODED, "boolean") and c.name in sealed.features]
    for column in _strongest(coded, sealed.features, said, COLUMNS):
        yield from _by_value(column.name, _texts(sealed.features[column.name], column), LEVELS)
    for column in (c for c in sealed.task.columns if c.role in ("group", "about") and c.name in sealed.about):
        yield from _by_value(column.name, _as_text(sealed.about[column.name].to_numpy(object)), None)
    moved = shifted(sealed.task)
    found = {c.name: _numbers(c, sealed.features, moved.get(c.name, 0.0)) for c in sealed.task.inputs}
    numbers = {name: values for name, values in found.items() if values is not None}
    measured = [c for c in sealed.task.inputs if c.name in numbers]
    for column in _strongest(measured, numbers, said, NUMBERS):
        yield from _by_band(column, numbers[column.name])
    for column in measured[: 10 * COLUMNS]:
        yield Segment(column.name, MISSING, np.isnan(numbers[column.name]))


def _strongest(columns: list[Column], values: dict[str, np.ndarray], said: np.ndarray, most: int) -> list[Column]:
    """Return the columns the answers go along with most: chosen without a look at the truth."""
    if len(columns) <= most:
        return columns
    tied = np.array([strength(values[c.name], said) for c in columns])
    return [columns[i] for i in np.sort(np.argsort(-tied, kind="stable")[:most])]


def _numbers(column: Column, features: dict[str, np.ndarray], moved: float) -> np.ndarray | None:
    """(n,) the values of a number as they stand in the table, or the seconds since 1970 of a date; None of other columns."""
    if column.kind == "time" and f"{column.name}:days" in features:
        return np.asarray(features[f"{column.name}:days"] * DAY + (column.low or 0.0), np.float64)
    if column.kind != "number" or column.name not in features:
        return None
    return np.asarray(features[column.name].astype(np.float64) + moved)


def _texts(values: np.ndarray, column: Column) -> np.ndarray:
    if column.kind == "boolean":
        return np.where(np.isnan(values), MISSING, np.where(values > 0, "yes", "no")).astype(object)
    return np.asarray(np.array([MISSING, *column.categories], dtype=object)[values])


def _as_text(cells: np.ndarray) -> np.ndarray:
    return np.array([MISSING if v is None or v != v else str(v) for v in cells], dtype=object)


def _by_value(by: str, texts: np.ndarray, most: int | None) -> Iterator[Segment]:
    """Yield a segment a value; none where there are more than `most`, of any number the 20 most frequent."""
    values, codes, counts = np.unique(texts.astype(str), return_inverse=True, return_counts=True)
    if most is not None and len(values) > most:
        return
    for i in np.argsort(-counts, kind="stable")[:LEVELS]:
        yield Segment(by, str(values[i]), codes == i)


def _by_band(column: Column, values: np.ndarray) -> Iterator[Segment]:
    """Yield bands of about equal size."""
    known = values[~np.isnan(values)]
    bands = min(BANDS, len(known) // LEAST)
    if bands < 2:
        return
    inner = np.unique(np.quantile(known, np.linspace(0.0, 1.0, bands + 1)[1:-1], method="inverted_cdf"))
    edges = [-math.inf, *inner[inner < known.max()].tolist(), math.inf]
    for low, high in pairwise(edges):
        with np.errstate(invalid="ignore"):
            yield Segment(column.name, _band(low, high, column), (values > low) & (values <= high), True)


def _band(low: float, high: float, column: Column) -> str:
    def said(value: float) -> str:
        if column.kind == "time":
            return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d")
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"

    if low == -math.inf:
        return "all" if high == math.inf else f"up to {said(high)}"
    return f"over {said(low)}" if high == math.inf else f"over {said(low)}, up to {said(high)}"


def _distinct(segments: Iterator[Segment]) -> Iterator[Segment]:
    """Leave out what is too small, or holds the same rows as one before."""
    seen = set()
    for segment in segments:
        rows, content = int(segment.inside.sum()), segment.inside.tobytes()
        if LEAST <= rows <= len(segment.inside) - LEAST and content not in seen:
            seen.add(content)
            yield segment


def _blocks(groups: np.ndarray) -> np.ndarray:
    """(n,) numbers of the groups, joined where there are very many: still independent of each other."""
    codes = np.unique(groups, return_inverse=True)[1]
    return np.asarray(codes % MOST_BLOCKS)


def _chance(judged: Judged, segment: Segment, score: Estimate, rest: Estimate) -> float | None:
    """Return the one-sided p of "no worse than the rest"; None where too few groups can tell.

    Where the score is a mean over rows: Welch's t on the losses (under 100 rows Fisher's exact test, or rows moved at random);
    else both scores on their own scale (under 100 rows, rows moved within their class). Bands of a number are harder where
    classes meet, for any model, and rank less well in themselves: of classes, a band must be worse than the model's own
    probabilities foresee. Where rows come in groups, whole groups are left out in turn.
    """
    inside, groups = segment.inside, judged.grouped(segment)
    if not judged.worse_by(np.ones(len(inside)), inside) > 0.0:
        return 1.0
    if groups is not None:
        return _by_groups(judged, inside, groups)
    rng = np.random.default_rng([judged.seed, 6])
    losses = judged.unforeseen() if segment.band and judged.classes is not None else judged.losses()
    if losses is not None:
        return _by_losses(losses, inside, rng)
    if min(inside.sum(), (~inside).sum()) >= SMALL and score.scale == rest.scale and score.se and rest.se:
        away = to_scale(rest.scale, rest.value) - to_scale(score.scale, score.value)
        sign = 1.0 if judged.metric.high_is_good == increasing(score.scale) else -1.0
        return more_by_t(sign * away, score.se, rest.se, score.df or score.n - 1, rest.df or rest.n - 1)
    ones = np.ones(len(inside))
    return more_by_moving(lambda moved: judged.worse_by(ones, moved), inside, rng, judged.classes)


def _by_losses(losses: np.ndarray, inside: np.ndarray, rng: np.random.Generator) -> float:
    if set(np.unique(losses).tolist()) <= {0.0, 1.0} and min(inside.sum(), (~inside).sum()) < SMALL:
        return more_by_fisher(int(losses[inside].sum()), int(inside.sum()), int(losses.sum()), len(losses))
    if min(inside.sum(), (~inside).sum()) < SMALL:
        return more_by_moving(lambda moved: float(losses[moved].mean() - losses[~moved].mean()), inside, rng)
    return more_by_welch(losses[inside], losses[~inside])


def _by_groups(judged: Judged, inside: np.ndarray, groups: np.ndarray) -> float | None:
    if min(len(np.unique(groups[part])) for part in (inside, ~inside)) < FEWEST_GROUPS:
        return None
    gap = jackknife(lambda weights: judged.worse_by(weights, inside), _blocks(groups))
    if gap.se is None or gap.df is None:
        return None
    return more_by_t(gap.value, gap.se, 0.0, gap.df, gap.df)


def _shrunk(scores: list[Estimate], scale: str) -> list[float]:
    """Return each score drawn towards the others, by how little its rows say; without an interval it says nothing."""
    values = np.array([to_scale(scale, s.value) for s in scores])
    errors = np.array([s.se if s.se is not None and s.scale == scale else math.inf for s in scores])
    if not np.isfinite(errors).any():
        return [s.value for s in scores]
    return [from_scale(scale, float(x)) for x in shrunk(values, errors)]


def _document(segment: Segment, score: Estimate, rest: float, towards: float, p: float | None) -> dict[str, Any]:
    bounds = {"value": score.value, "low": score.low, "high": score.high}
    return {
        "by": segment.by,
        "value": segment.value,
        "rows": int(segment.inside.sum()),
        "score": {k: None if v is None else float(v) for k, v in bounds.items()} | {"flags": list(score.flags)},
        "rest": float(rest) if math.isfinite(rest) else None,
        "shrunk": float(towards),
        "p": p,
        "worse": p is not None and p <= LEVEL,
    }
