"""The curve of a training: what each epoch came to, as data for diagnoses and for the report."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from deepenough.files import read_json, write_json

NAME = "curve.json"
SCHEMA = "deepenough.curve/1"
PLACES = ("refit", "part-0")  # of a trial's fits, the one that is shown: on all rows, where it came to that


@dataclass(frozen=True)
class Epoch:
    """What one epoch came to.

    Attributes
    ----------
    loss : mean on the rows learnt from, while they were learnt. score : on the rows held out; lower is better.
    never : classes that no held-out row was given. gradient : mean length before clipping. rate : at the end.
    seconds, waited_seconds : on the wall, and of these how long the network waited for rows.
    """

    number: int
    loss: float
    score: float | None = None
    never: tuple[str, ...] = ()
    gradient: float | None = None
    rate: float = 0.0
    rows: int = 0
    seconds: float = 0.0
    waited_seconds: float = 0.0


@dataclass
class Curve:
    """The epochs of one training, and what decided them.

    Attributes
    ----------
    stage : what was trained: ``all``, or ``head``. chosen : the epoch whose weights stayed.
    ended : ``patience``, ``epochs`` or ``diverged``.
    start : score of the weights as they came, where they were judged.
    about : recipe, device, precision, and rows read at a time.
    """

    stage: str = "all"
    epochs: list[Epoch] = field(default_factory=list)
    chosen: int = 0
    ended: str = "epochs"
    start: float | None = None
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def losses(self) -> list[float]:
        return [e.loss for e in self.epochs]

    @property
    def scores(self) -> list[float]:
        """Scores of the epochs that were judged; empty where none was."""
        return [e.score for e in self.epochs if e.score is not None]

    def last_gain(self, least: float) -> int:
        """Return the last epoch whose score was better than all before, by at least `least` times the score at the start.

        >>> Curve(epochs=[Epoch(1, 0.5, 1.0), Epoch(2, 0.4, 0.5), Epoch(3, 0.4, 0.499)]).last_gain(0.01)
        2
        """
        best, found = math.inf if self.start is None else self.start, 0
        for epoch in self.epochs:
            step = 0.0 if best == math.inf else least * abs(best if self.start is None else self.start)
            if epoch.score is not None and epoch.score < best - step:
                best, found = epoch.score, epoch.number
        return found

    def document(self) -> dict[str, Any]:
        """Return it as JSON takes it: what is not finite becomes null."""
        return {
            "stage": self.stage,
            "chosen": self.chosen,
            "ended": self.ended,
            "start": self.start,
            "about": self.about,
            "epochs": [{k: _plain(v) for k, v in asdict(e).items()} for e in self.epochs],
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Curve:
        """Take over what `document` gave."""
        epochs = [Epoch(**{**e, "never": tuple(e["never"]), "loss": _real(e["loss"])}) for e in document["epochs"]]
        return cls(**{**document, "epochs": epochs})


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _real(value: float | None) -> float:
    return math.nan if value is None else value


def write(folder: Path | None, title: str, curves: Iterable[Curve], about: Mapping[str, Any]) -> None:
    """Write ``curve.json`` into the folder of a fit, where there is one; `about`: its seconds, and what was found."""
    if folder is not None:
        shown = [c.document() for c in curves]
        write_json(folder / NAME, {"schema": SCHEMA, "title": title, "stages": shown, **about})


def to_show(trials: Path, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the figure ``training``: the curves of the trials that have some, by the trial's key; empty where none has."""
    found = {}
    for key in keys:
        written = [d for place in PLACES if (d := read_json(trials / key / place / NAME))]
        if written:
            found[key] = written[0]
    return {"training": found} if found else {}
