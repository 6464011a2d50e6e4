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
    rules : the expert's rules, where they were given.
    unreadable : the best of the models that no person can follow, where only readable ones may be chosen.
    """

    chosen: str
    otherwise: str | None
    classical: str | None
    deep: str | None
    trivial: str | None
    worth: float
    rules: str | None = None
    unreadable: str | None = None

    @property
    def subjects(self) -> list[str]:
        """What the seal opens for, each once."""
        models = (self.chosen, self.otherwise, self.classical, self.deep, self.trivial, self.rules, self.unreadable)
        return list(dict.fromkeys(k for k in models if k is not None))


def plan(
    trials: Sequence[Trial],
    development: Dataset,
    metric: Metric,
    *,
    bar: Bar | None,
    n_sealed: int,
    worth: float | None,
    explainable: bool = False,
) -> Planned:
    """Fix, by the out-of-fold scores alone, what is chosen, what it is held against, and what a gain must be to count.

    Parameters
    ----------
    explainable : only what a person can follow may be chosen; the others are there to say what that costs.
    """
    if not any(t.ok for t in trials):
        raise DataError("No model could be fitted: " + "; ".join(f"{t.title}: {t.reason}" for t in trials) + ".")
    simple = [t for t in trials if not t.deep]
    able = _readable(trials) if explainable else trials
    unreadable = _best_inside([t for t in trials if not t.readable], bar, metric) if explainable else None
    chosen = choose(able, development, metric, bar=bar, n_sealed=n_sealed, worth=worth)
    classical, deep = _best_inside(simple, bar, metric), _best_inside([t for t in trials if t.deep], bar, metric)
    bound = chosen.deep and classical is not None and (bar is None or bar.threshold is None)
    otherwise = choose(simple, development, metric, bar=bar, n_sealed=n_sealed, worth=worth) if bound else None
    base = (classical or chosen).validation
    assert base is not None
    first = next((t for t in trials if t.rung == 0 and t.ok), None)
    return Planned(
        chosen.key,
        _key(otherwise),
        _key(classical),
        _key(deep),
        _key(first),
        worth_of(metric, base.value, worth),
        _key(next((t for t in trials if t.candidate == "rules" and t.ok), None)),
        _key(unreadable),
    )


def _readable(trials: Sequence[Trial]) -> list[Trial]:
    able = [t for t in trials if t.readable]
    if not any(t.ok for t in able):
        raise DataError(
            "No readable model could be fitted, and --explainable asks for one: "
            + "; ".join(f"{t.title}: {t.reason}" for t in able)
            + "."
        )
    return able


def _key(trial: Trial | None) -> str | None:
    return trial.key if trial else None


def _best_inside(trials: Sequence[Trial], bar: Bar | None, metric: Metric) -> Trial | None:
    return best([t for t in trials if fits(t, bar) is not False], metric) or best(trials, metric)
