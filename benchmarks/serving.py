"""What a served request costs: CPU microseconds, beside a bare application that checks nothing.

    python benchmarks/serving.py             # writes docs/figures/serving.json
    python benchmarks/serving.py --quick     # 2 seconds a turn, nothing written

The bare application is uvicorn, raw ASGI, orjson and onnxruntime: the same model, the same body (one row of 20 columns by name: 15
numbers, 5 categories), no validation, no id, no counters. Both take turns within the same minute. The unit is user and system CPU of
the server's processes by a request answered, as the system counts them: wall time on a busy machine says nothing. The load comes over
keep-alive connections from a process of its own that sends the next request when the answer is there.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import _record
import bundle as bundles

from deepenough.export import write
from deepenough.loading import load

SEED = 0
COLUMNS, TREES = 20, 100
CONNECTIONS = 16
TARGETS = {"plain": 1.65, "logged": 2.0}
START = "import sys; from deepenough.cli import main; sys.argv = ['deepenough', *sys.argv[1:]]; main()"
BARE = """
import socket, sys
import numpy as np, onnxruntime, orjson, uvicorn
folder = sys.argv[1]
task = orjson.loads(open(folder + "/signature.json").read())["task"]
inputs = [c for c in task["columns"] if c["role"] == "input"]
numbers = [c["name"] for c in inputs if c["kind"] == "number"]
codes = [(c["name"], {v: i + 1 for i, v in enumerate(c["categories"])}) for c in inputs if c["kind"] == "category"]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(folder + "/model.onnx", options)
labels = task["labels"]
KIND = (b"content-type", b"application/json")

async def app(scope, receive, send):
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    rows = orjson.loads(body)["rows"]
    x = np.array([[row[name] for name in numbers] for row in rows], np.float32)
    c = np.array([[known[row[name]] for name, known in codes] for row in rows], np.int64)
    p = session.run(["probability"], {"numbers": x, "codes": c})[0]
    said = [{"prediction": labels[int(i)], "probability": q} for i, q in zip(p.argmax(axis=1), p.tolist())]
    data = orjson.dumps({"predictions": said})
    head = [KIND, (b"content-length", b"%d" % len(data))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": data})

listening = socket.socket(fileno=int(sys.argv[2]))  # uvicorn's own `fd` would leave Nagle's delay on
config = uvicorn.Config(app, http="httptools", loop="uvloop", lifespan="off", access_log=False, log_level="error")
uvicorn.Server(config).run(sockets=[listening])
"""
LOAD = """
import json, selectors, socket, sys, time
port, seconds, connections = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
body = sys.stdin.buffer.read()
request = (b"POST /predict HTTP/1.1\\r\\nhost: 127.0.0.1:%d\\r\\ncontent-type: application/json\\r\\n"
           b"content-length: %d\\r\\n\\r\\n" % (port, len(body)) + body)
chosen, began, taken, wrong = selectors.DefaultSelector(), {}, [], 0
for _ in range(connections):
    s = socket.create_connection(("127.0.0.1", port))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    chosen.register(s, selectors.EVENT_READ, [b""])
    began[s] = time.perf_counter()
    s.sendall(request)
end = time.perf_counter() + seconds
while time.perf_counter() < end:
    for key, _ in chosen.select(1.0):
        s, held = key.fileobj, key.data
        held[0] += s.recv(65536)
        head, sign, rest = held[0].partition(b"\\r\\n\\r\\n")
        if not sign or len(rest) < int(head.lower().split(b"content-length: ")[1].split(b"\\r\\n")[0]):
            continue
        wrong += not head.startswith(b"HTTP/1.1 200")
        held[0] = b""
        now = time.perf_counter()
        taken.append(now - began[s])
        began[s] = now
        s.sendall(request)
taken.sort()
print(json.dumps({"answered": len(taken), "wrong": wrong, "p50_ms": taken[len(taken) // 2] * 1e3,
                  "p99_ms": taken[int(len(taken) * 0.99)] * 1e3}))
"""


def made(folder: Path) -> Path:
    """Train 100 trees of depth 3 or so on a made table, and ship them."""
    bundles.TREES = TREES
    data = load(bundles.table(COLUMNS), "y")
    write.write(folder, data.task, bundles.fitted("gradient_boosting", data).export(), data, {})
    return folder


@contextmanager
def ours(folder: Path, *more: str) -> Iterator[tuple[int, int]]:
    """Start `deepenough serve`; give its process and port."""
    words = [sys.executable, "-c", START, "serve", str(folder), "--port", "0", "--json", *more]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout
            yield process.pid, int(json.loads(read_document(process.stdout))["address"].rpartition(":")[2])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def read_document(stream: Any) -> str:
    """Read lines up to the end of one JSON document."""
    lines: list[str] = []
    while not (lines and lines[-1].startswith("}")):
        line = stream.readline().decode()
        if not line:
            raise SystemExit("the server ended before it answered")
        lines.append(line)
    return "".join(lines)


@contextmanager
def bare(folder: Path) -> Iterator[tuple[int, int]]:
    """Start the bare application; give its process and port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        os.set_inheritable(listening.fileno(), True)
        handle, port = listening.fileno(), listening.getsockname()[1]
        words = [sys.executable, "-c", BARE, str(folder), str(handle)]
        with subprocess.Popen(words, pass_fds=(handle,)) as process:
            try:
                yield process.pid, port
            finally:
                process.kill()
                process.wait(30)


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process and its children, all threads, to the nanosecond."""
    total = 0
    for one in [pid, *children(pid)]:
        for thread in Path(f"/proc/{one}/task").iterdir():
            total += int((thread / "schedstat").read_text().split()[0])
    return total / 1e9


def children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def resident_mb(pid: int) -> float:
    """Memory of a process and its children."""
    pages = sum(int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in [pid, *children(pid)])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


def load_on(port: int, body: bytes, seconds: float, connections: int = CONNECTIONS) -> dict[str, Any]:
    words = [sys.executable, "-c", LOAD, str(port), str(seconds), str(connections)]
    done = subprocess.run(words, input=body, capture_output=True, check=True, timeout=seconds + 30)
    said: dict[str, Any] = json.loads(done.stdout)
    assert not said["wrong"], said
    return said


def turn(server: tuple[int, int], body: bytes, seconds: float) -> dict[str, float]:
    """One turn of load: CPU microseconds a request, and what else was seen."""
    pid, port = server
    before = cpu_seconds(pid)
    said = load_on(port, body, seconds)
    used = cpu_seconds(pid) - before
    return {"cpu_us": used / said["answered"] * 1e6, **said}


def first_answer(folder: Path) -> dict[str, float]:
    """Seconds from the start of the command until it says that it answers, and its memory then."""
    begun = time.perf_counter()
    with ours(folder) as (pid, _):
        return {"ready_seconds": round(time.perf_counter() - begun, 2), "resident_mb": resident_mb(pid)}


def measure(folder: Path, seconds: float, turns: int) -> dict[str, Any]:
    """Let all servers take turns under the same load."""
    rows = json.loads((folder / "examples.json").read_text())["rows"][:1]
    body = json.dumps({"rows": rows}).encode()
    found: dict[str, list[dict[str, float]]] = {"bare": [], "plain": [], "logged": []}
    log = str(folder.parent / "log.db")
    with bare(folder) as one, ours(folder) as two, ours(folder, "--log", log, "--log-inputs", "hash") as three:
        servers = {"bare": one, "plain": two, "logged": three}
        wait_for(one[1])
        for server in servers.values():
            turn(server, body, 0.5)
        for _ in range(turns):
            for name, server in servers.items():
                found[name].append(turn(server, body, seconds))
        memory = {name: resident_mb(server[0]) for name, server in servers.items()}
    figures: dict[str, Any] = {}
    for name, seen in found.items():
        costs = [t["cpu_us"] for t in seen]
        ratios = [t["cpu_us"] / b["cpu_us"] for t, b in zip(seen, found["bare"], strict=True)]
        figures[name] = {
            "cpu_us": [round(min(costs), 1), round(statistics.median(costs), 1)],
            "ratio": round(statistics.median(ratios), 3),
            "p50_ms": round(statistics.median(t["p50_ms"] for t in seen), 2),
            "p99_ms": round(statistics.median(t["p99_ms"] for t in seen), 2),
            "resident_mb": memory[name],
        }
    return figures


def wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
            return
        except OSError:
            time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--turns", type=int, default=5)
    asked = parser.parse_args()
    seconds, turns = (2.0, 3) if asked.quick else (asked.seconds, asked.turns)
    with tempfile.TemporaryDirectory() as home:
        folder = made(Path(home) / "model")
        figures = measure(folder, seconds, turns)
        start = first_answer(folder)
    for name, said in figures.items():
        print(f"{name:<8}{said}")
    print(f"start   {start}")
    for name, most in TARGETS.items():
        print(f"{name}: {figures[name]['ratio']:.2f}x bare, target {most}x")
    if not asked.quick:
        print(
            _record.write("serving", SEED, servers=figures, start=start, targets=TARGETS, columns=COLUMNS, trees=TREES)
        )


if __name__ == "__main__":
    main()
