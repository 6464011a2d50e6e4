"""Reviewing: which rows go to people, kept for them before the reply goes out."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from deepenough.errors import StorageError
from deepenough.serving._doubt import confidences
from deepenough.serving._refused import Refused
from deepenough.serving._rollout import Chosen
from deepenough.serving._settings import PERSON, Settings
from deepenough.traffic import Item, Log, Reviews, open_log, written

if TYPE_CHECKING:
    from deepenough.serving._asking import Ask
    from deepenough.serving._service import Service

PATIENCE_S = 2.0
DRAWN = random.SystemRandom()  # nobody may foresee whose turn it is
Columns = dict[str, list[Any]]
Picked = tuple[int, str, float]


def picked(
    said: Mapping[str, Sequence[Any]],
    outside: Sequence[list[str]],
    variant: str,
    labels: Sequence[str],
    settings: Settings,
) -> Iterator[Picked]:
    """Yield the rows that go to people: number, reason, and how likely it was that this row did."""
    if variant in (PERSON, "fallback"):
        yield from ((i, variant, 1.0) for i in range(len(outside)))
        return
    below, share = settings.review_below, settings.review_share
    sure = confidences(said, labels) if below is not None else []
    for i, far in enumerate(outside):
        if far:
            yield i, "novel", 1.0
        elif below is not None and sure[i] < below:
            yield i, "unsure", 1.0
        elif share and DRAWN.random() < share:
            yield i, "random", share


class Reviewing:
    """One worker's way to the review queue: a thread, and a connection of its own."""

    def __init__(self, service: Service) -> None:
        self._service, self._settings = service, service.settings
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="review")
        self._log: Log | None = None

    async def consider(self, ask: Ask, said: Columns, outside: list[list[str]], chosen: Chosen) -> Chosen:
        """Keep the rows that people are to look at; return who answered, and whether they will.

        Raises `Refused` (503) where a person is to answer and the row cannot be kept for one. Any other answer goes out all the same.
        """
        labels = self._service.model.task.labels
        found = list(picked(said, outside, chosen.variant, labels, self._settings))
        if not found:
            return chosen
        row = self._service.row
        items = [self._item(ask, said, chosen, *one) for one in found]
        until = min(time.monotonic() + PATIENCE_S, ask.until)
        try:
            await self._service.inside(self._pool, lambda: self._keep(items), until)
        except (StorageError, Refused) as error:
            row.add("unreviewed_total", len(items))
            if chosen.variant == PERSON:
                raise Refused(503, "No model is sure, and nothing can be kept for a person now.", after=5) from error
            return chosen
        for item in items:
            row.add(f'reviews_total{{reason="{item.reason}"}}')
        return replace(chosen, review=True)

    def _item(self, ask: Ask, said: Columns, chosen: Chosen, i: int, reason: str, chance: float) -> Item:
        model = chosen.model
        answer = {name: cells[i] for name, cells in said.items()}
        second = int(DRAWN.random() < self._settings.second_share)
        about = (secrets.token_hex(8), ask.id, i, time.time(), ask.key, model.name, model.version)
        cells = written(ask.rows[i], self._settings.redact)
        return Item(*about, chosen.variant, reason, chance, second, cells, written(answer))

    def _keep(self, items: Sequence[Item]) -> None:
        if self._log is None:
            self._log = open_log(str(self._settings.log))
        Reviews(self._log).add(items)

    def close(self) -> None:
        """End the thread, and let go of the database."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self._log is not None:
            self._log.close()
