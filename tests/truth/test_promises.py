"""What a verdict promises holds where the truth is known: every cell of the quick form, and what the page says of the long one."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import driver
import numpy as np
import page
import pytest
from cells import HELD, SHORT, Cell, stray
from covering import RESAMPLING, covers
from page_words import REASONS
from worlds import EQUAL, GROUPED, ROWS, area, binormal, judging, measured, metric, numbers, sales, truth

from deepenough import shelves
from deepenough.stats import Estimate

SMALL = driver.all_cells(long=False)
FIGURES = driver.ROOT / "docs/figures/truth.json"


@pytest.mark.parametrize("cell", SMALL, ids=lambda c: c.key)
def test_a_cell_holds_what_is_promised_or_there_is_a_reason_and_a_flag(cell: Cell) -> None:
    row = driver.verdict_of(cell)
    assert row["held"] == HELD or (row["held"] != SHORT and any(belongs(row) for _, belongs in REASONS)), row["figures"]


@pytest.mark.data
def test_nothing_is_met_where_the_labels_of_a_real_table_are_shuffled() -> None:
    row = driver.verdict_of(Cell("null", {"table": "german_credit", "bar": None}, 2))
    assert row["figures"]["met"] == row["figures"]["yes"] == 0.0


# --- the worlds, and what is tried in them -------------------------------------------------------------------------


def test_every_metric_of_the_shelf_is_tried_in_every_world_it_can_judge() -> None:
    long = driver.all_cells(long=True)
    tried = {c.facts["metric"] for c in long if c.family in ("score", "gain")}
    judged = {"classification", "regression"}
    assert tried == {n for n, b in shelves.shelf("metrics").items() if judged & set(b.facts["tasks"])}
    for name in judging("probability") + judging("value"):
        sizes = {c.facts["n"] for c in long if c.family == "score" and c.facts["metric"] == name}
        assert sizes == {200, 1000, 5000}
    assert len({c.key for c in long}) == len(long)


@pytest.mark.parametrize("name", ["rmse", "mae", "r2"])
@pytest.mark.parametrize("world", [numbers("a"), numbers("b", df=5), sales("c")], ids=["normal", "t5", "lognormal"])
def test_a_closed_form_is_what_a_great_many_rows_show(name: str, world: Any) -> None:
    assert measured(name, world) == pytest.approx(world.exact[name], rel=0.06, abs=0.02)


@pytest.mark.parametrize("name", ["roc_auc", "accuracy", "balanced_accuracy"])
def test_the_scores_of_a_binormal_world_are_what_a_great_many_rows_show(name: str) -> None:
    world = binormal("a")
    assert measured(name, world) == pytest.approx(world.exact[name], abs=0.004)
    assert area(0.0) == 0.5


@pytest.mark.parametrize("name", [w for w in EQUAL if w != "no variance, t(3)"])
def test_two_answers_of_the_same_worth_gain_nothing(name: str) -> None:
    world = EQUAL[name]
    by = "accuracy" if world.reads == "probability" else "mae"
    assert truth(by, world)[1] == pytest.approx(0.0, abs=0.003)


def test_rows_of_a_group_are_alike_and_groups_of_unequal_size() -> None:
    rows = GROUPED["20 groups, numbers"].draw(np.random.default_rng(0), 1000)
    assert rows.groups is not None
    sizes = np.bincount(rows.groups)
    assert len(sizes) == 20 and sizes.max() > 3 * sizes.min()
    errors = rows.complex["value"] - rows.target
    means = np.array([errors[rows.groups == g].mean() for g in range(20)])
    assert means.std() > 3 * errors.std() / math.sqrt(1000 / 20)


def test_an_interval_a_fifth_too_narrow_is_found_out() -> None:
    judge, world, held = metric("accuracy"), ROWS["balanced"], 0
    score, rng = truth("accuracy", world)[0], np.random.default_rng(4)
    for _ in range(1200):
        rows = world.draw(rng, 1000)
        found = judge.interval(judge.evidence(rows.target, rows.complex))
        assert found.width is not None
        held += abs(score - found.value) <= 0.4 * found.width
    share = held / 1200
    figures = {"holds": share, "given": 1.0, "marked": 0.0}
    assert covers(Cell("score", {"metric": "accuracy", "world": "balanced", "n": 1000}, 1200), figures) == SHORT


@pytest.mark.parametrize("name", RESAMPLING)
def test_the_closed_form_for_screening_covers_as_well(name: str) -> None:
    world = ROWS["balanced" if name == "log_loss" else "normal errors"]
    judge, rng, score, held = metric(name), np.random.default_rng(5), truth(name, world)[0], 0
    for _ in range(500):
        rows = world.draw(rng, 1000)
        found = judge.interval(judge.evidence(rows.target, rows.complex), quick=True)
        assert found.low is not None and found.high is not None
        held += found.low <= score <= found.high
    assert 0.93 - stray(0.93, 500) <= held / 500 <= 0.97 + stray(0.97, 500)


# --- the long form -------------------------------------------------------------------------------------------------

TWO = [Cell("looks", {"metric": m, "alike": 0.8, "n": 50}, 5) for m in ("roc_auc", "accuracy")]


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    state, said = tmp_path / "state.jsonl", []
    first = driver.run(TWO[:1], state, "code", say=said.append)
    with state.open("a") as book:
        book.write('{"code": "code", "key": "cut o')  # killed in the middle of a line
    both = driver.run(TWO, state, "code", say=said.append)
    assert both[0] == first[0] and [r["key"] for r in both] == [c.key for c in TWO]
    assert "1 of 2 cells are there already\n" in said
    assert driver.run(TWO, state, "code") == both
    assert driver.resumed(state, TWO, "other code") == {}


def test_the_command_goes_on_and_gives_the_same_in_any_process_and_any_order(tmp_path: Path) -> None:
    state, some = tmp_path / "state", "alike | metric mae | trials 2"
    command = [sys.executable, str(driver.ROOT / "tools/truth.py"), "--jobs", "2", "--state", str(state)]
    command += ["--only", some, "--share", "0.02"]
    env = {"OMP_NUM_THREADS": "1", "PATH": ""}
    said = [subprocess.run(command, capture_output=True, text=True, env=env, check=True).stdout for _ in range(2)]
    assert "0 of 2 cells" in said[0] and "2 of 2 cells are there already" in said[1]
    cells = [c for c in driver.all_cells(long=True, share=0.02) if some in c.key][::-1]
    there = driver.resumed(state, cells, driver.fingerprint())
    assert [there[c.key]["figures"] for c in cells] == [driver.verdict_of(c)["figures"] for c in cells]


def test_the_code_that_makes_the_claims_is_part_of_what_a_result_stands_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(driver.HOUSE / "stats", tmp_path / "stats")
    monkeypatch.setattr(driver, "HOUSE", tmp_path)
    monkeypatch.setattr(driver, "STATISTICS", ("stats",))
    before = driver.fingerprint()
    assert driver.fingerprint() == before
    (tmp_path / "stats" / "wilson.py").write_text("# changed")
    assert driver.fingerprint() != before


# --- the page ------------------------------------------------------------------------------------------------------


def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FIGURES.read_text(encoding="utf-8"))
    return found


def test_the_page_is_what_the_figures_say() -> None:
    there = (driver.ROOT / "docs/truth.md").read_text(encoding="utf-8")
    assert there == page.written(FIGURES.parent), "python tools/truth.py --page writes it anew"


def test_the_cells_of_the_page_that_fall_short_have_their_reason() -> None:
    """But for one in 200: of so many, chance alone makes some stray further than two standard errors."""
    rows = document()["cells"]
    unknown = [r["key"] for r in rows if r["held"] != HELD and not any(belongs(r) for _, belongs in REASONS)]
    assert len(unknown) <= len(rows) / 200, unknown


def test_a_cell_that_falls_short_stands_on_the_page_whatever_its_reason() -> None:
    found = document()
    cell = next(r for r in found["cells"] if r["family"] == "score" and r["held"] == HELD)
    cell["held"], cell["figures"]["holds"] = SHORT, 0.8123
    text = page.render(found)
    assert "No reason known" in text and "holds the truth in 81.2" in text and "**81.2**" in text


def test_an_estimate_without_an_interval_neither_holds_nor_misses() -> None:
    from covering import Count

    count = Count()
    count.add(Estimate(0.5, flags=("few",)), 0.9)
    count.add(replace(Estimate(0.5), low=0.4, high=0.6), 0.5)
    figures = count.figures(2)
    assert figures["holds"] == 1.0 and figures["given"] == 0.5 and figures["marked"] == 0.5 and figures["few"] == 0.5
