"""How long one row takes through what would ship."""

from __future__ import annotations

import time

import numpy as np

from deepenough.bundle import Bundle
from deepenough.dataset import Dataset
from deepenough.export.examples import sent

WARM_CALLS, CALLS = 20, 200
LATENCY_SECONDS = 0.5  # a slow model is timed on fewer calls


def time_rows(bundle: Bundle, development: Dataset) -> dict[str, float]:
    """Return p50 and p95 in milliseconds of one row through the bundle: a dict in, the answer out."""
    rows = [sent(development.examples, i, bundle.task) for i in range(min(50, len(development)))]
    times: list[float] = []
    begun = time.perf_counter()
    for i in range(WARM_CALLS + CALLS):
        start = time.perf_counter()
        bundle.predict([rows[i % len(rows)]])
        times.append(time.perf_counter() - start)
        if i > 10 and time.perf_counter() - begun > LATENCY_SECONDS:
            break
    p50, p95 = np.percentile(times[min(WARM_CALLS, len(times) // 2) :], [50, 95]) * 1000.0
    return {"p50": round(float(p50), 4), "p95": round(float(p95), 4)}
