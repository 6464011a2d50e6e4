"""What to ask somebody who sells the answer, with this case's numbers."""

from __future__ import annotations

from typing import Any

from deepenough.assessment.effort import currency
from deepenough.assessment.proposing import bar_text, slug
from deepenough.assessment.ranges import plain
from deepenough.assessment.reading import Answers

OPEN = "(not answered: fill it in before you ask)"


def questions(answers: Answers) -> list[dict[str, str]]:
    """Return the questions and what a good answer shows."""
    return [
        {"question": ask, "good": good}
        for ask, good in (
            _quality(answers),
            _today(answers),
            _speed(answers),
            _price(answers),
            _errors(answers),
            _explain(answers),
            _privacy(answers),
            _decay(answers),
            (
                "What do we keep if we part?",
                "The model as an open file (ONNX), the labels, and the history of answers.",
            ),
        )
    ]


def judged(answers: Answers) -> dict[str, Any]:
    """Return how a vendor's answers are put to the test: in words, and the two commands."""
    run, latency = f"runs/{slug(answers)}", answers.get("latency")
    limit = f"; the limit is {latency}" if latency else ""
    return {
        "words": "A run seals rows that nobody has looked at. The vendor gets them without their answers, and what comes back is "
        "held against your own best simple model on the same rows: is the gain real, and is it worth it? What one "
        f"answer takes and what 1,000 cost go with --their-latency and --their-price{limit}.",
        "commands": [
            f"deepenough judge rows.csv --export {run}",
            f"deepenough judge predictions.csv --against {run}",
        ],
    }


def _quality(answers: Answers) -> tuple[str, str]:
    bar = bar_text(answers) or OPEN
    return (
        f"Do you reach {bar} on examples of ours that you have not seen?",
        "A figure with its interval, on rows we kept back; not on a benchmark.",
    )


def _today(answers: Answers) -> tuple[str, str]:
    today = answers.range("today_quality")
    said = today.text() if today else OPEN
    return (
        f"Our way today reaches {said}. By how much do you beat it, and a plain linear model?",
        "A gain on the same rows, with its interval.",
    )


def _speed(answers: Answers) -> tuple[str, str]:
    latency, place = answers.get("latency") or OPEN, answers.get("place")
    where = (
        f" on our {place}"
        if place in ("server", "device")
        else f" in the {place}"
        if place in ("cloud", "browser")
        else " on the phone"
        if place
        else ""
    )
    return (
        f"Do 95 of 100 answers come within {latency}{where}?",
        "A measurement there, not the mean, and not on your machine.",
    )


def _price(answers: Answers) -> tuple[str, str]:
    number = answers.range("decisions_a_year")
    often = number.text("answers a year") if number else f"as many answers a year as we need {OPEN}"
    return (
        f"What do {often} cost, all in, and what does a change of the model cost?",
        f"One sum a year in {currency(answers)}, with what happens when we need twice as many.",
    )


def _errors(answers: Answers) -> tuple[str, str]:
    alarm, miss, money = answers.range("false_alarm_cost"), answers.range("miss_cost"), currency(answers)
    costs = f"A false alarm costs us {alarm.text(money) if alarm else OPEN}, a missed case {miss.text(money) if miss else OPEN}."
    return (
        f"{costs} Where do you set the threshold, and can we move it?",
        "A curve of the two errors, and a threshold that is ours to set.",
    )


def _explain(answers: Answers) -> tuple[str, str]:
    who = {
        "nobody": "anybody who asks",
        "experts": "our experts",
        "customers": "our customers",
        "regulator": "the regulator",
    }
    to = who.get(str(answers.get("explain_to")), f"those who must understand it {OPEN}")
    return (
        f"How is a single answer explained to {to}?",
        "The reasons of one real case, shown to us; not a picture of importances.",
    )


def _privacy(answers: Answers) -> tuple[str, str]:
    stay = {
        "no": "Our data may not leave the house. Does it run inside, without a connection?",
        "yes": "Where do our data go, who sees them, and do you train on them?",
    }
    return (
        stay.get(str(answers.get("may_leave")), f"May the data leave the house {OPEN}, and where do they go?"),
        "A place, a contract, and a date of deletion.",
    )


def _decay(answers: Answers) -> tuple[str, str]:
    again = answers.range("retrain_a_year")
    times = f"{again.text()} times a year" if again else "as often as needed"
    labels = answers.range("labelled_rows")
    with_rows = f" from our {plain(labels.low)} labelled examples and those to come" if labels and labels.low else ""
    return (
        f"Who notices when it gets worse, and who trains it again, {times}{with_rows}?",
        "A figure that is watched, a limit, and a name.",
    )
