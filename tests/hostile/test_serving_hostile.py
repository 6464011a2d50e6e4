"""Whatever comes over the wire: no 5xx, no hang, no death, no answer to nonsense, bounded memory, and the next good one answered."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from asking import BEARER, JSON, TOKEN, Server, read_until, serving
from hypothesis import HealthCheck, given, settings
from malformed import CANARY, ROW, infer, is_good, mutated, predict

from deepenough import shelves
from deepenough.export import write
from deepenough.loading import load
from deepenough.workspace import Workspace

pytest.importorskip("uvicorn", reason="the extra serve is not installed")
MUTATED = 500
MORE_BYTES = 32 * 2**20
GIGABYTE = 2**30


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, churn: Any) -> Iterator[Server]:
    data = load(churn, "answer")
    learn, tune = data.take(np.arange(300)), data.take(np.arange(300, 400))
    model = shelves.load("candidates", "linear").build(data.task, {}, 0).fit(learn, tune, Workspace())
    folder = tmp_path_factory.mktemp("hostile") / "churn"
    write.write(folder, data.task, model.export(), data, {})
    with serving(folder, "--slow", "2", env={"DEEPENOUGH_TOKEN": TOKEN}) as running:
        yield running


@pytest.fixture(autouse=True)
def alive(server: Server) -> Iterator[None]:
    """After every test the same worker answers a good request."""
    before = server.workers
    yield
    assert server.predict(ROW).status == 200
    assert server.workers == before, "a worker died"


# --- bodies ------------------------------------------------------------------------------------------------------------


def test_mutated_requests_are_refused_and_the_next_good_one_is_answered(server: Server) -> None:
    wrong, answered = [], 0
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    for path, body in mutated(MUTATED):
        begun = time.perf_counter()
        connection.request("POST", path, body, JSON)
        reply = connection.getresponse()
        said = reply.read()
        good = is_good(path, body)
        answered += reply.status == 200
        if reply.status >= 500 or time.perf_counter() - begun > 1 or (reply.status == 200) != good:
            wrong.append((path, body[:300], reply.status, said[:200]))
        if reply.status != 200:
            sentence = json.loads(said)
            assert sentence["error"], body
            named = (
                sentence.get("field"),
                sentence["error"].partition("`")[2].partition("`")[0],
            )  # names may be said, values not
            assert CANARY in named or CANARY.encode() not in said, said
        connection.request("POST", "/predict", json.dumps({"rows": [ROW]}), JSON)
        reply = connection.getresponse()
        assert (reply.read(), reply.status)[1] == 200
    connection.close()
    assert not wrong, "\n".join(map(repr, wrong))
    assert 0 < answered < MUTATED / 3


def test_what_our_openapi_makes_up_is_answered_or_refused(server: Server) -> None:
    schemathesis = pytest.importorskip("schemathesis")
    schema = schemathesis.openapi.from_dict(server.get("/openapi.json").json)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    seen: list[int] = []

    def send(path: str, case: Any) -> None:
        data = case.body if isinstance(case.body, bytes) else json.dumps(case.body, default=str).encode()
        begun = time.perf_counter()
        connection.request("POST", path, data, JSON)
        reply = connection.getresponse()
        said = reply.read()
        assert time.perf_counter() - begun < 1
        hurried = reply.status == 504 and b"timeout_ms" in data
        assert hurried or (reply.status == 200) == is_good(path, data), (data[:300], reply.status, said[:200])
        seen.append(reply.status)

    quick = settings(max_examples=30, suppress_health_check=list(HealthCheck), deadline=None, database=None)
    for path in ("/predict", "/v2/models/churn/infer"):
        for mode in schemathesis.GenerationMode:
            strategy = schema[path]["POST"].as_strategy(generation_mode=mode)

            def check(case: Any) -> None:
                send(path, case)  # noqa: B023  called within this turn

            quick(given(case=strategy)(check))()
    connection.close()
    assert {200, 422} <= set(seen)


@pytest.mark.parametrize("kind", ["chunked", "longer than it says", "as long as it says"])
def test_a_body_of_a_gigabyte_is_refused_in_bounded_memory(server: Server, kind: str) -> None:
    server.predict(ROW)
    before, most = server.resident, 0
    head = b"POST /predict HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    part = b"a" * 2**20
    length = {
        "longer than it says": b"content-length: 20\r\n\r\n",
        "as long as it says": b"content-length: %d\r\n\r\n" % GIGABYTE,
    }
    sent = 0
    with socket.create_connection(("127.0.0.1", server.port), 5) as s:
        try:
            s.sendall(head + length.get(kind, b"transfer-encoding: chunked\r\n\r\n"))
            while sent < GIGABYTE:
                s.sendall(b"%x\r\n%s\r\n" % (len(part), part) if kind == "chunked" else part)
                sent += len(part)
                most = max(most, server.resident)
        except OSError:
            pass
        said = read_until(s)
    assert sent < GIGABYTE, "it was read to its end"
    assert not said or said.startswith((b"HTTP/1.1 413", b"HTTP/1.1 400")), said[:200]
    assert max(most, server.resident) - before < MORE_BYTES


def test_bodies_that_say_they_are_packed_or_something_else_are_not_opened(server: Server) -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    before = server.resident
    assert server.ask("POST", "/predict", bomb, {"content-encoding": "gzip"}).status == 415
    assert server.resident - before < MORE_BYTES
    for kind in (
        "text/plain",
        "application/x-python-pickle",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "",
    ):
        assert server.ask("POST", "/predict", json.dumps(predict()).encode(), {"content-type": kind}).status == 415


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 4_000_000,
        b'{"rows":' * 200_000,
        b'{"rows":[' + b"{}," * 1_100_000 + b"{}]}",
        b'{"rows":[{"age":' + b"9" * 7_000_000 + b"}]}",
    ],
    ids=["lists", "objects", "many", "long number"],
)
def test_deep_and_wide_bodies_are_refused_before_they_are_parsed(server: Server, body: bytes) -> None:
    begun = time.perf_counter()
    said = server.ask("POST", "/predict", body)
    assert 400 <= said.status < 500, said
    assert time.perf_counter() - begun < 1


def test_a_bracket_inside_a_text_is_no_depth(server: Server) -> None:
    assert server.predict(ROW | {"town": "[{" * 500}).status == 200


# --- heads and connections ---------------------------------------------------------------------------------------------


def status(said: bytes) -> int:
    return int(said.split(b" ", 2)[1]) if said.startswith(b"HTTP/1.1 ") else 0


GOOD = json.dumps({"rows": [ROW]}).encode()
HEADS = {
    "no host": (b"GET /v2 HTTP/1.1\r\n\r\n", {421}),
    "two hosts": (b"GET /v2 HTTP/1.1\r\nhost: localhost\r\nhost: evil.test\r\n\r\n", {400}),
    "rebinding": (b"GET /v2 HTTP/1.1\r\nhost: evil.test\r\n\r\n", {421}),
    "rebinding with a port": (b"GET /v2 HTTP/1.1\r\nhost: evil.test:8000\r\n\r\n", {421}),
    "many headers": (b"GET /v2 HTTP/1.1\r\nhost: localhost\r\n" + b"a: b\r\n" * 3000 + b"\r\n", {431}),
    "a long header": (b"GET /v2 HTTP/1.1\r\nhost: localhost\r\na: " + b"b" * 2_000_000 + b"\r\n\r\n", {431, 0}),
    "an endless header": (b"GET /v2 HTTP/1.1\r\nhost: localhost\r\na: " + b"b" * 200_000, {431, 0}),
    "a long path": (b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nhost: localhost\r\n\r\n", {404, 414, 431, 0}),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100, {400}),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 404, 405, 421}),
    "a strange method": (b"BREW /predict HTTP/1.1\r\nhost: localhost\r\n\r\n", {400}),
    "a NUL in the path": (b"GET /v2\x00 HTTP/1.1\r\nhost: localhost\r\n\r\n", {400}),
    "no ASCII in the path": (b"GET /v2/\xff\xfe HTTP/1.1\r\nhost: localhost\r\n\r\n", {400}),
    "two lengths": (
        b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}",
        {400},
    ),
    "a length below zero": (b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n{}", {400}),
    "a length beyond all": (
        b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999999999999999999\r\n\r\n",
        {400, 413},
    ),
    "a length and chunks": (
        b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        {400},
    ),
    "a chunk of nonsense": (
        b"POST /predict HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        {400, 415},
    ),
    "an upgrade": (
        b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
        {200, 400},
    ),
}


@pytest.mark.parametrize("name", HEADS)
def test_heads_that_should_not_be(server: Server, name: str) -> None:
    data, allowed = HEADS[name]
    before = server.resident
    begun = time.perf_counter()
    said = server.raw(data, timeout=3)
    assert status(said) in allowed, said[:300]
    assert time.perf_counter() - begun < 1
    assert server.resident - before < MORE_BYTES


def test_who_comes_too_slowly_is_sent_away(server: Server) -> None:
    """A byte at a time, in the head or in the body: the whole request must be there within the time that is given."""
    head = b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 999\r\n"
    for data in (head, head + b"\r\n{"):
        begun = time.perf_counter()
        with socket.create_connection(("127.0.0.1", server.port), 6) as s:
            s.sendall(data)
            said = read_until(s)
            assert not said or status(said) == 408, said
            assert time.perf_counter() - begun < 4.5


@pytest.mark.parametrize(
    "path",
    [
        "/v2/models/../../../../etc/passwd",
        "/v2/models/..%2f..%2f..%2fetc%2fpasswd",
        "/v2/models/%252e%252e%252fetc/infer",
        "/v2/models/churn/versions/../../x",
        "/v2/models/churn%00/infer",
        "/v2/models/file:%2f%2f%2fetc%2fpasswd",
        "/v2/models/churn\\..\\x",
        "//etc/passwd",
        "/pages/style.css",
    ],
)
def test_a_name_is_never_a_path(server: Server, path: str) -> None:
    for method in ("GET", "POST"):
        said = server.ask(method, path, b"{}" if method == "POST" else None)
        assert said.status == 404 and b"passwd" not in said.body and b"root:" not in said.body, said


# --- who may ask -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_pages_of_others_get_nothing(server: Server, method: str) -> None:
    """Methods, origins, hosts: nothing is let through by accident."""
    paths = ("/predict", "/labels", "/erase", "/", "/metrics", "/v2/models/churn/infer")
    for path in paths:
        for origin in (
            "https://evil.test",
            "null",
            "http://localhost.evil.test",
            "file://",
            f"http://localhost:{server.port + 1}",
        ):
            said = server.ask(
                method, path, GOOD if method in ("POST", "PUT", "PATCH") else None, BEARER | {"origin": origin}
            )
            assert said.status == 403 and "access-control-allow-origin" not in said.headers, (path, origin, said)
        for host in ("evil.test", "127.0.0.1.evil.test", "localhost@evil.test", "169.254.169.254"):
            assert server.ask(method, path, None, BEARER | {"host": host}).status == 421
        said = server.ask(method, path, None, BEARER | {"sec-fetch-site": "cross-site"})
        assert said.status == 403


def test_a_page_of_our_own_may_ask(server: Server) -> None:
    for host in (f"127.0.0.1:{server.port}", f"localhost:{server.port}"):
        said = server.ask(
            "POST", "/predict", GOOD, {"host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"}
        )
        assert said.status == 200, said


def test_changes_need_the_token(server: Server) -> None:
    for path in ("/labels", "/erase"):
        for headers in (
            {},
            {"authorization": "Bearer wrong"},
            {"authorization": f"Basic {TOKEN}"},
            {"authorization": TOKEN},
        ):
            said = server.ask("POST", path, {}, headers)
            assert said.status == 401 and said.headers["www-authenticate"] == "Bearer", said
        assert server.ask("POST", path, {}, BEARER).status in (409, 422)


def test_infer_is_what_the_corpus_thinks(server: Server) -> None:
    """The good requests that the corpus starts from are good: else it would prove nothing."""
    assert server.ask("POST", "/predict", predict()).status == 200
    assert server.ask("POST", "/v2/models/churn/infer", infer()).status == 200
