"""Rules as a person writes them: rules.toml, a text of that form, or dicts."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepenough.errors import RulesError, nearest

Answer = str | int | float | bool
FORM = 'Write [[rule]], when = "tenure < 3 and contract == \'monthly\'" and then = "yes".'
KEYS = {"when": "when", "then": "then", "answer": "then", "name": "name", "why": "why"}  # what `assess` writes, too
MOST = 1000


@dataclass(frozen=True)
class Rule:
    """One rule: where `when` holds, the answer is `then`. `why` is in the expert's words."""

    when: str
    then: Answer
    name: str = ""
    why: str = ""


@dataclass(frozen=True)
class Rules:
    """Rules in their order: the first that holds decides. `otherwise` is the answer where none does; None: learnt."""

    rules: tuple[Rule, ...]
    otherwise: Answer | None = None

    def called(self, i: int) -> str:
        """Return what the rule with this number, counted from 0, is called in a sentence."""
        return f"rule {i + 1} ('{self.rules[i].name}')" if self.rules[i].name else f"rule {i + 1}"

    def document(self) -> dict[str, Any]:
        """Return them as `read` takes them: plain data, for JSON."""
        rules = [{k: v for k, v in vars(r).items() if v != "" or k in ("when", "then")} for r in self.rules]
        return {"rule": rules} if self.otherwise is None else {"otherwise": self.otherwise, "rule": rules}


def read(source: Any) -> Rules:
    """Read rules.

    Parameters
    ----------
    source : path of a TOML file; its text; a list of dicts, one a rule; or a dict with ``rule`` and ``otherwise``.

    Raises `RulesError`.

    >>> read([{"when": "tenure < 3", "then": "yes"}]).rules[0].then
    'yes'
    """
    if isinstance(source, Rules):
        return source
    source = located(source)
    if isinstance(source, Path):
        return _from_text(_text_of(source), f"'{source}'")
    if isinstance(source, str):
        return _from_text(source, "The text of the rules")
    if isinstance(source, Mapping):
        return _from_document(source, "The rules")
    if isinstance(source, Sequence):
        return _from_document({"rule": list(source)}, "The rules")
    raise RulesError(f"Rules are wanted as a path, a text or a list of dicts, not as {type(source).__name__}.")


def located(source: Any) -> Any:
    """Return rules as they were given, the name of a file as its path."""
    return Path(source) if isinstance(source, str) and "\n" not in source and "=" not in source else source


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        beside = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        raise RulesError(
            f"'{path}' cannot be read: {(error.strerror or str(error)).lower()}. {nearest(path.name, beside)}"
            "Name a file of rules."
        ) from error
    except UnicodeDecodeError as error:
        raise RulesError(f"'{path}' is no text in UTF-8. Save it as UTF-8.") from error


def _from_text(text: str, name: str) -> Rules:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulesError(f"{name} is no TOML: {error}. {FORM}") from error
    return _from_document(document, name)


def _from_document(document: Mapping[str, Any], name: str) -> Rules:
    unknown = next((key for key in document if key not in ("rule", "otherwise")), None)
    if unknown is not None:
        raise RulesError(
            f"{name} holds '{unknown}', which says nothing here. {nearest(unknown, ('rule', 'otherwise'))}{FORM}"
        )
    found, otherwise = document.get("rule"), document.get("otherwise")
    if not isinstance(found, list) or not all(isinstance(entry, Mapping) for entry in found):
        raise RulesError(f"{name} holds no rule. {FORM}")
    rules = tuple(rule for i, entry in enumerate(found) if (rule := _rule(entry, i)) is not None)
    if not rules:
        raise RulesError(f"{name} holds no rule that is filled in. {FORM}")
    if len(rules) > MOST:
        raise RulesError(f"{name} holds {len(rules):,} rules, more than the {MOST:,} that are read. Leave some out.")
    if otherwise is not None and not isinstance(otherwise, str | int | float):
        raise RulesError(f"{name}: otherwise = {otherwise!r} is no answer. Write a class in quotes, or a number.")
    return Rules(rules, otherwise)


def _rule(entry: Mapping[str, Any], i: int) -> Rule | None:
    """Return a rule; None for one that nobody has filled in yet."""
    said: dict[str, Any] = {}
    for key, value in entry.items():
        if key not in KEYS:
            raise RulesError(f"Rule {i + 1} holds '{key}', which says nothing here. {nearest(key, KEYS)}{FORM}")
        if KEYS[key] in said:
            raise RulesError(f"Rule {i + 1} says both 'then' and 'answer'. Leave one out.")
        said[KEYS[key]] = value
    when, then = said.get("when", ""), said.get("then", "")
    if any(not isinstance(said.get(key, ""), str) for key in ("when", "name", "why")):
        raise RulesError(f"Rule {i + 1}: when, name and why are texts in quotes. {FORM}")
    if not isinstance(then, str | int | float):
        raise RulesError(f"Rule {i + 1}: then = {then!r} is no answer. Write a class in quotes, or a number.")
    if not when.strip() and then == "":
        return None
    if not when.strip() or then == "":
        raise RulesError(f"Rule {i + 1} has no '{'then' if when.strip() else 'when'}'. {FORM}")
    return Rule(when, then, said.get("name", ""), said.get("why", ""))
