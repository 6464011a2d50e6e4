"""Bundles that mean harm are refused in a sentence: nothing is written, nothing runs, nothing grows, and nothing takes long."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from bundles import GRAPHS, Files, archives, edited, files_of, listed, packed, put

from deepenough import shelves
from deepenough.bundle import Bundle
from deepenough.candidates._trial import Trial, ship
from deepenough.errors import BundleError
from deepenough.loading import load
from deepenough.workspace import Workspace

MOST_SECONDS, MOST_MEGABYTES = 2.0, 200
MUTATIONS = 150  # of each kind; `make soak` runs 10,000
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def trees(table: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small bundle of boosted trees with sets of categories."""
    data = load(table(), "answer")
    settings = {"num_leaves": 4, "learning_rate": 0.3, "min_data_per_group": 5, "max_cat_to_onehot": 1}
    model = shelves.load("candidates", "gradient_boosting").build(data.task, settings, 0)
    model.fit(data.take(np.arange(300)), data.take(np.arange(300, 400)), Workspace())
    return ship(Trial("t", "t", 2), model, data, tmp_path_factory.mktemp("trees") / "bundle", 0).folder


@pytest.fixture(scope="module")
def good(trees: Path) -> Files:
    return files_of(trees)


def must_be_refused(path: Path) -> str:
    begun = time.perf_counter()
    with pytest.raises(BundleError) as refused:
        Bundle.load(path)
    assert time.perf_counter() - begun < MOST_SECONDS
    said = str(refused.value)
    assert said.endswith(".") and len(said) < 500 and "Traceback" not in said
    return said


# --- archives ---------------------------------------------------------------------------------------------------------


def test_a_stored_zip_answers_like_its_folder(trees: Path, good: Files, tmp_path: Path) -> None:
    from_zip, from_folder = Bundle.load(packed(tmp_path / "good.zip", good)), Bundle.load(trees)
    rows = from_folder.read("examples.json")["rows"]
    assert from_zip.predict(rows)["probability_yes"].tolist() == from_folder.predict(rows)["probability_yes"].tolist()
    assert from_zip.digest == from_folder.digest and from_zip.size_bytes == from_folder.size_bytes


def test_archives_that_mean_harm_are_refused_and_nothing_lands_anywhere(good: Files, tmp_path: Path) -> None:
    place = tmp_path / "deep" / "er"
    place.mkdir(parents=True)
    made = dict(archives(good, place))
    assert len(made) >= 20
    before = sorted(tmp_path.rglob("*"))
    said = {name: must_be_refused(path) for name, path in made.items()}
    assert sorted(tmp_path.rglob("*")) == before and not Path("/tmp/evil.txt").exists()
    for name, word in {
        "up": "outside itself",
        "absolute": "outside itself",
        "drive": "outside itself",
        "symlink": "as a link or a device",
        "device": "as a link or a device",
        "case": "two files of one name",
        "doubled": "two files of one name",
        "packed": "is packed or locked",
        "bomb": "is packed or locked",
        "million": "more than a bundle has",
        "tar": "neither a folder nor a zip",
    }.items():
        assert word in said[name], (name, said[name])


@pytest.mark.skipif(os.name != "posix", reason="links and pipes as POSIX has them")
@pytest.mark.parametrize("kind", ["symlink", "hardlink", "pipe", "device", "folder", "linked folder"])
def test_a_folder_of_anything_but_plain_files_is_refused(kind: str, good: Files, tmp_path: Path) -> None:
    folder, secret = put(tmp_path / "bundle", good), tmp_path / "secret"
    secret.write_bytes(good["model.onnx"])
    model = folder / "model.onnx"
    model.unlink()
    if kind == "symlink":
        model.symlink_to(secret)
    elif kind == "hardlink":
        os.link(secret, model)
    elif kind == "pipe":
        os.mkfifo(model)
    elif kind == "device":
        model.symlink_to("/dev/zero")
    elif kind == "folder":
        model.mkdir()
    else:
        put(tmp_path / "elsewhere", {"a.json": b"{}"})
        (folder / "model.onnx").write_bytes(good["model.onnx"])
        (folder / "evidence").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
        put(folder, {"manifest.json": listed({**good, "evidence/a.json": b"{}"})["manifest.json"]})
    assert re.search(r"link|no plain file|second name|cannot be read", must_be_refused(folder))


# --- files ------------------------------------------------------------------------------------------------------------

CODE = {
    "a pickle of protocol 4": b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
    "a pickle of protocol 0": b"cposix\nsystem\n(S'touch evil'\ntR.",
    "a joblib file": b"\x80\x03csklearn.svm\nSVC\nq\x00.",
    "a torch file": b"PK\x03\x04\x00\x00\x08\x08\x00\x00archive/data.pkl\x80\x02}q\x00.",
    "an array of objects": b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n\x80\x04.",
    "a program": b"\x7fELF\x02\x01\x01" + bytes(64),
}


@pytest.mark.parametrize(
    "name", ["model.onnx", "signature.json", "examples.json", "steps/data.npy", "weights.safetensors"]
)
@pytest.mark.parametrize("code", CODE)
def test_code_in_the_clothes_of_data_is_refused(code: str, name: str, good: Files, tmp_path: Path) -> None:
    must_be_refused(put(tmp_path / "bundle", listed({**good, name: CODE[code]})))


@pytest.mark.parametrize(
    "ending", ["pkl", "pickle", "joblib", "pt", "pth", "bin", "npz", "py", "so", "sh", "pyc", "yaml", "zip", ""]
)
def test_kinds_of_files_that_no_bundle_holds_are_refused(ending: str, good: Files, tmp_path: Path) -> None:
    said = must_be_refused(put(tmp_path / "bundle", listed({**good, f"more.{ending}".rstrip("."): b"{}"})))
    assert "kind of file that no bundle holds" in said


@pytest.mark.parametrize(
    "entry",
    [
        {"size": 10**18, "sha256": "x"},
        {"size": -1},
        {"size": 1.5},
        {"size": True},
        {"size": None},
        {"size": "9"},
        {"size": 10**30},
    ],
)
def test_a_size_that_cannot_be_is_refused(entry: dict[str, Any], good: Files, tmp_path: Path) -> None:
    manifest = json.loads(good["manifest.json"])
    manifest["files"]["model.onnx"] = entry
    must_be_refused(put(tmp_path / "bundle", {**good, "manifest.json": json.dumps(manifest).encode()}))


def test_a_manifest_of_very_many_files_is_refused(good: Files, tmp_path: Path) -> None:
    manifest = json.loads(good["manifest.json"])
    manifest["files"] |= {f"evidence/{i}.json": 0 for i in range(100_000)}
    must_be_refused(put(tmp_path / "bundle", {**good, "manifest.json": json.dumps(manifest).encode()}))


def test_names_that_differ_by_case_alone_are_refused(good: Files, tmp_path: Path) -> None:
    assert "two files of one name" in must_be_refused(put(tmp_path / "bundle", listed({**good, "Model.onnx": b"\x08"})))


# --- graphs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_that_could_do_harm_is_never_opened(
    name: str, good: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """onnxruntime is not asked: it would follow the numbers wherever they point."""
    import onnxruntime

    (tmp_path / "secret.bin").write_bytes(bytes(4096))
    files = listed({**good, "model.onnx": edited(good["model.onnx"], GRAPHS[name])})
    folder = put(tmp_path / "bundle", files)
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *_, **__: pytest.fail("a session was made"))
    assert "The graph of" in must_be_refused(folder)


def test_the_good_graph_passes_the_same_gate(good: Files, tmp_path: Path) -> None:
    same = edited(good["model.onnx"], lambda model: None)
    assert Bundle.load(put(tmp_path / "bundle", listed({**good, "model.onnx": same})))
    operators = {n.op_type for n in onnx.load_model_from_string(good["model.onnx"]).graph.node}
    assert "TreeEnsemble" in operators


def test_a_signature_that_does_not_fit_the_graph_is_refused(good: Files, tmp_path: Path) -> None:
    def changed(**task: Any) -> Files:
        signature = json.loads(good["signature.json"])
        signature["task"] |= task
        return listed({**good, "signature.json": json.dumps(signature).encode()})

    task = json.loads(good["signature.json"])["task"]
    for i, change in enumerate(
        (
            {"columns": task["columns"][1:]},
            {"columns": [c | {"kind": "audio"} for c in task["columns"]]},
            {"columns": [c | {"kind": "number", "categories": []} for c in task["columns"]]},
            {"labels": ["no", "maybe", "yes"]},
            {"kind": "regression", "labels": []},
            {"settings": {"steps": [["shift_large", 1, {}]]}},
            {"settings": {"steps": [["evil", 1, {}]]}},
            {"settings": {"steps": 7}},
        )
    ):
        must_be_refused(put(tmp_path / str(i), changed(**change)))


def test_examples_that_are_answered_otherwise_are_refused(good: Files, tmp_path: Path) -> None:
    examples = json.loads(good["examples.json"])
    examples["answers"]["probability"][0] = [0.5, 0.5]
    said = must_be_refused(put(tmp_path / "a", listed({**good, "examples.json": json.dumps(examples).encode()})))
    assert "answers its own examples otherwise here" in said
    for i, broken in enumerate(({"rows": 3}, {"rows": [{}]}, {"answers": {}}, {"answers": {"probability": "x"}})):
        must_be_refused(
            put(tmp_path / f"b{i}", listed({**good, "examples.json": json.dumps(examples | broken).encode()}))
        )


# --- mutations, and what is imported ----------------------------------------------------------------------------------


@pytest.mark.parametrize("fit", [False, True], ids=["as they are", "with a manifest that fits"])
def test_mutated_bundles_are_refused_or_answer_the_same(fit: bool, trees: Path, tmp_path: Path) -> None:
    """In a process of its own, which must come to its end: a crash of onnxruntime would be one of ours."""
    words = [str(trees), str(tmp_path), "0", str(MUTATIONS), str(int(fit))]
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("mutating.py")), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    seen = [json.loads(line) for line in done.stdout.splitlines()]
    outcomes = Counter(s["outcome"] for s in seen)
    assert len(seen) > 0.5 * MUTATIONS and outcomes["refused"] > 0.5 * len(seen)
    assert fit or outcomes["other"] == 0, "what no hash covers must not answer otherwise"
    assert max(s["seconds"] for s in seen) < MOST_SECONDS and max(s["megabytes"] for s in seen) < MOST_MEGABYTES


WORDS = ("pickle", "joblib.load", "torch.load", "allow_pickle", "yaml.load(", "eval(", "extractall", "exec(")


def test_the_words_of_running_code_do_not_occur() -> None:
    for path in sorted((ROOT / "src/deepenough/bundle").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert not [word for word in WORDS if word in text], path


def test_loading_imports_nothing_that_trains(trees: Path) -> None:
    code = (
        "import json, sys; from deepenough.bundle import Bundle; b = Bundle.load(sys.argv[1]); "
        "b.predict(b.read('examples.json')['rows'][:1]); "
        "print(json.dumps([m for m in ('sklearn', 'torch', 'pandas', 'scipy', 'lightgbm', 'onnx', 'mlflow') if m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, str(trees)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_the_same_files_are_the_same_bundle(good: Files, tmp_path: Path) -> None:
    """Nothing but the listed files is read: what lies beside them changes nothing."""
    first = Bundle.load(put(tmp_path / "a", good))
    second = Bundle.load(
        put(tmp_path / "b", {**good, "evil.py": b"raise SystemExit", "sitecustomize.py": b"raise SystemExit"})
    )
    assert first.digest == second.digest and hashlib.sha256(good["model.onnx"]).hexdigest() in str(
        first._contents.files
    )
