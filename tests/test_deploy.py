"""What the image and the Compose file say holds, as far as it can be held without Docker."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from asking import BEARER, GOLDEN, TOKEN, eventually
from calling import call, must_be_refusal

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
LINES = (DEPLOY / "Dockerfile").read_text().replace("\\\n", "").splitlines()
MODEL = GOLDEN / "linear-classification" / "bundle"
MOST_BYTES = 200 * 10**6


def said(word: str) -> str:
    """Return what the last line of a word says."""
    return next(line.partition(" ")[2] for line in reversed(LINES) if line.startswith(f"{word} "))


def test_the_image_is_nobody_in_particular_and_says_how_it_is() -> None:
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", said("USER"))
    assert json.loads(said("HEALTHCHECK").partition("CMD ")[2])[0] == "python"
    for line in LINES:
        for path in line.split()[1:-1] if line.startswith("COPY ") and "--from" not in line else ():
            assert (ROOT / path).exists(), path


def test_what_the_compose_file_names_is_there(tmp_path: Path) -> None:
    yaml: Any = pytest.importorskip("yaml", reason="PyYAML is not installed")
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    server = services["server"]
    assert server["read_only"] is True and server["tmpfs"] == ["/tmp"] and server["cap_drop"] == ["ALL"]
    assert (DEPLOY / server["build"]["context"] / server["build"]["dockerfile"]).is_file()
    assert all(port.startswith("127.0.0.1:") for port in server["ports"])
    file = next(volume for volume in server["volumes"] if "deployment.toml" in volume)
    assert server["command"] == ["--deployment", file.split(":")[1]] and (DEPLOY / file.split(":")[0]).is_file()
    text = (DEPLOY / "deployment.toml").read_text()
    assert f"@log/{services['log']['environment']['POSTGRES_DB']}" in text
    must_be_refusal(call("serve", "--deployment", str(DEPLOY / "deployment.toml")), 2, "token")


def wait(address: tuple[str, int], path: str, method: str = "GET", body: Any = None) -> http.client.HTTPResponse | None:
    connection = http.client.HTTPConnection(*address, timeout=5)
    try:
        headers = BEARER | {"content-type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        reply = connection.getresponse()
        reply.json = json.loads(reply.read())  # type: ignore[attr-defined]
        return reply
    except OSError:
        return None
    finally:
        connection.close()


@pytest.mark.slow
def test_what_the_image_installs_is_enough_and_small(tmp_path: Path) -> None:
    """A fresh environment with the packages of the image alone."""
    home = tmp_path / "server"
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    python = str(home / "bin" / "python")
    requirements = ("-r", str(DEPLOY / "requirements.txt"), "-c", str(ROOT / "constraints.txt"))
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-compile", *requirements], check=True)
    packages = next((home / "lib").glob("python*/site-packages"))
    source = tmp_path / "build"
    shutil.copytree(
        ROOT / "src" / "deepenough", source / "src" / "deepenough", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-compile", "--no-deps", source], check=True)
    ours = [p for p in packages.iterdir() if p.name.partition("-")[0] not in ("pip", "setuptools")]
    size = sum(f.stat().st_size for p in ours for f in ([p] if p.is_file() else p.rglob("*")) if f.is_file())
    assert size <= MOST_BYTES, sorted((sum(f.stat().st_size for f in p.rglob("*")) // 10**6, p.name) for p in ours)[-9:]
    shutil.copytree(MODEL, tmp_path / "models" / "champion")
    words = [python, "-m", "deepenough", "serve", "champion", "--host", "0.0.0.0", "--port", "0", "--json"]
    env = {"DEEPENOUGH_TOKEN": TOKEN, "HOME": "/nonexistent", "PATH": "/usr/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=env, cwd=tmp_path / "models")
    try:
        assert process.stdout
        text = ""
        while not text.endswith("}\n"):
            line = process.stdout.readline()
            assert line, "it did not start"
            text += line
        port = int(json.loads(text)["address"].rpartition(":")[2])
        health = re.sub(r"localhost:\d+", f"localhost:{port}", json.loads(said("HEALTHCHECK").partition("CMD ")[2])[2])
        assert eventually(lambda: subprocess.run([python, "-c", health], check=False).returncode == 0)
        row = json.loads((MODEL / "examples.json").read_text())["rows"][0]
        reply = wait(("127.0.0.1", port), "/predict", "POST", {"rows": [row]})
        assert reply is not None and reply.status == 200
    finally:
        begun = time.monotonic()
        process.terminate()
        if process.stdout:
            process.stdout.close()
        assert process.wait(15) == 0 and time.monotonic() - begun < 10
