"""What deepenough loads and what it brings along: little."""

from __future__ import annotations

import runpy
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[1] / "tools"
HEAVY = ("pandas", "scipy", "sklearn", "lightgbm", "torch", "onnx", "onnxruntime", "matplotlib", "pyarrow", "jinja2")
MOST_DISTRIBUTIONS = 48


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules a fresh interpreter holds after running `code`."""
    whole = f"{code}\nimport sys\nsys.stderr.write(' '.join({{m.partition('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def tool(name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    monkeypatch.syspath_prepend(str(TOOLS))
    return runpy.run_path(str(TOOLS / f"{name}.py"))


def test_importing_the_package_loads_nothing_heavy() -> None:
    loaded = loaded_by("import deepenough")
    assert "deepenough" in loaded
    assert not loaded & {*HEAVY, "rich", "typer", "numpy"}


def test_help_loads_nothing_heavy() -> None:
    asks = """
import sys
from deepenough.cli import main
sys.argv = ["deepenough", "--help"]
try:
    main()
except SystemExit as end:
    assert not end.code
"""
    loaded = loaded_by(asks)
    assert "typer" in loaded
    assert not loaded & set(HEAVY)


def test_listing_the_shelves_loads_nothing_heavy() -> None:
    assert not loaded_by("from deepenough import shelves\nfor name in shelves.SHELVES:\n    shelves.shelf(name)") & set(
        HEAVY
    )


def test_the_core_is_few_distributions(monkeypatch: pytest.MonkeyPatch) -> None:
    core = tool("closure", monkeypatch)["closure"]("deepenough")
    assert {"numpy", "lightgbm", "onnxruntime"} <= core
    assert not core & {"torch", "pytest", "ruff"}
    assert len(core | {"deepenough"}) <= MOST_DISTRIBUTIONS, sorted(core)


def test_nothing_that_drags_gigabytes_is_installed() -> None:
    names = {d.name.lower() for d in distributions()}
    assert not [n for n in names if n.startswith(("torchvision", "torchaudio", "nvidia"))]


def test_every_licence_is_known_and_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = tool("licences", monkeypatch)["table"]()
    assert len(rows) > 20
    assert not [r for r in rows if r["answer"] != "ok"]


@pytest.mark.parametrize(
    ("licence", "core", "answer"),
    [
        ("MIT", True, "ok"),
        ("BSD License", True, "ok"),
        ("Apache-2.0 WITH LLVM-exception AND BSL-1.0", True, "ok"),
        ("Apache-2.0 OR GPL-3.0-only", True, "ok"),
        ("MIT AND GPL-3.0-only", True, "refused"),
        ("GNU Affero General Public License v3", False, "refused"),
        ("GNU General Public License v2 (GPLv2)", True, "refused"),
        ("GNU Lesser General Public License v3 (LGPLv3)", True, "refused"),
        ("LGPL-3.0-or-later", False, "ok"),
        ("BUSL-1.1", False, "refused"),
        ("Business Source License 1.1", True, "refused"),
        ("SSPL-1.0", True, "refused"),
        ("CC-BY-NC-4.0", True, "refused"),
        ("Free for non-commercial use", True, "refused"),
        ("", True, "unknown"),
        ("Limited permission of the author", True, "unknown"),
    ],
)
def test_licences_are_judged_by_their_words(
    licence: str, core: bool, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tool("licences", monkeypatch)["judge"](licence, core) == answer
