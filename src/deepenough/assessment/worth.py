"""Does it pay? Cost, value, break-even and payback, by simulation over every range that was answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepenough.assessment import effort
from deepenough.assessment.contradictions import metric_facts
from deepenough.assessment.effort import WEEKS_A_YEAR, Effort
from deepenough.assessment.guides import STRETCH
from deepenough.assessment.ranges import LEVEL, Range, quantiles
from deepenough.assessment.reading import Answers

DRAWS = 10_000
YEARS = (1, 2, 3)  # after which it is asked whether it has paid for itself
SURELY = 0.95  # share of draws from which a thing is said without an "if"


@dataclass
class Part:
    """One line of the bill: its draws, or the answers it lacks."""

    name: str
    draws: np.ndarray | None
    missing: tuple[str, ...]
    how: str

    def document(self) -> dict[str, Any]:
        found = None if self.draws is None else quantiles(self.draws)
        return {"what": self.name, "money": found, "missing": list(self.missing), "how": self.how}


def plan(answers: Answers, seed: int) -> dict[str, Any]:
    """Return the plan and its money, as ``assessment.json`` holds them.

    Every range is drawn uniformly and independently, 10,000 times; low and high are the ends of the middle 90 %. What
    was not answered and can be bounded is drawn over all it may be; what cannot is left out of the sum, and named.
    """
    rng = np.random.default_rng(seed)
    work = effort.effort(answers, rng, DRAWS)
    once = [_work(answers, work, rng), _labelling(answers, rng)]
    yearly = _yearly(answers, rng)
    value = _value(answers, rng)
    hours = effort.label_hours(answers)
    needed = effort.labels_needed(answers)
    machine = effort.machine(answers)
    return {
        "currency": effort.currency(answers),
        "weeks": {
            "planned": work.planned.document(),
            "estimated": work.estimated,
            "multiplied_by": STRETCH.document(),
            "likely": quantiles(work.weeks),
        },
        "phases": work.phases,
        "labels": {
            "needed": None if needed is None else needed.document(),
            "hours": None if hours is None else hours.document(),
        },
        "machine": {k: v.document() if isinstance(v, Range) else v for k, v in machine.items()},
        "once": [part.document() for part in once],
        "a_year": [part.document() for part in yearly],
        "value": value.document(),
        **_pays(answers, work, once, yearly, value),
    }


def _times(name: str, how: str, answers: Answers, rng: np.random.Generator, keys: tuple[str, ...]) -> Part:
    """Return the product of some answers; nothing where one is missing."""
    missing = tuple(k for k in keys if not answers.has(k))
    if missing:
        return Part(name, None, missing, how)
    draws = np.ones(DRAWS)
    for key in keys:
        found = answers.range(key)
        assert found is not None
        draws = draws * found.draw(rng, DRAWS)
    return Part(name, draws, (), how)


def _work(answers: Answers, work: Effort, rng: np.random.Generator) -> Part:
    part = _times(
        "People",
        "weeks, multiplied as the guides advise, by people and the price of a week",
        answers,
        rng,
        ("people", "week_price"),
    )
    if part.draws is not None:
        part.draws = part.draws * work.weeks
    return part


def _labelling(answers: Answers, rng: np.random.Generator) -> Part:
    name, how = "Labelling", "examples still to be labelled, by seconds each and the price of an hour"
    hours = effort.label_hours(answers)
    if hours is not None and hours.high == 0:
        return Part(name, np.zeros(DRAWS), (), "enough is labelled")
    if hours is None:
        wanted = ("kind", "label_seconds") if answers.get("kind") in (None, "table") else ("classes", "label_seconds")
        return Part(name, None, tuple(k for k in (*wanted, "label_hour_price") if not answers.has(k)), how)
    part = _times(name, how, answers, rng, ("label_hour_price",))
    if part.draws is not None:
        part.draws = part.draws * hours.draw(rng, DRAWS)
    return part


def _yearly(answers: Answers, rng: np.random.Generator) -> list[Part]:
    machine = effort.machine(answers)
    lacking = () if effort.core_scale(answers) is not None else ("core_hour_price",)
    answering, training = machine["answering_a_year"], machine["training_a_year"]
    missing = tuple(k for k in ("latency", "decisions_a_year") if not answers.has(k))
    again = tuple(k for k in ("retrain_a_year",) if not answers.has(k))
    return [
        _times("Keeping it running", "as answered", answers, rng, ("upkeep_a_year",)),
        Part(
            "Answering",
            answering.draw(rng, DRAWS) if answering else None,
            (*missing, *lacking),
            "one core, for up to the time an answer may take",
        ),
        Part(
            "Training again",
            training.draw(rng, DRAWS) if training else None,
            (*again, *lacking),
            "10 minutes of a core each time, as a run spends by itself; a graphics card is not in this",
        ),
    ]


def gain(answers: Answers) -> tuple[Range | None, bool]:
    """Return how much better than today it would be, in the metric, and whether that was answered.

    Where no quality is expected, it may be anything from today's (no gain) to the bar.
    """
    facts, today, bar = metric_facts(answers), answers.range("today_quality"), answers.range("good_enough")
    if facts is None or today is None:
        return None, False
    hoped = answers.range("expected_quality")
    sign = 1 if facts["high_is_good"] else -1
    if hoped is not None:
        ends = [
            sign * (hoped.low - today.high),
            sign * (hoped.high - today.low),
            sign * (hoped.low - today.low),
            sign * (hoped.high - today.high),
        ]
        return Range(min(ends), max(ends)), True
    if bar is None:
        return None, False
    most = max(sign * (bar.low - today.low), sign * (bar.low - today.high))
    return Range(0.0, max(0.0, most)), False


def unit(answers: Answers) -> float:
    """Return the step of the metric that is priced: a point of a score, or one of what an error is counted in."""
    given, facts = answers.range("unit"), metric_facts(answers)
    if given is not None:
        return given.low
    return 0.01 if facts is None or facts["bounded"] else 1.0


def _value(answers: Answers, rng: np.random.Generator) -> Part:
    found, hoped = gain(answers)
    name, how = "Value a year", "gain over today's way, in steps of the metric, by the worth of a step"
    if found is not None and not hoped:
        how += "; no quality is expected in the answers, so anything from no gain to the bar is drawn"
    if found is None:
        missing = tuple(k for k in ("metric", "today_quality", "good_enough") if not answers.has(k))
        return Part(name, None, (*missing, *(() if answers.has("unit_value") else ("unit_value",))), how)
    if answers.has("unit_value"):
        part = _times(name, how, answers, rng, ("unit_value",))
        assert part.draws is not None
        part.draws = part.draws * found.draw(rng, DRAWS) / unit(answers)
        return part
    return _by_errors(answers, rng, found, name)


def _by_errors(answers: Answers, rng: np.random.Generator, found: Range, name: str) -> Part:
    """Price errors avoided: only a share of right answers says how many there are."""
    how = "errors avoided a year, each at anything from the cheaper to the dearer kind"
    if answers.get("metric") != "accuracy":
        return Part(name, None, ("unit_value",), how)
    missing = tuple(k for k in ("decisions_a_year", "false_alarm_cost", "miss_cost") if not answers.has(k))
    if missing:
        return Part(name, None, ("unit_value",), how)
    ends = [r for k in ("false_alarm_cost", "miss_cost") if (r := answers.range(k))]
    price = Range(min(r.low for r in ends), max(r.high for r in ends))
    decisions = answers.range("decisions_a_year")
    assert decisions is not None
    return Part(name, decisions.draw(rng, DRAWS) * found.draw(rng, DRAWS) * price.draw(rng, DRAWS), (), how)


def _pays(answers: Answers, work: Effort, once: list[Part], yearly: list[Part], value: Part) -> dict[str, Any]:
    """Return the sums, break-even and payback; what they leave out stands in `left_out`."""
    parts = [p.draws for p in once if p.draws is not None]
    known = once[0].draws is not None
    left_out = [p.name for p in (*once, *yearly) if p.draws is None]
    build = np.sum(parts, axis=0) if known else None
    running = np.sum([np.zeros(DRAWS), *[p.draws for p in yearly if p.draws is not None]], axis=0)
    answer: dict[str, Any] = {
        "build": None if build is None else quantiles(build),
        "running": quantiles(running) if any(p.draws is not None for p in yearly) else None,
        "left_out": left_out,
        "break_even": None if build is None else _break_even(answers, build, running, work),
        "payback": None,
        "paths": None,
    }
    if build is not None and value.draws is not None:
        net = value.draws - running
        years = _payback(build, net, work)
        answer["payback"] = _payback_document(answers, years, net)
        answer["paths"] = _paths(build, net, work, answers)
    return answer


def _payback(build: np.ndarray, net: np.ndarray, work: Effort) -> np.ndarray:
    """Return (draws,) years from now until the value has paid for the work; infinite where it never does."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(net > 0, work.weeks / WEEKS_A_YEAR + build / np.where(net > 0, net, 1.0), np.inf)


def _payback_document(answers: Answers, years: np.ndarray, net: np.ndarray) -> dict[str, Any]:
    horizon = answers.range("horizon_years")
    limits = {str(y): float((years <= y).mean()) for y in YEARS}
    return {
        "years": quantiles(years),
        "never": float(np.isinf(years).mean()),
        "paid_within": limits,
        "horizon": None
        if horizon is None
        else {"years": horizon.document(), "share": float((years <= horizon.high).mean())},
        "net_a_year": quantiles(net),
    }


def _break_even(answers: Answers, build: np.ndarray, running: np.ndarray, work: Effort) -> list[dict[str, Any]]:
    """Return what a year must bring, and by how much the metric must rise, to pay within one, two and three years."""
    rows = []
    step_value, rng = answers.range("unit_value"), np.random.default_rng(0)
    for limit in YEARS:
        left = limit - work.weeks / WEEKS_A_YEAR
        needed = np.where(left > 0, build / np.where(left > 0, left, 1.0) + running, np.inf)
        steps = None
        if step_value is not None and step_value.low > 0:
            steps = quantiles(needed / step_value.draw(rng, DRAWS) * unit(answers))
        rows.append({"years": limit, "value_a_year": quantiles(needed), "gain": steps})
    return rows


def _paths(build: np.ndarray, net: np.ndarray, work: Effort, answers: Answers) -> dict[str, list[float]]:
    """Return money spent and earned since the start, over time: low, middle and high of the draws."""
    horizon = answers.range("horizon_years")
    years = np.linspace(0, max(YEARS[-1], horizon.high if horizon else 0), 37)
    start = work.weeks / WEEKS_A_YEAR
    done = np.minimum(1.0, years[:, None] / start)
    money = -build * done + net * np.maximum(0.0, years[:, None] - start)
    low, middle, high = np.quantile(money, LEVEL, axis=1)
    return {"years": years.tolist(), "low": low.tolist(), "middle": middle.tolist(), "high": high.tolist()}


def hopeless(plan_document: dict[str, Any]) -> str | None:
    """Return why it does not pay, where that is all but sure; None otherwise. What is left out of the sum only adds to it."""
    payback = plan_document["payback"]
    if payback is None:
        return None
    if payback["never"] >= SURELY:
        return "Running it costs more than it brings, in nearly every case that the answers allow."
    horizon = payback["horizon"]
    if horizon and horizon["share"] <= 1 - SURELY:
        return f"It would not pay for itself within {horizon['years']['high']:g} years in nearly every case that the answers allow."
    return None
