"""Names, and how a version of a model is named: churn@champion, churn/3, models:/churn/latest."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deepenough.errors import RegistryError, SettingError

SCHEME = "models:/"
NEWEST = "latest"
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?")
NUMBER = re.compile(r"[1-9][0-9]{0,8}")
DEVICES = re.compile(
    r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE
)  # of Windows: no file may be called so


@dataclass(frozen=True)
class Reference:
    """A model by name, and which version of it: where an alias points, a number, or (neither) the newest."""

    name: str
    alias: str | None = None
    number: int | None = None

    def __str__(self) -> str:
        return f"{self.name}@{self.alias}" if self.alias else f"{self.name}/{self.number or NEWEST}"


def parse(text: str) -> Reference | None:
    """Read ``NAME@alias``, ``NAME/3`` or ``NAME/latest``; None where the text is none of these.

    After ``models:/`` it must be one: else `RegistryError`.

    >>> parse("churn@champion"), parse("models:/churn/3")
    (Reference(name='churn', alias='champion', number=None), Reference(name='churn', alias=None, number=3))
    >>> parse("runs/churn") is None
    True
    """
    plain = text.removeprefix(SCHEME)
    name, sign, which = plain.partition("@" if "@" in plain else "/")
    if is_name(name) and sign == "@" and is_alias(which):
        return Reference(name, alias=which)
    if is_name(name) and sign == "/" and (which == NEWEST or NUMBER.fullmatch(which)):
        return Reference(name, number=None if which == NEWEST else int(which))
    if text.startswith("models:"):
        raise RegistryError(f"'{text}' names no version of a model. Write models:/NAME@alias or models:/NAME/3.")
    return None


def is_name(text: str) -> bool:
    """Whether a text may name a model or a file, on every system."""
    return bool(NAME.fullmatch(text)) and not DEVICES.fullmatch(text)


def is_alias(text: str) -> bool:
    """Whether a text may be an alias: a name that cannot be mistaken for a version."""
    return is_name(text) and not re.fullmatch(rf"v?[0-9]+|{NEWEST}", text, re.IGNORECASE)


def check_name(name: str) -> None:
    """Refuse a name that some system, or a reference, would read otherwise."""
    if not is_name(name):
        raise SettingError(
            f"--name '{name[:80]}' cannot be a model's name. Take up to 64 letters, digits, '.', '_' and '-', "
            "beginning with a letter or digit and not ending with a dot: churn."
        )


def check_alias(alias: str) -> None:
    """Refuse an alias that is no name, or looks like a version."""
    if not is_alias(alias):
        raise SettingError(
            f"--alias '{alias[:80]}' cannot be an alias. Take letters, digits, '.', '_' and '-', and no version "
            f"('3', 'v3', '{NEWEST}'): champion."
        )
