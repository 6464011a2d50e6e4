"""The tables on which deepenough stands beside its peers, and what the figures say of the answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tabular_net
import trees

import deepenough as de

OURS = ("deepenough", "deepenough-best")
PEERS = ("autogluon-medium", "flaml", "autogluon-good")


@dataclass(frozen=True)
class Table:
    """One data set: its files, its target and roles, and the metric that all are asked for."""

    name: str
    target: str
    metric: str
    file: str = "data.csv"
    test: str | None = None
    roles: dict[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    distinct: bool = False

    @property
    def metrics(self) -> tuple[str, ...]:
        """What it is judged by; the first is what was asked for."""
        return ("roc_auc", "log_loss") if self.metric == "roc_auc" else (self.metric,)

    @property
    def task(self) -> str:
        """The kind of task, as AutoGluon calls it."""
        return {"rmse": "regression", "roc_auc": "binary", "log_loss": "multiclass"}[self.metric]

    @property
    def known(self) -> list[str]:
        """The benchmarks in which settings of ours were chosen or mended on this table."""
        nets = [t.name for t in tabular_net.TABLES if t.tuned]
        return [name for name, on in (("trees.py", trees.TUNED), ("tabular_net.py", nets)) if self.name in on]


TABLES = (
    Table("german_credit", "risk", "roc_auc", roles={"positive": "bad"}),
    Table("parkinsons_voice", "total_UPDRS", "rmse", roles={"group": "subject#"}, drop=("motor_UPDRS",)),
    Table("mammography", "label", "roc_auc", roles={"positive": "anomaly"}, distinct=True),
    Table("sick_thyroid", "diagnosis", "roc_auc", roles={"positive": "sick"}),
    Table("house_prices", "SalePrice", "rmse"),
    Table("telco_churn", "Churn", "roc_auc"),
    Table("wine_quality", "quality", "rmse", roles={"task": "regression"}),
    Table("satellite_soil", "Class", "log_loss", roles={"task": "classification"}),
    Table("bike_sharing", "cnt", "rmse", roles={"time": "dteday"}),
    Table("adult_income", "income", "roc_auc", "train.csv", "test.csv"),
)


@dataclass(frozen=True)
class Problem:
    """One table and seed, cut: the folder that holds development.csv, sealed.csv, and an answer a system."""

    table: Table
    seed: int
    folder: Path

    def frame(self, name: str) -> pd.DataFrame:
        """Return the development or the sealed rows, as a person would read them for a peer."""
        return pd.read_csv(self.folder / f"{name}.csv")


def judged(problem: Problem, found: dict[str, dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return a row a system with its sealed scores, and a row a comparison of ours with a peer's."""
    table, sealed, labels = problem.table, problem.frame("sealed"), found["deepenough"]["labels"]
    truth = sealed[table.target].astype(str if labels else float).to_numpy()
    groups = sealed[table.roles["group"]].to_numpy() if "group" in table.roles else None
    about = {"table": table.name, "seed": problem.seed, "known": table.known, "sealed": len(sealed)}

    def answer(system: str) -> np.ndarray:
        frame = pd.read_parquet(problem.folder / system / "answer.parquet")
        return frame[labels].to_numpy() if labels else frame["value"].to_numpy()

    able = [s for s in found if "one_row_cpu_ms" in found[s] and s not in OURS]
    pairs: list[dict[str, Any]] = []
    scores: dict[str, dict[str, float]] = {s: {} for s in found}
    for metric in table.metrics:
        for other, pick in [OURS, *((peer, pick) for peer in able for pick in OURS)]:
            held = de.compare(truth, answer(other), answer(pick), metric=metric, groups=groups, labels=labels)
            scores[other][metric], scores[pick][metric] = held.simple.value, held.complex.value
            if other not in OURS:
                pairs.append(about | {"pick": pick, "peer": other, "metric": metric} | bounds(held))
    rows = [
        about | {"scores": scores[s]} | {k: v for k, v in said.items() if k != "labels"} for s, said in found.items()
    ]
    return rows, pairs


def bounds(held: de.Comparison) -> dict[str, Any]:
    """Return both scores, the gain of ours and its interval."""
    gain = held.gain
    return {
        "ours": held.complex.value,
        "theirs": held.simple.value,
        "gain": gain.value,
        "low": gain.low,
        "high": gain.high,
        "worse": gain.high is not None and gain.high < 0.0,
        "better": gain.low is not None and gain.low > 0.0,
    }


def summary(rows: list[dict[str, Any]], pairs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return mean ranks, the tally of comparisons, and what each system took in the middle of the tables."""
    peers = [s for s in PEERS if any(p["peer"] == s for p in pairs)]
    tally = [
        {"pick": pick, "peer": peer, "metric": metric, "tables": len(held)}
        | {word: sum(p[word] for p in held) for word in ("better", "worse")}
        | {"no_interval": sum(p["low"] is None for p in held)}
        for pick in OURS
        for peer in peers
        for metric in ("roc_auc", "log_loss", "rmse")
        if (held := [p for p in pairs if (p["pick"], p["peer"], p["metric"]) == (pick, peer, metric)])
    ]
    return {
        "mean_rank": {pick: mean_rank(rows, (pick, *peers)) for pick in OURS},
        "tally": tally,
        "worse": [p for p in pairs if p["worse"]],
        "middle": {s: middle([r for r in rows if r["system"] == s]) for s in (*OURS, *peers)},
    }


def mean_rank(rows: list[dict[str, Any]], systems: tuple[str, ...]) -> dict[str, Any]:
    """Return the mean rank of each system by the metric that was asked for, on the tables that all of them answered."""
    from scipy.stats import rankdata

    first = {t.name: t.metric for t in TABLES}
    ranks = []
    for table, seed in dict.fromkeys((r["table"], r["seed"]) for r in rows):
        scores = {r["system"]: r["scores"] for r in rows if (r["table"], r["seed"]) == (table, seed)}
        if all(scores.get(s) for s in systems):
            sign = -1.0 if first[table] == "roc_auc" else 1.0
            ranks.append(rankdata([sign * scores[s][first[table]] for s in systems]))
    means = np.mean(ranks, axis=0).round(2).tolist() if ranks else [None] * len(systems)
    return {"tables": len(ranks), **dict(zip(systems, means, strict=True))}


def middle(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return medians over the tables: CPU seconds, one row, bytes."""
    able = [r for r in rows if "one_row_cpu_ms" in r]
    return {
        "cpu_seconds": float(np.median([r["cpu_seconds"] for r in able])),
        "one_row_cpu_ms": float(np.median([r["one_row_cpu_ms"]["p50"] for r in able])),
        "megabytes": round(float(np.median([r["bytes"] for r in able])) / 1e6, 3),
    }


def show(rows: list[dict[str, Any]], pairs: list[dict[str, Any]]) -> None:
    """Print the lines of one table and seed."""
    for row in rows:
        name = f"{row['table']:<17}{row['seed']:<3}{row['system']:<18}"
        if "one_row_cpu_ms" not in row:
            print(name + str(row.get("absent") or row.get("failed")), flush=True)
            continue
        scores = "  ".join(f"{metric} {value:.4f}" for metric, value in row["scores"].items())
        costs = f"{row['cpu_seconds']:>8.1f}{row['one_row_cpu_ms']['p50']:>10.3f}{row['bytes'] / 1e6:>9.2f}"
        print(f"{name}{costs}  {scores}  {row['model']}", flush=True)
    for pair in pairs:
        known = pair["low"] is not None
        span = f"[{pair['low']:+.4f}, {pair['high']:+.4f}]" if known else "[no interval]"
        flag = "WORSE" if pair["worse"] else "better" if pair["better"] else ""
        print(f"    {pair['pick']:<16}- {pair['peer']:<17}{pair['metric']:<9}{pair['gain']:>+9.4f}  {span:<20} {flag}")


def page_lines(figures: dict[str, Any]) -> list[str]:
    """Return the tables of docs/peers.md, line by line, from what docs/figures/peers.json says."""
    rows, pairs, told = figures["rows"], figures["pairs"], figures["summary"]
    systems = [*OURS, *(s for s in PEERS if s in told["middle"])]
    return [
        *score_lines(rows, systems),
        "",
        *tally_lines(told["tally"]),
        "",
        *cost_lines(rows, systems, told),
        "",
        *worse_lines(pairs),
    ]


def titles(words: list[str]) -> list[str]:
    """Return the head of a table in Markdown."""
    return ["| " + " | ".join(words) + " |", "|---" * len(words) + "|"]


def score_lines(rows: list[dict[str, Any]], systems: list[str]) -> list[str]:
    """A line a table: the metric asked for on the sealed rows, the mean of the seeds, the best one bold."""
    lines = titles(["table", "metric", *systems])
    for table in [t for t in TABLES if any(r["table"] == t.name for r in rows)]:
        found = {
            s: [r["scores"].get(table.metric) for r in rows if (r["table"], r["system"]) == (table.name, s)]
            for s in systems
        }
        means = {s: float(np.mean(v)) if v and None not in v else None for s, v in found.items()}
        known = [v for v in means.values() if v is not None]
        first = max(known) if table.metric == "roc_auc" else min(known)
        said = [scored(v, v == first) for v in means.values()]
        name = table.name + (" °" if table.known else "")
        lines.append("| " + " | ".join([name, f"`{table.metric}`", *said]) + " |")
    return lines


def scored(value: float | None, first: bool) -> str:
    """Write a score with four digits that count."""
    if value is None:
        return "no answer"
    text = f"{value:,.0f}" if value >= 1000 else f"{value:.2f}" if value >= 10 else f"{value:.4f}"
    return f"**{text}**" if first else text


def tally_lines(tally: list[dict[str, Any]]) -> list[str]:
    """A line a peer and metric: how often surely better, in between, surely worse, for each of the two picks."""
    lines = titles(["against", "metric", "of", *(f"{pick}: better, between, worse" for pick in OURS)])
    for peer, metric in dict.fromkeys((t["peer"], t["metric"]) for t in tally):
        found = {t["pick"]: t for t in tally if (t["peer"], t["metric"]) == (peer, metric)}
        counts = [f"{t['better']}, {t['tables'] - t['better'] - t['worse']}, {t['worse']}" for t in found.values()]
        lines.append("| " + " | ".join([peer, f"`{metric}`", str(found[OURS[0]]["tables"]), *counts]) + " |")
    return lines


def cost_lines(rows: list[dict[str, Any]], systems: list[str], told: dict[str, Any]) -> list[str]:
    """A line a system: mean rank among itself and the peers, and what it took in the middle of the tables."""
    lines = titles(["system", "mean rank", "CPU s", "CPU s, from and to", "one row, CPU ms", "MB on disk"])
    for system in systems:
        spent = [r["cpu_seconds"] for r in rows if r["system"] == system and "one_row_cpu_ms" in r]
        ranks = [str(of[system]) for of in told["mean_rank"].values() if system in of]
        half = told["middle"][system]
        words = [system, " / ".join(ranks), f"{half['cpu_seconds']:.1f}", f"{min(spent):.1f} to {max(spent):.1f}"]
        words += [f"{half['one_row_cpu_ms']:.3f}", f"{half['megabytes']:.2f}"]
        lines.append("| " + " | ".join(words) + " |")
    return lines


def worse_lines(pairs: list[dict[str, Any]]) -> list[str]:
    """A line a comparison that what deepenough ships loses by more than the interval."""
    lines = titles(["table, seed", "against", "metric", "ours", "theirs", "gain", "95 % interval"])
    for p in [p for p in pairs if p["worse"] and p["pick"] == OURS[0]]:
        words = [f"{p['table']}, {p['seed']}", p["peer"], f"`{p['metric']}`", scored(p["ours"], False)]
        words += [scored(p["theirs"], False), f"{p['gain']:+.3f}", f"{p['low']:+.3f} to {p['high']:+.3f}"]
        lines.append("| " + " | ".join(words) + " |")
    return lines
