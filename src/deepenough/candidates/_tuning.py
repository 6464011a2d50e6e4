"""Settings searched for (`--tune N`): inside each part, so that the score out of fold is that of the whole procedure.

Every fit of the tuned trial searches anew: by cross-validation within its own `learn` rows, and never by those it is scored on
(nested cross-validation, Cawley and Talbot 2010). What is judged, and what is fitted once more on all development
rows, is "search, then fit", not the settings that happened to win.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from deepenough import shelves
from deepenough.bundle import NotExportable, Plan
from deepenough.candidates._base import Candidate, Estimator, Keeps, Settings
from deepenough.dataset import Answer, Dataset
from deepenough.errors import SettingError, ShelfError, Unavailable
from deepenough.splits import Part, split
from deepenough.task import Task
from deepenough.workspace import Workspace

TUNE = "tune"  # the setting that says how many settings are searched
MOST = 10_000
LOOKS = 3  # parts that a setting is looked at on
SHARE = 1.9  # plain fits that one look costs: three, each from about two thirds of the rows
LEAST = 1e-7  # probability that a row is counted as
DEFAULTS = 2  # settings of a portfolio that are looked at first, at most
RANGE = re.compile(r"(\w+): (\S+) to (\S+)( log)?")
CHOICE = re.compile(r"(\w+): (\S+(?: \| \S+)+)")


@dataclass(frozen=True)
class Dimension:
    """One setting that is searched: between two ends, or one of some."""

    name: str
    low: float = 0.0
    high: float = 0.0
    whole: bool = False
    log: bool = False
    options: tuple[str, ...] = ()

    def suggest(self, trial: Any) -> Any:
        """Ask an Optuna trial for a value."""
        if self.options:
            return trial.suggest_categorical(self.name, self.options)
        if self.whole:
            return trial.suggest_int(self.name, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(self.name, self.low, self.high, log=self.log)

    def holds(self, value: Any) -> bool:
        """Whether a value is one of those searched."""
        return value in self.options if self.options else self.low <= value <= self.high


def dimensions(space: Sequence[str]) -> list[Dimension]:
    """Read a family's `space`; `ShelfError` shows an entry that cannot be read.

    >>> dimensions(["rate: 0.01 to 0.3 log"])
    [Dimension(name='rate', low=0.01, high=0.3, whole=False, log=True, options=())]
    """
    return [_dimension(entry) for entry in space]


def _dimension(entry: str) -> Dimension:
    if found := RANGE.fullmatch(entry):
        name, low, high, log = found.groups()
        try:
            ends = float(low), float(high)
        except ValueError:
            ends = (1.0, 0.0)
        if ends[0] < ends[1]:
            return Dimension(name, *ends, whole=low.isdigit() and high.isdigit(), log=bool(log))
    if found := CHOICE.fullmatch(entry):
        return Dimension(found[1], options=tuple(found[2].split(" | ")))
    raise ShelfError(f"The space '{entry}' cannot be read. Write 'rate: 0.01 to 0.3 log', or 'loss: l1 | l2'.")


def must_be_able(rounds: int) -> None:
    """Refuse a search that makes no sense, or that nothing here can do."""
    if rounds < 0 or rounds > MOST:
        raise SettingError(
            f"--tune {rounds} makes no sense. Write how many settings to search, up to {MOST:,}: --tune 30."
        )
    if importlib.util.find_spec("optuna") is None:
        raise Unavailable(
            "--tune needs optuna, which is not installed here. Install it with: pip install 'deepenough[tune]'."
        )


def fits_of(settings: Settings) -> float:
    """Return how many plain fits one fit with these settings costs."""
    return 1.0 + SHARE * (settings[TUNE] + DEFAULTS) if TUNE in settings else 1.0


def build(name: str, task: Task, settings: Settings, seed: int) -> Estimator:
    """Return an unfitted model of a family; with the setting ``tune`` one that first searches its settings."""
    candidate: Candidate = shelves.load("candidates", name)
    if TUNE not in settings:
        return candidate.build(task, settings, seed)
    return Tuned(candidate, task, settings[TUNE], seed)


def settings_of(model: Estimator, settings: Settings) -> Settings:
    """Return the settings of a fitted model: of a tuned one with those that it found."""
    return {**settings, **model.found} if isinstance(model, Tuned) else settings


@dataclass(frozen=True)
class Look:
    """Settings, and for each part they were looked at on the loss of each row."""

    settings: Settings
    losses: tuple[np.ndarray, ...]

    @property
    def loss(self) -> float:
        return float(np.concatenate(self.losses).mean())


class Tuned:
    """Searches settings by the tree-structured Parzen estimator (Bergstra et al. 2011), then fits with the best.

    Attributes
    ----------
    found : the settings of least loss within `learn`; a default of the family, where none clearly beat it.
    model : the family's own model with these settings, fitted on `learn` and `tune` as always.
    """

    def __init__(self, candidate: Candidate, task: Task, rounds: int, seed: int) -> None:
        self.candidate, self.task, self.rounds, self.seed = candidate, task, rounds, seed

    def fit(self, learn: Dataset, tune: Dataset, workspace: Workspace) -> Tuned:
        cut = split(learn, learn.truth if self.task.labels else None, seed=self.seed, given=True)

        def look(settings: Settings) -> Look:
            return Look(settings, tuple(self._losses(settings, learn, part, workspace) for part in cut.parts[-LOOKS:]))

        self.found = self._search(look, self.candidate.portfolio(self.task, len(learn) + len(tune)), workspace)
        self.model = self.candidate.build(self.task, self.found, self.seed).fit(learn, tune, workspace)
        return self

    def _losses(self, settings: Settings, rows: Dataset, part: Part, workspace: Workspace) -> np.ndarray:
        model = self.candidate.build(self.task, settings, self.seed)
        score = rows.take(part.score)
        return losses_of(model.fit(rows.take(part.learn), rows.take(part.tune), workspace).predict(score), score.truth)

    def _search(self, look: Callable[[Settings], Look], defaults: Sequence[Settings], workspace: Workspace) -> Settings:
        import optuna

        space, known, seen = dimensions(self.candidate.space), [look(d) for d in defaults[:DEFAULTS]], []
        with _quiet(optuna):
            study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=self.seed))
            for one in known:
                _tell(study, space, one)
            for i in range(self.rounds):
                workspace.say(f"{self.candidate.title}: setting {i + 1} of {self.rounds} searched")
                trial = study.ask()
                seen.append(look({**defaults[0], **{d.name: d.suggest(trial) for d in space}}))
                study.tell(trial, seen[-1].loss)
        return settled(known, seen)

    def predict(self, dataset: Dataset) -> Answer:
        return self.model.predict(dataset)

    def export(self) -> Plan | NotExportable:
        return self.model.export()

    def keep(self, folder: Path) -> None:
        cast(Keeps, self.model).keep(folder)


def settled(known: Sequence[Look], searched: Sequence[Look]) -> Settings:
    """Return the best that was searched where it clearly beats the best default; else the default.

    Clearly: on each part they were looked at on, and on all rows by more than one standard error. The best of many looks is
    partly the luckiest, and a default has proven itself on many tables.
    """
    default = min(known, key=lambda one: one.loss)
    best = min(searched, key=lambda one: one.loss, default=default)
    gains = [before - after for before, after in zip(default.losses, best.losses, strict=True)]
    rows = np.concatenate(gains)
    clear = min(g.mean() for g in gains) > 0.0 and rows.mean() > rows.std() / np.sqrt(len(rows))
    return best.settings if clear else default.settings


def _tell(study: Any, space: Sequence[Dimension], known: Look) -> None:
    """Let the search know what a default came to, where it lies inside the space."""
    if not all(d.name in known.settings and d.holds(known.settings[d.name]) for d in space):
        return
    study.enqueue_trial({d.name: known.settings[d.name] for d in space})
    trial = study.ask()
    for dimension in space:
        dimension.suggest(trial)
    study.tell(trial, known.loss)


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Keep Optuna's own lines off the terminal, and leave its voice as it was."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def losses_of(answer: Answer, truth: np.ndarray) -> np.ndarray:
    """Return (n,) log losses of probabilities, or squared errors of values: what the search makes small."""
    if "probability" in answer:
        chance = answer["probability"][np.arange(len(truth)), truth].astype(np.float64)
        return np.asarray(-np.log(np.maximum(chance, LEAST)))
    return np.asarray((answer["value"].astype(np.float64) - truth) ** 2)
