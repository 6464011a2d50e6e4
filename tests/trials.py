"""Trials made up from answers of known worth: what the tests of the climb and of the verdict share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from deepenough import shelves
from deepenough.candidates._trial import Trial, score_of
from deepenough.dataset import Answer, Dataset
from deepenough.examples import Columns
from deepenough.task import Column, Task

TITLES = ("Always the same answer", "Linear model", "Boosted trees", "Pretrained network", "Neural network for tables")


def metric(name: str) -> Any:
    return shelves.load("metrics", name)


def rows(truth: np.ndarray, groups: np.ndarray | None = None) -> Dataset:
    """A dataset of which only the truth, and the group, of each row is known."""
    classes = truth.dtype.kind == "i"
    columns = [Column("x", "number"), Column("y", "category", role="target")]
    columns += [] if groups is None else [Column("g", "category", role="group")]
    task = Task(
        "classification" if classes else "regression", "tabular", tuple(columns), ("no", "yes") if classes else ()
    )
    about = pd.DataFrame({"row": np.arange(len(truth)), **({} if groups is None else {"g": groups})})
    x = {"x": np.zeros(len(truth), np.float32)}
    return Dataset(task, Columns(x, len(truth)), truth, about, np.arange(len(truth), dtype=np.uint64), x)


def trial(data: Dataset, by: str, answer: Answer, rung: int, number: int = 1, **facts: Any) -> Trial:
    """A trial that said `answer` of the rows at `rows` (all, where not given)."""
    where = facts.pop("rows", np.arange(len(data)))
    evidence = metric(by).evidence(data.truth[where], answer)
    groups = None if data.groups is None else data.groups[where]
    measured = {
        "latency_ms": {"p50": 0.1, "p95": 0.2},
        "size_bytes": 1000,
        "fit_seconds": 0.1,
        "cpu_seconds": 0.5,
        "parts": 5,
    }
    return Trial(
        f"family_{rung}",
        TITLES[rung],
        rung,
        number,
        status="ok",
        rows=where,
        answer=answer,
        evidence=evidence,
        validation=score_of(metric(by), evidence, groups, quick=True),
        **{**measured, **facts},
    )


def chance(score: np.ndarray) -> Answer:
    """The answer of two classes whose positive one scores `score`, any number."""
    positive = 1.0 / (1.0 + np.exp(-score))
    return {"probability": np.stack([1.0 - positive, positive], axis=1)}


def separation(area: float) -> float:
    """How far apart two normal classes lie that are told apart with this area under the curve."""
    from scipy.stats import norm

    return float(np.sqrt(2.0) * norm.ppf(area))


def ranked(truth: np.ndarray, areas: list[float], rng: np.random.Generator, alike: float = 0.8) -> list[Answer]:
    """Answers of these true areas under the curve, their errors correlated."""
    common = rng.normal(size=len(truth))
    noise = [np.sqrt(alike) * common + np.sqrt(1.0 - alike) * rng.normal(size=len(truth)) for _ in areas]
    return [chance(separation(area) * truth + n) for area, n in zip(areas, noise, strict=True)]


def off_by(truth: np.ndarray, errors: list[float], rng: np.random.Generator, alike: float = 0.8) -> list[Answer]:
    """Answers whose error is normal with these standard deviations, correlated."""
    common = rng.normal(size=len(truth))
    return [
        {"value": truth + e * (np.sqrt(alike) * common + np.sqrt(1.0 - alike) * rng.normal(size=len(truth)))}
        for e in errors
    ]


def right(truth: np.ndarray, where: np.ndarray) -> Answer:
    """An answer that is right at these rows and wrong elsewhere."""
    said = np.where(np.isin(np.arange(len(truth)), where), truth, 1 - truth)
    return chance(np.where(said == 1, 2.0, -2.0))
