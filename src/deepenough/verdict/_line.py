"""Where the line between yes and no is drawn: by the value of decisions, or by the precision or recall that is wanted."""

from __future__ import annotations

from deepenough.candidates._trial import Trial
from deepenough.dataset import Dataset
from deepenough.metrics import Metric
from deepenough.value import Value, draw_line, line_at_precision, line_at_recall


def line_of(trial: Trial, development: Dataset, metric: Metric, value: Value | None) -> float | None:
    """Return the threshold that ships, from answers out of fold; None where the likelier class is said.

    Fixed before the seal is opened. What an expert stated stays as it was stated.
    Where no threshold reaches the wanted precision, the likelier class is said, too.
    """
    if len(development.task.labels) != 2 or trial.stated or trial.answer is None or trial.rows is None:
        return None
    probability, truth = trial.answer["probability"], development.truth[trial.rows]
    if value is not None:
        return draw_line(value, probability, truth)
    if metric.parameters == ("precision",):
        return line_at_precision(probability, truth, metric.wanted)
    if metric.parameters == ("recall",):
        return line_at_recall(probability, truth, metric.wanted)
    return None
