"""The house stands as it was drawn: floors, shelves, sizes, what is imported when, and what never is."""

from __future__ import annotations

import ast
import json
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from deepenough import shelves
from deepenough.dataset import Dataset
from deepenough.export import write
from deepenough.loading import load
from deepenough.workspace import Workspace

ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "src/deepenough"
FILES = sorted(HOUSE.rglob("*.py"))
MOST_LINES, MOST_IN_FUNCTION, MEDIAN_FUNCTION = 400, 60, 12

# Imports of ourselves inside a function: folder, or file and function, and why. Everything else imports at its top.
INSIDE = {
    "commands": "the command line starts, and answers --help, without pandas and the like",
    "runs.py:_run": "a run without a report loads no matplotlib and no templates",
    "serving/_serve.py:_child": "the process that watches over the workers loads nothing of what they do",
}
# Identifiers that look like addresses; nobody calls them.
NAMES_NOT_CALLED = ("http://www.w3.org/", "https://json-schema.org/")
FORBIDDEN_MODULES = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "marshal",
    "shelve",
    "joblib",
    "code",
    "pty",
}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "torch.load", "torch.hub.load", "yaml.load"}
FORBIDDEN_METHODS = {"extractall", "read_pickle", "to_pickle"}
HEAVY = ("pandas", "torch", "sklearn", "lightgbm", "scipy", "onnx", "onnxruntime", "matplotlib", "pyarrow", "numpy")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def where(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix()


def fresh(code: str, *arguments: str) -> str:
    """Run code in a fresh interpreter and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- floors and shelves --------------------------------------------------------------------------------------------


def test_a_room_imports_only_from_the_floors_below(monkeypatch: pytest.MonkeyPatch) -> None:
    """The contracts stand in `.importlinter`; each room has its floor there."""
    cli = pytest.importorskip("importlinter.cli")
    monkeypatch.chdir(ROOT)
    assert cli.lint_imports(config_filename=".importlinter", no_cache=True, no_logo=True) == 0, (
        "run `lint-imports` to see which"
    )


def imports(path: Path) -> Iterator[str]:
    """Yield what a file imports, absolute and dotted, the imported name included."""
    package = ["deepenough", *path.relative_to(HOUSE).parts[:-1]]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{a.name}" for a in node.names)


@pytest.mark.parametrize("path", FILES, ids=where)
def test_nobody_imports_a_book(path: Path) -> None:
    """Books are asked for by name: from the shelf, never by their file; so none knows another."""
    books = [b.module for s in shelves.SHELVES for b in shelves.shelf(s).values() if not b.module.endswith(path.stem)]
    assert [i for i in imports(path) if any(i == b or i.startswith(f"{b}.") for b in books)] == []


def test_every_file_of_a_shelf_is_a_book_or_a_helper() -> None:
    for shelf in shelves.SHELVES:
        files = {p.stem for p in (HOUSE / shelf).glob("*.py") if not p.stem.startswith("_")}
        assert files == {b.module.rsplit(".", 1)[1] for b in shelves.shelf(shelf).values()}
        assert (HOUSE / shelf / "_base.py").is_file()


def inner_imports(path: Path) -> list[str]:
    """Return the functions of a file that import ourselves."""
    found = []
    for function in functions(path):
        ours = [
            n
            for n in ast.walk(function)
            if (isinstance(n, ast.ImportFrom) and (n.level or str(n.module).startswith("deepenough")))
            or (isinstance(n, ast.Import) and any(a.name.startswith("deepenough") for a in n.names))
        ]
        found += [f"{where(path)}:{function.name}"] if ours else []
    return found


def test_nobody_imports_ourselves_inside_a_function() -> None:
    """But for the places on the list, each with its reason."""
    inside = [place for path in FILES for place in inner_imports(path)]
    assert [p for p in inside if p not in INSIDE and p.split("/")[0] not in INSIDE] == []
    assert [p for p in INSIDE if not any(i == p or i.startswith(f"{p}/") for i in inside)] == [], (
        "no longer needed: take it off the list"
    )


# --- sizes ---------------------------------------------------------------------------------------------------------


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [n for n in ast.walk(tree(path)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return int(node.end_lineno or 0) - node.lineno + 1


@pytest.mark.parametrize("path", FILES, ids=where)
def test_files_and_functions_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES, "split it by idea"
    assert [(f.name, lines(f)) for f in functions(path) if lines(f) > MOST_IN_FUNCTION] == []


def test_the_median_function_is_short() -> None:
    assert statistics.median(lines(f) for path in FILES for f in functions(path)) < MEDIAN_FUNCTION


@pytest.mark.parametrize("path", FILES, ids=where)
def test_every_file_says_what_it_is(path: Path) -> None:
    said = ast.get_docstring(tree(path)) or ""
    assert re.match(r"[A-Za-z0-9][^\n]*[.:?]$", said.split("\n")[0]), (
        f"begin {where(path)} with a sentence on what it is for"
    )


# --- what never runs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=where)
def test_nothing_runs_that_a_stranger_wrote(path: Path) -> None:
    """No pickle in any form, no code read from data, no archive that may write where it likes."""
    assert [i for i in imports(path) if i.split(".")[0] in FORBIDDEN_MODULES] == []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in FORBIDDEN_CALLS and called.split(".")[-1] not in FORBIDDEN_METHODS, (
                f"line {node.lineno}"
            )
            assert not any(k.arg in ("allow_pickle", "trust_remote_code") for k in node.keywords), f"line {node.lineno}"


def test_no_address_to_call_home_to() -> None:
    """Nothing is fetched unless asked: no host stands in the code, the templates or the schemas."""
    for path in sorted(p for p in HOUSE.rglob("*") if p.suffix in (".py", ".j2", ".css", ".js", ".json", ".html")):
        found = re.findall(r"https?://[^\s\"')]+", path.read_text(encoding="utf-8"))
        assert [f for f in found if not f.startswith(NAMES_NOT_CALLED)] == [], where(path)


# --- what is imported when -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["deepenough", "deepenough.shelves", "deepenough.cli"])
def test_importing_it_stays_light(module: str) -> None:
    pytest.importorskip(module)
    code = f"import json, sys, {module}; print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    assert json.loads(fresh(code)) == []


def test_the_public_names_are_there() -> None:
    import deepenough

    assert all(getattr(deepenough, name) is not None for name in deepenough.__all__)
    assert {"DeepEnoughError", "Bundle", "run", "load"} <= set(deepenough.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing_such'"):
        _ = deepenough.nothing_such


SERVE = """
import importlib, importlib.abc, json, sys

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("pandas", "scipy", "sklearn", "lightgbm", "torch", "onnx", "pyarrow", "matplotlib"):
            raise ImportError(f"{name} is not there in a serving image")

sys.meta_path.insert(0, Blocked())
from deepenough import shelves
from deepenough.bundle import Bundle

for shelf in ("metrics", "modalities", "tasks"):
    for book in shelves.shelf(shelf).values():
        importlib.import_module(book.module)
answer = Bundle.load(sys.argv[1]).predict([json.loads(sys.argv[2])])
print(json.dumps({name: values.tolist() for name, values in answer.items()}))
"""


@pytest.mark.parametrize("candidate", ["linear", "gradient_boosting"])
def test_a_bundle_answers_without_what_trained_it(candidate: str, churn: object, tmp_path: Path) -> None:
    """A fresh interpreter that has NumPy, onnxruntime and msgspec alone answers one row, and answers it right."""
    data: Dataset = load(churn, "answer")
    learn, tune = data.take(np.arange(300)), data.take(np.arange(300, 400))
    model = shelves.load("candidates", candidate).build(data.task, {}, 0).fit(learn, tune, Workspace())
    write.write(tmp_path / "bundle", data.task, model.export(), data, {})
    row = {"age": 51.5, "income": 1200, "town": "Kiel", "member": True, "nobody asked": 1}
    said = json.loads(fresh(SERVE, str(tmp_path / "bundle"), json.dumps(row)))
    one = shelves.load("modalities", "tabular").decode([row], data.task)
    features = shelves.load("modalities", "tabular").features(one, data.task)
    expected = model.predict(Dataset(data.task, one, None, data.about.iloc[:1], data.ids[:1], features))["probability"][
        0
    ]
    assert said["prediction"] == [data.task.labels[expected.argmax()]]
    assert [said[f"probability_{label}"][0] for label in data.task.labels] == pytest.approx(expected.tolist(), abs=1e-5)
