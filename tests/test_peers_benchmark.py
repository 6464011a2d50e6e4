"""What `benchmarks/peers.py` asks of a peer and gets back, with scikit-learn in the peer's place and our own interpreter as its."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def peers() -> Any:
    """The benchmark itself, which imports its neighbours by their bare names."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import peers as module
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))
    return module


@pytest.fixture(scope="module")
def problem(peers: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A table whose classes stand in the order of neither the alphabet nor the file, cut as a run cuts it."""
    data, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    x = rng.normal(size=(600, 3)).round(4)
    rows = pd.DataFrame(x, columns=["a", "b", "c"])
    rows["place"] = np.where(rng.random(600) < 0.1, "", rng.choice(["007", "NA", "x"], 600))
    rows["y"] = np.where(x[:, 0] + rng.logistic(size=600) / 2 > 0, "bad", "good")
    (data / "toy").mkdir()
    rows.to_csv(data / "toy" / "data.csv", index=False)
    table = peers.Table("toy", "y", "roc_auc", roles={"positive": "bad"})
    return peers.cut(table, data, 0, data / "work")


@pytest.fixture(scope="module")
def said(peers: Any, problem: Any) -> dict[str, Any]:
    return peers.theirs(problem, "stand-in", Path(sys.executable), 1.0)


def test_the_cut_keeps_every_row_once_and_every_cell_as_it_was(problem: Any) -> None:
    parts = [(problem.folder / f"{name}.csv").read_text().splitlines()[1:] for name in ("development", "sealed")]
    whole = (problem.folder.parents[1] / "toy" / "data.csv").read_text().splitlines()[1:]
    assert sorted(parts[0] + parts[1]) == sorted(whole)
    assert len(parts[1]) == 180  # three in ten, where a fifth would be under 500 rows


def test_a_peer_answers_the_sealed_rows_in_their_order_a_column_a_class(problem: Any, said: dict[str, Any]) -> None:
    from sklearn.metrics import roc_auc_score

    assert said["system"] == "stand-in" and said["allowed_cpu_seconds"] == 1.0
    assert 0.0 < said["fit_cpu_seconds"] <= said["cpu_seconds"] <= said["whole_cpu_seconds"]
    assert said["bytes"] > 1000 and 0.0 < said["one_row_cpu_ms"]["p50"] <= said["one_row_cpu_ms"]["p95"]
    answer = pd.read_parquet(problem.folder / "stand-in" / "answer.parquet")
    assert list(answer) == ["bad", "good"] and np.allclose(answer.sum(axis=1), 1.0)
    assert roc_auc_score(problem.frame("sealed")["y"] == "bad", answer["bad"]) > 0.75
    assert "y" not in pd.read_parquet(problem.folder / "stand-in" / "sealed.parquet")  # the truth stays with us


def test_a_comparison_is_ours_minus_theirs(peers: Any, problem: Any, said: dict[str, Any]) -> None:
    truth = problem.frame("sealed")["y"].eq("bad").astype(float)
    for system, sure in (("deepenough", 0.9), ("deepenough-best", 0.5)):  # one that knows, and one that knows nothing
        (problem.folder / system).mkdir(exist_ok=True)
        bad = sure * truth + (1.0 - sure) * (1.0 - truth)
        pd.DataFrame({"bad": bad, "good": 1.0 - bad}).to_parquet(problem.folder / system / "answer.parquet")
    ours = {"labels": ["good", "bad"], "cpu_seconds": 1.0, "one_row_cpu_ms": {"p50": 1.0}, "bytes": 1, "model": "m"}
    found = {s: ours | {"system": s} for s in peers.OURS} | {"stand-in": said}
    rows, pairs = peers.judged(problem, found)
    held = {(p["pick"], p["metric"]): p for p in pairs}
    assert held["deepenough", "roc_auc"]["better"] and held["deepenough", "log_loss"]["better"]
    assert held["deepenough-best", "roc_auc"]["worse"] and held["deepenough-best", "log_loss"]["worse"]
    by_system = {r["system"]: r["scores"] for r in rows}
    assert by_system["deepenough"]["roc_auc"] == 1.0 and by_system["deepenough-best"]["roc_auc"] == 0.5
    assert held["deepenough", "roc_auc"]["gain"] == pytest.approx(1.0 - by_system["stand-in"]["roc_auc"])


def test_a_peer_that_is_not_there_is_a_row_that_says_so(peers: Any, problem: Any, said: Any, tmp_path: Path) -> None:
    assert "--install" in peers.theirs(problem, "flaml", tmp_path / "python", 1.0)["absent"]
    row = peers.theirs(problem, "flaml", Path(sys.executable), 1.0)
    assert row["absent"] == "the package 'flaml' is not installed"
    assert peers.known_answer(problem, "flaml", {}) is None  # so that it is asked again
    assert peers.known_answer(problem, "stand-in", {"allowed_cpu_seconds": 1.0}) is not None
    assert peers.known_answer(problem, "stand-in", {"allowed_cpu_seconds": 2.0}) is None


def test_a_peers_clock_stands_still_while_it_does_not_compute() -> None:
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[1]); import peers_worker; peers_worker.count_cpu_seconds()\n"
        "begun = time.time(); time.sleep(0.5); slept = time.time() - begun\n"
        "used = time.process_time() + 0.2\n"
        "while time.process_time() < used: pass\n"
        "print('[' + str(slept) + ',' + str(time.time() - begun) + ']')"
    )
    done = subprocess.run([sys.executable, "-c", code, ROOT / "benchmarks"], capture_output=True, text=True, check=True)
    slept, worked = json.loads(done.stdout)
    assert slept < 0.1 and 0.2 <= worked < 0.4


def test_the_page_quotes_what_the_figures_say(peers: Any) -> None:
    figures = json.loads((ROOT / "docs" / "figures" / "peers.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs" / "peers.md").read_text(encoding="utf-8").splitlines()
    missing = [line for line in peers.page_lines(figures) if line and line not in page]
    assert not missing, "run `python benchmarks/peers.py --page` and put its tables into docs/peers.md"
