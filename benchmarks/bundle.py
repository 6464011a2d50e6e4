"""What a bundle costs: CPU milliseconds of one row, share of onnxruntime's own rate on many, bytes, and rows a second from a file.

    python benchmarks/bundle.py            # writes docs/figures/bundle.json
    python benchmarks/bundle.py --rows 10_000_000 --quick

One row is a dict of 20 or 80 columns (three quarters numbers, one quarter categories) in, class and probabilities out, validated.
`onnxruntime` is the same row as tensors through the bare session: what the bundle adds to it is the difference. "Batch" counts tensors
in, answer by name out, on 100,000 rows, against the bare session on the same arrays; "rows" counts columns by name in (a frame of NumPy
columns), decoded and validated. "File" is `deepenough predict` in a process of its own: a Parquet file to a Parquet file, with peak memory.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import _record
import numpy as np
import pandas as pd

from deepenough import shelves
from deepenough.bundle import Bundle
from deepenough.candidates._trial import Trial, ship
from deepenough.dataset import Dataset
from deepenough.export import parity
from deepenough.loading import load
from deepenough.workspace import Workspace

SEED = 0
ROWS = 6_000
BATCH = 100_000
HEIGHTS_MS = {"linear": 0.05, "gradient_boosting": 0.10}
HEIGHTS_BYTES = {"linear": 50_000, "gradient_boosting": 1_000_000}
TREES = 300
# The command itself; at its end Linux says how much memory it held at most.
PREDICT = (
    "import atexit, sys; from pathlib import Path; from deepenough.cli import main; "
    "atexit.register(lambda: sys.stderr.write(Path('/proc/self/status').read_text())); main()"
)


def table(columns: int, rows: int = ROWS) -> pd.DataFrame:
    """Numbers and categories of which a few, and their products, say something about the answer."""
    rng = np.random.default_rng(SEED)
    numbers = {f"x{i}": rng.normal(size=rows).round(4) for i in range(columns * 3 // 4)}
    codes = {f"c{i}": rng.choice(list("abcdefgh"), rows) for i in range(columns - len(numbers))}
    frame = pd.DataFrame({**numbers, **codes})
    signal = frame["x0"] + frame["x1"] * frame["x2"] + np.abs(frame["x3"]) + 0.8 * (frame["c0"] < "d")
    return frame.assign(y=np.where(signal + rng.normal(size=rows) > 1, "yes", "no"))


def fitted(family: str, data: Dataset) -> Any:
    """Return a linear model, or 300 trees of 31 leaves grown without looking back, so that the size is that of 300 trees."""
    settings = {"num_leaves": 31, "learning_rate": 0.05} if family == "gradient_boosting" else {}
    model = shelves.load("candidates", family).build(data.task, settings, SEED)
    cut = np.arange(len(data)) < 0.8 * len(data)
    learn, tune = (data.take(np.flatnonzero(part)) for part in (cut, ~cut))
    if family == "linear":
        return model.fit(learn, tune, Workspace())
    from deepenough.candidates import gradient_boosting

    rounds, patience = gradient_boosting.ROUNDS, gradient_boosting.PATIENCE
    gradient_boosting.ROUNDS = gradient_boosting.PATIENCE = TREES
    try:
        model.fit(learn, tune, Workspace())
        import lightgbm

        x, y = gradient_boosting.as_read(learn.tensors), learn.truth
        model.booster = lightgbm.train(model._parameters(1), model._data(x, y), TREES)
        return model
    finally:
        gradient_boosting.ROUNDS, gradient_boosting.PATIENCE = rounds, patience


def milliseconds(call: Callable[[int], Any], calls: int, repeats: int = 7) -> float:
    """Return CPU milliseconds a call: the least of some rounds, for the neighbours only ever add."""
    for i in range(calls // 5):
        call(i)
    best = float("inf")
    for _ in range(repeats):
        begun = time.process_time()
        for i in range(calls):
            call(i)
        best = min(best, (time.process_time() - begun) / calls * 1000.0)
    return best


def one_row(bundle: Bundle, frame: pd.DataFrame) -> dict[str, float]:
    """Return CPU milliseconds of one row through the bundle, and of its tensors through the bare session."""
    rows = frame.drop(columns="y").head(64).to_dict("records")
    tensors = [bundle._reader(row) for row in rows]
    feeds = [{name: t[name] for name in bundle._inputs} for t in tensors]
    run, outputs = bundle._session.run, bundle._outputs
    return {
        "bundle_ms": round(milliseconds(lambda i: bundle.predict([rows[i % 64]]), 2000), 4),
        "onnxruntime_ms": round(milliseconds(lambda i: run(outputs, feeds[i % 64]), 2000), 4),
    }


def batch(bundle: Bundle, data: Dataset) -> dict[str, float]:
    """Return rows a CPU second of 100,000 rows: tensors in, rows by column in, and the bare session."""
    index = np.resize(np.arange(len(data)), BATCH)
    tensors = {name: values[index] for name, values in data.tensors.items()}
    feed = {name: tensors[name] for name in bundle._inputs}
    arrays = {c.name: _cells(data, c, index) for c in bundle.task.inputs}
    frame = pd.DataFrame(arrays)
    timed = {
        "onnxruntime": milliseconds(lambda _: bundle._session.run(bundle._outputs, feed), 1, 5),
        "arrays": milliseconds(lambda _: bundle.run(tensors), 1, 5),
        "features": milliseconds(lambda _: bundle.answer_features(data.features, len(data)), 1, 5) * BATCH / len(data),
        "rows": milliseconds(lambda _: bundle.predict(frame), 1, 3),
    }
    rates = {f"{name}_rows_per_cpu_second": round(BATCH / t * 1000.0) for name, t in timed.items()}
    return {**rates, "arrays_share_of_onnxruntime": round(timed["onnxruntime"] / timed["arrays"], 3)}


def _cells(data: Dataset, column: Any, index: np.ndarray) -> np.ndarray:
    values = data.features[column.name][index]
    return np.array([None, *column.categories], dtype=object)[values] if column.categories else values


def sizes(bundle: Bundle) -> dict[str, int]:
    """Return bytes of the graph, and of everything else in the folder."""
    whole = sum(p.stat().st_size for p in bundle.folder.rglob("*") if p.is_file())
    return {"onnx_bytes": bundle.size_bytes, "rest_bytes": whole - bundle.size_bytes}


def loading(bundle: Bundle) -> dict[str, float]:
    """Return CPU milliseconds of a load in a process that loaded one before, and of the first in a fresh process, imports included."""
    code = (
        "import sys, time; from deepenough.bundle import Bundle; Bundle.load(sys.argv[1]); print(time.process_time())"
    )
    fresh = [
        float(subprocess.run([sys.executable, "-c", code, str(bundle.folder)], capture_output=True, check=True).stdout)
        for _ in range(3)
    ]
    again = milliseconds(lambda _: Bundle.load(bundle.folder), 5, 3)
    return {"load_ms": round(again, 2), "fresh_process_ms": round(min(fresh) * 1000.0, 1)}


def proving(bundle: Bundle, model: Any, data: Dataset) -> dict[str, float]:
    """Return CPU milliseconds of the proof of parity."""
    return {"parity_ms": round(milliseconds(lambda _: parity.prove(model.predict, bundle, data), 1, 3), 1)}


def from_file(bundle: Bundle, rows: int, work: Path) -> dict[str, Any]:
    """Return rows a second and peak memory of `deepenough predict` on a Parquet file of so many rows."""
    import pyarrow
    from pyarrow import parquet

    part = pyarrow.Table.from_pandas(table(20, 100_000).drop(columns="y"), preserve_index=False)
    with parquet.ParquetWriter(work / "rows.parquet", part.schema) as writer:
        for _ in range(max(1, rows // len(part))):
            writer.write_table(part)
    words = [sys.executable, "-c", PREDICT, "predict", str(bundle.folder), str(work / "rows.parquet")]
    begun = time.perf_counter()
    said = subprocess.run([*words, "--out", str(work / "answers.parquet")], check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - begun
    done = parquet.ParquetFile(work / "answers.parquet").metadata.num_rows
    return {
        "rows": done,
        "file_megabytes": round((work / "rows.parquet").stat().st_size / 2**20, 1),
        "wall_seconds": round(seconds, 1),
        "rows_per_second": round(done / seconds),
        "peak_megabytes": round(int(said.stderr.split("VmHWM:")[1].split()[0]) / 1024),
    }


def take(family: str, columns: int, work: Path) -> tuple[dict[str, Any], Bundle]:
    """Measure one family on one width, and print its line."""
    frame = table(columns)
    data = load(frame, "y")
    model = fitted(family, data)
    bundle = ship(Trial(family, family, 1, answer=model.predict(data)), model, data, work / f"{family}-{columns}", SEED)
    row = {"family": family, "columns": columns, **one_row(bundle, frame), **batch(bundle, data), **sizes(bundle)}
    row |= {**loading(bundle), **proving(bundle, model, data)}
    row["held"] = (
        row["bundle_ms"] <= HEIGHTS_MS[family]
        and row["onnx_bytes"] <= HEIGHTS_BYTES[family]
        and row["rest_bytes"] <= 500_000
        and row["arrays_share_of_onnxruntime"] >= 0.8
        and row["load_ms"] <= 300
    )
    print(
        f"{family:<18}{columns:>4}{row['bundle_ms']:>10.4f}{row['onnxruntime_ms']:>10.4f}{HEIGHTS_MS[family]:>8.2f}"
        f"{row['arrays_share_of_onnxruntime']:>8.2f}{row['onnx_bytes']:>10,}{row['rest_bytes']:>9,}{row['load_ms']:>9.1f}"
        f"{row['parity_ms']:>9.1f}  {'held' if row['held'] else 'MISSED'}",
        flush=True,
    )
    return row, bundle


def main() -> None:
    """Measure every case and write docs/figures/bundle.json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000, help="of the file that is answered in pieces")
    parser.add_argument("--quick", action="store_true", help="nothing is written")
    asked = parser.parse_args()
    print(
        f"{'':<18}{'cols':>4}{'row, ms':>10}{'bare, ms':>10}{'height':>8}{'batch':>8}{'onnx':>10}{'rest':>9}{'load':>9}{'parity':>9}"
    )
    with tempfile.TemporaryDirectory() as name:
        taken = [take(family, columns, Path(name)) for family in HEIGHTS_MS for columns in (20, 80)]
        answered = from_file(taken[0][1], asked.rows, Path(name))
    print(
        f"a file of {answered['rows']:,} rows: {answered['rows_per_second']:,} a second, {answered['peak_megabytes']} MB at most"
    )
    if not asked.quick:
        rows = [row for row, _ in taken]
        print(
            f"Written: {_record.write('bundle', SEED, unit='CPU ms', rows=rows, file=answered).relative_to(_record.ROOT)}"
        )


if __name__ == "__main__":
    main()
