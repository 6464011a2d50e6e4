"""Try every cell, write each result down as it ends, and go on where an earlier run was stopped."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import Any

import choosing
import covering
import looking
import nulls
import settling
import together
import worlds
from cells import Cell

ROOT = Path(__file__).parents[2]
HOUSE = ROOT / "src" / "deepenough"
SIMULATIONS = (covering, choosing, settling, looking, nulls, together)
FAMILIES = {
    "score": covering,
    "gain": covering,
    "equal": covering,
    "grouped": covering,
    "strata": covering,
    "alike": choosing,
    "winner": choosing,
    "settle": settling,
    "looks": looking,
    "null": nulls,
    "together": together,
}
STATISTICS = ("stats", "metrics", "verdict", "bar.py", "candidates/_climb.py")  # what the simulated claims are made by
LEAST = 20  # repetitions, of however small a share
LONG_CHUNKS = 14  # of the draw that stands for a whole world


def all_cells(long: bool, share: float = 1.0) -> list[Cell]:
    """Return every cell of every simulation, the costly ones first: they leave no core idle at the end.

    Parameters
    ----------
    share : of the repetitions; a tenth of them is a first look.
    """
    found = [cell for simulation in SIMULATIONS for cell in simulation.cells(long)]
    if share != 1.0:
        found = [replace(c, repeats=max(min(LEAST, c.repeats), round(share * c.repeats))) for c in found]
    return sorted(found, key=lambda c: -weight(c))


def weight(cell: Cell) -> float:
    """Return a rough guess of what a cell costs."""
    if cell.family == "null":
        return 1e9
    return float(
        cell.repeats * cell.facts.get("n", 1000) * (100 if cell.facts.get("metric") in covering.RESAMPLING else 1)
    )


def fingerprint() -> str:
    """Return what the results depend on: the code that makes the claims, and the code that tries them."""
    files = [*Path(__file__).parent.glob("*.py"), *(f for part in STATISTICS for f in sources(HOUSE / part))]
    told = hashlib.sha256()
    for path in sorted(
        f for f in files if not f.name.startswith("test_") and f.name not in ("page.py", "page_words.py", "driver.py")
    ):
        told.update(path.name.encode() + path.read_bytes())
    return told.hexdigest()[:16]


def sources(part: Path) -> Iterable[Path]:
    """Return the files of a room, or the file that it is."""
    return [part] if part.is_file() else part.rglob("*.py")


def verdict_of(cell: Cell) -> dict[str, Any]:
    """Measure and judge one cell."""
    simulation: Any = FAMILIES[cell.family]
    started = time.process_time()
    figures = simulation.measure(cell)
    return {
        "key": cell.key,
        "family": cell.family,
        **cell.facts,
        "repeats": cell.repeats,
        "held": simulation.judge(cell, figures),
        "figures": rounded(figures),
        "cpu_seconds": round(time.process_time() - started, 2),
    }


def rounded(value: Any) -> Any:
    """Return figures with as many digits as they deserve."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return [rounded(v) for v in value] if isinstance(value, list) else value


def resumed(state: Path, cells: list[Cell], code: str) -> dict[str, dict[str, Any]]:
    """Return what an earlier run wrote down of these cells by the same code; a line cut off by a crash is left out."""
    found: dict[str, dict[str, Any]] = {}
    wanted = {c.key for c in cells}
    for line in state.read_text(encoding="utf-8").splitlines() if state.exists() else []:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if row["code"] == code and row["key"] in wanted:
            found[row["key"]] = {k: v for k, v in row.items() if k != "code"}
    return found


def run(
    cells: list[Cell], state: Path, code: str, jobs: int = 1, say: Callable[[str], Any] = lambda _: None
) -> list[dict[str, Any]]:
    """Try the cells that are not in the state file yet, and return all results in the order of the cells."""
    done = resumed(state, cells, code)
    left = [c for c in cells if c.key not in done]
    say(f"{len(done)} of {len(cells)} cells are there already\n")
    state.parent.mkdir(parents=True, exist_ok=True)
    with state.open("a", encoding="utf-8") as book:
        book.write("\n" if state.stat().st_size else "")  # a line that was cut off stays alone
        for number, row in enumerate(tried(left, jobs), len(done) + 1):
            book.write(json.dumps({"code": code, **row}) + "\n")
            book.flush()
            os.fsync(book.fileno())
            done[row["key"]] = row
            say(f"{number:4d}/{len(cells)}  {row['held']:<6}{row['cpu_seconds']:8.1f} s  {row['key']}\n")
    return [done[c.key] for c in cells]


def tried(cells: list[Cell], jobs: int) -> Iterator[dict[str, Any]]:
    """Yield results as they end: in this process, or in `jobs` of them."""
    if jobs <= 1:
        yield from map(verdict_of, cells)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=at_length) as pool:
        for future in as_completed([pool.submit(verdict_of, cell) for cell in cells]):
            yield future.result()


def at_length() -> None:
    """Take more rows for the truth of a world than the quick suite does."""
    worlds.CHUNKS = LONG_CHUNKS
