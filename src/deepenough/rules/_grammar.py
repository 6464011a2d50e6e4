"""A condition as a tree: a recursive descent over its words, and never an `eval`.

condition  = both { "or" both }
both       = one { "and" one }
one        = "not" one | "(" condition ")" | comparison
comparison = column ( sign value | ["not"] "in" "(" value { "," value } ")" | "is" ["not"] "missing" | nothing )
           | value sign column
sign       = "==" | "!=" | "<" | "<=" | ">" | ">="
value      = number | text in quotes | "true" | "false"
column     = a name, in `backticks` where it holds more than letters, digits, _ and .
"""

from __future__ import annotations

from dataclasses import dataclass

from deepenough.rules._tokens import Token, tokens, wrong

COMPARISONS = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}  # and how each reads from the right
DEEPEST = 50  # parentheses and `not` within one another


@dataclass(frozen=True)
class Compare:
    """A column beside a value."""

    column: Token
    sign: str
    value: Token


@dataclass(frozen=True)
class Among:
    """A column beside a list of values; `inside`: whether it must be one of them."""

    column: Token
    values: tuple[Token, ...]
    inside: bool


@dataclass(frozen=True)
class IsMissing:
    """A column that must be empty, or (`empty` False) must not."""

    column: Token
    empty: bool


@dataclass(frozen=True)
class Flag:
    """A column of true and false by itself."""

    column: Token


@dataclass(frozen=True)
class Not:
    """What must not hold."""

    item: Tree


@dataclass(frozen=True)
class Join:
    """Several of which every one must hold (`every`), or any one."""

    items: tuple[Tree, ...]
    every: bool


Tree = Compare | Among | IsMissing | Flag | Not | Join


def parse(condition: str) -> Tree:
    """Return the tree of a condition; `RulesError` shows the place that cannot be read."""
    parser = _Parser(condition)
    tree = parser.condition(0)
    if parser.now.kind != "end":
        raise parser.unexpected("'and', 'or' or the end")
    return tree


class _Parser:
    """Reads from left to right, one word ahead."""

    def __init__(self, condition: str) -> None:
        self.text, self.words, self.place = condition, tokens(condition), 0

    @property
    def now(self) -> Token:
        return self.words[self.place]

    def step(self) -> Token:
        self.place += 1
        return self.words[self.place - 1]

    def take(self, *texts: str) -> bool:
        """Step over a sign or keyword where it stands here; say whether it did."""
        here = self.now.kind in ("sign", "keyword") and self.now.text in texts
        self.place += here
        return here

    def must(self, text: str) -> None:
        if not self.take(text):
            raise self.unexpected(f"'{text}'")

    def unexpected(self, wanted: str) -> Exception:
        seen = "the condition ends here" if self.now.kind == "end" else f"'{self.now.text}' stands here"
        return wrong(self.text, self.now.start, self.now.end, f"{seen}, and {wanted} was expected.")

    def condition(self, depth: int) -> Tree:
        items = [self.both(depth)]
        while self.take("or"):
            items.append(self.both(depth))
        return items[0] if len(items) == 1 else Join(tuple(items), every=False)

    def both(self, depth: int) -> Tree:
        items = [self.one(depth)]
        while self.take("and"):
            items.append(self.one(depth))
        return items[0] if len(items) == 1 else Join(tuple(items), every=True)

    def one(self, depth: int) -> Tree:
        if depth > DEEPEST:
            raise wrong(
                self.text, self.now.start, self.now.end, f"This is more than {DEEPEST} levels deep: make it two rules."
            )
        if self.take("not"):
            return Not(self.one(depth + 1))
        if self.take("("):
            inner = self.condition(depth + 1)
            self.must(")")
            return inner
        return self.comparison()

    def comparison(self) -> Tree:
        if self.now.kind != "name":
            return self.turned()
        column = self.step()
        if self.take("is"):
            empty = not self.take("not")
            if not self.take("missing"):
                raise self.unexpected("'missing' or 'not missing'")
            return IsMissing(column, empty)
        if self.now.text in ("in", "not") and self.now.kind == "keyword":
            inside = not self.take("not")
            self.must("in")
            return Among(column, self.values(), inside)
        if self.now.kind != "sign" or self.now.text not in COMPARISONS:
            return Flag(column)
        sign = self.step().text
        return self.single(Compare(column, sign, self.value()))

    def turned(self) -> Tree:
        """A value first: 3 > tenure is tenure < 3."""
        value = self.value("a column")
        if self.now.kind != "sign" or self.now.text not in COMPARISONS:
            raise self.unexpected("a comparison")
        sign = COMPARISONS[self.step().text]
        if self.now.kind != "name":
            raise self.unexpected("a column")
        return self.single(Compare(self.step(), sign, value))

    def single(self, compared: Compare) -> Compare:
        if self.now.kind == "sign" and self.now.text in COMPARISONS:
            column = compared.column.text
            raise wrong(
                self.text,
                self.now.start,
                self.now.end,
                f"One comparison at a time: write 0 < {column} and {column} < 3.",
            )
        return compared

    def values(self) -> tuple[Token, ...]:
        self.must("(")
        found = [self.value()]
        while self.take(","):
            found.append(self.value())
        self.must(")")
        return tuple(found)

    def value(self, wanted: str = "a value") -> Token:
        if self.now.kind == "name":
            name = self.now.text
            raise wrong(
                self.text,
                self.now.start,
                self.now.end,
                f"{wanted.capitalize()} was expected: text stands in quotes ('{name}'), and a column is compared with a "
                "value, not with another column.",
            )
        if self.now.kind in ("number", "text") or (self.now.text in ("true", "false") and self.now.kind == "keyword"):
            return self.step()
        raise self.unexpected(wanted)
