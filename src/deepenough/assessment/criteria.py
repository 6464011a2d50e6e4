"""The guides' decision table: what each answer speaks for and against, and why.

A row of `TABLE` is a criterion; each of its answers has a vote for rules, classical, deep and prompted (+ for, - against,
0 neither), the reason, and where that comes from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from deepenough.assessment.guides import ANSWERED, CLASSICAL_BELOW, OWN, PILOT_WEEKS, REPORTED, THUMB, VOLUMES
from deepenough.assessment.reading import Answers
from deepenough.assessment.volume import amount

WAYS = (
    "rules",
    "classical",
    "prompted",
    "deep",
)  # from simple to complex: what cannot be told apart goes to the simpler
Vote = tuple[str, str, str]  # a sign for rules, classical, deep, prompted in this order; reason; source
ORDER = ("rules", "classical", "deep", "prompted")


@dataclass(frozen=True)
class Criterion:
    """One row: `answer` returns the answers that are still possible, one where it is known."""

    title: str
    keys: tuple[str, ...]
    votes: dict[str, Vote]
    answer: Callable[[Answers], frozenset[str]]


def _given(key: str) -> Callable[[Answers], frozenset[str]]:
    def answer(answers: Answers) -> frozenset[str]:
        found = answers.get(key)
        return frozenset([found]) if found else frozenset(c for c in _votes_of(key))

    return answer


def _votes_of(key: str) -> dict[str, Vote]:
    return next(c.votes for c in TABLE if c.keys[0] == key)


def _volume(answers: Answers) -> frozenset[str]:
    found = amount(answers)
    if found is None:
        return frozenset(VOLUME)
    return frozenset(f"{found.kind} {step}" for step in found.steps)


def _weeks_left(answers: Answers) -> frozenset[str]:
    due = answers.get("due")
    if due is None:
        return frozenset(TIME)
    left = (due - answers.today) / timedelta(weeks=1)
    return frozenset(["too soon" if left < PILOT_WEEKS.low else "just" if left <= PILOT_WEEKS.high else "in time"])


def _runs_there(answers: Answers) -> frozenset[str]:
    place = answers.get("place")
    if place is None:
        return frozenset(PLACE)
    return frozenset(["server"] if place in ("server", "cloud") else ["device"])


VOLUME: dict[str, Vote] = {
    "table short": (
        "+--0",
        f"Under {VOLUMES['table'].least:,.0f} rows nothing can be learnt that could be shown to hold.",
        REPORTED,
    ),
    "table small": ("0+-0", f"Under {CLASSICAL_BELOW:,} rows classical models are the choice.", REPORTED),
    "table enough": (
        "0+00",
        f"From {CLASSICAL_BELOW:,} to {VOLUMES['table'].ample:,.0f} rows classical models still do well.",
        REPORTED,
    ),
    "table ample": ("00+0", f"Over {VOLUMES['table'].ample:,.0f} rows a network has enough to learn from.", REPORTED),
    "image short": (
        "00-0",
        f"Under {VOLUMES['image'].least:,.0f} images of a class a network has too little to learn from.",
        REPORTED,
    ),
    "image enough": (
        "0000",
        "Enough images of each class to fine-tune a pretrained network, not to train one from nothing.",
        REPORTED,
    ),
    "image ample": ("0-+0", f"From {VOLUMES['image'].ample:,.0f} images a class on, a network has plenty.", REPORTED),
    "text short": (
        "0--+",
        f"Under {VOLUMES['text'].least:,.0f} texts of a class there is too little to train on; a prompt needs a few only.",
        REPORTED,
    ),
    "text enough": ("0+00", "Enough texts of each class for a simple model; fine-tuning is possible.", REPORTED),
    "text ample": (
        "0++-",
        f"From {VOLUMES['text'].ample:,.0f} texts a class on, training a model of your own pays.",
        REPORTED,
    ),
    "series short": (
        "+---",
        f"Under {VOLUMES['series'].least:,.0f} years a season has been seen too rarely to be learnt.",
        REPORTED,
    ),
    "series enough": (
        "0+-0",
        "Enough years for the season to show; classical methods need the least of them.",
        REPORTED,
    ),
    "series ample": ("0+00", f"From {VOLUMES['series'].ample:,.0f} years on, there is enough for anything.", REPORTED),
    "anomaly short": (
        "+--0",
        f"Under {VOLUMES['anomaly'].least:,.0f} months of normal running, what is normal is not known.",
        REPORTED,
    ),
    "anomaly ample": ("0+00", "Enough normal running to learn what is normal.", REPORTED),
}
TIME: dict[str, Vote] = {
    "too soon": ("+0-+", f"It is due sooner than a pilot takes ({PILOT_WEEKS.text('weeks')}).", REPORTED),
    "just": ("0+00", f"It is due in about the time of a pilot ({PILOT_WEEKS.text('weeks')}).", REPORTED),
    "in time": ("0000", f"There is more time than a pilot takes ({PILOT_WEEKS.text('weeks')}).", REPORTED),
}
PLACE: dict[str, Vote] = {
    "server": ("0000", "A server can hold any of them.", OWN),
    "device": (
        "0+0-",
        "It must run where the user is: small models fit there, a call to a large one does not.",
        ANSWERED,
    ),
}
TABLE: tuple[Criterion, ...] = (
    Criterion(
        "Can an expert write the rules down?",
        ("rules",),
        {
            "yes": ("+0-0", "Rules that can be written down can be read, tested and changed without data.", REPORTED),
            "partly": ("0000", "The rules that are known become the baseline that a model must beat.", REPORTED),
            "no": ("-000", "Nobody can say the rules, so they must be learnt.", ANSWERED),
        },
        _given("rules"),
    ),
    Criterion(
        "Type of data",
        ("kind",),
        {
            "table": ("0+--", "On tables, boosted trees and linear models come first.", THUMB),
            "image": (
                "0-+0",
                "In images the signal lies in patterns that a network finds and a table of features does not.",
                THUMB,
            ),
            "text": ("00++", "For texts there are pretrained networks and prompted models.", THUMB),
            "series": ("0+0-", "For series, seasonal and boosted models are hard to beat.", THUMB),
            "anomaly": ("0+0-", "For unusual behaviour, limits and simple detectors come first.", THUMB),
        },
        _given("kind"),
    ),
    Criterion("Volume", ("labelled_rows", "classes"), VOLUME, _volume),
    Criterion(
        "Interpretability",
        ("explain_to",),
        {
            "nobody": ("0000", "Nobody asks for reasons, so any model will do.", ANSWERED),
            "experts": ("0+00", "Experts can follow the factors of a classical model.", THUMB),
            "customers": (
                "++--",
                "A reason that a customer accepts can be read off rules and classical models.",
                THUMB,
            ),
            "regulator": (
                "++--",
                "A reason that a regulator accepts can be read off rules and classical models.",
                THUMB,
            ),
        },
        _given("explain_to"),
    ),
    Criterion(
        "Compute",
        ("compute",),
        {
            "cpu": ("0+-0", "Without a graphics card, training a network is slow.", THUMB),
            "gpu": ("00+0", "There is a graphics card to train on.", ANSWERED),
        },
        _given("compute"),
    ),
    Criterion(
        "Feature work",
        ("features_known",),
        {
            "yes": (
                "0+00",
                "Experts can name what the answer hangs on: a classical model can use it as it is.",
                THUMB,
            ),
            "partly": ("0000", "Some of what the answer hangs on can be named.", ANSWERED),
            "no": (
                "0-+0",
                "Nobody can name what the answer hangs on: finding that out is what a network is for.",
                THUMB,
            ),
        },
        _given("features_known"),
    ),
    Criterion("Time to value", ("due",), TIME, _weeks_left),
    Criterion("Where it runs", ("place",), PLACE, _runs_there),
    Criterion(
        "May the data leave the house?",
        ("may_leave",),
        {
            "yes": ("0000", "The data may be sent to a model outside.", ANSWERED),
            "no": ("000-", "The data may not leave the house, and most prompted models are outside.", OWN),
        },
        _given("may_leave"),
    ),
)
