"""Doubt: when an answer, though it came, is not to be trusted, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deepenough.errors import SettingError

OUTSIDE = "The input lies outside of what training saw."
UNSURE = "The model was not sure enough."
LATE = "The model did not answer in time."


@dataclass(frozen=True)
class Doubt:
    """What makes an answer doubtful.

    Attributes
    ----------
    below : probability of the class that is answered under which it is unsure; None: never. outside : whether a cell out of range does.

    Examples
    --------
    >>> Doubt(below=0.6).of({"prediction": ["yes"], "probability_yes": [0.55], "probability_no": [0.45]}, [[]], ("yes", "no"))
    'The model was not sure enough.'
    """

    below: float | None = None
    outside: bool = False

    @property
    def any(self) -> bool:
        return self.below is not None or self.outside

    def must_fit(self, labels: Sequence[str]) -> None:
        """Raise `SettingError` where a model that answers a number is to be sure of it."""
        if self.below is not None and not labels:
            raise SettingError("--fallback-below and --review-below are for classes: this model answers a number.")

    def of(self, said: Mapping[str, Sequence[Any]], outside: Sequence[list[str]], labels: Sequence[str]) -> str | None:
        """Return why an answer is doubtful: one row of it is enough."""
        if self.outside and any(outside):
            return OUTSIDE
        if self.below is not None and min(confidences(said, labels)) < self.below:
            return UNSURE
        return None


def confidences(said: Mapping[str, Sequence[Any]], labels: Sequence[str]) -> list[float]:
    """Return, row by row, the probability of the likeliest class.

    >>> confidences({"probability_a": [0.2, 0.5], "probability_b": [0.8, 0.5]}, ("a", "b"))
    [0.8, 0.5]
    """
    return [max(line) for line in zip(*(said[f"probability_{label}"] for label in labels), strict=True)]
