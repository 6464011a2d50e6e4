"""Use cases against each other: which to pilot, and whether that hangs on what counts how much."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepenough.assessment.guides import STRETCH
from deepenough.assessment.questions import CRITERIA
from deepenough.assessment.ranges import Range
from deepenough.assessment.reading import Answers

DRAWS = 10_000
GRADES = ("feasibility", "data", "sponsor")
LEAST_GRADE, MOST_GRADE = 1.0, 5.0


def rank(answers: Answers, seed: int) -> dict[str, Any] | None:
    """Return the use cases, best first; None where there are none.

    Each is scored 0 to 1 on five criteria: money a year as a share of the largest, three grades, and time as the
    shortest over its own. `first` is the share of draws in which it comes first when ranges are drawn and weights are
    anything at all (Dirichlet, or around the given ones): how little the ranking hangs on the weights.
    """
    cases = answers.use_cases
    if not cases:
        return None
    rng = np.random.default_rng(seed)
    scores = np.stack([_scores(cases, criterion, rng) for criterion in CRITERIA], axis=-1)  # (cases, draws, criteria)
    given = np.array([_weight(answers, name) for name in CRITERIA])
    by_given = scores @ (given / given.sum())  # (cases, draws)
    spread = rng.dirichlet(np.where(given > 0, given / given[given > 0].mean(), 1e-3), DRAWS)  # (draws, criteria)
    first = np.bincount(np.einsum("cdk,dk->cd", scores, spread).argmax(axis=0), minlength=len(cases)) / DRAWS
    order = sorted(range(len(cases)), key=lambda i: (-float(by_given[i].mean()), i))
    return {
        "weights": dict(zip(CRITERIA, given.tolist(), strict=True)),
        "ranking": [_place(cases[i], by_given[i], float(first[i])) for i in order],
        "pilot": cases[order[0]]["name"],
        "steady": bool(first[order[0]] >= 0.5),
    }


def _weight(answers: Answers, name: str) -> float:
    found = answers.weights.get(name)
    return 1.0 if found is None else found.low


def _scores(cases: list[dict[str, Any]], criterion: str, rng: np.random.Generator) -> np.ndarray:
    """(cases, draws) between 0 and 1; what was not answered may be anything."""
    if criterion in GRADES:
        drawn = _drawn(cases, criterion, Range(LEAST_GRADE, MOST_GRADE), rng)
        return np.asarray((drawn - LEAST_GRADE) / (MOST_GRADE - LEAST_GRADE))
    key = "weeks" if criterion == "time" else "impact"
    known = [case[key] for case in cases if key in case]
    if not known:
        return rng.uniform(size=(len(cases), DRAWS))
    low, high = (min(r.low for r in known), max(r.high for r in known))
    unknown = Range(low, high * STRETCH.high) if key == "weeks" else Range(0.0, high)
    drawn = _drawn(cases, key, unknown, rng)
    return np.asarray(drawn.min(axis=0) / drawn if key == "weeks" else drawn / np.maximum(drawn.max(axis=0), 1e-12))


def _drawn(cases: list[dict[str, Any]], key: str, unknown: Range, rng: np.random.Generator) -> np.ndarray:
    return np.stack([case.get(key, unknown).draw(rng, DRAWS) for case in cases])


def _place(case: dict[str, Any], scores: np.ndarray, first: float) -> dict[str, Any]:
    low, high = np.quantile(scores, (0.05, 0.95))
    return {
        "name": case["name"],
        "score": {"value": float(scores.mean()), "low": float(low), "high": float(high)},
        "first": first,
        "unknown": [k for k in ("impact", "feasibility", "data", "weeks", "sponsor") if k not in case],
        **{k: v.document() for k, v in case.items() if isinstance(v, Range)},
    }
