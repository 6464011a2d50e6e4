"""Near-copies of pictures: the same one saved again, resized, cut at its edges, brighter or darker.

Each picture is a small grey one, its local contrast made even, so that light and a bright object say as little as the ground
beside it says much. Whole pictures are held against whole ones and against those with up to 7.5 % cut off, as a correlation.
Candidates come from random projections of the same (Johnson & Lindenstrauss 1984), which no pair of copies escapes in practice.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

SIDE = 24  # pixels a side that are compared
AROUND = 7  # pixels a side that make a place's usual light and contrast
QUIET = 2.0  # of 255: contrast that is mere noise
PROJECTED = 96  # numbers a picture in the search for candidates
CANDIDATE, COPY = 0.55, 0.87  # correlations
NEIGHBOURS = 6  # candidates looked at more closely, for each picture
FINE = (0.975, 0.95, 0.925)
STEP = 0.0125
MANY = 20_000  # pictures, from which candidates are looked for as whole pictures only
MOST = 60_000
BLOCK = 1024
EMPTY = 0.1  # share of a picture's places that must show something: a plain wall is a copy of every plain wall

Cut = tuple[float, float, float]


def copies(thumbnails: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (k, 2) the pairs of near-copies, the smaller number first, and (k,) how alike each pair is, up to 1.

    Parameters
    ----------
    thumbnails : (n, side, side) uint8, grey.
    """
    light = thumbnails.astype(np.float32)
    pairs = _candidates(light)
    if not len(pairs):
        return pairs, np.zeros(0)
    likeness = _likeness(light, pairs)
    found = likeness >= COPY
    order = np.lexsort((pairs[found][:, 1], pairs[found][:, 0]))
    return pairs[found][order], likeness[found][order]


def clusters(pairs: np.ndarray, n: int) -> list[list[int]]:
    """Return the groups that pairs make: whoever is a copy of a copy belongs to it.

    >>> clusters(np.array([[0, 2], [2, 5], [3, 4]]), 6)
    [[0, 2, 5], [3, 4]]
    """
    first = np.arange(n)

    def root(i: int) -> int:
        while first[i] != i:
            first[i] = i = int(first[first[i]])
        return i

    for a, b in pairs.tolist():
        low, high = sorted((root(a), root(b)))
        first[high] = low
    groups: dict[int, list[int]] = {}
    for i in np.unique(pairs).tolist():
        groups.setdefault(root(i), []).append(i)
    return list(groups.values())


def _candidates(light: np.ndarray) -> np.ndarray:
    """Return (k, 2) pairs worth a closer look: the nearest neighbours of each picture, by random projections."""
    rng = np.random.default_rng(0)
    onto = (rng.standard_normal((SIDE * SIDE, PROJECTED)) / np.sqrt(PROJECTED)).astype(np.float32)
    whole = evened(_cut(light, (1.0, 0.0, 0.0)))
    shown = np.abs(whole).max(axis=1) > 0.0
    base = whole @ onto
    cuts = [(1.0, 0.0, 0.0)] if len(light) > MANY else [(1.0, 0.0, 0.0), *_coarse()]
    asked = [base if cut[0] == 1.0 else evened(_cut(light, cut)) @ onto for cut in cuts]
    found = []
    for start in range(0, len(light), BLOCK):
        rows = slice(start, start + BLOCK)
        like = np.max([q[rows] @ base.T for q in asked], axis=0)
        like[np.arange(len(like)), np.arange(start, start + len(like))] = -1.0
        like[:, ~shown] = -1.0
        most = min(NEIGHBOURS, like.shape[1] - 1)
        near = np.argpartition(-like, most - 1, axis=1)[:, :most] if most > 0 else np.zeros((len(like), 0), np.intp)
        row, column = np.nonzero(np.take_along_axis(like, near, axis=1) > CANDIDATE)
        found.append(np.stack([row + start, near[row, column]], axis=1))
    pairs = np.sort(np.concatenate(found), axis=1) if found else np.zeros((0, 2), np.intp)
    return np.unique(pairs, axis=0) if len(pairs) else pairs


def _coarse() -> Iterator[Cut]:
    places = (0.0, 0.025, 0.05)
    return ((0.95, y, x) for y in places for x in places)


def _fine() -> Iterator[Cut]:
    for left in FINE:
        places = np.arange(0.0, 1.0 - left + 1e-9, STEP)
        yield from ((left, float(y), float(x)) for y in places for x in places)


def _likeness(light: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return (k,) the highest correlation of each pair, either of the two whole, the other whole or cut."""
    involved, places = np.unique(pairs, return_inverse=True)
    one, two = places.reshape(pairs.shape).T
    few = light[involved]
    whole = evened(_cut(few, (1.0, 0.0, 0.0)))
    best = np.einsum("ij,ij->i", whole[one], whole[two])
    for cut in _fine():
        part = evened(_cut(few, cut))
        for a, b in ((one, two), (two, one)):
            np.maximum(best, np.einsum("ij,ij->i", part[a], whole[b]), out=best)
    return np.asarray(best)


def _cut(light: np.ndarray, cut: Cut) -> np.ndarray:
    """Return (n, SIDE, SIDE) what is left of each picture; `cut`: the share of each side, and where it begins, down and across."""
    left, y, x = cut
    side = light.shape[1]
    return np.asarray((_weights(y, left, side) @ light) @ _weights(x, left, side).T)


def _weights(begin: float, left: float, side: int) -> np.ndarray:
    """Return (SIDE, side): how much of each pixel falls into each of those that are compared."""
    edges = (begin + np.arange(SIDE + 1) / SIDE * left) * side
    places = np.arange(side)[None, :]
    shares = np.clip(np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places), 0.0, None)
    return np.asarray((shares / shares.sum(axis=1, keepdims=True)).astype(np.float32))


def evened(light: np.ndarray) -> np.ndarray:
    """Return (n, SIDE * SIDE) of length 1: the distance from what is usual around, in what is usual there; 0 where nothing shows."""
    away = light - _around(light)
    spread = np.sqrt(np.maximum(_around(away * away), 0.0))
    even = (away / (spread + QUIET)).reshape(len(light), -1)
    shows = (spread > QUIET).mean(axis=(1, 2)) >= EMPTY
    length = np.sqrt((even * even).sum(axis=1, keepdims=True))
    return np.asarray(np.where(shows[:, None], even / np.maximum(length, 1e-6), 0.0).astype(np.float32))


def _around(light: np.ndarray) -> np.ndarray:
    """Return the mean of the `AROUND` x `AROUND` pixels about each."""
    reach = AROUND // 2
    padded = np.pad(light, ((0, 0), (reach, reach), (reach, reach)), mode="edge")
    for axis in (1, 2):
        total = np.cumsum(padded, axis=axis, dtype=np.float32)
        total = np.concatenate([np.zeros_like(total.take([0], axis=axis)), total], axis=axis)
        count = total.shape[axis]
        padded = (total.take(range(AROUND, count), axis=axis) - total.take(range(count - AROUND), axis=axis)) / AROUND
    return np.asarray(padded)
