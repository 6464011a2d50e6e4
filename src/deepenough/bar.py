"""The bar: how good is good enough, how fast, how small."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, replace
from typing import Any

from deepenough import shelves
from deepenough.errors import BarError, nearest
from deepenough.stats import Estimate

PATTERN = re.compile(r"^\s*([A-Za-z_][\w@.=]*)\s*(>=|<=|>|<|=>|=<)\s*([-+0-9.eE_,]+)\s*(%?)\s*$")
THOUSANDS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d*)?")
NEAR_LIMIT = 0.2  # a latency this close to its limit depends on the day


@dataclass(frozen=True)
class Bar:
    """What must be reached. Any part may be missing.

    Attributes
    ----------
    text : the bar as written, or what is judged by where none was given.
    metric, at_least, threshold : ``roc_auc >= 0.85`` is at least, ``rmse <= 30000`` is not.
    latency_ms : one answer, end to end, 95 of 100 within it. size_mb : of the graph that ships. cost : of 1,000 answers.
    """

    text: str | None = None
    metric: str | None = None
    at_least: bool = True
    threshold: float | None = None
    latency_ms: float | None = None
    size_mb: float | None = None
    cost: float | None = None

    def fits(self, latency_ms: float | None, size_bytes: int | None, cost: float | None) -> bool | None:
        """Whether latency (p95), size and cost are inside; None within 20 % of the latency limit."""
        inside: bool | None = True
        if self.size_mb is not None and size_bytes is not None and size_bytes > self.size_mb * 1e6:
            return False
        if self.cost is not None and cost is not None and cost > self.cost:
            return False
        if self.latency_ms is not None and latency_ms is not None:
            if abs(latency_ms - self.latency_ms) <= NEAR_LIMIT * self.latency_ms:
                inside = None
            elif latency_ms > self.latency_ms:
                return False
        return inside

    def meets(self, score: Estimate) -> bool | None:
        """Whether the score's whole interval clears the threshold (True), misses it (False), or neither (None)."""
        if self.threshold is None or score.low is None or score.high is None:
            return None
        if self.at_least:
            answer = True if score.low >= self.threshold else False if score.high < self.threshold else None
        else:
            answer = True if score.high <= self.threshold else False if score.low > self.threshold else None
        # a handful of rows carry such a score: its interval may be too narrow to say yes by
        return None if answer and "heavy_tail" in score.flags else answer

    def document(self) -> dict[str, Any]:
        return asdict(self)


def parse(
    text: str | None, task_kind: str, *, latency: str | None = None, size: str | None = None, cost: float | None = None
) -> Bar | None:
    """Read a bar, `roc_auc >= 0.85`, and its limits, `20ms` and `5MB`; None where nothing is asked.

    Raises `BarError` for an unknown metric, a wrong direction or an impossible threshold.
    """
    if text is None and latency is None and size is None and cost is None:
        return None
    if cost is not None and not 0.0 < cost < math.inf:
        raise BarError(f"--cost {cost} cannot be kept. Write the highest price of 1,000 answers, above 0: 0.05.")
    limits = Bar(
        latency_ms=_with_unit(latency, {"ms": 1.0, "s": 1000.0}, "--latency", "20ms"),
        size_mb=_with_unit(size, {"kb": 1e-3, "mb": 1.0, "gb": 1e3}, "--size", "5MB"),
        cost=cost,
    )
    if text is None:
        return limits
    metric, at_least, threshold = _read(text, task_kind)
    return replace(limits, text=" ".join(text.split()), metric=metric, at_least=at_least, threshold=threshold)


def _read(text: str, task_kind: str) -> tuple[str, bool, float]:
    match = PATTERN.match(text)
    if match is None:
        raise BarError(f"The bar '{text}' cannot be read. Write a metric, >= or <=, and a number: \"roc_auc >= 0.85\".")
    name, sign, number, percent = match.groups()
    facts = check_metric(name, task_kind)
    threshold = _number(number) / (100.0 if percent else 1.0)
    if not math.isfinite(threshold):
        raise BarError(f"The bar '{text}': '{number}' is no number. Write it as 0.85 or 30000.")
    at_least = ">" in sign
    if at_least != facts["high_is_good"]:
        good, sign = ("higher", ">=") if facts["high_is_good"] else ("lower", "<=")
        raise BarError(f"The bar '{text}': {name} is better when it is {good}. Write \"{name} {sign} {number}\".")
    if facts["bounded"] and threshold >= 1.0:
        hint = f" Did you mean {threshold / 100:g}?" if 1.0 < threshold <= 100.0 else ""
        raise BarError(f"The bar '{text}' cannot be reached: the best {name} is 1.{hint} Write a number below 1.")
    if not facts["bounded"] and threshold <= 0.0:
        raise BarError(f"The bar '{text}' cannot be reached: no {name} is below 0. Write a positive number.")
    return name, at_least, threshold


def _number(text: str) -> float:
    """Return the number, nan where it is none; commas part thousands only: 30,000 is a number, 0,85 is not.

    >>> _number("30,000"), _number("0,85"), _number("1.2.3")
    (30000.0, nan, nan)
    """
    if "," in text and not THOUSANDS.fullmatch(text):
        return math.nan
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return math.nan


def check_metric(name: str, task_kind: str) -> dict[str, Any]:
    """Return the facts of a metric that judges this kind of task.

    Raises `BarError` where there is none, or where it wants a value it was not given: ``recall@precision=0.9``.
    """
    fitting = {n: b for n, b in shelves.shelf("metrics").items() if task_kind in b.facts["tasks"]}
    book, sign, wanted = name.partition("=")
    if book not in fitting:
        raise BarError(f"{task_kind} has no metric '{book}'. {nearest(book, fitting)}It has: {', '.join(fitting)}.")
    parameters = fitting[book].facts.get("parameters", ())
    if sign and not parameters:
        raise BarError(f"'{name}': {book} takes no value. Write {book} alone.")
    if parameters and not 0.0 < _number(wanted or "nan") < 1.0:
        raise BarError(f"'{name}' does not say which {parameters[0]} is wanted, between 0 and 1. Write {book}=0.9.")
    return fitting[book].facts


def _with_unit(text: str | None, units: dict[str, float], option: str, example: str) -> float | None:
    if text is None:
        return None
    match = re.fullmatch(r"\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*([A-Za-z]+)\s*", text)
    value = _number(match[1]) * units.get(match[2].lower(), math.nan) if match else math.nan
    if not 0.0 < value < math.inf:
        raise BarError(
            f"{option} '{text}' cannot be read. Write a number and its unit ({', '.join(units)}): {example}."
        )
    return value


def milliseconds(text: str | None, option: str) -> float | None:
    """Read a time, `20ms` or `1.5s`; `BarError` that names the option where it is none.

    >>> milliseconds("1.5s", "--latency")
    1500.0
    """
    return _with_unit(text, {"ms": 1.0, "s": 1000.0}, option, "20ms")
