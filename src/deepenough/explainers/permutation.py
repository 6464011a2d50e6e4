"""What drives a model: how much worse its answers get when a column no longer says anything (Breiman 2001)."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable, ParityError
from deepenough.metrics import Metric
from deepenough.stats import Estimate
from deepenough.stats.association import strength

from ._base import Explainer, Importances, Model
from ._columns import features_of, together
from ._scale import scores

ROWS = 1000  # enough for a figure; more would cost more than the fit
REPEATS = 3
MOST_ANSWERS = 400_000  # rows asked in all: with very many columns, fewer of each
MOST_LOOKED = 150  # groups that are shuffled: of more, those whose values go with the answers most
MOST = 30  # groups that are written down


class Permutation(Explainer):
    """How much worse the answers get when a column's values are shuffled among the rows."""

    name = "permutation"
    title = "Permutation importance"
    explains = "model"
    needs = "answers"
    exact = False

    def explain(self, model: Model, dataset: Dataset) -> Importances:
        """Shuffle each column, or group of columns that say the same, among (up to 2,000) rows, and ask again.

        The worth is the paired gain of the true values over the shuffled ones, as the metric counts gains (points, or a
        share of the error), with its interval, averaged over three shuffles; low and high None where there is no interval.
        """
        metric = _metric(model)
        rng = np.random.default_rng([model.seed, 3])
        rows = dataset.take(np.sort(rng.permutation(len(dataset))[:ROWS]))
        groups = _telling(model, rows, together(rows))
        rows = rows.take(np.arange(min(len(rows), max(100, MOST_ANSWERS // (REPEATS * max(1, len(groups)))))))
        whole = metric.evidence(rows.truth, model.bundle.answer_features(rows.features, len(rows)))
        found: list[dict[str, Any]] = []
        for columns in groups:
            orders = [rng.permutation(len(rows)) for _ in range(REPEATS)]
            gains = [metric.gain(_shuffled(model, rows, columns, order), whole) for order in orders]
            found.append({"columns": columns, **_mean(gains)})
        return Importances(sorted(found, key=lambda f: -(f["value"] or 0.0))[:MOST])

    def prove(self, model: Model, dataset: Dataset) -> None:
        """A shuffle that moves nothing takes nothing away."""
        metric, still = _metric(model), np.arange(len(dataset))
        whole = metric.evidence(dataset.truth, model.bundle.answer_features(dataset.features, len(dataset)))
        for columns in together(dataset):
            if metric.gain(_shuffled(model, dataset, columns, still), whole).value != 0.0:
                raise ParityError(f"Left as it was, '{columns[0]}' changes the answers. Please report this.")


def _metric(model: Model) -> Metric:
    if model.metric is None:
        raise NotApplicable("What a column is worth needs a metric to measure it by.")
    return model.metric


def _shuffled(model: Model, rows: Dataset, columns: list[str], order: np.ndarray) -> Any:
    parts = features_of(rows.features, rows.task)
    moved = {feature for column in columns for feature in parts[column]}
    mixed = {name: f[order] if name in moved else f for name, f in rows.features.items()}
    return _metric(model).evidence(rows.truth, model.bundle.answer_features(mixed, len(rows)))


def _telling(model: Model, rows: Dataset, groups: list[list[str]]) -> list[list[str]]:
    """Return the groups worth shuffling: all, or of very many those whose values go with the answers most."""
    if len(groups) <= MOST_LOOKED:
        return groups
    said = scores(model.bundle.answer_features(rows.features, len(rows)))[:, 0]
    parts = features_of(rows.features, rows.task)
    tied = [max((strength(rows.features[f], said) for c in g for f in parts[c]), default=0.0) for g in groups]
    return [groups[i] for i in np.sort(np.argsort(-np.array(tied), kind="stable")[:MOST_LOOKED])]


def _mean(gains: list[Estimate]) -> dict[str, float | None]:
    lows, highs = [g.low for g in gains], [g.high for g in gains]
    value = float(np.mean([g.value for g in gains]))
    if any(v is None for v in (*lows, *highs)):
        return {"value": _plain(value), "low": None, "high": None}
    return {
        "value": _plain(value),
        "low": _plain(np.mean([v or 0.0 for v in lows])),
        "high": _plain(np.mean([v or 0.0 for v in highs])),
    }


def _plain(value: Any) -> float:
    return round(float(np.nan_to_num(value, neginf=-1.0, posinf=1.0)), 6)
