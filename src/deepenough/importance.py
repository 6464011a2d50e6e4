"""What drives a model: how much worse its answers get when a column no longer says anything (Breiman 2001)."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepenough.bundle import Bundle
from deepenough.dataset import Dataset
from deepenough.examples import tensors
from deepenough.metrics import Metric
from deepenough.stats import Estimate

ROWS = 2000  # enough for a figure; more would cost more than the fit
REPEATS = 3
TOGETHER = 0.9  # rank correlation from which columns are shuffled together: alone, each would hide behind the other
MOST = 30  # groups of columns that are written down


def permutation(bundle: Bundle, sealed: Dataset, metric: Metric, seed: int = 0) -> list[dict[str, Any]]:
    """Return what each column, or group of columns that say the same, is worth to the model, the most first.

    The columns' values are shuffled among (up to 2,000) sealed rows and the bundle is asked again. The worth is the paired
    gain of the true values over the shuffled ones, as the metric counts gains (points, or a share of the error), with its
    interval, averaged over three shuffles.

    Returns
    -------
    ``{"columns": [...], "value", "low", "high"}`` a group; low and high None where no interval can be given.
    """
    rng = np.random.default_rng([seed, 3])
    rows = sealed.take(np.sort(rng.permutation(len(sealed))[:ROWS]))
    whole = metric.evidence(rows.truth, bundle.run(rows.tensors))
    found: list[tuple[float, dict[str, Any]]] = []
    for columns in together(rows):
        gains = [metric.gain(_shuffled(bundle, rows, columns, metric, rng), whole) for _ in range(REPEATS)]
        mean = _mean(gains)
        found.append((mean["value"] or 0.0, {"columns": columns, **mean}))
    return [entry for _, entry in sorted(found, key=lambda f: -f[0])[:MOST]]


def together(rows: Dataset) -> list[list[str]]:
    """Return the input columns in groups: those whose numbers rise and fall together are one."""
    names = [c.name for c in rows.task.inputs]
    numbers = [c.name for c in rows.task.inputs if c.kind == "number"]
    group = {name: i for i, name in enumerate(names)}
    if len(numbers) > 1 and len(rows) > 2:
        ranks = np.stack([_ranks(rows.features[name]) for name in numbers])
        with np.errstate(invalid="ignore", divide="ignore"):  # a column of one value goes with none
            linked = np.abs(np.corrcoef(ranks)) > TOGETHER
        for i, j in zip(*np.nonzero(np.triu(linked, 1)), strict=True):
            keep, drop = sorted((group[numbers[i]], group[numbers[j]]))
            group = {name: keep if g == drop else g for name, g in group.items()}
    return [[n for n in names if group[n] == g] for g in dict.fromkeys(group.values())]


def _ranks(values: np.ndarray) -> np.ndarray:
    """(n,) ranks, the missing ones in the middle."""
    known = values[~np.isnan(values)]
    filled = np.nan_to_num(values, nan=float(np.median(known)) if len(known) else 0.0)
    return np.unique(filled, return_inverse=True)[1].astype(float)


def _shuffled(bundle: Bundle, rows: Dataset, columns: list[str], metric: Metric, rng: np.random.Generator) -> Any:
    order = rng.permutation(len(rows))
    times = tuple(
        f"{c.name}:" for c in rows.task.inputs if c.kind == "time" and c.name in columns
    )  # their calendar parts
    mixed = {n: f[order] if n in columns or (times and n.startswith(times)) else f for n, f in rows.features.items()}
    return metric.evidence(rows.truth, bundle.run(tensors(mixed, len(rows))))


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
