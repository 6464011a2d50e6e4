"""JSON: a record a line (JSON lines), or one array of records."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from deepenough.errors import DataError
from deepenough.modalities._readers.columns import Columns
from deepenough.modalities._readers.common import reason_of

if TYPE_CHECKING:
    import pandas as pd

BEGINS = re.compile(r'\s*(\{\s*["}]|\[\s*[\[{\]])')
ENDINGS = (".json", ".jsonl", ".ndjson")
AT_ONCE = 10_000
MEND = 'Write one record a line, {"name": value, ...}, or an array of such records'


def looks_like_json(start: str, ending: str) -> bool:
    """Whether a text begins as JSON does, whatever it is called; or is called so.

    >>> looks_like_json('{"a": 1}', ".txt"), looks_like_json("[size],weight", ".csv")
    (True, False)
    """
    return bool(BEGINS.match(start)) or ending in ENDINGS


def read_records(raw: bytes, encoding: str, name: str) -> pd.DataFrame:
    """Read JSON lines, or an array of records; values that are themselves objects or lists are refused by column."""
    file = io.TextIOWrapper(io.BytesIO(raw), encoding=encoding)
    first = _first_letter(file)
    file.seek(0)
    columns = Columns((), name, "record")
    if first == "[":
        columns.add_records(_array(file, name))
    else:
        _add_lines(file, columns, name)
    if not columns.rows:
        raise DataError(f"{name} holds no records, so there are no rows. Export it again, with its rows.")
    return columns.frame()


def _first_letter(file: io.TextIOWrapper) -> str:
    for line in file:
        if line.strip():
            return line.strip()[0]
    return ""


def _add_lines(file: io.TextIOWrapper, columns: Columns, name: str) -> None:
    batch: list[dict[str, Any]] = []
    for record in _records(file, name):
        batch.append(record)
        if len(batch) == AT_ONCE:
            columns.add_records(batch)
            batch = []
    columns.add_records(batch)


def _records(file: io.TextIOWrapper, name: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        record = _parsed(line, where, alone=number == 1)
        if not isinstance(record, dict):
            raise DataError(f"{where}: {_kind(record)} stands where a record should. {MEND}.")
        yield record


def _array(file: io.TextIOWrapper, name: str) -> list[dict[str, Any]]:
    records = _parsed(file.read(), name)
    if not isinstance(records, list):
        raise DataError(f"{name} holds {_kind(records)}, not an array of records. {MEND}.")
    for i, record in enumerate(records):
        if not isinstance(record, dict):
            raise DataError(
                f"{name}, record {i} (counted from 0): {_kind(record)} stands where a record should. {MEND}."
            )
    return records


def _parsed(text: str, where: str, alone: bool = False) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_record, parse_constant=_no_number)
    except _Doubled as error:
        raise DataError(f"{where}: a record has two values called '{error}'. Rename one, or take it out.") from None
    except json.JSONDecodeError as error:
        spread = " It is one document over several lines:" if alone and text.strip() in ("{", "[") else ""
        place = "" if spread else f" at letter {error.pos + 1}" if error.lineno == 1 else f" in line {error.lineno}"
        raise DataError(
            f"{where}: this is no whole JSON ({error.msg[:1].lower() + error.msg[1:]}{place}).{spread} {MEND}."
        ) from error
    except (RecursionError, ValueError) as error:
        raise DataError(f"{where}: this JSON cannot be read: {reason_of(error)}. {MEND}.") from error


class _Doubled(Exception):
    """A name that stands twice in one record."""


def _record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise _Doubled(Counter(name for name, _ in pairs).most_common(1)[0][0])
    return record


def _no_number(word: str) -> float | None:
    return None if word == "NaN" else float(word.replace("Infinity", "inf"))


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "an array", str: "a text", type(None): "null"}
    return kinds.get(type(value), "a number or truth value")
