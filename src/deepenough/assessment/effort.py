"""Weeks, labelling hours and machine prices: what the plan takes, as ranges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepenough import costs
from deepenough.assessment.guides import PHASE_WORDS, PHASES, PILOT_WEEKS, REPORTED, STRETCH, VOLUMES
from deepenough.assessment.questions import LABELLED
from deepenough.assessment.ranges import Range, quantiles
from deepenough.assessment.reading import Answers
from deepenough.bar import parse

BUDGET_SECONDS = 600.0  # what `deepenough run` spends on one core where nothing else is asked
WEEKS_A_YEAR = 52.0


@dataclass(frozen=True)
class Effort:
    """Draws of what it takes.

    Attributes
    ----------
    planned : the weeks as estimated, or a pilot's. weeks : (draws,) the same, multiplied as the guides advise.
    """

    planned: Range
    estimated: bool
    weeks: np.ndarray
    phases: list[dict[str, Any]]


def effort(answers: Answers, rng: np.random.Generator, n: int) -> Effort:
    """Draw the weeks, and their share in each phase."""
    planned = answers.range("weeks_estimate") or PILOT_WEEKS
    weeks = planned.draw(rng, n) * STRETCH.draw(rng, n)
    shares = np.stack([share.draw(rng, n) for share in PHASES.values()])
    shares /= shares.sum(axis=0)
    phases = [
        {
            "phase": name,
            "what": PHASE_WORDS[name],
            "share": PHASES[name].document(),
            "weeks": quantiles(weeks * shares[i]),
            "source": REPORTED,
        }
        for i, name in enumerate(PHASES)
    ]
    return Effort(planned, answers.has("weeks_estimate"), weeks, phases)


def labels_needed(answers: Answers) -> Range | None:
    """Return how many examples have yet to be labelled to reach what the guides ask for; None where it cannot be said.

    From the guides' lower to their upper figure, less what is labelled; what is labelled, where not known, is none or all.
    Of a table only the lower figure is asked for: its rows mostly come with their answers.
    """
    kind = answers.get("kind")
    if kind is None:
        return None
    if kind not in LABELLED:
        return Range(0, 0)
    volume, classes = VOLUMES[kind], answers.range("classes")
    if volume.per_class and classes is None:
        return None
    least, most = volume.least, volume.ample if volume.per_class else volume.least
    fewest, all_classes = (classes.low, classes.high) if volume.per_class and classes else (1.0, 1.0)
    labelled = answers.range("labelled_rows") or Range(0, most * all_classes)
    return Range(max(0.0, least * fewest - labelled.high), max(0.0, most * all_classes - labelled.low))


def label_hours(answers: Answers) -> Range | None:
    """Return the hours of labelling; None where it cannot be said."""
    needed, seconds = labels_needed(answers), answers.range("label_seconds")
    if needed is not None and needed.high == 0:
        return Range(0, 0)
    if needed is None or seconds is None:
        return None
    return Range(needed.low * seconds.low / 3600, needed.high * seconds.high / 3600)


def currency(answers: Answers) -> str:
    return str(answers.get("currency") or costs.CURRENCY)


def core_scale(answers: Answers) -> Range | None:
    """Return what deepenough's prices are multiplied by; None where they are in another currency and no price is given."""
    price = answers.range("core_hour_price")
    if price is not None:
        return Range(price.low / costs.CPU_HOUR, price.high / costs.CPU_HOUR)
    return Range(1.0, 1.0) if currency(answers) == costs.CURRENCY else None


def machine(answers: Answers) -> dict[str, Any]:
    """Return what training and answering cost in machine time: one training, a thousand answers, a year of both.

    An answer keeps one core busy for anything up to the time it may take; where no limit is given it cannot be said.
    A graphics card, and a prompted model's price, are not in the table of costs.
    """
    scale, latency = core_scale(answers), answers.get("latency")
    training = None if scale is None else _times(scale, costs.of_cpu(BUDGET_SECONDS))
    limit = parse(None, "classification", latency=latency) if latency is not None else None
    thousand = None
    if scale is not None and limit is not None:
        thousand = Range(0.0, scale.high * costs.per_thousand(limit.latency_ms or 0.0))
    decisions, trainings = answers.range("decisions_a_year"), answers.range("retrain_a_year")
    answering = Range(0.0, thousand.high * decisions.high / 1000) if thousand and decisions else None
    learning = Range(training.low * trainings.low, training.high * trainings.high) if training and trainings else None
    return {"training": training, "per_1000": thousand, "answering_a_year": answering, "training_a_year": learning}


def _times(found: Range, factor: float) -> Range:
    return Range(found.low * factor, found.high * factor)
