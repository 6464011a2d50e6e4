"""Would an ensemble earn its place? The best few trials of the ladder, averaged, beside the best single one.

    DEEPENOUGH_DATA=... python benchmarks/ensemble.py [--only house_prices] [--deep] [--seeds 1]

Greedy forward selection with replacement (Caruana et al. 2004) over the answers out of fold, made small in log loss or squared
error. The weights that a part is judged with were chosen on the other parts, so the ensemble's score is one on rows it had not
seen, as its members' are. The gain is the metric's own paired one over the best member, with its 95 % interval; "EARNS" where it
reaches the worth of the ladder and all of its interval is above zero. Tables of one part only are left out.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from quality import TABLES, Table, only_classical, read

from deepenough import shelves
from deepenough.candidates._climb import best, climb, gain_of, worth_of
from deepenough.candidates._trial import Trial
from deepenough.candidates._tuning import losses_of
from deepenough.dataset import Answer, Dataset
from deepenough.metrics import Metric
from deepenough.workspace import Workspace

STEPS = 20
METRICS = {"classification": ("roc_auc", "log_loss", "accuracy"), "regression": ("rmse", "mae")}


def weights(answers: Sequence[Answer], truth: np.ndarray) -> np.ndarray:
    """Return the share of each answer in the average of least loss that twenty greedy steps find."""
    counts, total, found = np.zeros(len(answers)), dict.fromkeys(answers[0], 0.0), (np.inf, np.zeros(len(answers)))
    for step in range(1, STEPS + 1):
        tried = [{k: (total[k] + v) / step for k, v in answer.items()} for answer in answers]
        losses = [float(losses_of(answer, truth).mean()) for answer in tried]
        chosen = int(np.argmin(losses))
        counts[chosen] += 1
        total = {k: total[k] + v for k, v in answers[chosen].items()}
        if losses[chosen] < found[0]:
            found = (losses[chosen], counts / counts.sum())
    return found[1]


def averaged(trials: Sequence[Trial], truth: np.ndarray, part: np.ndarray) -> Answer:
    """Return the ensemble's answer out of fold: for each part with weights chosen on the others."""
    answers = [{k: v.astype(np.float64) for k, v in (t.answer or {}).items()} for t in trials]
    made: Answer = {k: np.zeros_like(v) for k, v in answers[0].items()}
    for number in np.unique(part):
        here, there = part == number, part != number
        share = weights([{k: v[there] for k, v in a.items()} for a in answers], truth[there])
        for name in made:
            made[name][here] = sum(w * a[name][here] for w, a in zip(share, answers, strict=True))
    return {k: v.astype(np.float32) for k, v in made.items()}


def compare(trials: list[Trial], development: Dataset, part: np.ndarray, metric: Metric) -> dict[str, Any]:
    """Return the best member, and what the ensemble gains over it."""
    rows = trials[0].rows
    assert rows is not None
    truth, groups = development.truth[rows], None if development.groups is None else development.groups[rows]
    scored = [(t, metric.evidence(truth, t.answer or {})) for t in trials]
    values = [metric.value(evidence, np.ones(len(rows))) for _, evidence in scored]
    top = int(np.argmax(values) if metric.high_is_good else np.argmin(values))
    gain = gain_of(metric, scored[top][1], metric.evidence(truth, averaged(trials, truth, part)), groups)
    worth = worth_of(metric, values[top], None)
    earns = gain.value >= worth and gain.low is not None and gain.low > 0.0
    return {"best": trials[top].key, "score": values[top], **gain.document(), "worth": worth, "earns": earns}


def one(table: Table, data: Path, seed: int) -> None:
    """Climb one table, and print a line a metric."""
    development, sealed, cut = read(table, data, seed)
    if len(cut.parts) == 1:
        print(f"{table.name:<18}one part: left out", flush=True)
        return
    first = shelves.load("metrics", METRICS[development.task.kind][0])
    with tempfile.TemporaryDirectory() as work:
        tried = climb(
            development, cut, first, Workspace(), n_sealed=len(sealed), folder=Path(work), seed=seed, full=True
        )
    able = [t for t in tried if t.ok and t.parts == len(cut.parts) and t.rung > 0]
    if best(able, first) is None:
        raise SystemExit(f"{table.name}: nothing could be fitted.")
    part = np.repeat(np.arange(len(cut.parts)), [len(p.score) for p in cut.parts])
    for name in METRICS[development.task.kind]:
        found = compare(able, development, part, shelves.load("metrics", name))
        low, high = (found[k] if found[k] is not None else float("nan") for k in ("low", "high"))
        print(
            f"{table.name:<18}{name:<10}best {found['best']:<22}{found['score']:>12.5g}  gain {found['value']:+.4f} "
            f"({low:+.4f} to {high:+.4f})  worth {found['worth']:.4f}  {'EARNS' if found['earns'] else ''}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="tables whose name begins so")
    parser.add_argument("--deep", action="store_true", help="with the networks, too")
    parser.add_argument("--seeds", type=int, default=1)
    asked = parser.parse_args()
    if not asked.deep:
        only_classical()
    for table in TABLES:
        for seed in range(asked.seeds if table.name.startswith(asked.only) else 0):
            one(table, Path(os.environ["DEEPENOUGH_DATA"]), seed)


if __name__ == "__main__":
    main()
