"""What the choice is worth in money: savings against the rule, and what the network would add and cost."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepenough import wording
from deepenough.costs import Prices
from deepenough.dataset import Answer
from deepenough.stats import Estimate
from deepenough.value import Value, compare, curve, decide
from deepenough.verdict import Opened, Verdict

LEVEL = 0.95
RETRAININGS = 12  # a year: a model that is kept up is trained again each month


@dataclass(frozen=True)
class Decider:
    """One model as it decides: what it said of the sealed rows, its threshold, and what it takes.

    Attributes
    ----------
    train, per_thousand : the price of one training, and of a thousand answers.
    """

    title: str
    answer: Answer
    threshold: float
    train: float
    per_thousand: float

    @property
    def said(self) -> np.ndarray:
        return decide(self.answer["probability"], self.threshold)


def earning(verdict: Verdict, value: Value, truth: np.ndarray) -> Verdict:
    """Return the verdict with what its decisions are worth on the sealed rows, and a sentence more.

    The rule is the expert's, where rules were given, else the trivial model; each model decides by a line of its own.
    """
    assert verdict.chosen is not None
    chosen = verdict.chosen.key
    trivial = sorted(
        (o for o in verdict.opened.values() if o.trial.rung == 0), key=lambda o: o.trial.candidate == "dummy"
    )
    deep = [o for k, o in verdict.opened.items() if o.trial.deep and k != chosen]
    rule = _decider(trivial[0]) if trivial and verdict.chosen.rung > 0 else None
    found = of_decisions(
        value, verdict.prices, truth, _decider(verdict.opened[chosen]), rule, _decider(deep[0]) if deep else None
    )
    said = f"{verdict.sentence} {found['sentence']}".strip()
    return replace(verdict, savings=found, sentence=said)


def _decider(opened: Opened) -> Decider:
    trial = opened.trial
    train = trial.prices.of_cpu(trial.fit_cpu or 0.0)
    line = 0.5 if trial.threshold is None else trial.threshold
    return Decider(wording.inside(trial.title), opened.answer, line, train, trial.per_thousand or 0.0)


def of_decisions(
    value: Value, prices: Prices, truth: np.ndarray, chosen: Decider, rule: Decider | None, deep: Decider | None
) -> dict[str, Any]:
    """Return verdict.json's ``savings``: by the row or by the year, what deciding by the chosen model brings.

    Parameters
    ----------
    truth : (n,) codes of the sealed rows, 1 being the positive class.
    rule : the trivial model; None where that was chosen. deep : the best network, where it is not what was chosen.
    """
    rows = value.rows_per_year or 1000.0
    found: dict[str, Any] = {
        "value": value.document(),
        "currency": prices.currency,
        "unit": "year" if value.rows_per_year else "1,000 decisions",
        "threshold": chosen.threshold,
        "brings": rows * float(value.of_rows(truth, chosen.said).mean()),
        "running_cost": _running(value, chosen, rows),
        "against_rule": None,
        "deep_adds": None,
        "deep_extra_cost": None,
        "curve": curve(value, chosen.answer["probability"], truth, chosen.threshold),
    }
    if rule is not None:
        found["against_rule"] = _scaled(compare(value, truth, rule.said, chosen.said, LEVEL), rows)
    if deep is not None:
        found["deep_adds"] = _scaled(compare(value, truth, chosen.said, deep.said, LEVEL), rows)
        found["deep_extra_cost"] = _running(value, deep, rows) - found["running_cost"]
    called = "the rule" if rule is None else f"'{rule.title}'"
    return found | {"sentence": sentence(found, called, False), "sentence_with_cost": sentence(found, called)}


def _running(value: Value, decider: Decider, rows: float) -> float:
    """What it takes to answer, and, by the year, to train it again each month."""
    return rows / 1000.0 * decider.per_thousand + (RETRAININGS * decider.train if value.rows_per_year else 0.0)


def _scaled(gain: Estimate, rows: float) -> dict[str, float | None]:
    return {
        k: None if v is None else rows * v for k, v in (("value", gain.value), ("low", gain.low), ("high", gain.high))
    }


def sentence(found: dict[str, Any], rule: str, with_cost: bool = True) -> str:
    """Return what a person needs of it: saved against the rule, and what the network would add and cost.

    Without the cost, which is measured, the same run says the same words again.

    >>> sentence({"unit": "year", "currency": "USD", "against_rule": {"value": 41200.0, "low": 38100.0, "high": 44300.0},
    ...           "deep_adds": {"value": 900.0, "low": -300.0, "high": 2100.0}, "deep_extra_cost": 2300.0}, "the rule")
    'It saves about 41,000 USD a year against the rule (38,000 to 44,000); the network might add 900 (-300 to 2,100) and cost 2,300 more.'
    """
    money, per = found["currency"], f"a {found['unit']}" if found["unit"] == "year" else f"per {found['unit']}"
    parts = []
    if found["against_rule"]:
        gain = found["against_rule"]
        verb = _surely(gain, ("saves", "may save"), ("loses", "may lose"))
        said = f"It {verb} about {round_money(abs(gain['value']))} {money} {per} against {rule}"
        parts.append(said + _range(gain if gain["value"] >= 0 else _turned(gain)))
    if found["deep_adds"]:
        adds, costs = found["deep_adds"], found["deep_extra_cost"]
        verb = _surely(adds, ("would add", "might add"), ("would lose", "might lose"))
        shown: dict[str, Any] = adds if adds["value"] >= 0 else _turned(adds)
        more = f" and cost {round_money(costs)} more" if costs >= 0.005 else " and cost no more to run"
        text = f"the network {verb} {round_money(shown['value'])}{_range(shown)}"
        parts.append(text + (more if with_cost else ""))
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _surely(gain: dict[str, Any], more: tuple[str, str], less: tuple[str, str]) -> str:
    """Pick the sure word where the whole range lies on one side of nothing, else the careful one."""
    sure = gain["low"] is not None and gain["high"] is not None and not gain["low"] <= 0.0 <= gain["high"]
    return (more if gain["value"] >= 0 else less)[0 if sure else 1]


def _turned(gain: dict[str, float | None]) -> dict[str, float | None]:
    return {
        k: None if (v := gain[other]) is None else -v
        for k, other in (("value", "value"), ("low", "high"), ("high", "low"))
    }


def _range(gain: dict[str, Any]) -> str:
    if gain["low"] is None or gain["high"] is None:
        return ""
    return f" ({round_money(gain['low'])} to {round_money(gain['high'])})"


def round_money(amount: float) -> str:
    """Two figures: what comes from a sample is not known to the last coin.

    >>> [round_money(x) for x in (41234.0, -310.2, 2.345, 0.0, 0.0123)]
    ['41,000', '-310', '2.3', '0', '0.012']
    """
    if amount == 0 or not math.isfinite(amount):
        return "0"
    digits = 1 - math.floor(math.log10(abs(amount)))
    return f"{round(amount, digits):,.{max(0, digits)}f}"
