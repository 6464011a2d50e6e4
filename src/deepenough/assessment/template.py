"""The files to fill in: assessment.toml, empty or with what was answered, and rules.toml."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from deepenough.assessment.questions import CRITERIA, SECTIONS, USE_CASE, Question

HEAD = """\
# An assessment: is it worth it at all? Take the '#' away from a line that you can answer, and change what stands there.
# What you leave out is listed as unknown, and widens the ranges. A number may be a range: [low, high].
# Then:  deepenough assess {name}
"""
RULES = """\
# The rules of an expert, for "{name}": rung 0, and what any model must beat.
# Decides: {decision}.
# The rules are tried from top to bottom; the first that fits gives the answer. Numbers: <, <=, >, >=; texts: ==, in.
# Written once, they can be read, tested and changed without data. Measure them on past cases before anything else.

# What is answered where no rule fits.
otherwise = "{no}"

[[rule]]
when = ""    # such as: months < 6 and calls > 3
answer = ""  # such as: "{yes}"
why = ""     # in the expert's words

[[rule]]
when = ""
answer = ""
why = ""
"""


def template(answers: Mapping[str, Any] | None = None, name: str = "assessment.toml") -> str:
    """Return assessment.toml with a comment a line; `answers` (as written in TOML) stand there without their '#'."""
    given = dict(answers or {})
    lines = [HEAD.format(name=name)]
    for title, questions in SECTIONS.items():
        lines += [f"# --- {title} ---", ""]
        for question in questions:
            lines += [*_lines(question, given.get(question.key)), ""]
    lines += ["# --- Use cases: one block each, and they are ranked; the blocks stand at the end of the file ---", ""]
    lines += ["# [[use_case]]", *(f"# {q.key} = {q.example}  # {q.ask}" for q in USE_CASE), ""]
    lines += ["# How much each of these counts; left out, all count the same.", "# [weights]"]
    lines += [f"# {name} = 1" for name in CRITERIA]
    return "\n".join(lines) + "\n"


def _lines(question: Question, answer: Any) -> list[str]:
    options = f" One of: {', '.join(question.options)}." if question.options else ""
    measured = " Not needed where a file is given." if question.measured else ""
    example = _due() if question.kind == "date" else question.example
    line = f"# {question.key} = {example}" if answer is None else f"{question.key} = {written(answer)}"
    return [f"# {question.sentence}{options}{measured}", line]


def _due() -> str:
    return (date.today() + timedelta(weeks=26)).isoformat()


def written(answer: Any) -> str:
    """Return an answer as TOML: a JSON text is one, and so are numbers and lists of them."""
    return answer.isoformat() if isinstance(answer, date) else json.dumps(answer, ensure_ascii=False)


def rules(name: str, decision: str | None, labels: list[str]) -> str:
    """Return rules.toml to fill in; `labels`: the answers there are, where they are known."""
    no, yes = (labels[0], labels[-1]) if labels else ("no", "yes")
    flat = " ".join((decision or "not written down yet").split())
    return RULES.format(name=" ".join(name.split()), decision=flat, no=_inside(no), yes=_inside(yes))


def _inside(text: str) -> str:
    """Return a text as it stands between the quotes of a TOML text."""
    return json.dumps(str(text), ensure_ascii=False)[1:-1]
