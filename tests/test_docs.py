"""What the documentation shows is run: every console and every Python block of the README and of the tutorial."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from deepenough.demo import write_tables
from deepenough.shelves import shelf

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = ["README.md", *sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "docs").glob("*.md"))]


def blocks(page: str) -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))


def call(kind: str, text: str) -> list[list[str]]:
    if kind == "python":
        return [[sys.executable, "-c", text]]
    lines = [line[2:] for line in text.splitlines() if line.startswith("$ ")]
    return [[sys.executable, "-m", *shlex.split(line)] for line in lines]


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p)])
def test_every_block_of_a_page_runs_in_the_order_of_the_page(page: str, tmp_path: Path) -> None:
    write_tables(tmp_path)
    for kind, text in blocks(page):
        for command in call(kind, text):
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, f"{page}: {text}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES)
def test_every_link_inside_the_repository_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert ((ROOT / page).parent / target).exists(), target


def test_every_check_has_its_page() -> None:
    pages = {p.stem for p in (ROOT / "docs" / "findings").glob("DE*.md")}
    assert {book.facts["code"] for book in shelf("checks").values()} <= pages


def test_every_family_of_the_ladder_stands_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in shelf("candidates"):
        assert f"`{name}`" in text


def test_every_metric_is_explained() -> None:
    text = (ROOT / "docs" / "verdict.md").read_text(encoding="utf-8")
    for name in shelf("metrics"):
        assert name in text


def test_the_pages_made_from_the_code_say_what_the_code_says() -> None:
    """One a shelf, and the glossary: `python tools/pages.py` writes them."""
    done = subprocess.run([sys.executable, ROOT / "tools" / "pages.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
