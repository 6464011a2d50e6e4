"""A served model answers as the bundle does, by name and by tensor, and refuses what its signature does not know."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asking import GOLDEN, Server, refused, serving

from deepenough import shelves
from deepenough.bundle import Bundle
from deepenough.export import write
from deepenough.loading import load
from deepenough.workspace import Workspace

pytest.importorskip("uvicorn", reason="the extra serve is not installed")
from deepenough.serving._wire import Wire

DATED = GOLDEN / "gradient_boosting-classification" / "bundle"
NUMBER = GOLDEN / "linear-regression" / "bundle"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, churn: Any) -> Path:
    """A bundle of numbers, a category and a boolean: the short road."""
    data = load(churn, "answer")
    learn, tune = data.take(np.arange(300)), data.take(np.arange(300, 400))
    model = shelves.load("candidates", "linear").build(data.task, {}, 0).fit(learn, tune, Workspace())
    folder = tmp_path_factory.mktemp("plain") / "churn"
    write.write(folder, data.task, model.export(), data, {})
    return folder


@pytest.fixture(scope="module")
def server(plain: Path) -> Iterator[Server]:
    with serving(plain) as running:
        yield running


@pytest.fixture(scope="module")
def dated() -> Iterator[Server]:
    with serving(DATED, "--name", "golden", "--outside", "refuse") as running:
        yield running


ROW = {"age": 51.5, "income": 1200, "town": "Kiel", "member": True}


# --- rows by name ------------------------------------------------------------------------------------------------------


def test_rows_by_name_are_answered_as_the_bundle_answers_them(server: Server, plain: Path) -> None:
    rows = [ROW, ROW | {"age": None, "town": "Ulm"}, ROW | {"member": False, "income": 800.5}]
    expected = Bundle.load(plain).predict(rows)
    for sent in ([rows[0]], rows):
        said = server.predict(*sent)
        assert said.status == 200 and said.headers["content-type"] == "application/json", said
        assert said.json["model"] == "churn" and len(said.json["version"]) == 12
        for i, line in enumerate(said.json["predictions"]):
            assert line["prediction"] == expected["prediction"][i] and line["in_range"] is True
            assert line["probability_yes"] == pytest.approx(expected["probability_yes"][i], abs=1e-7)


def test_dates_and_large_numbers_are_read_as_in_training(dated: Server) -> None:
    known = json.loads((DATED / "examples.json").read_text())
    rows = known["rows"][:-1]
    rows = [row | {"order": int(row["order"]) + 5938, "since": "03.03.2026", "at": "2026-03-04T10:00"} for row in rows]
    expected = Bundle.load(DATED).predict(rows)
    said = dated.predict(*rows)
    assert said.status == 200, said
    got = [line["probability_yes"] for line in said.json["predictions"]]
    assert got == pytest.approx(expected["probability_yes"].tolist(), abs=1e-7)


def test_a_number_is_answered_too() -> None:
    with serving(NUMBER, "--name", "price") as running:
        row = json.loads((NUMBER / "examples.json").read_text())["rows"][0]
        said = running.predict(row)
        assert said.json["predictions"][0]["prediction"] == pytest.approx(
            Bundle.load(NUMBER).predict([row])["prediction"][0]
        )
        about = running.get("/v2/models/price").json
        assert about["outputs"][0] == {"name": "prediction", "datatype": "FP32", "shape": [-1, 1]}


def test_an_id_is_echoed_or_made(server: Server) -> None:
    assert server.predict(ROW, id="order 17").json["id"] == "order 17"
    made = {server.predict(ROW).json["id"] for _ in range(3)}
    assert len(made) == 3


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"age": "51"}, "age"),
        ({"age": True}, "age"),
        ({"age": [51]}, "age"),
        ({"age": {"a": 1}}, "age"),
        ({"age": 1e39}, "age"),
        ({"age": -(10**40)}, "age"),
        ({"member": 2}, "member"),
        ({"member": "yes"}, "member"),
        ({"towm": "Kiel"}, "towm"),
        ({"prediction": "yes"}, "prediction"),
    ],
)
def test_a_cell_of_another_kind_is_refused_by_name(server: Server, change: dict[str, Any], field: str) -> None:
    for rows in ([ROW | change], [ROW, ROW | change]):
        said = server.predict(*rows)
        assert said.status == 422 and said.json["field"] == field, said
        assert field in said.json["error"]


def test_a_missing_column_is_refused_by_name(server: Server) -> None:
    lacking = {name: value for name, value in ROW.items() if name != "town"}
    said = server.predict(ROW, lacking)
    assert said.status == 422 and said.json["field"] == "town" and "row 1" in said.json["error"]


@pytest.mark.parametrize(
    ("change", "column"), [({"age": 400}, "age"), ({"town": "Oslo"}, "town"), ({"income": None}, "income")]
)
def test_what_lies_outside_of_training_is_flagged(server: Server, change: dict[str, Any], column: str) -> None:
    line = server.predict(ROW | change).json["predictions"][0]
    assert line["in_range"] is False and line["outside"] == [column]
    lines = server.predict(ROW, ROW | change).json["predictions"]
    assert [line["in_range"] for line in lines] == [True, False]


def test_or_refused_where_that_is_asked_for(dated: Server) -> None:
    row = json.loads((DATED / "examples.json").read_text())["rows"][0] | {
        "order": 1760000005938,
        "since": "03.03.2026",
        "at": "2026-03-04T10:00:00",
    }
    assert dated.predict(row).status == 200
    for change, field in (({"since": "01.01.1999"}, "since"), ({"town": "Oslo"}, "town"), ({"member": None}, "member")):
        said = dated.predict(row | change)
        assert said.status == 422 and said.json["field"] == field, said
    assert dated.predict(row | {"since": "2026-01-01"}).status == 422


def test_the_range_at_the_wire_is_the_range_in_single_precision(plain: Path) -> None:
    """What rounds into the range, as `predict` rounds it, is inside; the next number that does not is outside."""
    task = Bundle.load(plain).task
    age = next(c for c in task.inputs if c.name == "age")
    wire = Wire(task)
    high = np.float32(age.high)
    inside, beyond = float(np.nextafter(float(high), np.inf)), float(np.nextafter(high, np.float32(np.inf)))
    assert wire.check([ROW | {"age": inside}])[1] == [[]] and wire.check([ROW | {"age": beyond}])[1] == [["age"]]
    assert wire.tensors(ROW | {"age": inside}) is not None


# --- the protocol ------------------------------------------------------------------------------------------------------


def tensors(row: dict[str, Any], n: int = 1) -> list[dict[str, Any]]:
    kinds = {bool: "BOOL", str: "BYTES", float: "FP64", int: "FP64"}
    return [
        {"name": k, "shape": [n, 1], "datatype": kinds[type(v)], "data": [v] * n if k != "town" else [[v]] * n}
        for k, v in row.items()
    ]


def test_every_path_of_the_protocol_answers(server: Server, plain: Path) -> None:
    version = Bundle.load(plain).digest[:12]
    assert server.get("/v2").json["name"] == "deepenough"
    assert server.get("/v2/health/live").json["live"] is True
    assert server.get("/v2/health/ready").json["ready"] is True
    for place in ("/v2/models/churn", f"/v2/models/churn/versions/{version}"):
        about = server.get(place).json
        assert about["versions"] == [version] and about["platform"] == "deepenough_bundle"
        assert {i["name"]: i["datatype"] for i in about["inputs"]} == {
            "age": "FP64",
            "income": "FP64",
            "town": "BYTES",
            "member": "BOOL",
        }
        assert server.get(f"{place}/ready").json == {"name": "churn", "ready": True}
        said = server.ask("POST", f"{place}/infer", {"id": "7", "inputs": tensors(ROW, 3)})
        assert said.status == 200, said
        assert (said.json["id"], said.json["model_name"], said.json["model_version"]) == ("7", "churn", version)
        outputs = {o["name"]: o for o in said.json["outputs"]}
        assert outputs["probability"]["shape"] == [3, 2] and len(outputs["probability"]["data"]) == 6
        assert outputs["in_range"]["data"] == [True] * 3
        one = server.predict(ROW).json["predictions"][0]
        assert outputs["probability"]["data"][1] == pytest.approx(one["probability_yes"])
        assert outputs["prediction"]["data"][0] == one["prediction"]


def test_only_the_outputs_that_are_asked_for_come(server: Server) -> None:
    asked = {"inputs": tensors(ROW), "outputs": [{"name": "in_range"}]}
    said = server.ask("POST", "/v2/models/churn/infer", asked).json
    assert [o["name"] for o in said["outputs"]] == ["in_range"]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("age", {"shape": [2, 1]}),
        ("age", {"shape": [1, 2]}),
        ("age", {"shape": []}),
        ("age", {"shape": [2**63, 1]}),
        ("age", {"shape": [10**12]}),
        ("age", {"shape": [0]}),
        ("age", {"shape": [-1, 1]}),
        ("age", {"datatype": "FOO"}),
        ("age", {"datatype": "BYTES", "data": ["51"]}),
        ("age", {"datatype": "INT8", "data": [300]}),
        ("age", {"datatype": "UINT8", "data": [-1]}),
        ("age", {"datatype": "INT64", "data": [1.5]}),
        ("age", {"data": [[1.0, 2.0]]}),
        ("age", {"data": []}),
        ("age", {"data": ["x"]}),
        ("member", {"data": [1.5]}),
        ("ag\u0000e", {"name": "ag\u0000e"}),
        ("town", {"datatype": "BYTES", "data": [7]}),
    ],
)
def test_a_tensor_that_is_not_what_it_says_is_refused(server: Server, name: str, change: dict[str, Any]) -> None:
    at = {"ag\u0000e": "age"}.get(name, name)
    inputs = [t | change if t["name"] == at else t for t in tensors(ROW)]
    said = server.ask("POST", "/v2/models/churn/infer", {"inputs": inputs})
    assert said.status == 422 and said.json["field"] == name.replace("\u0000", "?"), said


def test_tensors_that_do_not_fit_together_are_refused(server: Server) -> None:
    good = tensors(ROW)
    for inputs in (
        good[1:],
        [*good, good[0]],
        [*good, good[0] | {"name": "more"}],
        [*good[1:], *tensors(ROW, 2)[:1]],
        [],
    ):
        said = server.ask("POST", "/v2/models/churn/infer", {"inputs": inputs})
        assert 400 <= said.status < 500 and said.json["error"], said
    said = server.ask("POST", "/v2/models/churn/infer", {"inputs": good, "outputs": [{"name": "nothing"}]})
    assert said.status == 422 and said.json["field"] == "nothing"


# --- what people and machines read -------------------------------------------------------------------------------------


def test_the_api_is_described_from_the_signature(server: Server) -> None:
    said = server.get("/openapi.json").json
    row = said["components"]["schemas"]["Row"]
    assert row["required"] == ["age", "income", "town", "member"] and row["additionalProperties"] is False
    assert {"/predict", "/v2/models/churn/infer", "/v2/health/ready"} <= set(said["paths"])
    docs = server.get("/docs")
    assert (
        docs.status == 200
        and b"income" in docs.body
        and b"default-src 'none'" in docs.headers["content-security-policy"].encode()
    )


def test_prometheus_reads_the_counters(server: Server) -> None:
    parser = pytest.importorskip("prometheus_client.parser")
    before = server.counter("rows_total")
    server.predict(ROW, ROW)
    server.predict(ROW | {"age": "x"})
    said = server.get("/metrics")
    families = {f.name: f for f in parser.text_string_to_metric_families(said.body.decode())}
    assert all(name.startswith("deepenough_") for name in families)
    requests = {tuple(s.labels.values()): s.value for s in families["deepenough_requests"].samples}
    assert requests["predict", "200"] >= 1 and requests["predict", "422"] >= 1
    assert server.counter("rows_total") == before + 2
    durations = families["deepenough_request_duration_seconds"].samples
    buckets = [s.value for s in durations if s.name.endswith("_bucket") and s.labels["route"] == "predict"]
    count = next(s.value for s in durations if s.name.endswith("_count") and s.labels["route"] == "predict")
    assert buckets == sorted(buckets) and buckets[-1] == count > 0
    assert families["deepenough_build_info"].samples[0].labels["model_name"] == "churn"


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (390, "dark")])
def test_the_page_asks_by_hand(server: Server, browser: Any, width: int, scheme: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    said: list[str] = []
    page.on("console", lambda m: said.append(m.text) if "422" not in m.text else None)
    page.on("pageerror", lambda e: said.append(str(e)))
    address = f"http://127.0.0.1:{server.port}"
    page.goto(address)
    page.wait_for_selector(".answer .big")
    page.fill("[data-name=age]", "30")
    page.select_option("[data-name=town]", "Kiel")
    page.click("button")
    page.wait_for_selector(".share >> nth=1")
    page.fill("[data-name=income]", "much")
    page.click("button")
    page.wait_for_selector(".field.refused [data-name=income]")
    assert "'income' must be a number" in page.inner_text("#answer")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(f"{address}/docs")
    assert "income" in page.inner_text("main") and page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
    assert said == []


# --- pictures ----------------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_pictures_are_answered_and_never_opened_by_name(tmp_path: Path, browser: Any) -> None:
    image = pytest.importorskip("PIL.Image", reason="the extra image is not installed")
    rng = np.random.default_rng(0)
    for label, light in (("dark", 60), ("light", 190)):
        (tmp_path / "cloth" / label).mkdir(parents=True)
        for i in range(40):
            pixels = np.clip(rng.normal(light, 30, (16, 16, 3)), 0, 255).astype(np.uint8)
            image.fromarray(pixels).save(tmp_path / "cloth" / label / f"{i}.png")
    data = load(tmp_path / "cloth")
    model = shelves.load("candidates", "linear").build(data.task, {}, 0)
    model = model.fit(data.take(np.arange(0, 80, 2)), data.take(np.arange(1, 80, 2)), Workspace())
    write.write(tmp_path / "model", data.task, model.export(), data, {})
    path = tmp_path / "cloth" / "light" / "3.png"
    plain = base64.b64encode(path.read_bytes()).decode()
    with serving(tmp_path / "model", "--name", "cloth") as running:
        for cell in (plain, f"data:image/png;base64,{plain}"):
            assert running.predict({"image": cell}).json["predictions"][0]["prediction"] == "light"
        tensor = {"name": "image", "shape": [1, 1], "datatype": "BYTES", "data": [plain]}
        said = running.ask("POST", "/v2/models/cloth/infer", {"inputs": [tensor]})
        assert said.json["outputs"][0]["data"] == ["light"]
        for bad in (str(path), f"file://{path}", plain[:50], "", "=" * 99, None, 7):
            refusal = running.predict({"image": bad})
            assert refusal.status == 422 and refusal.json["field"] == "image", (bad, refusal)
            assert "cloth" not in refusal.json["error"], refusal
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{running.port}")
        page.wait_for_selector(".answer .big")
        page.set_input_files("[data-name=image]", str(tmp_path / "cloth" / "dark" / "5.png"))
        page.click("button")
        page.wait_for_selector(".answer .big:text-is('dark')")
        page.close()


# --- starting ----------------------------------------------------------------------------------------------------------


def test_it_starts_quickly_and_stays_small(plain: Path) -> None:
    begun = time.monotonic()
    with serving(plain) as running:
        taken = time.monotonic() - begun
        assert running.predict(ROW).status == 200
        resident = running.resident + int(Path(f"/proc/{running.process.pid}/statm").read_text().split()[1]) * 4096
    assert resident < 150 * 2**20
    assert taken < 6.0  # two seconds where nobody else is at work


def test_what_cannot_be_served_is_a_sentence(plain: Path, tmp_path: Path) -> None:
    assert "There is no folder" in refused(tmp_path / "nothing")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{}")
    assert "ships no model" in refused(tmp_path / "run")
    assert "no token is set" in refused(plain, "--host", "0.0.0.0")
    assert "is not known" in refused(plain, "--outside", "perhaps")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert "cannot be had" in refused(plain, "--port", str(port))


def test_a_registered_version_goes_by_its_number(plain: Path, tmp_path: Path) -> None:
    from deepenough.registration import register
    from deepenough.registry import Registry

    register(str(plain), "churn", "champion", Registry(tmp_path / "registry"))
    env = {"DEEPENOUGH_REGISTRY": str(tmp_path / "registry")}
    with serving("models:/churn@champion", env=env) as running:
        assert running.predict(ROW).json["version"] == "1"
        assert running.get("/v2/models/churn/versions/1").status == 200
        assert running.get("/v2/models/churn/versions/2").status == 404


IMAGE = """
import importlib.abc, sys

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("pandas", "scipy", "sklearn", "lightgbm", "torch", "onnx", "pyarrow", "matplotlib", "typer"):
            raise ImportError(f"{name} is not there in a serving image")

sys.meta_path.insert(0, Blocked())
from deepenough import serving
serving.serve(sys.argv[1], serving.Settings(port=0, drain_s=0.0), say=lambda name, address: print(address, flush=True))
"""


def test_it_serves_without_what_trained_it(plain: Path) -> None:
    """A fresh interpreter that has NumPy, onnxruntime, msgspec and uvicorn alone."""
    words = [sys.executable, "-W", "error::ImportWarning", "-c", IMAGE, str(plain)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        port = int(process.stdout.readline().rpartition(":")[2])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("POST", "/predict", json.dumps({"rows": [ROW]}), {"content-type": "application/json"})
        reply = connection.getresponse()
        assert reply.status == 200 and json.loads(reply.read())["predictions"][0]["in_range"]
        connection.close()
        process.terminate()
        assert process.wait(15) == 0
