"""Ends, kills, switches and shadows of a server under load, counted.

    python tools/soak_serving.py --ends 20 --kills 20 --switches 50 --mutations 5000     # prints; --record writes docs/figures/

Ends: SIGTERM under load; a request counts as dropped when it was sent, and no reply came. Kills: SIGKILL of one of two workers every
few seconds; a request counts as failed when its reply did not come. Switches: to another version and back, through the control plane.
Mutations: malformed requests, each followed by a good one. Only processes that this tool started are ended.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "hostile"), str(ROOT / "benchmarks")]
import _record  # noqa: E402
from asking import BEARER, GOLDEN, JSON, TOKEN, Load, eventually, serving  # noqa: E402
from malformed import ROW, is_good, mutated  # noqa: E402

from deepenough.registration import register  # noqa: E402
from deepenough.registry import Registry  # noqa: E402

MODEL = GOLDEN / "gradient_boosting-classification" / "bundle"
ROWS = json.loads((MODEL / "examples.json").read_text())["rows"]
OTHER = GOLDEN / "linear-classification" / "bundle"


def ends(n: int) -> dict[str, Any]:
    """End a server of two workers under load, n times."""
    seen: Counter[object] = Counter()
    for _ in range(n):
        with serving(MODEL, "--workers", "2", "--drain", "0.5") as server:
            load = Load(server.port, ROWS[0])
            time.sleep(1.0)
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(20)
            seen += load.end()
    return {
        "ends": n,
        "answered": seen[200],
        "dropped": seen["lost"],
        "other": sum(seen.values()) - seen[200] - seen["lost"] - seen["unsent"],
    }


def kills(n: int, every: float = 3.0) -> dict[str, Any]:
    """Kill a worker every few seconds."""
    back: list[float] = []
    with serving(MODEL, "--workers", "2") as server:
        load = Load(server.port, ROWS[0])
        for _ in range(n):
            time.sleep(every)
            before = server.workers
            os.kill(before[0], signal.SIGKILL)
            begun = time.monotonic()
            eventually(lambda b=before: len(server.workers) == 2 and b[0] not in server.workers, 20)
            back.append(time.monotonic() - begun)
        time.sleep(1.0)
        seen = load.end()
    return {"kills": n, "answered": seen[200], "failed": seen["lost"], "replaced_seconds": round(max(back), 2)}


def switches(n: int) -> dict[str, Any]:
    """Switch to another version and back under load."""
    taken: list[float] = []
    with tempfile.TemporaryDirectory() as home:
        for folder in (MODEL, OTHER):
            register(str(folder), "golden", None, Registry(home))
        env = {"DEEPENOUGH_REGISTRY": home, "DEEPENOUGH_TOKEN": TOKEN}
        with serving("models:/golden/1", "--workers", "2", env=env) as server:
            load = Load(server.port, ROWS[0])
            for i in range(n):
                change = {"do": "rollback"} if i % 2 else {"do": "switch", "model": "models:/golden/2"}
                begun = time.monotonic()
                said = server.ask("POST", "/deployment", change, BEARER, 30)
                assert said.status == 200, said
                taken.append(time.monotonic() - begun)
            seen = load.end()
    failed = sum(seen.values()) - seen[200]
    return {"switches": n, "answered": seen[200], "failed": failed, "seconds": round(max(taken), 3)}


def mutations(n: int, folder: Path) -> dict[str, Any]:
    """Send malformed requests, each followed by a good one."""
    found: Counter[str] = Counter()
    longest = 0.0
    with serving(folder, "--name", "churn") as server:
        before = server.workers
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        good = json.dumps({"rows": [ROW]})
        for path, body in mutated(n, seed=1):
            for data, right in ((body, is_good(path, body)), (good, True)):
                begun = time.perf_counter()
                connection.request("POST", path if data is body else "/predict", data, JSON)
                reply = connection.getresponse()
                reply.read()
                longest = max(longest, time.perf_counter() - begun)
                found["5xx"] += reply.status >= 500
                found["answered wrongly"] += reply.status == 200 and not right
                found["refused wrongly"] += reply.status != 200 and right
        connection.close()
        deaths = int(server.workers != before)
    return {
        "mutations": n,
        **{k: found[k] for k in ("5xx", "answered wrongly", "refused wrongly")},
        "deaths": deaths,
        "longest_seconds": round(longest, 3),
    }


def hostile_bundle(home: Path) -> Path:
    """Train the small model that the malformed requests are about."""
    import numpy as np
    from conftest import made

    from deepenough import shelves
    from deepenough.export import write
    from deepenough.loading import load
    from deepenough.workspace import Workspace

    data = load(made(), "answer")
    model = shelves.load("candidates", "linear").build(data.task, {}, 0)
    model = model.fit(data.take(np.arange(300)), data.take(np.arange(300, 400)), Workspace())
    write.write(home / "churn", data.task, model.export(), data, {})
    return home / "churn"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("ends", 20), ("kills", 20), ("switches", 100), ("mutations", 5000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--record", action="store_true")
    asked = parser.parse_args()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as home:
        for name, work in (("ends", ends), ("kills", kills), ("switches", switches)):
            if getattr(asked, name):
                figures[name] = work(getattr(asked, name))
                sys.stdout.write(f"{figures[name]}\n")
        if asked.mutations:
            figures["mutations"] = mutations(asked.mutations, hostile_bundle(Path(home)))
            sys.stdout.write(f"{figures['mutations']}\n")
    if asked.record:
        sys.stdout.write(f"{_record.write('soak_serving', 1, **figures)}\n")
    wrong = [f.get(k, 0) for f in figures.values() for k in ("dropped", "5xx", "answered wrongly", "deaths")]
    raise SystemExit(1 if any(wrong) or figures.get("switches", {}).get("failed") else 0)


if __name__ == "__main__":
    main()
