"""The words of a condition, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deepenough.errors import RulesError

SHOWN = 40  # characters of a condition shown on either side of what is wrong with it
KEYWORDS = ("and", "or", "not", "in", "is", "missing", "true", "false")
INSTEAD = {"=": "==", "<>": "!=", "&&": "and", "&": "and", "||": "or", "|": "or", "!": "not"}
WORDS = re.compile(
    r"""\s*(?:
    (?P<date>\d{4}-\d\d?-\d\d?)
  | (?P<number>-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
  | (?P<column>`(?:[^`]|``)+`)
  | (?P<word>[^\W\d][\w.]*)
  | (?P<sign>==|!=|<=|>=|<>|&&|\|\||[<>=&|!(),])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """One word: `kind` is number, text, name, sign, keyword or end; `start` and `end` are where it stands."""

    kind: str
    text: str
    start: int
    end: int


def tokens(condition: str) -> list[Token]:
    """Cut a condition into words, the last of kind ``end``; `RulesError` shows what is none.

    >>> [t.text for t in tokens("tenure < 3 and `pay day` == 'monthly'")][:-1]
    ['tenure', '<', '3', 'and', 'pay day', '==', 'monthly']
    """
    found, at, length = [], 0, len(condition.rstrip())
    while at < length:
        match = WORDS.match(condition, at)
        if match is None:
            start = at + len(condition[at:]) - len(condition[at:].lstrip())
            raise _unreadable(condition, start)
        kind = str(match.lastgroup)
        found.append(_token(condition, kind, match.group(kind), match.start(kind), match.end(kind)))
        at = match.end()
    return [*found, Token("end", "", length, length)]


def _token(condition: str, kind: str, text: str, start: int, end: int) -> Token:
    if kind == "date":
        raise wrong(condition, start, end, f"Write a date in quotes: '{text}'.")
    if kind == "sign" and text in INSTEAD:
        raise wrong(condition, start, end, f"'{text}' says nothing here: write '{INSTEAD[text]}'.")
    if kind in ("text", "column"):
        mark = text[0]
        return Token("text" if kind == "text" else "name", text[1:-1].replace(mark * 2, mark), start, end)
    if kind == "word":
        keyword = text.casefold() in KEYWORDS
        return Token("keyword" if keyword else "name", text.casefold() if keyword else text, start, end)
    return Token(kind, text, start, end)


def _unreadable(condition: str, at: int) -> RulesError:
    sign = condition[at]
    if sign in "'\"`":
        return wrong(condition, at, at + 1, f"The {sign} is never closed: put one more at the end.")
    return wrong(
        condition,
        at,
        at + 1,
        f"'{sign}' means nothing in a condition. A column whose name holds more than letters, digits and _ stands in "
        "backticks: `hours-per-week`.",
    )


def wrong(condition: str, start: int, end: int, what: str) -> RulesError:
    """Return the error for a place in a condition: the place between two ^, then what is wrong with it, and the mend."""
    before, after = condition[:start], condition[end:]
    before = f"… {before[-SHOWN:]}" if len(before) > SHOWN else before
    after = f"{after[:SHOWN]} …" if len(after) > SHOWN else after
    return RulesError(f"{before}^{condition[start:end]}^{after}: {what}")
