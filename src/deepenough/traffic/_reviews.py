"""Reviews: rows that people are to decide, what they decided, and what that says of the rows nobody looks at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import exp, lgamma, log, log1p
from typing import Any, NamedTuple

import msgspec

from deepenough.errors import DataError
from deepenough.traffic import _tables
from deepenough.traffic._entry import ENCODE, REDACTED
from deepenough.traffic._log import Log

SOURCE = "review"
LEVEL = 0.95
HALVINGS = 60


class Item(NamedTuple):
    """One row that people are to decide.

    Attributes
    ----------
    item : its own id; request, row : whose row it is. reason : person, fallback, novel, unsure or random.
    chance : how likely it was that this row came here; 1 but for random ones. second : 1 where a second person decides it, too.
    inputs, answer : cells and answer by name, as JSON.
    """

    item: str
    request: str
    row: int
    moment: float
    key: str | None
    model: str
    version: str
    answered_by: str
    reason: str
    chance: float
    second: int
    inputs: str
    answer: str

    def document(self) -> dict[str, Any]:
        """Return it with cells and answer as they are."""
        plain = self._asdict()
        return plain | {name: msgspec.json.decode(plain[name]) for name in ("inputs", "answer")}


class Decision(NamedTuple):
    """What one person decided of an item; no label: it cannot be told."""

    item: str
    label: str | None
    who: str
    seconds: float
    moment: float
    turn: int = 1


def written(cells: Mapping[str, Any], redact: Iterable[str] = ()) -> str:
    """Return cells as JSON, without those that are never kept."""
    hidden = set(redact)
    return ENCODE({name: REDACTED if name in hidden else value for name, value in cells.items()}).decode()


class Reviews:
    """The review queue in a log. What a method has done is kept when it returns."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def add(self, items: Iterable[Item]) -> int:
        """Keep rows for people; return how many were new."""
        added = 0
        with self._log.change() as cursor:
            for item in items:
                added += cursor.execute(self._log.sql(_tables.QUEUE), item).rowcount
        return added

    def next(self, who: str, most: int) -> list[tuple[Item, int]]:
        """Return what somebody may decide next and whose turn it is: 1, or 2 for what another one has decided before."""
        lines = self._log.ask(self._log.sql(_tables.NEXT), (who, most))
        return [(Item(*line[:-1]), int(line[-1]) + 1) for line in lines]

    def waiting(self, who: str) -> int:
        """Return how many somebody may decide."""
        return int(self._log.ask(self._log.sql(_tables.WAITING), (who,))[0][0])

    def decide(self, decision: Decision) -> int:
        """Keep a decision, as a label with its weight if it is the first; return its turn.

        The same person's again replaces. Raises `DataError` where the item is unknown, or others have decided it.
        """
        decision = decision._replace(moment=round(decision.moment, 3))
        with self._log.change() as cursor:
            item = self._find(cursor, decision.item)
            given = dict(cursor.execute(self._log.sql(_tables.GIVEN), (item.item,)).fetchall())
            free = [turn for turn in (1, 2)[: 1 + item.second] if turn not in given.values()]
            turn = given.get(decision.who) or (free[0] if free else 0)
            if not turn:
                raise DataError("Somebody else has decided it.")
            cursor.execute(self._log.sql(_tables.DECIDE), decision._replace(turn=int(turn)))
            if turn == 1:
                self._label(cursor, item, decision)
        return int(turn)

    def undo(self, item: str, who: str) -> None:
        """Take back what somebody decided; raises `DataError` where nothing was."""
        with self._log.change() as cursor:
            found = self._find(cursor, item)
            turn = dict(cursor.execute(self._log.sql(_tables.GIVEN), (item,)).fetchall()).get(who)
            if turn is None:
                raise DataError("Nothing of yours can be taken back there.")
            cursor.execute(self._log.sql(_tables.UNDO), (item, who))
            if turn == 1:
                cursor.execute(self._log.sql(_tables.UNLABEL), (found.request, found.row, SOURCE))

    def everything(self) -> list[tuple[Item, list[Decision]]]:
        """Return all items, the oldest first, with what was decided of each."""
        decided: dict[str, list[Decision]] = {}
        for line in self._log.ask(_tables.DECISIONS):
            decided.setdefault(str(line[0]), []).append(Decision(*line))
        return [(Item(*line), decided.get(str(line[0]), [])) for line in self._log.ask(_tables.ITEMS)]

    def report(self) -> dict[str, Any]:
        """Return what goes to people, and how often the rest is wrong at most, by the random share of it that they judged."""
        rows = int(self._log.ask(_tables.ROWS)[0][0])
        reasons = {str(reason): int(n) for reason, n in self._log.ask(_tables.REASONS)}
        certain = sum(n for reason, n in reasons.items() if reason != "random")
        judged = self._log.ask(_tables.JUDGED)
        wrong = sum(msgspec.json.decode(answer).get("prediction") != label for answer, label in judged)
        pairs = self._log.ask(_tables.PAIRS)
        return {
            "rows": rows,
            "reasons": reasons,
            "automated": 1 - min(certain, rows) / rows if rows else None,
            "judged": len(judged),
            "wrong": wrong,
            "error_at_most": upper(wrong, len(judged)) if judged else None,
            "level": LEVEL,
            "decided_twice": len(pairs),
            "agreed": sum(first == second for first, second in pairs),
        }

    def _find(self, cursor: Any, item: str) -> Item:
        line = cursor.execute(self._log.sql(_tables.ITEM), (item,)).fetchone()
        if line is None:
            raise DataError("There is nothing of that id in the review queue.")
        return Item(*line)

    def _label(self, cursor: Any, item: Item, decision: Decision) -> None:
        if decision.label is None:
            cursor.execute(self._log.sql(_tables.UNLABEL), (item.request, item.row, SOURCE))
            return
        values = (item.request, item.row, decision.label, decision.moment, SOURCE, 1.0 / item.chance)
        cursor.execute(self._log.sql(_tables.LABEL), values)


def upper(hits: int, n: int, level: float = LEVEL) -> float:
    """Return the exact one-sided upper bound of a share (Clopper and Pearson 1934): seldom too low, whatever the share is.

    >>> round(upper(0, 59), 4), round(upper(3, 200), 4), upper(5, 5)
    (0.0495, 0.0383, 1.0)
    """
    if hits >= n:
        return 1.0
    low, high = hits / n, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(hits, n, middle) > 1 - level else (low, middle)
    return high


def _at_most(hits: int, n: int, share: float) -> float:
    """Return the chance of so many hits or fewer among n."""
    if share <= 0.0:
        return 1.0
    ways = (
        lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(share) + (n - k) * log1p(-share)
        for k in range(hits + 1)
    )
    return sum(exp(way) for way in ways)
