"""Numbers and states in words a person reads; the same for the page and the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

NONE = "–"  # what stands where a document says null
SPACE = "\u00a0"  # keeps a number and its unit on one line
RUNGS = (
    "a rule of thumb",
    "a model that can be read whole",
    "many trees together",
    "a pretrained network",
    "a network trained from nothing",
)
MEASURED = "a weighted sum of what is measured of a picture"  # the second of these, where an example is a picture
RUNG_NAMES = ("Trivial", "Linear", "Boosting", "Transfer", "From scratch")
OUTCOMES = {
    "met": "Bar met",
    "missed": "Bar missed",
    "undecided": "Undecided",
    "chosen": "Model chosen",
    "not_ready": "Not ready",
    "nothing": "Nothing to say yet",
}
STATUS = {"ok": "done", "failed": "failed", "skipped": "skipped", "unavailable": "not available"}
WORTH = {"yes": "Yes", "no": "No", "undecided": "Cannot tell"}
FLAGS = {
    "widened": "The range was made wider on purpose: under 100 rows stand in the smaller class.",
    "few": "Under 20 rows stand in the smaller class: too few for a yes.",
    "heavy_tail": "A few rows carry most of the error, so the average alone proves little.",
    "latency": "The answering time is too near its limit to say on which side it lies.",
}


def real(value: Any) -> float | None:
    """Return a finite number, or None: documents may hold null or NaN.

    >>> real(None), real(float("nan")), real(2)
    (None, None, 2.0)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)


def decimals(value: float) -> int:
    """Return how many decimals say a score and no more: 0.861, 12.34, 1234."""
    size = abs(value)
    if size == 0 or size >= 1:
        return 3 if size < 10 else 2 if size < 100 else 1 if size < 1000 else 0
    return max(3, 2 - math.floor(math.log10(size)))


def score(value: Any, like: Any = None) -> str:
    """Return a score, with as many decimals as `like` needs.

    >>> score(0.8614), score(12345.6), score(-0.01), score(None)
    ('0.861', '12,346', '−0.0100', '–')
    """
    number = real(value)
    if number is None:
        return NONE
    reference = real(like)
    return f"{number:,.{decimals(number if reference is None else reference)}f}".replace("-", "−")


def span(estimate: Mapping[str, Any] | None) -> str:
    """Return an interval as "0.84 to 0.88"; empty where there is none.

    >>> span({"value": 0.861, "low": 0.8433, "high": 0.8791}), span(None)
    ('0.843 to 0.879', '')
    """
    low, high = (real((estimate or {}).get(end)) for end in ("low", "high"))
    if estimate is None or low is None or high is None:
        return ""
    return f"{score(low, estimate.get('value'))} to {score(high, estimate.get('value'))}"


def gain(value: Any, relative: bool) -> str:
    """Return a gain with its sign: points of a score, or per cent less error.

    >>> gain(0.0123, relative=False), gain(-0.05, relative=True)
    ('+0.012', '−5.0\\xa0%')
    """
    number = real(value)
    if number is None:
        return NONE
    text = f"{number * 100:+.1f}{SPACE}%" if relative else f"{number:+.3f}"
    return text.replace("-", "−")


def gain_span(estimate: Mapping[str, Any] | None, relative: bool) -> str:
    """Return a gain's interval, both ends signed; empty where there is none."""
    low, high = (real((estimate or {}).get(end)) for end in ("low", "high"))
    if low is None or high is None:
        return ""
    return f"{gain(low, relative).removesuffix(SPACE + '%')} to {gain(high, relative)}"


def count(value: Any) -> str:
    """Return a whole number with its thousands: 7,043."""
    number = real(value)
    return NONE if number is None else f"{number:,.0f}"


def plural(number: int, one: str, many: str = "") -> str:
    """Return "1 row", "2 rows".

    >>> plural(1, "row"), plural(7043, "row")
    ('1 row', '7,043 rows')
    """
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def duration(seconds: Any) -> str:
    """Return a time in the unit a person would use.

    >>> [duration(s).replace(SPACE, " ") for s in (0.004, 3.14, 42, 600, 9000)]
    ['under 0.01 s', '3.1 s', '42 s', '10 min', '2.5 h']
    """
    number = real(seconds)
    if number is None:
        return NONE
    if number < 0.01:
        return f"under 0.01{SPACE}s"
    if number < 120:
        return f"{number:.{2 if number < 1 else 1 if number < 10 else 0}f}{SPACE}s"
    return f"{number / 60:.0f}{SPACE}min" if number < 5400 else f"{number / 3600:.1f}{SPACE}h"


def milliseconds(value: Any) -> str:
    """Return a latency: three figures at most, never "0.00"."""
    number = real(value)
    if number is None:
        return NONE
    if number < 0.01:
        return f"under 0.01{SPACE}ms"
    return f"{number:,.{2 if number < 1 else 1 if number < 10 else 0}f}{SPACE}ms"


def size(value: Any) -> str:
    """Return bytes as people read them.

    >>> size(48_200), size(1_250_000)
    ('48\\xa0kB', '1.2\\xa0MB')
    """
    number = real(value)
    if number is None:
        return NONE
    for unit, step in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= step:
            return f"{number / step:.{1 if number < 10 * step and unit != 'kB' else 0}f}{SPACE}{unit}"
    return f"{number:.0f}{SPACE}B"


def money(value: Any, currency: str | None = None) -> str:
    """Return an amount with two figures that say something.

    >>> money(0.00034, "EUR"), money(12.5, "EUR"), money(0, None)
    ('0.00034\\xa0EUR', '12.50\\xa0EUR', '0')
    """
    number = real(value)
    if number is None:
        return NONE
    unit = f"{SPACE}{currency}" if currency else ""
    if number == 0 or number >= 1:
        return (f"{number:,.2f}" if number else "0") + unit
    places = min(8, 1 - math.floor(math.log10(abs(number))))
    return f"{number:.{max(2, places)}f}{unit}" if places <= 7 else f"under 0.0000001{unit}"


def coins(value: Any, currency: str | None = None) -> str:
    """Return an amount as a purse sees it: nothing under 0.01 is told apart.

    >>> coins(0.00034, "EUR"), coins(0.25, "EUR")
    ('under 0.01\\xa0EUR', '0.25\\xa0EUR')
    """
    number = real(value)
    if number is None or number == 0 or number >= 0.01:
        return NONE if number is None else f"{number:,.2f}{SPACE}{currency}" if currency else f"{number:,.2f}"
    return f"under {coins(0.01, currency)}"


def energy(value: Any) -> str:
    """Return watt-hours to two figures.

    >>> energy(0.0123), energy(4.2), energy(1234.0)
    ('0.012 Wh', '4.2 Wh', '1.2 kWh')
    """
    wh = real(value)
    if wh is None or wh <= 0.0:
        return NONE
    return f"{wh / 1000:.2g} kWh" if wh >= 1000 else f"{wh:.2g} Wh" if wh >= 0.001 else "under 0.001 Wh"


def times(value: Any) -> str:
    """Return a multiple: "40 ×", "1.3 ×"."""
    number = real(value)
    if number is None:
        return NONE
    return f"{number:,.{0 if number >= 10 else 1 if number >= 1 else 2}f}{SPACE}×"


def short(text: Any, limit: int) -> str:
    """Return a text that fits: cut at `limit` characters, and said so."""
    flat = " ".join(str(text).split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def metric_words(verdict: Mapping[str, Any]) -> str:
    """Return what the metric measures without its name: "how well it ranks".

    >>> metric_words({"metric_title": "how well it ranks (ROC AUC)", "metric": "roc_auc"})
    'how well it ranks'
    """
    return str(verdict.get("metric_title") or "how good it is").split(" (")[0]


def names_metric(text: str, verdict: Mapping[str, Any]) -> bool:
    """Whether a text uses the metric's name, which no first screen may."""
    title = str(verdict.get("metric_title") or "")
    names = {str(verdict.get("metric") or ""), *(part.rstrip(")") for part in title.split(" (")[1:])}
    folded = text.casefold().replace("_", " ")
    return any(n and n.casefold().replace("_", " ") in folded for n in names)


def capital(text: str) -> str:
    """Return the text with a capital at its start, the rest untouched."""
    return text[:1].upper() + text[1:]


def between(rows: Sequence[float | None] | None) -> str:
    """Say how far off a number of rows may be, after it."""
    if not rows or rows[0] is None:
        return ""
    few, many = count(rows[0]), rows[1]
    return (
        f" ({few} to {count(many)} in 80 of 100 such cases)" if many else f" ({few} at least; perhaps no number would)"
    )
