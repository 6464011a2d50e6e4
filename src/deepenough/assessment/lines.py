"""Where a key stands in a TOML file: the reader of the standard library does not say."""

from __future__ import annotations

import re
from collections.abc import Iterator

KEY = re.compile(r"""^\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*[.=]""")
HEADER = re.compile(r"^\s*\[{1,2}\s*([^\[\]]+?)\s*\]{1,2}")


def find(text: str, key: str, block: str = "", number: int = 0) -> int | None:
    """Return the line (from 1) of a key; of the `number`-th block of that name, where it stands inside one.

    >>> find('a = 1\\n[[use_case]]\\nname = "x"\\n[[use_case]]\\nname = "y"', "name", "use_case", 1)
    5
    """
    for line, name, table, count in _keys(text):
        if table == block and name == key and (not block or count == number):
            return line
    return header(text, block, number) if block else header(text, key)


def header(text: str, block: str, number: int = 0) -> int | None:
    """Return the line of the `number`-th header of a block, or of the key that holds it as a list."""
    count = -1
    for line, name, table, _ in _keys(text, headers=True):
        if (table == block and name == "") or (not table and name == block):
            count += 1
            if count == number or name:
                return line
    return None


def _keys(text: str, headers: bool = False) -> Iterator[tuple[int, str, str, int]]:
    """Yield (line, key, block, how many blocks of that name came before); a header has an empty key."""
    table, seen, inside = "", dict[str, int](), ""
    for line, content in enumerate(text.splitlines(), start=1):
        if inside:  # a text of several lines holds no keys
            inside = "" if inside in content else inside
            continue
        if header_found := HEADER.match(content):
            table = header_found[1].strip("\"' ")
            seen[table] = seen.get(table, -1) + 1
            if headers:
                yield line, "", table, seen[table]
        elif key := KEY.match(content):
            yield line, key[1] or key[2] or key[3] or "", table, seen.get(table, 0)
        inside = next((mark for mark in ('"""', "'''") if content.count(mark) % 2), "")
