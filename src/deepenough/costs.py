"""What seconds cost, in money and in energy: a table of prices, and estimates made with it."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, replace
from typing import Any

from deepenough.errors import SettingError, nearest

METHOD = "CPU seconds times the watts of a busy core: an estimate, not a measurement."


@dataclass(frozen=True)
class Prices:
    """What a core costs.

    Attributes
    ----------
    cpu_hour : price of one core for one hour; the default is a common on-demand price.
    watts : what a busy core draws, memory included; the default is the mean of Lannelongue et al. (2021, Green Algorithms).
    currency : the name of the money.
    """

    cpu_hour: float = 0.05
    watts: float = 12.0
    currency: str = "USD"

    def of_cpu(self, seconds: float) -> float:
        """Return the price of so many CPU seconds."""
        return seconds / 3600.0 * self.cpu_hour

    def per_thousand(self, latency_ms: float) -> float:
        """Return the price of a thousand answers that each keep one core busy for `latency_ms`."""
        return self.of_cpu(latency_ms)

    def watt_hours(self, seconds: float) -> float:
        """Return the energy of so many CPU seconds, in Wh: an estimate.

        >>> Prices(watts=12.0).watt_hours(300.0)
        1.0
        """
        return seconds / 3600.0 * self.watts

    def document(self) -> dict[str, Any]:
        """Return the table, and how energy is estimated."""
        return asdict(self) | {"energy_method": METHOD}


USUAL = Prices()
CPU_HOUR, CURRENCY = USUAL.cpu_hour, USUAL.currency
of_cpu, per_thousand = USUAL.of_cpu, USUAL.per_thousand


def parse(text: str) -> Prices:
    """Read ``cpu_hour=0.08, watts=9, currency=EUR``; `SettingError` for a name or a number that makes no sense.

    >>> parse("cpu_hour=0.08, currency=EUR")
    Prices(cpu_hour=0.08, watts=12.0, currency='EUR')
    """
    prices, known = USUAL, list(asdict(USUAL))
    example = '"cpu_hour=0.08, watts=9, currency=EUR"'
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, sign, value = (part.strip() for part in item.partition("="))
        if not sign or name not in known:
            raise SettingError(f"--price '{item}' cannot be read. {nearest(name, known)}Write {example}.")
        if name == "currency":
            if not re.fullmatch(r"[^\W\d_]{1,8}|[$€£¥]", value):
                raise SettingError(f"--price '{item}': '{value}' is no currency. Write its name or sign: currency=EUR.")
            prices = replace(prices, currency=value)
            continue
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not 0.0 <= number < math.inf:
            raise SettingError(f"--price '{item}': '{value}' is no price. Write {example}.")
        prices = replace(prices, cpu_hour=number) if name == "cpu_hour" else replace(prices, watts=number)
    return prices
