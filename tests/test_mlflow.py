"""MLflow's own server on SQLite: what is registered goes there, comes back the same, and answers through MLflow's own tools."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from calling import people

import deepenough

pytestmark = pytest.mark.skipif(
    find_spec("mlflow") is None, reason="MLflow is not installed: pip install 'deepenough[mlflow]'"
)
BIN = Path(sys.executable).parent


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


def ask(url: str, body: Any = None) -> Any:
    """Return what a server answers; loopback alone."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as reply:
        return reply.read().decode()


@contextmanager
def listening(folder: Path, url: str, *words: str, **more: str) -> Iterator[str]:
    """A server of MLflow, from when it answers to the end of the block."""
    env = environment(**more) | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *words],
            cwd=folder,
            env=env,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        for _ in range(120):
            try:
                ask(url)
                break
            except (urllib.error.URLError, OSError):
                assert server.poll() is None, (folder / "log").read_text()
                time.sleep(0.5)
        yield url
    finally:
        os.killpg(server.pid, signal.SIGKILL)  # the group that was started here: MLflow's workers, too
        server.wait()


def environment(**more: str) -> dict[str, str]:
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "DEEPENOUGH_"))}
    return plain | {"MLFLOW_DISABLE_TELEMETRY": "true"} | more


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, artifacts: Path) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    kept = ("--backend-store-uri", "sqlite:///mlflow.db", "--artifacts-destination", str(artifacts))
    words = ("server", *kept, "--host", "127.0.0.1", "--port", str(port), "--workers", "1")
    with listening(folder, f"http://127.0.0.1:{port}/health", *words) as url:
        yield url.removesuffix("/health")


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps its files."""
    return tmp_path_factory.mktemp("artifacts")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table and two runs."""
    folder = tmp_path_factory.mktemp("work")
    people().to_csv(folder / "churn.csv", index=False)
    for seed in (0, 1):
        more: dict[str, Any] = {"out": folder / f"run{seed}", "report": False, "cores": 1, "budget": "1s", "seed": seed}
        deepenough.run(people(), "answer", bar="accuracy >= 0.7", **more)
    return folder


def say(folder: Path, server: str, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Call the command line in a process of its own, as a person would."""
    env = environment(MLFLOW_TRACKING_URI=server)
    done = subprocess.run(
        [sys.executable, "-m", "deepenough", *words], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == code and "Traceback" not in done.stderr, done
    return done


PYFUNC = """
import sys
import mlflow, pandas as pd
model = mlflow.pyfunc.load_model(sys.argv[1])
print(model.predict(pd.read_csv("churn.csv").drop(columns=["answer", "id"])).to_csv(index=False))
"""


def test_a_model_goes_to_mlflow_and_comes_back(server: str, work: Path, tmp_path: Path) -> None:
    first = json.loads(say(work, server, "register", "run0", "--name", "churn", "--alias", "champion", "--json").stdout)
    assert first["mlflow"] == {
        "name": "churn",
        "version": 1,
        "run_id": first["mlflow"]["run_id"],
        "new": True,
        "uri": "models:/churn/1",
    }
    again = json.loads(say(work, server, "register", "run0", "--name", "churn", "--json").stdout)
    assert again["mlflow"] == first["mlflow"] | {"new": False}, "published once"
    here = say(work, server, "predict", "churn@champion", "churn.csv").stdout

    away = tmp_path / "another machine"  # no registry of its own, and no run
    away.mkdir()
    shutil.copy(work / "churn.csv", away)
    for name in ("models:/churn@champion", "models:/churn/1", "models:/churn/latest"):
        assert say(away, server, "predict", name, "churn.csv").stdout == here
    (kept,) = (away / "registry/fetched").iterdir()
    assert kept.name == first["digest"], "downloaded once, and kept by its hash"

    assert "models:/churn/2" in say(work, server, "register", "run1", "--name", "churn", "--alias", "champion").stdout
    assert say(away, server, "predict", "models:/churn@champion", "churn.csv").stdout != here
    say(work, server, "models", "churn@champion", "--rollback")
    assert say(away, server, "predict", "models:/churn@champion", "churn.csv").stdout == here, (
        "the alias went back there, too"
    )

    run = json.loads(ask(f"{server}/api/2.0/mlflow/runs/get?run_id={first['mlflow']['run_id']}"))["run"]
    metrics = {m["key"]: m["value"] for m in run["data"]["metrics"]}
    assert run["info"]["status"] == "FINISHED" and metrics["test_accuracy"] > 0.7 and "latency_ms_p50" in metrics
    params = {p["key"]: p["value"] for p in run["data"]["params"]}
    assert (params["outcome"], params["bar"]) == ("met", "accuracy >= 0.7")

    env = environment(MLFLOW_TRACKING_URI=server, MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR="false")
    ours = pd.read_csv(io.StringIO(here))
    for name in ("models:/churn@champion", "run0/bundle"):
        words = [sys.executable, "-c", PYFUNC, name]
        said = subprocess.run(words, cwd=work, env=env, capture_output=True, text=True, check=True).stdout
        theirs = pd.read_csv(io.StringIO(said))
        assert {"prediction", "probability_yes"} <= set(theirs)
        pd.testing.assert_frame_equal(theirs, ours[list(theirs)], rtol=1e-6)

    say(work, server, "models", "churn@champion", "--remove")
    gone = say(away, server, "predict", "models:/churn@champion", "churn.csv", code=2)
    assert gone.stderr.count("\n") == 1 and "MLflow says no" in gone.stderr


def test_mlflow_serves_the_folder(server: str, work: Path, tmp_path: Path) -> None:
    """`mlflow models serve` on the bundle as it stands: no registry in between."""
    port = free_port()
    words = (
        "models",
        "serve",
        "-m",
        str(work / "run0/bundle"),
        "--env-manager",
        "local",
        "--host",
        "127.0.0.1",
        "-p",
        str(port),
    )
    row = {"size": 1.0, "weight": 2.0, "town": "Kiel", "since": "01.02.2026", "member": True}
    with listening(tmp_path, f"http://127.0.0.1:{port}/ping", *words, "--workers", "1"):
        said = json.loads(ask(f"http://127.0.0.1:{port}/invocations", {"dataframe_records": [row]}))["predictions"]
    ours = deepenough.open_bundle(work / "run0").predict([row])
    assert said == [{name: values[0] for name, values in ours.items()}]


def test_what_was_changed_on_the_server_is_refused(server: str, artifacts: Path, work: Path, tmp_path: Path) -> None:
    said = json.loads(say(work, server, "register", "run0", "--name", "changed", "--json").stdout)
    for manifest in artifacts.rglob(f"{said['mlflow']['run_id']}/**/manifest.json"):
        manifest.write_text(manifest.read_text().replace("linear", "l1near"))
    refused = say(tmp_path, server, "predict", "models:/changed/1", str(work / "churn.csv"), code=2)
    assert "is not what was published: its hash differs" in refused.stderr
    assert not list((tmp_path / "registry/fetched").iterdir()), "nothing of it was kept"


def test_a_server_that_does_not_answer(work: Path, tmp_path: Path) -> None:
    """The version is registered here; the same command publishes it when the server is back."""
    dead = f"http://user:secret@127.0.0.1:{free_port()}"
    failed = say(work, dead, "register", "run0", "--name", "later", code=3)
    assert "later/1 is registered here, and not published" in failed.stderr and "secret" not in failed.stderr
    assert failed.stdout == ""
    env = environment()
    words = [sys.executable, "-m", "deepenough", "models", "later/1", "--json"]
    kept = subprocess.run(words, cwd=work, env=env, capture_output=True, text=True, check=True).stdout
    assert json.loads(kept)["version"] == 1
