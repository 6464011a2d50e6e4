"""Rollout: the champion, what is tried beside it, who gets which, and the guard that stops what errs more."""

from __future__ import annotations

import fcntl
import hashlib
import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepenough.errors import SettingError
from deepenough.serving import _deployment
from deepenough.serving._counters import Counters, Row
from deepenough.serving._deployment import Deployment
from deepenough.serving._doubt import Doubt
from deepenough.serving._model import Columns, Failed, Model, open_model
from deepenough.serving._refused import Refused
from deepenough.serving._settings import PERSON
from deepenough.stats.sequential import share_evidence

KEPT = 4  # models held, so that going back is at once
MOST_SHADOWED = 64  # requests that wait for the challenger's opinion; more are left out
LONGER, SHORTER = 1.09, 0.99  # of the time that one answer in ten of the champion exceeds
LINE = math.log(
    1 / 0.025
)  # of each of the two guards: an equal version is stopped in at most five of a hundred rollouts
CLOSE = 1e-5
EVENTS = ("errors", "slow")
VARIANTS = ("champion", "canary")
ANSWERS = {
    variant: f'answers_total{{variant="{variant}"}}' for variant in (*VARIANTS, "challenger", "fallback", PERSON)
}
MOST_FAILURES = 20
PAUSE_S = 5.0
OPEN = "The model failed again and again, and is left in peace for a while."
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Chosen:
    """The model that answers a request, as what, and why it is not the one that was meant.

    As a ``person`` no model has answered: `model` is the one that was asked first.
    """

    model: Model
    variant: str
    why: str | None = None
    review: bool = False


@dataclass
class Breaker:
    """Keeps a model that fails again and again from being asked for a while."""

    failures: int = 0
    until: float = 0.0

    @property
    def open(self) -> bool:
        return self.failures >= MOST_FAILURES and time.monotonic() < self.until

    def failed(self) -> None:
        """Count a failure; after so many in a row, or one after a pause, pause."""
        self.failures += 1
        self.until = time.monotonic() + PAUSE_S

    def worked(self) -> None:
        if self.failures:
            self.failures = 0


class Rollout:
    """What one worker answers with; it follows the document that all workers share.

    Parameters
    ----------
    path : the document. known : references that may be named beside the registry's. changed : called when other models answer.
    fallbacks : references of what answers where the champion fails, in their order; ``person`` at their end. doubt : what else counts
        as failing.
    """

    def __init__(
        self,
        path: Path,
        load: Callable[[str], Model],
        known: frozenset[str],
        counters: Counters,
        row: Row,
        fallbacks: tuple[str, ...] = (),
        doubt: Doubt = Doubt(),  # noqa: B008  it never changes
    ) -> None:
        self._path, self._load, self._known, self._counters, self._row = path, load, known, counters, row
        self._fallbacks, self._person = tuple(f for f in fallbacks if f != PERSON), PERSON in fallbacks
        self._doubt = doubt
        self._breakers: dict[str, Breaker] = {}
        self._models: dict[str, Model] = {}
        self._opinions = ThreadPoolExecutor(1, thread_name_prefix="shadow")
        self._shadowed = 0
        self._usual = 0.0
        self.changed: Callable[[], None] = lambda: None
        self._take(_deployment.read(path), counters.shared("generation"))

    # --- following -----------------------------------------------------------------------------------------------------

    def _take(self, deployment: Deployment, generation: float) -> None:
        """Answer as a deployment says; what fails to load leaves all as it was."""
        models = {reference: self._model(reference) for reference in (*deployment.references, *self._fallbacks)}
        champion = models[deployment.champion]
        challenger = models[deployment.challenger] if deployment.challenger else None
        if any(_takes(model) != _takes(champion) for model in models.values()):
            raise SettingError(
                "A challenger or a fallback reads other columns, or answers other classes, than the champion."
            )
        kept = [r for r in (*deployment.previous, *self._models) if r in self._models and r not in models]
        self._models = {r: self._models[r] for r in list(dict.fromkeys(kept))[-KEPT:]} | models
        self._doubt.must_fit(champion.task.labels)
        self._plain = challenger is None and not self._doubt.any
        self._usual, self._usually = 3 * champion.milliseconds, Chosen(champion, "champion")
        self.champion, self.challenger, self.deployment, self.generation = champion, challenger, deployment, generation
        self.changed()

    def _model(self, reference: str) -> Model:
        return self._models.get(reference) or self._load(reference)

    @property
    def behind(self) -> bool:
        """Whether the document has changed since it was read."""
        return self._counters.shared("generation") != self.generation

    def follow(self) -> None:
        """Read the document again, and answer as it says."""
        generation = self._counters.shared("generation")
        self._take(_deployment.read(self._path), generation)

    # --- changing ------------------------------------------------------------------------------------------------------

    def change(self, change: _deployment.Change) -> Deployment:
        """Change the document, once what it names is loaded and fits; the other workers follow."""
        if change.model is not None and change.model not in self._known:
            change.model = _deployment.pinned(change.model)
        counts = {f"{v}_{event}": self._events(v, event) for v in VARIANTS for event in EVENTS}
        with self._locked():
            now = _deployment.read(self._path)
            self._put(_deployment.changed(now, change, self._known, counts))
        return self.deployment

    def _put(self, deployment: Deployment) -> None:
        generation = self._counters.shared("generation") + 1
        self._take(deployment, generation)
        _deployment.write(self._path, deployment)
        self._counters.share("generation", generation)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._path.with_suffix(".lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    # --- choosing ------------------------------------------------------------------------------------------------------

    def choose(self, key: str) -> Chosen:
        """Return who answers: the same for a key, as long as the challenger and its percent are the same."""
        deployment = self.deployment
        if self.challenger is not None and deployment.mode == "canary" and share_of(key) * 100 < deployment.percent:
            return Chosen(self.challenger, "canary")
        return self._usually

    def named(self, model: Model) -> Chosen:
        """Return a version that a client names: it answers, or nobody does, and the guard does not count it."""
        return Chosen(model, "champion" if model is self.champion else "challenger")

    def answer(self, chosen: Chosen, rows: Rows, late: str | None = None) -> tuple[Columns, list[list[str]], Chosen]:
        """Answer rows; what one model fails to answer the next does: the canary, the champion, then the fallbacks in their order.

        Parameters
        ----------
        late : why the chosen one is not asked, as it did not answer in time.
        """
        if self._plain and not self._breakers and late is None:  # nothing is tried or doubted, and nothing ever failed
            try:
                said, outside = chosen.model.answer(rows)
            except Failed:
                return self._answer_watched(chosen, rows, None)
            self._row.add(ANSWERS[chosen.variant])
            return said, outside, chosen
        return self._answer_watched(chosen, rows, late)

    def _answer_watched(self, chosen: Chosen, rows: Rows, why: str | None) -> tuple[Columns, list[list[str]], Chosen]:
        ladder = [chosen, *self._after(chosen)]
        if why is not None:
            self._failed(ladder.pop(0))
        spare: tuple[Columns, list[list[str]], Chosen] | None = None
        for candidate in ladder:
            if self._breaker(candidate).open:
                why = why or OPEN
                continue
            begun = time.perf_counter()
            try:
                said, outside = candidate.model.answer(rows)
            except Failed as error:
                self._failed(candidate)
                why = str(error)
                continue
            self._breaker(candidate).worked()
            if self.challenger is not None and candidate.variant in VARIANTS:
                self._watch(candidate, (time.perf_counter() - begun) * 1e3 / len(rows), rows, said)
            last = candidate is ladder[-1] and not self._person
            doubt = self._doubts(candidate, said, outside) if not (last and candidate.variant == "fallback") else None
            if doubt is None:
                self._row.add(ANSWERS[candidate.variant])
                return said, outside, Chosen(candidate.model, candidate.variant, why)
            why, spare = doubt, spare or (said, outside, Chosen(candidate.model, candidate.variant, doubt))
        return self._at_last(chosen, rows, why or OPEN, spare)

    def _at_last(
        self, chosen: Chosen, rows: Rows, why: str, spare: tuple[Columns, list[list[str]], Chosen] | None
    ) -> tuple[Columns, list[list[str]], Chosen]:
        """Give rows that no model was sure of to a person; without one, an unsure answer is better than none."""
        if self._person and chosen.variant != "challenger":
            self._row.add(ANSWERS[PERSON])
            outside = chosen.model.wire.check(rows)[1]
            return {}, outside, Chosen(chosen.model, PERSON, why)
        if spare is not None:
            self._row.add(ANSWERS[spare[2].variant])
            return spare
        raise Refused(503, why, after=1)

    def _doubts(self, candidate: Chosen, said: Columns, outside: list[list[str]]) -> str | None:
        if candidate.variant == "challenger":  # a version that a client names answers, or nobody
            return None
        return self._doubt.of(said, [] if candidate.variant == "fallback" else outside, candidate.model.task.labels)

    def _breaker(self, candidate: Chosen) -> Breaker:
        return self._breakers.setdefault(candidate.model.version, Breaker())

    def _failed(self, candidate: Chosen) -> None:
        self._breaker(candidate).failed()
        self._row.add(f'errors_total{{variant="{candidate.variant}"}}')
        if candidate.variant == "canary":
            self._guard("errors")

    def has_more(self, chosen: Chosen) -> bool:
        """Whether somebody else may answer what this one does not."""
        return chosen.variant != "challenger" and (bool(self._fallbacks) or self._person or chosen.variant == "canary")

    def _after(self, chosen: Chosen) -> Iterator[Chosen]:
        if chosen.variant == "canary":
            yield Chosen(self.champion, "champion")
        for reference in self._fallbacks if chosen.variant != "challenger" else ():
            yield Chosen(self._models[reference], "fallback")

    # --- watching ------------------------------------------------------------------------------------------------------

    def _watch(self, chosen: Chosen, milliseconds: float, rows: Rows, said: Columns) -> None:
        if self.deployment.mode == "shadow":
            self._shadow(rows, said)
            return
        slow = milliseconds > self._usual
        if (
            chosen.variant == "champion"
        ):  # which one in ten of its answers exceeds: what is slow is fixed before it is looked at
            self._usual *= LONGER if slow else SHORTER
        if slow and chosen.variant in VARIANTS:
            self._row.add(f'slow_total{{variant="{chosen.variant}"}}')
            self._guard("slow")

    def _guard(self, event: str) -> None:
        """Stop a canary that has more than its share of errors, or of slow answers."""
        deployment = self.deployment
        if deployment.mode != "canary":
            return
        since = {v: self._events(v, event) - deployment.began.get(f"{v}_{event}", 0.0) for v in VARIANTS}
        hits, events = int(since["canary"]), int(sum(since.values()))
        if share_evidence(hits, events, deployment.percent / 100) > LINE:
            what = "errors" if event == "errors" else "slow answers"
            self._stop(
                f"{hits} of {events} {what} were the canary's, which had {deployment.percent:g} % of the requests."
            )

    def _events(self, variant: str, event: str) -> float:
        return self._counters.total(f'{event}_total{{variant="{variant}"}}')

    def _stop(self, why: str) -> None:
        with self._locked():
            now = _deployment.read(self._path)
            if now.challenger == self.deployment.challenger and now.mode == "canary":
                self._put(now.without_challenger(why))

    def _shadow(self, rows: Rows, said: Columns) -> None:
        challenger = self.challenger
        if challenger is None or self._shadowed >= MOST_SHADOWED:
            self._row.add("shadow_left_out_total")
            return
        self._shadowed += 1
        self._opinions.submit(self._compare, challenger, rows, said)

    def _compare(self, challenger: Model, rows: Rows, said: Columns) -> None:
        """Ask the challenger too, beside; whatever becomes of it, the reply is on its way."""
        try:
            theirs, _ = challenger.answer(rows)
            self._row.add("shadow_rows_total", len(rows))
            pairs = zip(said["prediction"], theirs["prediction"], strict=True)
            self._row.add("shadow_agreed_total", sum(_alike(a, b) for a, b in pairs))
        except Exception:  # of a model that is only tried: counted, and never in the way
            self._row.add("shadow_errors_total")
        finally:
            self._shadowed -= 1

    def close(self) -> None:
        """End what runs beside."""
        self._opinions.shutdown(wait=False, cancel_futures=True)


def _alike(a: Any, b: Any) -> bool:
    return bool(a == b) if isinstance(a, str) else abs(a - b) <= CLOSE * max(1.0, abs(a))


def _takes(model: Model) -> Any:
    return {c.name: c.kind for c in model.task.inputs}, model.task.labels


def share_of(key: str) -> float:
    """Return where a key lies between 0 and 1: always the same, and evenly spread.

    >>> 0.0 <= share_of("customer 17") == share_of("customer 17") < 1.0
    True
    """
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=6).digest(), "big") / 2**48


def loader(name: str | None, outside: str) -> Callable[[str], Model]:
    """Return what loads a model so that all go by one name."""
    return lambda reference: open_model(reference, name, outside)
