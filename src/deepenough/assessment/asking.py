"""The same questions in the terminal: an empty answer is "not known", and a wrong one is asked again."""

from __future__ import annotations

import tomllib
from datetime import date
from typing import Any

import typer

from deepenough.assessment import kinds
from deepenough.assessment.questions import SECTIONS, Question
from deepenough.errors import SettingError

TEXTS = ("text", "file", "choice", "metric", "latency")


def ask(today: date | None = None) -> dict[str, Any]:
    """Ask on the terminal and return what was answered, as it would stand in assessment.toml."""
    typer.echo(
        "Enter answers a question, an empty line says “not known”. A number may be a range: 10-14. Ctrl-C ends it.",
        err=True,
    )
    answers: dict[str, Any] = {}
    for title, questions in SECTIONS.items():
        typer.echo(f"\n{title}", err=True)
        for question in questions:
            if fits(question, answers):
                answer = _one(question, today or date.today())
                answers |= {} if answer is None else {question.key: answer}
    return answers


def fits(question: Question, answers: dict[str, Any]) -> bool:
    """Whether a question is worth asking after those answers: what a file says, and what is of another kind, is not."""
    if question.only and answers.get("kind") not in (None, *question.only):
        return False
    if question.measured and "data" in answers:
        return False
    if question.key in ("target", "time", "group"):
        return "data" in answers
    if question.key == "data":
        return answers.get("kind") in (None, "table")
    if question.key in ("today_quality", "good_enough", "expected_quality", "unit", "unit_value"):
        return "metric" in answers
    return not (question.key == "personal_data_cleared" and answers.get("personal_data") == "no")


def _one(question: Question, today: date) -> Any:
    options = f" [{'/'.join(question.options)}]" if question.options else ""
    while True:
        typed = typer.prompt(f"  {question.ask}{options}", default="", show_default=False, err=True).strip()
        if not typed:
            return None
        try:
            answer = read(question, typed)
            kinds.read(question, answer, today)
        except SettingError as error:
            typer.echo(f"    {error}", err=True)
        else:
            return answer


def read(question: Question, typed: str) -> Any:
    """Return what was typed as it would stand in TOML.

    >>> from deepenough.assessment.questions import QUESTIONS
    >>> read(QUESTIONS["rows"], "5,000-8,000"), read(QUESTIONS["kind"], "table"), read(QUESTIONS["due"], "2027-06-30")
    ([5000, 8000], 'table', datetime.date(2027, 6, 30))
    """
    if question.kind in TEXTS or typed.endswith("%"):
        return typed
    ends = [part.strip().replace(",", "") for part in typed.replace(" to ", "-").split("-")]
    ranged = len(ends) == 2 and all(ends) and question.kind != "date"
    try:
        return tomllib.loads(f"a = {'[' + ', '.join(ends) + ']' if ranged else typed.replace(',', '')}")["a"]
    except tomllib.TOMLDecodeError:
        return typed
