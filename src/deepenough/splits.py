"""Set the sealed rows aside, cut the rest into parts, and keep the record of every opening of the seal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import DataError, SealError
from deepenough.ledger import Ledger, digest, level_of, since_verdict

SEALED_SHARE = 0.2
LEAST_SEALED = 500
MOST_SHARE = 0.3
LEAST_SHARE_BY_TIME, MOST_SHARE_BY_TIME = 0.1, 0.5  # moments of many rows move the cut
TUNE_SHARE = 0.2
LEAST_GROUPS = 4  # one sealed, and of the others one each to learn from, to tune and to judge on
COARSE = 0.1  # share of rows that are different, below which equal rows are no copies
COMMON, MANY = (
    0.02,
    50,
)  # share of the table, and rows, that one and the same row must hold to be a common case, and no copy


@dataclass(frozen=True)
class Part:
    """Row numbers within the development rows: fit on learn, stop and calibrate on tune, judge on score."""

    learn: np.ndarray
    tune: np.ndarray
    score: np.ndarray


@dataclass(frozen=True)
class Split:
    """Development rows in parts, and the sealed rest.

    Attributes
    ----------
    strategy : stratified, random, by group, by time, or given file.
    development, sealed : row numbers of the dataset (of two datasets, where the sealed rows came as a file).
    parts : over the development rows.
    final : one more part without score: what the refit on all development rows learns and tunes on.
    grouped : whether rows share a group, so that an interval over rows is too narrow.
    """

    strategy: str
    development: np.ndarray
    sealed: np.ndarray
    parts: tuple[Part, ...]
    final: Part
    grouped: bool = False


def split(
    dataset: Dataset,
    strata: np.ndarray | None,
    *,
    seed: int = 0,
    given: bool = False,
    apart: Sequence[Sequence[int]] = (),
) -> Split:
    """Set 20 % aside (up to 30 % where that leaves under 500 rows) and cut the rest into 5, 3 or 1 parts.

    Parameters
    ----------
    strata : (n,) what to keep in proportion, or None.
    given : the sealed rows come from elsewhere; all of these are development rows.
    apart : groups of row numbers (``row`` in `about`) that an audit found to be one and the same thing: near-copies.

    Equal rows are never on both sides; nor are rows of one group; with a clock, the latest rows are sealed.
    """
    clock, group = dataset.task.with_role("time"), dataset.task.with_role("group")
    rng = np.random.default_rng([seed, 1])
    rows = np.arange(len(dataset))
    if clock is not None:
        order = np.argsort(_clock(dataset, clock), kind="stable")
        times = _clock(dataset, clock)[order]
        cut = len(rows) if given else _sealed_from(times, len(rows) - _sealed_size(len(rows)))
        development, sealed = order[:cut], order[cut:]
        parts, final = _by_time(times[:cut]), _last(times[:cut])
        return Split("given file" if given else "by time", development, sealed, parts, final, group is not None)
    units = _joined(_units(dataset, group), dataset.about["row"].to_numpy(), apart)
    held = (
        np.zeros(len(rows), bool)
        if given
        else _choose(units, strata, _sealed_size(len(rows)) / len(rows), rng, LEAST_GROUPS - 1)
    )
    development, sealed = rows[~held], rows[held]
    parts, final = _folds(units[development], None if strata is None else strata[development], rng)
    strategy = "given file" if given else "by group" if group else "random" if strata is None else "stratified"
    return Split(strategy, development, sealed, parts, final, group is not None)


def _sealed_size(n: int) -> int:
    return round(n * min(MOST_SHARE, max(SEALED_SHARE, LEAST_SEALED / n)))


def folds(n: int) -> int:
    """5 under 5,000 development rows, 3 under 20,000, else one part of a fifth."""
    return 5 if n < 5000 else 3 if n < 20000 else 1


def _units(dataset: Dataset, group: str | None) -> np.ndarray:
    """(n,) the number of what must stay together: a group, or rows that are equal.

    Where the inputs are so coarse that nearly all rows equal another one, that is no copy, and each row is by itself; so is a
    row that a good part of the table repeats: as one unit, of many labels, it would tear the folds out of proportion.
    """
    if dataset.groups is None:
        distinct, units, sizes = np.unique(dataset.ids, return_inverse=True, return_counts=True)
        alone = np.arange(len(units))
        if len(distinct) < COARSE * len(units):
            return alone
        return np.where(sizes[units] > max(MANY, COMMON * len(units)), len(units) + alone, units)
    names, units = np.unique(dataset.groups, return_inverse=True)
    if len(names) < LEAST_GROUPS:
        raise DataError(
            f"The group column '{group}' has {len(names)} value(s); a split by group needs at least {LEAST_GROUPS}. "
            "Name a finer one, or none."
        )
    return units


def _joined(units: np.ndarray, numbers: np.ndarray, apart: Sequence[Sequence[int]]) -> np.ndarray:
    """Return the units, those that a group of row numbers touches made one; groups that share a unit are one, too."""
    place = {int(number): i for i, number in enumerate(numbers.tolist())}
    one = {unit: unit for unit in np.unique(units).tolist()}

    def first(unit: int) -> int:
        while one[unit] != unit:
            one[unit] = unit = one[one[unit]]
        return unit

    for group in apart:
        touched = [first(int(units[place[number]])) for number in group if number in place]
        for unit in touched:
            one[unit] = one[touched[0]]
    return np.array([first(unit) for unit in units.tolist()]) if apart else units


def _clock(dataset: Dataset, name: str) -> np.ndarray:
    column = next(c for c in dataset.task.columns if c.name == name)
    examples: Any = dataset.examples
    values = examples.arrays[name] if column.kind == "time" else dataset.about[name].to_numpy(float)
    if np.isnan(values).any():
        raise DataError(
            f"The time column '{name}' is empty in {int(np.isnan(values).sum())} row(s). Fill it, or split without --time."
        )
    return np.asarray(values)


def _sealed_from(times: np.ndarray, wanted: int) -> int:
    """Return where the sealed rows begin, in order of time: as near as can be to where they should."""
    cut = _between(times, wanted, len(times))
    if not 1.0 - MOST_SHARE_BY_TIME <= cut / len(times) <= 1.0 - LEAST_SHARE_BY_TIME or times[cut] == times[cut - 1]:
        raise DataError(
            "Nearly all rows carry the same time, so they cannot be split by time. Use another clock, or none."
        )
    return cut


def _between(times: np.ndarray, cut: int, farthest: int) -> int:
    """Move a cut to the nearest change of time, so that one moment is not on both sides; leave it where none is near."""
    changes = np.flatnonzero(np.diff(times)) + 1
    nearest = int(changes[np.abs(changes - cut).argmin()]) if len(changes) else cut
    return nearest if abs(nearest - cut) <= farthest else cut


def _choose(
    units: np.ndarray, strata: np.ndarray | None, share: float, rng: np.random.Generator, leave: int = 1
) -> np.ndarray:
    """Return (n,) whether each row is chosen: whole units at random, `share` of every stratum; one at least, and `leave` are left."""
    first, inverse, sizes = np.unique(units, return_index=True, return_inverse=True, return_counts=True)[1:]
    if len(first) < 2 or share >= 1.0:
        return np.full(len(units), share >= 1.0)
    stratum = np.zeros(len(first), np.int64) if strata is None else strata[first]
    chosen, owed = np.zeros(len(first), bool), 0.0
    for value in rng.permutation(np.unique(stratum)):
        members = rng.permutation(np.flatnonzero(stratum == value))
        owed += share * sizes[members].sum()
        before = np.cumsum(sizes[members]) - sizes[members]
        taken = members[before + sizes[members] / 2 <= owed]
        chosen[taken] = True
        owed -= sizes[
            taken
        ].sum()  # what one stratum could not give, for want of a unit of that size, the next one does
    most = len(first) - leave
    if not 1 <= chosen.sum() <= most:  # few units of unequal size
        able = np.flatnonzero(chosen) if chosen.any() else np.arange(len(first))
        chosen = np.isin(np.arange(len(first)), rng.permutation(able)[: max(1, most) if chosen.any() else 1])
    return np.asarray(chosen[inverse])


def _folds(units: np.ndarray, strata: np.ndarray | None, rng: np.random.Generator) -> tuple[tuple[Part, ...], Part]:
    rows, k = np.arange(len(units)), min(folds(len(units)), len(np.unique(units)))
    left, scores = rows, []
    for i in range(k):
        share, leave = (1 / 5, 2) if k == 1 else (1 / (k - i), k - i - 1)
        held = _choose(units[left], None if strata is None else strata[left], share, rng, leave)
        scores.append(left[held])
        left = left[~held]
    parts = tuple(_part(np.setdiff1d(rows, score), score, units, strata, rng) for score in scores)
    return parts, _part(rows, rows[:0], units, strata, rng)


def _part(
    rest: np.ndarray, score: np.ndarray, units: np.ndarray, strata: np.ndarray | None, rng: np.random.Generator
) -> Part:
    tune = _choose(units[rest], None if strata is None else strata[rest], TUNE_SHARE, rng)
    return Part(rest[~tune], rest[tune], score)


def _by_time(times: np.ndarray) -> tuple[Part, ...]:
    """Rolling origins: each part scores on the block that follows all it learns from."""
    n, k = len(times), folds(len(times))
    edges = np.linspace(0, n, k + 3).astype(int)[2:] if k > 1 else np.array([int(0.8 * n), n])
    edges = np.array([*(_between(times, e, n // (3 * k + 9)) for e in edges[:-1]), n])
    parts = []
    for start, end in pairwise(edges.tolist()):
        last = _last(times[:start])
        parts.append(Part(last.learn, last.tune, np.arange(start, end)))
    return tuple(parts)


def _last(times: np.ndarray) -> Part:
    """Learn from the earlier rows, tune on the last fifth of them."""
    rows = np.arange(len(times))
    cut = _between(times, round((1 - TUNE_SHARE) * len(rows)), len(rows) // 10)
    return Part(rows[:cut], rows[cut:], rows[:0])


class Sealed:
    """The sealed rows, and their ledger (`sealed.jsonl`): first the plan, then every opening.

    Parameters
    ----------
    dataset : the sealed rows.
    ledger : file the openings are appended to.
    salt : kept in the run's folder alone, so that a hash of a row says nothing to those who have not got it.
    again : the reason for a further look, where one is asked for.
    """

    def __init__(self, dataset: Dataset, ledger: Path, salt: str = "", again: str | None = None) -> None:
        self._dataset, self.ledger, self.salt = dataset, Ledger(ledger), salt
        self._again = again.strip() if again else None

    def __len__(self) -> int:
        return len(self._dataset)

    def plan(self, **what: Any) -> None:
        """Write down, before anything is opened, what it will be opened for, and which rows are sealed.

        Once: an interrupted run finds its plan on record. `SealError` where that is another than what is planned now.
        """
        rows = {"rows": len(self), "split": of_hashes(self.salt, self.row_hashes), "truth": self.truth_hash}
        written = next((line for line in reversed(self._of_this_look()) if line["event"] == "plan"), None)
        other = None if written is None else _differing(what | rows, written)
        if written is None or (other and self._again):
            self.ledger.append("plan", **what, **rows)
        elif other:
            raise SealError(
                f"What is planned now is not what was planned on {written['when']} ('{other}' differs), so the seal stays as "
                "it is: begin anew with another --out."
            )

    def open(self, reason: str, subjects: Sequence[str]) -> Dataset:
        """Return the sealed rows, with their truth, for exactly these bundles (their hashes).

        The same call again is the same opening, so that an interrupted run resumes. Any other is a further look: it raises
        `SealError`, but where it was asked for with a reason; then it is counted, and judged at a stricter level.
        """
        earlier, same = self._openings(), self._for(subjects)
        if any(e["event"] == "opening" and _differing(same, e) is None for e in self._of_this_look()):
            return self._dataset
        if earlier and not self._again:
            raise SealError(
                f"The seal was opened on {earlier[0]['when']} for other models ({earlier[0]['reason']}). "
                "A second look would be no test: start a new run with rows that nobody has seen."
            )
        self.ledger.append("opening", reason=self._again or reason, subjects=list(subjects))
        return self._dataset

    @property
    def openings(self) -> int:
        return len(self._openings())

    @property
    def level(self) -> float:
        """Share of false claims that what is said at the latest look may make."""
        return level_of(max(1, self.openings))

    def hashes(self, salt: str) -> list[str]:
        """Return a salted hash of each sealed row's content: proof of which rows were sealed, and no copy of them."""
        return row_hashes(salt, self._dataset)

    @cached_property
    def row_hashes(self) -> list[str]:
        """`hashes` with the run's own salt."""
        return self.hashes(self.salt)

    @cached_property
    def truth_hash(self) -> str:
        """One salted hash of all sealed answers: shows later whether the file still holds the same."""
        return truth_hash(self.salt, self._dataset)

    def _for(self, subjects: Sequence[str]) -> dict[str, Any]:
        """What makes an opening the same one: its models, and the reason where one was asked for."""
        return {"subjects": list(subjects)} | ({"reason": self._again} if self._again else {})

    def _of_this_look(self) -> list[dict[str, Any]]:
        """What this run wrote, or an earlier try of it: of a further look the lines from its plan on."""
        lines = self.ledger.lines()
        if not self._again:
            return lines
        tail = since_verdict(lines)
        plans = [i for i, line in enumerate(tail) if line["event"] == "plan"]
        return tail[plans[-1] :] if plans else []

    def _openings(self) -> list[dict[str, Any]]:
        return [line for line in self.ledger.lines() if line["event"] == "opening"]


def _differing(wanted: dict[str, Any], line: dict[str, Any]) -> str | None:
    """Return the first thing that a line of the ledger says otherwise."""
    return next((k for k, value in json.loads(json.dumps(wanted)).items() if line.get(k) != value), None)


def row_hashes(salt: str, rows: Dataset) -> list[str]:
    """Return sixteen hex digits a row, of the salt and the row's content."""
    return [digest(f"{salt}{i}")[:16] for i in rows.ids.tolist()]


def of_hashes(salt: str, hashes: Sequence[str]) -> str:
    """Return one hash of all row hashes and the salt: what the ledger keeps of split.json."""
    return digest("\n".join([salt, *hashes]))


def truth_hash(salt: str, rows: Dataset) -> str:
    """Return one hash of the salt and the target of all rows, in their order."""
    target = np.ascontiguousarray(rows.truth, np.float64)
    return digest(salt.encode() + target.tobytes())
