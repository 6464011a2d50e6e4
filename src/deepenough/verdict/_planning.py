"""What is fixed before the seal opens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deepenough.bar import Bar
from deepenough.candidates._climb import best, choose, fits, worth_of
from deepenough.candidates._trial import Trial
from deepenough.dataset import Dataset
from deepenough.errors import DataError
from deepenough.metrics import Metric


@dataclass(frozen=True)
class Planned:
    """What is fixed before the seal opens: trials by their keys, and what a gain must be to count.

    Attributes
    ----------
    otherwise : what ships where no bar was set, a deep model was chosen, and it is not shown to be worth it.
    """

    chosen: str
    otherwise: str | None
    classical: str | None
    deep: str | None
    trivial: str | None
    worth: float

    @property
    def subjects(self) -> list[str]:
        """What the seal opens for, each once."""
        return list(
            dict.fromkeys(
                k for k in (self.chosen, self.otherwise, self.classical, self.deep, self.trivial) if k is not None
            )
        )


def plan(
    trials: Sequence[Trial],
    development: Dataset,
    metric: Metric,
    *,
    bar: Bar | None,
    n_sealed: int,
    worth: float | None,
) -> Planned:
    """Fix, by the out-of-fold scores alone, what is chosen, what it is held against, and what a gain must be to count."""
    if not any(t.ok for t in trials):
        raise DataError("No model could be fitted: " + "; ".join(f"{t.title}: {t.reason}" for t in trials) + ".")
    simple = [t for t in trials if not t.deep]
    chosen = choose(trials, development, metric, bar=bar, n_sealed=n_sealed, worth=worth)
    classical, deep = _best_inside(simple, bar, metric), _best_inside([t for t in trials if t.deep], bar, metric)
    bound = chosen.deep and classical is not None and (bar is None or bar.threshold is None)
    otherwise = choose(simple, development, metric, bar=bar, n_sealed=n_sealed, worth=worth) if bound else None
    base = (classical or chosen).validation
    assert base is not None
    first = next((t for t in trials if t.rung == 0 and t.ok), None)
    return Planned(
        chosen.key, _key(otherwise), _key(classical), _key(deep), _key(first), worth_of(metric, base.value, worth)
    )


def _key(trial: Trial | None) -> str | None:
    return trial.key if trial else None


def _best_inside(trials: Sequence[Trial], bar: Bar | None, metric: Metric) -> Trial | None:
    return best([t for t in trials if fits(t, bar) is not False], metric) or best(trials, metric)
