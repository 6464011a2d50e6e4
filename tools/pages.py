"""Write the pages that stand in the code already: one a shelf, from its books' docstrings and facts, and the glossary.

python tools/pages.py            write docs/shelves/*.md and docs/glossary.md
python tools/pages.py --check    exit 1 where one of them is not what the code says
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from deepenough import shelves
from deepenough.report.glossary import TERMS

DOCS = Path(__file__).parent.parent / "docs"
LEFT_OUT = {"name", "title", "requires", "extra", "code", "example"}  # said in words


def summary_of(shelf: str) -> str:
    """Return the first paragraph of the folder's own docstring."""
    spec = find_spec(f"deepenough.{shelf}")
    assert spec is not None and spec.origin is not None
    return (ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))) or shelf).split("\n\n")[0]


def docstring_of(book: shelves.Book) -> str:
    """Return what the book's class says of itself, read from its source: nothing need be installed for it."""
    spec = find_spec(book.module)
    assert spec is not None and spec.origin is not None
    for node in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and node.name == book.cls:
            return ast.get_docstring(node) or ""
    return ""


def shelf_page(name: str) -> str:
    """Return the page of a shelf: a part a book."""
    books = shelves.shelf(name).values()
    parts = [
        f"# The shelf `{name}`",
        summary_of(name),
        "Made by `tools/pages.py` from the code; `deepenough list " + name + "` says what is installed.",
    ]
    for book in sorted(books, key=lambda b: (b.facts.get("rung", 0), b.facts.get("code", ""), b.name)):
        code = book.facts.get("code")
        head = f"## {code} `{book.name}`" if code else f"## `{book.name}`"
        parts += [head, _unwrapped(docstring_of(book)), _facts(book)]
        if code:
            parts.append(f"What it finds, and the mend: [{code}](../findings/{code}.md).")
    return "\n\n".join(p for p in parts if p) + "\n"


def _facts(book: shelves.Book) -> str:
    lines = [f"- {k}: {_plain(v)}" for k, v in book.facts.items() if k not in LEFT_OUT and v not in ((), "", None)]
    needs = book.facts.get("requires") or ()
    if needs:
        extra = book.facts.get("extra")
        lines.append(f"- needs: {', '.join(needs)}" + (f" (the extra `{extra}`)" if extra else ""))
    return "\n".join(lines)


def _plain(value: Any) -> str:
    return ", ".join(str(v) for v in value) if isinstance(value, tuple | list) else str(value)


def _unwrapped(text: str) -> str:
    """A docstring as Markdown: sections such as Attributes become bold, double backquotes single ones."""
    text = re.sub(r"^(\w[\w ]*)\n-{3,}$", r"**\1**\n", text, flags=re.MULTILINE)
    text = re.sub(r"(?ms)^>>> .*?(?=\n\n|\Z)", lambda m: f"```\n{m.group(0)}\n```", text)
    return text.replace("``", "`")


def glossary_page() -> str:
    """Return the glossary: what the report's words mean."""
    lines = [f"**{term}**: {meaning}" for term, meaning in sorted(TERMS.values())]
    return "\n\n".join(["# Glossary", "The words of the report, as it explains them.", *lines]) + "\n"


def pages() -> dict[Path, str]:
    """Return every page by its place."""
    found = {DOCS / "shelves" / f"{name}.md": shelf_page(name) for name in shelves.SHELVES}
    return found | {DOCS / "glossary.md": glossary_page()}


def main() -> int:
    """Write the pages, or say which are not what the code says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where a page is old")
    check = parser.parse_args().check
    old = [path for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in old:
        sys.stdout.write(f"{'old' if check else 'written'}: {path.relative_to(DOCS.parent)}\n")
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(pages()[path], encoding="utf-8")
    return 1 if check and old else 0


if __name__ == "__main__":
    sys.exit(main())
