"""Another version beside the champion, a share of the requests, a guard that stops it, and the way back: without one failed request."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
from asking import BEARER, TOKEN, Reply, Server, eventually, refused, serving
from calling import call, must_be_refusal
from onnx import TensorProto, helper

from deepenough.bundle import Plan
from deepenough.export import write
from deepenough.loading import load
from deepenough.registration import register
from deepenough.registry import Registry

pytest.importorskip("uvicorn", reason="the extra serve is not installed")
ENV = {"DEEPENOUGH_TOKEN": TOKEN}
WIDE = 300


def graph(kind: str) -> bytes:
    """A small graph: half of x; its root, which is no number below 0; or half of x after a lot of work."""
    node, weights = helper.make_node, []
    clean = [node("IsNaN", ["numbers"], ["gone"]), node("Where", ["gone", "one", "numbers"], ["x"])]
    weights.append(onnx.numpy_helper.from_array(np.ones((1, 1), np.float32), "one"))
    weights.append(onnx.numpy_helper.from_array(np.full((1, 1), 0.5, np.float32), "half"))
    weights.append(onnx.numpy_helper.from_array(np.array([-1], np.int64), "flat"))
    if kind == "slow":
        weights.append(onnx.numpy_helper.from_array(np.full((1, WIDE), 1.0, np.float32), "wide"))
        weights.append(onnx.numpy_helper.from_array(np.full((WIDE, WIDE), 1 / WIDE, np.float32), "mean"))
        clean.append(node("MatMul", ["x", "wide"], ["h0"]))
        clean += [node("MatMul", [f"h{i}", "mean"], [f"h{i + 1}"]) for i in range(60)]
        clean.append(node("ReduceMean", ["h60"], ["y"], axes=[1], keepdims=1))
        clean.append(node("Mul", ["y", "half"], ["z"]))
    else:
        clean.append(node("Sqrt", ["x"], ["z"]) if kind == "root" else node("Mul", ["x", "half"], ["z"]))
    clean.append(node("Reshape", ["z", "flat"], ["value"]))
    made = helper.make_graph(
        clean,
        "g",
        [helper.make_tensor_value_info("numbers", TensorProto.FLOAT, [None, 1])],
        [helper.make_tensor_value_info("value", TensorProto.FLOAT, [None])],
        weights,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return bytes(model.SerializeToString())


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.uniform(0, 4, 200).round(3)})
    data = load(frame.assign(y=frame.x / 2 + rng.normal(0, 0.1, 200)), "y")
    home = tmp_path_factory.mktemp("rollout")
    for kind in ("half", "root", "slow"):
        write.write(home / kind, data.task, Plan(graph(kind), ("value",)), data, {})
    return {kind: home / kind for kind in ("half", "root", "slow")}


@pytest.fixture(scope="module")
def registry(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Three versions of one name: half, root, slow."""
    folder = tmp_path_factory.mktemp("registry")
    for kind in ("half", "root", "slow"):
        register(str(folders[kind]), "price", "champion" if kind == "half" else None, Registry(folder))
    return ENV | {"DEEPENOUGH_REGISTRY": str(folder)}


def do(server: Server, what: str, **more: Any) -> Reply:
    return server.ask("POST", "/deployment", {"do": what, **more}, BEARER)


def state(server: Server) -> Any:
    return server.get("/deployment", **BEARER).json


@pytest.fixture
def two(registry: dict[str, str]) -> Iterator[Server]:
    with serving("models:/price@champion", "--workers", "2", env=registry) as server:
        yield server


def test_a_canary_has_its_share_and_keeps_its_keys(two: Server) -> None:
    assert do(two, "try", model="models:/price/2", mode="canary", percent=30).status == 200
    assert eventually(
        lambda: {two.predict({"x": 1.0}, key=f"k{i}").json["answered_by"] for i in range(20)} == {"champion", "canary"}
    )
    time.sleep(0.3)
    seen: dict[str, set[str]] = {}
    for i in range(200):
        said = two.predict({"x": 1.0}, key=f"customer {i % 100}").json
        assert said["predictions"][0]["prediction"] == (0.5 if said["version"] == "1" else 1.0)
        assert (said["answered_by"], said["version"]) in (("champion", "1"), ("canary", "2"))
        seen.setdefault(f"customer {i % 100}", set()).add(said["answered_by"])
    assert all(len(variants) == 1 for variants in seen.values()), "a key changed sides"
    assert 15 <= sum(variants == {"canary"} for variants in seen.values()) <= 45
    assert two.get("/v2/models/price").json["versions"] == ["1", "2"]
    inputs = [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1.0]}]
    said = two.ask("POST", "/v2/models/price/versions/2/infer", {"inputs": inputs}).json
    assert said["model_version"] == "2" and said["outputs"][0]["data"] == [1.0]
    assert said["parameters"] == {"answered_by": "challenger"}
    inputs[0]["data"] = [-1.0]
    assert two.ask("POST", "/v2/models/price/versions/2/infer", {"inputs": inputs}).status == 503, "it, or nobody"


def test_switching_and_going_back_under_load_fails_nobody(two: Server) -> None:
    seen: Counter[object] = Counter()
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            said = two.predict({"x": 1.0})
            seen[said.status, said.json.get("version")] += 1

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            for what, version in (("switch", "2"), ("rollback", "1")):
                more = {"model": f"models:/price/{version}"} if what == "switch" else {}
                begun = time.monotonic()
                assert do(two, what, **more).json["champion"]["version"] == version
                time.sleep(0.3)
                now = [two.predict({"x": 1.0}).json["version"] for _ in range(6)]
                assert set(now) == {version}, "a worker lags behind"
                assert time.monotonic() - begun < 3
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert set(seen) == {(200, "1"), (200, "2")}, seen


def test_a_promoted_challenger_is_the_champion_and_a_replaced_worker_knows(two: Server) -> None:
    import os
    import signal

    do(two, "try", model="models:/price/2", mode="shadow")
    assert do(two, "promote").json["champion"] == {"reference": "models:/price/2", "version": "2"}
    assert state(two)["challenger"] is None and state(two)["previous"] == ["models:/price/1"]
    before = two.workers
    os.kill(before[0], signal.SIGKILL)
    assert eventually(lambda: len(two.workers) == 2 and before[0] not in two.workers)
    time.sleep(1.0)
    assert {two.predict({"x": 1.0}).json["version"] for _ in range(12)} == {"2"}


def test_a_canary_that_errs_is_stopped_and_nobody_notices(folders: dict[str, Path]) -> None:
    words = ("--challenger", str(folders["root"]), "--mode", "canary", "--percent", "20")
    with serving(folders["half"], *words, env=ENV) as server:
        variants: Counter[str] = Counter()
        for i in range(600):
            said = server.predict({"x": -1.0}, key=str(i))
            assert said.status == 200 and said.json["predictions"][0]["prediction"] == -0.5
            variants[said.json["answered_by"]] += 1
            if "why" in said.json:
                assert said.json["why"] == "The model gave no finite prediction."
        assert variants == {"champion": 600}
        now = state(server)
        assert now["challenger"] is None and "errors were the canary's" in now["stopped"]
        errors = server.counter('errors_total{variant="canary"}')
        assert 3 <= errors <= 40


def test_a_canary_that_is_slower_is_stopped(folders: dict[str, Path]) -> None:
    words = ("--challenger", str(folders["slow"]), "--mode", "canary", "--percent", "20")
    with serving(folders["half"], *words, env=ENV) as server:
        for i in range(600):
            assert server.predict({"x": 1.0}, key=str(i)).status == 200
            if i % 50 == 49 and state(server)["challenger"] is None:
                break
        assert "slow answers were the canary's" in state(server)["stopped"]


def test_a_shadow_is_asked_and_compared_and_never_heard(folders: dict[str, Path]) -> None:
    with serving(folders["half"], "--challenger", str(folders["root"]), env=ENV) as server:
        for x in (0.0, 4.0, 1.0, 2.0, -1.0):
            said = server.predict({"x": x}).json
            assert said["answered_by"] == "champion" and said["predictions"][0]["prediction"] == x / 2
        now = eventually(lambda: (s := state(server)["challenger"])["rows"] == 4 and s)
        assert now["mode"] == "shadow" and now["agreement"] == 0.5  # at 0 and at 4
        assert server.counter("shadow_errors_total") == 1


def test_what_the_champion_fails_to_answer_the_fallback_does(folders: dict[str, Path]) -> None:
    with serving(folders["root"], "--fallback", str(folders["half"]), env=ENV) as server:
        assert server.predict({"x": 4.0}).json["answered_by"] == "champion"
        for _ in range(25):
            said = server.predict({"x": -1.0}).json
            assert said["answered_by"] == "fallback" and said["predictions"][0]["prediction"] == -0.5
        assert "left in peace" in said["why"], "the breaker opens"
        assert server.counter('errors_total{variant="champion"}') == 20
        assert server.predict({"x": 4.0}).json["answered_by"] == "fallback"
    with serving(folders["root"], env=ENV) as server:
        said = server.predict({"x": -1.0})
        assert said.status == 503 and said.headers["retry-after"] == "1" and "no finite" in said.json["error"]
        assert server.predict({"x": 4.0}).status == 200


def test_the_command_changes_a_running_server(two: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")
    words, address = ("--token-file", str(tmp_path / "token")), f"http://127.0.0.1:{two.port}"
    said = call("deployment", address, "--try", "models:/price/2", "--mode", "canary", *words, "--json")
    assert said.code == 0 and json.loads(said.out)["challenger"]["percent"] == 5, said
    assert "canary, 5 % of the requests" in said.err
    assert "version 2" in call("deployment", address, "--promote", *words).out
    assert "before       models:/price/1" in call("deployment", address, *words).out
    assert json.loads(call("deployment", address, "--rollback", *words, "--json").out)["champion"]["version"] == "1"
    must_be_refusal(call("deployment", address, "--rollback", *words), 2, "no earlier champion")
    must_be_refusal(call("deployment", address, "--rollback", "--stop", *words), 2, "one thing at a time")
    must_be_refusal(call("deployment", address, "--stop"), 2, "token")
    must_be_refusal(call("deployment", "http://127.0.0.1:1", *words), 3, "Is it running?")
    must_be_refusal(call("deployment", "ftp://x", *words), 2, "no address")


def test_the_control_plane_takes_no_paths_and_no_nonsense(two: Server, folders: dict[str, Path]) -> None:
    for path in (
        str(folders["root"]),
        "../../etc",
        "file:///etc/passwd",
        "http://127.0.0.1/x",
        "models:/../../x",
        "price/2",
    ):
        said = do(two, "switch", model=path)
        assert said.status == 409 and str(folders["root"]) not in said.body.decode(), said
    for change in ({"do": "explode"}, {"do": "stop"}, {"do": "promote"}, {"do": "rollback"}, {"do": "try"}):
        assert two.ask("POST", "/deployment", change, BEARER).status == 409
    assert do(two, "try", model="models:/price/2", mode="canary", percent=99).status == 409
    assert do(two, "try", model="models:/price/9").status == 409
    assert two.ask("POST", "/deployment", {"do": "stop"}).status == 401 and two.get("/deployment").status == 401
    assert state(two)["champion"]["version"] == "1"


def test_a_challenger_must_read_what_the_champion_reads(folders: dict[str, Path]) -> None:
    other = Path(__file__).parent / "golden" / "0.1.0" / "linear-regression" / "bundle"
    assert "reads other columns" in refused(folders["half"], "--challenger", str(other))
    assert json.loads((other / "signature.json").read_text())["task"]["kind"] == "regression"


# --- the fallback ladder, and why --------------------------------------------------------------------------------------


def test_out_of_range_the_simpler_model_answers_and_says_why(folders: dict[str, Path]) -> None:
    words = ("--fallback", str(folders["half"]), "--fallback-outside")
    with serving(folders["root"], *words) as server:
        assert server.predict({"x": 2.25}).json["answered_by"] == "champion"
        said = server.predict({"x": 9.0})
        assert said.status == 200 and said.json["answered_by"] == "fallback" and "review" not in said.json
        assert said.json["predictions"] == [{"prediction": 4.5, "in_range": False, "outside": ["x"]}]
        assert said.json["why"] == "The input lies outside of what training saw."
        both = server.predict({"x": 2.25}, {"x": 9.0}).json
        assert both["answered_by"] == "fallback" and both["predictions"][0]["prediction"] == 1.125
        inputs = [{"name": "x", "shape": [1], "datatype": "FP32", "data": [9.0]}]
        parameters = server.ask("POST", f"/v2/models/{server.model}/infer", {"inputs": inputs}).json["parameters"]
        assert parameters == {"answered_by": "fallback", "why": said.json["why"]}
        assert server.counter('answers_total{variant="fallback"}') == 3


def test_what_the_champion_does_not_answer_in_time_the_fallback_does(folders: dict[str, Path]) -> None:
    rows = [{"x": 1.0}] * 20_000
    with serving(folders["slow"], "--fallback", str(folders["half"])) as server:
        said = server.predict(*rows, timeout_ms=400)
        assert said.status == 200 and said.json["answered_by"] == "fallback", said.body[:200]
        assert said.json["why"] == "The model did not answer in time." and len(said.json["predictions"]) == 20_000
    with serving(folders["slow"]) as server:
        assert server.predict(*rows, timeout_ms=400).status == 504


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--fallback-outside",), "Add a --fallback"),
        (("--fallback-below", "0.6", "--fallback", "HALF"), "answers a number"),
        (("--fallback-below", "1.6", "--fallback", "HALF"), "--fallback-below is a share"),
        (("--fallback", "person", "--fallback", "HALF"), "comes last"),
        (("--fallback", "person"), "--log"),
        (("--review-share", "0.1", "--log", "LOG"), "token"),
    ],
)
def test_a_ladder_that_cannot_stand_is_refused(
    folders: dict[str, Path], tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    given = [{"HALF": str(folders["half"]), "LOG": str(tmp_path / "log.db")}.get(word, word) for word in words]
    assert sentence in refused(folders["half"], *given)
