"""What a verdict says to a person: plain words, and never a metric's name."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from deepenough.bar import Bar
from deepenough.candidates._climb import fits
from deepenough.candidates._trial import Trial
from deepenough.metrics import Metric
from deepenough.splits import Split
from deepenough.stats import Estimate


def sentence(
    outcome: str,
    chosen: Trial,
    test: Estimate,
    metric: Metric,
    bar: Bar | None,
    deep: dict[str, Any],
    n_sealed: int,
    needed: int | None = None,
) -> str:
    """Return the verdict in a few sentences for a person: what was chosen, how sure, what is open, and what of deep learning.

    Parameters
    ----------
    needed : rows that would settle an open score, where that can be said.
    """
    best_of = "nothing tried is shown to do better" if chosen.rung == 0 else "the best choice here"
    first = {
        "met": "the bar is met",
        "missed": f"{best_of}, and the bar is missed",
        "undecided": f"{best_of}, and whether the bar is met stays open",
        "chosen": best_of if chosen.rung == 0 else "the simplest that holds up",
    }[outcome]
    if outcome == "missed" and fits(chosen, bar) is False:
        first = "the nearest to what was asked for, and outside a limit"
    parts = [
        f"{chosen.title}: {first}.",
        _scored(test, metric, bar, n_sealed),
        _limits(chosen, bar),
        _open(test, bar, needed) if outcome == "undecided" else "",
        _of_deep(deep, chosen),
    ]
    return " ".join(p for p in parts if p)


def _scored(test: Estimate, metric: Metric, bar: Bar | None, n_sealed: int) -> str:
    what = "score" if metric.high_is_good else "error"
    on = f"on {n_sealed:,} rows nobody had looked at"
    if not math.isfinite(test.value):
        return f"It cannot be said how good it is {on}."
    ends = [_figure(end, test.value) for end in (test.low, test.high) if end is not None]
    asked = (
        f"; at {'least' if bar.at_least else 'most'} {bar.threshold:,.10g} was asked for"
        if bar and bar.threshold is not None
        else ""
    )
    range_ = f"({ends[0]} to {ends[1]})" if len(ends) == 2 else "(they are too few, or too alike, to give a range)"
    return f"The {what} is {_figure(test.value)} {range_} {on}{asked}."


def _limits(chosen: Trial, bar: Bar | None) -> str:
    """Say which limit is broken, or too near: never how far, for that changes with the machine."""
    inside = fits(chosen, bar)
    if bar is None or inside is True:
        return ""
    if inside is None:
        return f"An answer takes about the {bar.latency_ms:g} ms allowed: too near to say on which side it lies."
    limits = [
        ("an answer takes longer than the {:g} ms allowed", bar.latency_ms, Bar(latency_ms=bar.latency_ms)),
        ("the model is larger than the {:g} MB allowed", bar.size_mb, Bar(size_mb=bar.size_mb)),
        ("1,000 answers cost more than the {:g} allowed", bar.cost, Bar(cost=bar.cost)),
    ]
    broken = [text.format(limit) for text, limit, alone in limits if fits(chosen, alone) is False]
    return f"{_capital(' and '.join(broken))}." if broken else ""


def _open(test: Estimate, bar: Bar | None, needed: int | None) -> str:
    """Say why the score settles nothing, and what would."""
    if bar is None or bar.threshold is None:
        return ""
    if test.low is None or test.high is None:
        return "Too few rows of one kind, or too few groups, were kept aside to give a range; with no range, nothing can be claimed."
    if "heavy_tail" in test.flags:
        return "A handful of rows carry most of the error, so the range is not to be trusted for a yes."
    return f"These rows cannot tell; {_would_tell(needed, test.n)}." if bar.meets(test) is None else ""


def _of_deep(deep: dict[str, Any], chosen: Trial) -> str:
    if deep["worth_it"] == "yes":
        return "Deep learning is worth it here." if chosen.deep else "Deep learning would gain enough to be worth it."
    if deep["worth_it"] == "no":
        if deep["reason"] == "bar_met_without":
            return "Deep learning is not needed for that."
        return (
            "By its gain alone, deep learning would not be worth it."
            if chosen.deep
            else "Deep learning is not worth it here."
        )
    if not deep["gain"]:
        return (
            "Deep learning was not put to the test."
            if not deep["best_deep"]
            else "There is no simpler model to hold it against."
        )
    return (
        "That it gains enough over the best simpler model is not shown."
        if chosen.deep
        else "Deep learning is not shown to be worth it."
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _points(value: float) -> str:
    """A gain in points: 0.014, 0.0003."""
    return f"{value:.3f}" if value >= 0.001 or value == 0 else f"{value:.1g}"


def _figure(value: float, like: float | None = None) -> str:
    """A number with as many decimals as `like` needs: 0.861, 12.34, 1,234, 0.00123."""
    size = abs(value if like is None else like)
    if not 0.1 <= size < 1000:
        return f"{value:,.0f}" if size >= 1000 else f"{value:.{3 if size == 0 else 2 - math.floor(math.log10(size))}f}"
    return f"{value:.{3 if size < 10 else 2 if size < 100 else 1}f}"


def of_gain(
    worth_it: str, gain: Estimate, worth: float, metric: Metric, planning: int | None, pooled: bool = False
) -> str:
    """Return why a network is worth it, is not, or may be.

    Parameters
    ----------
    planning : rows judged that would tell none, or twice the worth, from the worth.
    pooled : development rows were judged as well, each by models that had not seen it.
    """
    found = f"{_gained(gain.value, metric)} the best simpler model"
    bound = _points(worth) if metric.bounded else f"{100.0 * worth:.3g} %"
    in_all, kept = (", development and sealed ones together,", " in all") if pooled else ("", " kept aside")
    return {
        "yes": f"{found}: surely more than the {bound} that makes it worth it.",
        "no": f"{found}: surely short of the {bound} that would make it worth it.",
        "undecided": f"{found}. Whether it truly gains the {bound} that would make it worth it, {gain.n:,} rows{in_all} cannot tell; "
        f"{_would_tell(planning, gain.n, kept)}.",
    }[worth_it]


def of_untried(trials: Sequence[Trial], judged: bool) -> str:
    """Return why no network was held against a simpler model; `judged`: there was one, but nothing simpler."""
    if judged:
        return "No simpler model could be judged, so there is nothing to hold the network against."
    untried = next((t for t in trials if t.deep and not t.ok), None)
    if untried is None:
        return "No deep family fits this task."
    reason = (untried.reason or "").rstrip(".")
    return {
        "unavailable": f"No deep model could be tried: {_inside(untried.title)} {reason}."
        if reason[:1].islower()
        else f"No deep model could be tried. {reason}.",
        "failed": f"No deep model could be judged: {_inside(untried.title)} failed ({reason}).",
    }.get(untried.status, f"No deep model was tried: {reason}.")


def _gained(value: float, metric: Metric) -> str:
    if not math.isfinite(value):
        return "The network does worse than"
    if metric.bounded:
        return f"The network scores {_points(abs(value))} {'higher' if value >= 0 else 'lower'} than"
    return f"The network's error is {abs(value):.1%} {'lower' if value >= 0 else 'higher'} than that of".replace(
        "%", " %"
    )


def _would_tell(rows: int | None, judged: int, kept: str = " kept aside") -> str:
    """Say how many rows would do, to two figures: such a number is rough."""
    if rows is None or rows <= judged:
        return "it is too close to say how many would"
    return f"some {round(rows, 2 - len(str(rows))):,}{kept} would"


def _inside(title: str) -> str:
    """A title as it stands within a sentence: "Neural network" loses its capital, "LSTM" does not."""
    return title if title[1:2].isupper() or title[1:2] == "-" else title[:1].lower() + title[1:]


def caveats(test: Estimate, split: Split, chosen: Trial, bar: Bar | None) -> tuple[list[str], list[str]]:
    """Return what weakens the range: as flags, and as sentences."""
    flags, notes = list(test.flags), []
    if split.grouped:
        flags = [*(f for f in flags if f != "few"), "groups"]
        notes.append("Rows come in groups, so the range is that of new groups.")
        if "few" in test.flags:
            flags.append("few_groups")
            notes.append("Fewer than 20 groups, or very unequal ones, were kept aside: the range is a rough one.")
    if split.strategy == "by time":
        flags.append("one_period")
        notes.append("The sealed rows are the latest ones: the range speaks of this period, not of every later one.")
    if chosen.parts and chosen.parts < len(split.parts):
        flags.append("parts: 1")
        notes.append("The budget allowed one part of the cross-validation only, so the choice rests on fewer rows.")
    if fits(chosen, bar) is None:
        flags.append("latency")
    return flags, notes


def of_comparison(
    worth_it: str,
    same: bool,
    gain: Estimate,
    worth: float,
    metric: Metric,
    planning: int | None,
    names: tuple[str, str],
) -> str:
    """Return what the complex one of two gains, how sure that is, and whether it is worth it.

    Parameters
    ----------
    same : both answered alike. names : what the simple and the complex one are called.
    """
    simple, complex = names
    if same:
        return f"{_capital(complex)} answers exactly as {simple} does on all {gain.n:,} rows: it gains nothing."
    found = f"{_capital(_ahead(gain, metric, simple, complex))} on {gain.n:,} rows"
    shown = _points if metric.bounded else _percent
    bound = shown(worth) if metric.bounded else f"{100.0 * worth:.3g} %"
    if gain.low is None or gain.high is None:
        return f"{found}. Too few rows of one kind, or too few groups, to give a range; with no range, nothing can be claimed."
    found += f"; the true gain lies between {_signed(gain.low, shown)} and {_signed(gain.high, shown)}"
    if worth_it == "undecided" and gain.low > worth:
        return (
            f"{found}. That looks worth it, but too few rows of one kind, or too few groups, stand behind it for a yes."
        )
    return {
        "yes": f"{found}. That is surely more than the {bound} that makes it worth it.",
        "no": f"{found}. That is surely short of the {bound} that would make it worth it: keep {simple}.",
        "undecided": f"{found}. Whether it reaches the {bound} that would make it worth it, these rows cannot tell; "
        f"{_would_tell(planning, gain.n)}. Not shown to be worth it: keep {simple}.",
    }[worth_it]


def _ahead(gain: Estimate, metric: Metric, simple: str, complex: str) -> str:
    if not math.isfinite(gain.value):
        return f"{complex} does worse than {simple}"
    if metric.bounded:
        return f"{complex} scores {_points(abs(gain.value))} {'higher' if gain.value >= 0 else 'lower'} than {simple}"
    word = "lower" if gain.value >= 0 else "higher"
    return f"the error of {_inside(complex)} is {_percent(abs(gain.value))} {word} than that of {simple}"


def _signed(value: float, shown: Callable[[float], str]) -> str:
    return f"{'-' if value < 0 else ''}{shown(abs(value))}"


def _percent(share: float) -> str:
    return f"{100.0 * share:.1f} %"


def of_judgement(gained: str, outcome: str, times: dict[str, float | None], look: int, level: float) -> str:
    """Return what is said of somebody else's predictions: gain, bar, what an answer takes, and which look it was."""
    bar = {
        "met": "The bar is met by theirs.",
        "missed": "The bar is missed by theirs.",
        "undecided": "Whether theirs meet the bar stays open.",
    }.get(outcome, "")
    kinds = (("latency", "takes", "as long as ours"), ("cost", "costs", "as much as ours"))
    takes = [
        f"{verb} {_times(factor)} times {what}" for kind, verb, what in kinds if (factor := times[kind]) is not None
    ]
    counted = f"This was look {look} at the sealed rows, so it was judged more strictly: at level {level:g} (the first: 0.05)."
    return " ".join(p for p in (gained, bar, f"Their answer {' and '.join(takes)}." if takes else "", counted) if p)


def inside(title: str) -> str:
    """Return a title as it stands within a sentence.

    >>> inside("Neural network"), inside("LSTM")
    ('neural network', 'LSTM')
    """
    return _inside(title)


def _times(factor: float) -> str:
    return f"{factor:,.0f}" if factor >= 10 else f"{factor:.2g}"


def looks(openings: int, level: float) -> list[str]:
    """Return what is said of a look that was not the first.

    >>> looks(1, 0.05), looks(2, 0.025)
    ([], ['These rows were looked at 2 times, so this verdict was held to a stricter level: 0.025 (the first: 0.05).'])
    """
    if openings <= 1:
        return []
    return [
        f"These rows were looked at {openings} times, so this verdict was held to a stricter level: {level:g} (the first: 0.05)."
    ]


def of_readable(other: str | None, gain: Estimate | None, metric: Metric) -> str:
    """Return what it costs to want a model that a person can follow, against the best of the others (its title)."""
    asked = "Only models that a person can follow were to be chosen, as asked"
    if other is None or gain is None:
        return f"{asked}; what that costs cannot be said, for no other was measured."
    if not math.isfinite(gain.value) or gain.value <= 0.0:
        return f"{asked}; that costs nothing: {_inside(other)} did no better."
    shown = _points if metric.bounded else _percent
    more = f"{shown(gain.value)} {'higher' if metric.bounded else 'less'}"
    found = f"{asked}: {_inside(other)} would {'score' if metric.bounded else 'err'} {more}"
    if gain.low is None or gain.high is None:
        return f"{found}; too few rows of one kind, or too few groups, to give a range."
    perhaps = ", so perhaps it costs nothing" if gain.low <= 0.0 else ""
    return f"{found} ({_signed(gain.low, shown)} to {_signed(gain.high, shown)}){perhaps}."
