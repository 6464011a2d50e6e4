"""How well one column alone answers, and the others without it: quick, cross-fitted, NumPy only.

A column is cut into bins of equal values or equal counts (an empty cell is a bin, a category is a bin). What each bin
answers is learnt on four fifths of the rows and scored on the rest, so that a column of many values earns nothing by
remembering rows. Scores are 1 for a perfect answer: area under the ROC curve for two classes, (accuracy - majority) /
(1 - majority) for more, R2 for numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FOLDS = 5
COARSE, FINE = (20, 64), (5, 1024)  # rows a bin at least, bins at most: steady means; sharp borders
MOST_ROWS = 20_000  # more say nothing new about a leak; each class keeps its share of these
MOST_TOGETHER = 50  # columns that answer together: the best ones


@dataclass(frozen=True)
class Question:
    """The target of some rows, and the folds they are in.

    Attributes
    ----------
    truth : class codes, or values scaled to mean 0 and spread 1.
    classes : how many; 0 where the answer is a number.
    rows : (n,) their positions in the dataset.
    fold : (n,) 0..4.
    """

    truth: np.ndarray
    classes: int
    rows: np.ndarray
    fold: np.ndarray

    @property
    def chance(self) -> float:
        """The score of knowing nothing."""
        return 0.5 if self.classes == 2 else 0.0

    @property
    def exact(self) -> float:
        """The error (1 - score) that counts as none: what half a row makes, at least one in a thousand."""
        return max(0.001, 0.5 / max(self._rows_that_count, 1))

    @property
    def grain(self) -> float:
        """The error of a perfect number that comes of bins across the borders between three classes or more."""
        if self.classes <= 2:
            return 0.0
        return min(0.05, (self.classes - 1) * FINE[0] / max(self._rows_that_count, 1))

    @property
    def _rows_that_count(self) -> int:
        """What the score is a share of: the smaller of two classes, all but the largest of more, else all rows."""
        if not self.classes:
            return len(self.truth)
        counts = np.bincount(self.truth, minlength=self.classes)
        return int(counts.min() if self.classes == 2 else counts.sum() - counts.max())


def chosen_rows(truth: np.ndarray, classes: int) -> np.ndarray:
    """Return at most some 20,000 positions, in order; every class keeps up to its share of them."""
    if len(truth) <= MOST_ROWS:
        return np.arange(len(truth))
    rng = np.random.default_rng(0)
    parts = [np.flatnonzero(truth == c) for c in range(classes)] if classes else [np.arange(len(truth))]
    most = max(MOST_ROWS // max(classes, 1), 100)
    return np.sort(np.concatenate([p if len(p) <= most else rng.permutation(p)[:most] for p in parts]))


def question(truth: np.ndarray, classes: int, groups: np.ndarray | None = None) -> Question:
    """Choose rows and deal them into folds: by chance, or by group where rows belong together."""
    rng = np.random.default_rng(0)
    rows = chosen_rows(truth, classes)
    truth = truth[rows]
    if groups is None:
        fold = rng.permutation(len(truth)) % FOLDS
    else:
        group = np.unique(groups[rows], return_inverse=True)[1]
        fold = (rng.permutation(group.max() + 1) % FOLDS)[group]
    if not classes:
        values = truth.astype(np.float64)
        truth = (values - values.mean()) / (values.std() or 1.0)
    return Question(truth, classes, rows, fold)


def ranks(values: np.ndarray) -> np.ndarray:
    """Return (n,) ranks from 0, equal values sharing their mean rank.

    >>> ranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist()
    [2.5, 0.0, 2.5, 1.0]
    """
    order = np.argsort(values)
    ordered = values[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[starts, len(values)])
    result = np.empty(len(values))
    result[order] = np.repeat(starts + (sizes - 1) / 2, sizes)
    return result


def number_ranks(array: np.ndarray) -> np.ndarray:
    """Return (n,) ranks of the cells that hold a number, NaN where empty."""
    known = ~np.isnan(array)
    rank = np.full(len(array), np.nan)
    rank[known] = ranks(array[known])
    return rank


def bins(rank: np.ndarray, size: tuple[int, int] = COARSE) -> np.ndarray:
    """Return (n,) the bin of each rank, 0 where empty; equal values share a bin."""
    known = ~np.isnan(rank)
    filled = max(int(known.sum()), 1)
    most = int(np.clip(filled // size[0], 4, size[1]))
    cut = np.where(known, np.where(known, rank, 0.0) * most // filled + 1, 0)
    return np.asarray(cut, dtype=np.int64)


def score(array: np.ndarray, asked: Question) -> float:
    """Return how well this column alone answers; 1 is perfect."""
    if array.dtype.kind != "f":
        return _of_bins(array, asked)
    rank = number_ranks(array)
    found = max(_of_bins(bins(rank, size), asked) for size in (COARSE, FINE))
    if asked.classes == 0:
        return max(found, _straight(array, rank, asked.truth))
    return max(found, _auc_of_rank(rank, asked.truth)) if asked.classes == 2 else found


def _of_bins(bin_of: np.ndarray, asked: Question) -> float:
    cell = bin_of * FOLDS + asked.fold
    if asked.classes == 0:
        return _r2_of_cells(cell, asked.truth)
    counts = _counts(cell, asked)
    if asked.classes > 2:
        return _skill_of_cells(counts)
    return _auc_of_cells(_shares(counts)[..., 1].ravel(), counts.reshape(-1, 2))


def _cells(array: np.ndarray, asked: Question) -> np.ndarray:
    bin_of = bins(number_ranks(array)) if array.dtype.kind == "f" else array
    return np.asarray(bin_of * FOLDS + asked.fold)


def together(arrays: list[np.ndarray], asked: Question) -> float:
    """Return how well some columns answer jointly: naive Bayes for classes, a sum of one curve each for numbers."""
    if not arrays:
        return asked.chance
    if asked.classes == 0:
        return _added(arrays, asked)
    prior = np.log(np.bincount(asked.truth, minlength=asked.classes) / len(asked.truth) + 1e-9)
    logs = np.tile(prior, (len(asked.truth), 1))
    for array in arrays:
        cell = _cells(array, asked)
        logs += (np.log(_shares(_counts(cell, asked))) - prior).reshape(-1, asked.classes)[cell]
    if asked.classes == 2:
        return _auc_of_rank(ranks(logs[:, 1] - logs[:, 0]), asked.truth)
    majority = float(np.exp(prior.max()))
    return float((np.mean(logs.argmax(axis=1) == asked.truth) - majority) / (1 - majority))


def _counts(cell: np.ndarray, asked: Question) -> np.ndarray:
    """(bins, folds, classes) rows."""
    n = (int(cell.max()) // FOLDS + 1) * FOLDS * asked.classes
    return np.asarray(np.bincount(cell * asked.classes + asked.truth, minlength=n).reshape(-1, FOLDS, asked.classes))


def _shares(counts: np.ndarray) -> np.ndarray:
    """(bins, folds, classes): of each bin, what the *other* folds say, drawn to the whole by one row."""
    prior = counts.sum(axis=(0, 1)) / counts.sum() + 1e-9
    others = counts.sum(axis=1, keepdims=True) - counts
    return np.asarray((others + prior) / (others.sum(axis=2, keepdims=True) + prior.sum()))


def _auc_of_cells(value: np.ndarray, counts: np.ndarray) -> float:
    """Area under the ROC curve of rows that share `value` cell by cell; counts (cells, 2)."""
    level = np.unique(value.round(12), return_inverse=True)[1]
    negative, positive = (np.bincount(level, counts[:, c]) for c in (0, 1))
    below = np.cumsum(negative) - negative / 2
    return float(np.sum(positive * below) / (positive.sum() * negative.sum()))


def _auc_of_rank(rank: np.ndarray, truth: np.ndarray) -> float:
    """Area under the ROC curve of a rank, whichever way it points; pairs with an empty cell count as undecided."""
    known = ~np.isnan(rank)
    positive = truth == 1
    pairs = float((known & positive).sum()) * float((known & ~positive).sum())
    if pairs == 0:
        return 0.5
    ahead = (rank[known & positive].mean() - rank[known & ~positive].mean()) / known.sum()
    return 0.5 + abs(float(ahead)) * pairs / (float(positive.sum()) * float((~positive).sum()))


def _skill_of_cells(counts: np.ndarray) -> float:
    named = (counts.sum(axis=1, keepdims=True) - counts).argmax(axis=2)
    right = float(np.take_along_axis(counts, named[..., None], axis=2).sum() / counts.sum())
    majority = float(counts.sum(axis=(0, 1)).max() / counts.sum())
    return (right - majority) / (1 - majority)


def _cell_means(cell: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(bins, folds) rows, sum of the truth, and the mean that the other folds say (the truth has mean 0)."""
    n = (int(cell.max()) // FOLDS + 1) * FOLDS
    rows = np.bincount(cell, minlength=n).reshape(-1, FOLDS)
    total = np.bincount(cell, truth, minlength=n).reshape(-1, FOLDS)
    others = rows.sum(axis=1, keepdims=True) - rows
    return rows, total, (total.sum(axis=1, keepdims=True) - total) / (others + 1.0)


def _r2_of_cells(cell: np.ndarray, truth: np.ndarray) -> float:
    rows, total, mean = _cell_means(cell, truth)
    squares = float(np.sum(truth**2))
    return float(np.sum(2 * mean * total - rows * mean**2)) / squares if squares else 0.0


def _straight(array: np.ndarray, rank: np.ndarray, truth: np.ndarray) -> float:
    """The better of the squared correlations of values and of ranks: what bins are too coarse to see."""
    known = ~np.isnan(rank)
    share = float(known.mean())
    if known.sum() < COARSE[0]:
        return 0.0
    answer = truth[known]
    pairs = ((array[known].astype(np.float64), answer), (rank[known], ranks(answer)))
    return share * max(_correlation(a, b) ** 2 for a, b in pairs)


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt(np.dot(a, a) * np.dot(b, b)))
    return float(np.dot(a, b)) / norm if norm else 0.0


def _added(arrays: list[np.ndarray], asked: Question) -> float:
    """R2 of a weighted sum of what each column says, less what the weights fit by chance."""
    curves = []
    for array in arrays[: max(1, min(MOST_TOGETHER, len(asked.truth) // COARSE[0]))]:
        cell = _cells(array, asked)
        curves.append(_cell_means(cell, asked.truth)[2].ravel()[cell])
    design = np.stack(curves, axis=1)
    gram = design.T @ design + 1e-6 * len(design) * np.eye(len(curves))
    rest = asked.truth - design @ np.linalg.solve(gram, design.T @ asked.truth)
    spare = max(len(design) - len(curves) - 1, 1)
    return 1.0 - float(np.mean(rest**2)) * (len(design) - 1) / spare
