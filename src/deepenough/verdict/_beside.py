"""What stands beside a verdict: what the chosen model gains over the expert's rules, and what it costs to want a readable one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from deepenough import wording
from deepenough.candidates._climb import gain_of
from deepenough.stats import Estimate
from deepenough.verdict._deep import claim
from deepenough.verdict._document import Opened, Verdict, estimate_document
from deepenough.verdict._planning import Planned


def beside(verdict: Verdict, planned: Planned, groups: np.ndarray | None, level: float, explainable: bool) -> Verdict:
    """Return the verdict with the gain over the rules and, where only readable models could be chosen, what that costs.

    Both are paired gains on the sealed rows, of models the seal was opened for; neither decides anything.
    """
    assert verdict.chosen is not None
    chosen = verdict.opened[verdict.chosen.key]
    if planned.rules is not None:
        stated = verdict.opened[planned.rules]
        gain = gain_of(verdict.metric, stated.evidence, chosen.evidence, groups, level)
        verdict = replace(verdict, rules=_document(stated, gain, verdict))
    if not explainable:
        return verdict
    if planned.unreadable is None:
        nothing = {"best": None, "trial": None, "gain": None, "worth_it": None}
        return _saying(verdict, nothing, wording.of_readable(None, None, verdict.metric))
    other = verdict.opened[planned.unreadable]
    gain = gain_of(verdict.metric, chosen.evidence, other.evidence, groups, level)
    return _saying(
        verdict, _document(other, gain, verdict), wording.of_readable(other.trial.title, gain, verdict.metric)
    )


def _saying(verdict: Verdict, cost: dict[str, Any], said: str) -> Verdict:
    return replace(verdict, readable_only=cost | {"why": said}, sentence=f"{verdict.sentence} {said}")


def _document(other: Opened, gain: Estimate, verdict: Verdict) -> dict[str, Any]:
    """Return what is written of the model beside the chosen one, and of the gain of the more complex of the two."""
    assert verdict.worth_used is not None
    return {
        "best": other.trial.candidate,
        "trial": other.trial.key,
        "gain": estimate_document(gain),
        "worth_it": claim(gain, verdict.worth_used)[0],
    }
