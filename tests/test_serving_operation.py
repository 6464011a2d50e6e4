"""A server under load, at its limits, and at its end: it sheds what is too much, replaces who dies, and drops nobody it has heard."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import BEARER, GOLDEN, JSON, TOKEN, Load, Server, eventually, read_until, refused, serving

pytest.importorskip("uvicorn", reason="the extra serve is not installed")
MODEL = GOLDEN / "gradient_boosting-classification" / "bundle"
ROWS = json.loads((MODEL / "examples.json").read_text())["rows"][:-1]
ROW = ROWS[0]
MANY = {"rows": ROWS * 3000}  # a second or so of work


@pytest.fixture(scope="module")
def small() -> Iterator[Server]:
    with serving(MODEL, "--name", "golden", "--waiting", "2", "--deadline", "20") as running:
        yield running


def test_the_end_drops_nothing_that_was_heard() -> None:
    with serving(MODEL, "--drain", "0.5", "--workers", "2") as server:
        load = Load(server.port, ROW)
        time.sleep(1.0)
        server.process.send_signal(signal.SIGTERM)
        seen_unready = eventually(lambda: not server.get("/v2/health/ready").json["ready"], 0.4)
        assert server.process.wait(10) == 0
        seen = load.end()
    assert seen_unready, "it must say that it ends before it does"
    assert seen[200] > 50 and seen["lost"] == 0, seen


def test_a_worker_that_dies_is_replaced() -> None:
    with serving(MODEL, "--workers", "2") as server:
        load = Load(server.port, ROW, threads=2)
        for _ in range(2):
            before = server.workers
            os.kill(before[0], signal.SIGKILL)
            assert eventually(lambda b=before: len(server.workers) == 2 and b[0] not in server.workers)
            assert server.get("/v2/health/ready").status == 200
            time.sleep(0.3)
        seen = load.end()
        assert seen["lost"] <= 2 * 2 and seen[200] > 50, (
            seen
        )  # what that worker was answering just then, a connection each
        assert server.counter("worker_restarts_total") == 2 and server.counter("workers") == 2
        assert server.counter("requests_total") >= seen[200], "what the dead have counted stays counted"


def test_workers_do_not_outlive_their_parent() -> None:
    with serving(MODEL, "--workers", "2") as server:
        workers = server.workers
        server.process.kill()
        server.process.wait(5)
        assert eventually(lambda: not any(Path(f"/proc/{pid}/stat").exists() for pid in workers))


def test_what_is_too_much_is_told_to_come_again(small: Server) -> None:
    seen: Counter[int] = Counter()

    def ask() -> None:
        said = small.ask("POST", "/predict", MANY, timeout=30)
        assert said.status == 200 or said.headers["retry-after"] == "1", said.body[:300]
        seen[said.status] += 1

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    taken = []
    while any(thread.is_alive() for thread in threads):
        begun = time.perf_counter()
        assert small.get("/v2/health/live").status == 200
        taken.append(time.perf_counter() - begun)
    for thread in threads:
        thread.join()
    assert seen[200] >= 2 and seen[503] >= 1 and seen[200] + seen[503] == 8, seen
    assert small.counter('rejected_total{reason="queue"}') >= seen[503]
    assert sorted(taken)[len(taken) // 2] < 0.5, "large requests must not keep the others waiting"
    assert small.predict(ROW).status == 200


def test_a_deadline_is_kept(small: Server) -> None:
    begun = time.perf_counter()
    said = small.ask("POST", "/predict", MANY | {"timeout_ms": 150})
    assert said.status == 504 and time.perf_counter() - begun < 2.0, said
    assert small.ask("POST", "/predict", {"rows": [ROW], "timeout_ms": 0}).status == 422


def test_who_left_is_not_worked_for(small: Server) -> None:
    data = json.dumps(MANY).encode()
    head = (
        b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        % len(data)
    )
    before = small.counter('rejected_total{reason="gone"}')
    with socket.create_connection(("127.0.0.1", small.port), 10) as s:
        s.sendall(head + data)
        time.sleep(0.1)
    assert eventually(lambda: small.counter('rejected_total{reason="gone"}') == before + 1)


def test_each_reply_belongs_to_its_request() -> None:
    """Pipelined, and from many connections at once: an id and an answer that only that request can have."""
    from deepenough.bundle import Bundle

    rows = [ROW | {"size": i / 100} for i in range(60)]
    expected = Bundle.load(MODEL).predict(rows)["probability_yes"]
    head = (
        b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
    )
    wrong: list[object] = []

    def ask(port: int, part: range) -> None:
        with socket.create_connection(("127.0.0.1", port), 10) as s:
            bodies = [json.dumps({"rows": [rows[i]], "id": str(i)}).encode() for i in part]
            for _ in range(5):
                s.sendall(b"".join(head % (len(b), b) for b in bodies[:2]))
                both = read_until(s)
                while both.count(b"HTTP/1.1") < 2 or not both.endswith(b"}]}"):
                    part_of = s.recv(65536)
                    assert part_of, both
                    both += part_of
                for i, text in zip(part, both.split(b"HTTP/1.1 ")[1:], strict=False):
                    said = json.loads(text.partition(b"\r\n\r\n")[2])
                    near = abs(said["predictions"][0]["probability_yes"] - expected[i]) < 1e-6
                    if said["id"] != str(i) or not near:
                        wrong.append((i, said))

    with serving(MODEL) as server:
        threads = [threading.Thread(target=ask, args=(server.port, range(i, i + 2))) for i in range(0, 60, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert server.counter('requests_total{route="predict",code="200"}') == 300
    assert not wrong


def test_a_token_guards_all_but_health_beyond_this_machine() -> None:
    with serving(MODEL, "--host", "0.0.0.0", "--name", "golden", env={"DEEPENOUGH_TOKEN": TOKEN}) as server:
        assert server.get("/v2/health/live").status == 200
        for path in ("/", "/metrics", "/v2", "/openapi.json", "/docs"):
            assert server.get(path).status == 401 and server.get(path, **BEARER).status == 200
        assert server.predict(ROW).status == 401
        assert server.ask("POST", "/predict", {"rows": [ROW]}, BEARER).status == 200


def test_it_speaks_tls(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    made = [openssl, *words.split(), "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(made, check=True, capture_output=True, timeout=30)
    with serving(MODEL, "--certificate", str(certificate), "--key", str(key)) as server:
        context = ssl.create_default_context(cafile=str(certificate))
        connection = http.client.HTTPSConnection("localhost", server.port, timeout=10, context=context)
        connection.request("POST", "/predict", json.dumps({"rows": [ROW]}), JSON)
        assert connection.getresponse().status == 200
        connection.close()
        assert b"200" not in server.raw(b"GET /v2 HTTP/1.1\r\nhost: localhost\r\n\r\n")
    assert "belong together" in refused(MODEL, "--certificate", str(certificate))
