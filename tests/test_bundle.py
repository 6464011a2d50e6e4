"""A bundle answers as it was written, or is refused by name: nothing in between."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepenough import shelves
from deepenough.bundle import Bundle
from deepenough.candidates._trial import Trial, ship, time_rows
from deepenough.dataset import Dataset
from deepenough.errors import BundleError
from deepenough.workspace import Workspace


@pytest.fixture(scope="module")
def data(learnable: Dataset) -> Dataset:
    return learnable


@pytest.fixture(scope="module")
def shipped(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    model = shelves.load("candidates", "linear").build(data.task, {}, 0)
    model.fit(data.take(np.arange(300)), data.take(np.arange(300, 400)), Workspace())
    return ship(Trial("linear", "Linear model", 1), model, data, tmp_path_factory.mktemp("ship") / "bundle", 0)


@pytest.fixture
def copied(shipped: Bundle, tmp_path: Path) -> Path:
    return Path(shutil.copytree(shipped.folder, tmp_path / "bundle"))


def rewritten(folder: Path, name: str, change: Callable[[Any], Any]) -> Path:
    """Change a document of a bundle, and its hash in the manifest with it: damage that no hash tells."""
    path = folder / name
    document = change(json.loads(path.read_text(encoding="utf-8")))
    path.write_text(json.dumps(document), encoding="utf-8")
    if name != "manifest.json":
        relist(folder, name)
    return folder


def relist(folder: Path, name: str) -> None:
    data = (folder / name).read_bytes()
    entry = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    rewritten(folder, "manifest.json", lambda m: m | {"files": m["files"] | {name: entry}})


def test_the_manifest_lists_size_and_hash_of_every_file(shipped: Bundle) -> None:
    manifest = json.loads((shipped.folder / "manifest.json").read_text())
    files = {p.name: p.read_bytes() for p in shipped.folder.iterdir()}
    assert set(files) == {*manifest["files"], "manifest.json"}
    for name, entry in manifest["files"].items():
        assert entry == {"size": len(files[name]), "sha256": hashlib.sha256(files[name]).hexdigest()}
    assert (
        manifest["made_by"]["candidate"] == "linear"
        and manifest["made_by"]["rung"] == "linear"
        and manifest["made_by"]["seed"] == 0
    )
    said = json.dumps(manifest)
    assert not any(word in said for word in ("created", "when", str(Path.home()))), (
        "the same model is the same bundle, anywhere"
    )


def test_a_loaded_bundle_answers_like_the_one_that_was_written(shipped: Bundle, copied: Path, data: Dataset) -> None:
    again = Bundle.load(copied)
    first, second = shipped.run(data.tensors), again.run(data.tensors)
    assert all((first[name] == second[name]).all() for name in first) and again.digest == shipped.digest
    assert again.task == shipped.task and again.size_bytes == (copied / "model.onnx").stat().st_size < 50_000


def test_one_row_is_answered_like_many(shipped: Bundle, data: Dataset) -> None:
    whole = shipped.run(data.tensors)
    for i in range(0, 40, 7):
        one = shipped.run(data.take(np.array([i])).tensors)
        assert all(np.allclose(one[name][0], whole[name][i], atol=1e-6) for name in whole)
    none = shipped.run(data.take(np.arange(0)).tensors)
    assert all(len(values) == 0 for values in none.values())


def test_no_rows_get_no_answers(shipped: Bundle) -> None:
    assert all(len(values) == 0 for values in shipped.predict({c.name: [] for c in shipped.task.inputs}).values())


@pytest.mark.parametrize("name", ["model.onnx", "signature.json"])
def test_one_flipped_byte_is_refused(name: str, copied: Path) -> None:
    path = copied / name
    for place in np.linspace(0, path.stat().st_size - 1, 7).astype(int):
        whole = path.read_bytes()
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(BundleError, match=rf"{name}.*hash differs.*Copy"):
            Bundle.load(copied)
        path.write_bytes(whole)
    assert Bundle.load(copied)


@pytest.mark.parametrize("name", ["model.onnx", "signature.json"])
def test_a_file_that_is_cut_short_longer_or_gone_is_refused(name: str, copied: Path) -> None:
    path = copied / name
    whole = path.read_bytes()
    for data in (whole[:-1], whole + b" ", b""):
        path.write_bytes(data)
        with pytest.raises(BundleError, match=r"(size|hash) differs"):
            Bundle.load(copied)
    path.unlink()
    with pytest.raises(BundleError, match=f"lacks {name}"):
        Bundle.load(copied)


def test_what_the_manifest_does_not_list_is_not_trusted(copied: Path) -> None:
    """Else a changed graph would pass where its line was struck out."""
    for change in (
        lambda m: m | {"files": {k: v for k, v in m["files"].items() if k != "model.onnx"}},
        lambda m: m | {"files": {}},
        lambda m: {k: v for k, v in m.items() if k != "files"},
        lambda m: m | {"files": ["model.onnx", "signature.json"]},
    ):
        whole = (copied / "manifest.json").read_text()
        with pytest.raises(BundleError, match="does not list"):
            Bundle.load(rewritten(copied, "manifest.json", change))
        (copied / "manifest.json").write_text(whole)


@pytest.mark.parametrize("entry", [{}, None, 7, {"size": 1}, {"sha256": "x", "size": "y"}])
def test_a_damaged_line_of_the_manifest_is_refused(entry: Any, copied: Path) -> None:
    with pytest.raises(BundleError, match=r"(size|hash) differs"):
        Bundle.load(rewritten(copied, "manifest.json", lambda m: m | {"files": m["files"] | {"model.onnx": entry}}))


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/b", ".."])
def test_a_file_outside_the_bundle_is_not_read(name: str, copied: Path) -> None:
    (copied.parent / "secret").write_text("x")
    with pytest.raises(BundleError, match=r"outside itself|kind of file that no bundle holds"):
        Bundle.load(
            rewritten(copied, "manifest.json", lambda m: m | {"files": m["files"] | {name: {"size": 1, "sha256": "x"}}})
        )


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"schema": "deepenough.bundle/2"}', '{"schema": "another"}', "[" * 100_000]
)
def test_a_manifest_that_is_none_is_refused(text: str, copied: Path) -> None:
    (copied / "manifest.json").write_text(text)
    with pytest.raises(BundleError, match=r"manifest\.json"):
        Bundle.load(copied)


def test_bytes_that_are_no_text_are_refused(copied: Path) -> None:
    (copied / "manifest.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BundleError, match="cannot be read"):
        Bundle.load(copied)


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "not there"):
        with pytest.raises(BundleError, match=r"no bundle.*deepenough run"):
            Bundle.load(folder)


def test_another_version_is_refused_and_named(copied: Path) -> None:
    version = shelves.shelf("modalities")["tabular"].facts["version"]
    with pytest.raises(BundleError, match=rf"version {version + 1}, and version {version} is installed"):
        Bundle.load(rewritten(copied, "signature.json", lambda s: s | {"modality_version": version + 1}))
    with pytest.raises(BundleError, match=r"deepenough\.signature/1"):
        Bundle.load(rewritten(copied, "signature.json", lambda s: s | {"schema": "deepenough.signature/2"}))


@pytest.mark.parametrize("change", [{"task": None}, {"task": {"kind": 3}}, {"task": "x"}])
def test_a_signature_without_a_task_is_refused(change: dict[str, Any], copied: Path) -> None:
    with pytest.raises(BundleError, match="says no task"):
        Bundle.load(rewritten(copied, "signature.json", lambda s: s | change))


@pytest.mark.parametrize("change", [{"modality": "smell"}, {"kind": "prophecy"}])
def test_a_task_nobody_here_knows_is_refused(change: dict[str, str], copied: Path) -> None:
    with pytest.raises(BundleError, match="not known here"):
        Bundle.load(rewritten(copied, "signature.json", lambda s: s | {"task": s["task"] | change}))


def test_a_graph_that_cannot_be_opened_is_a_sentence(copied: Path) -> None:
    (copied / "model.onnx").write_bytes(b"no graph")
    relist(copied, "model.onnx")
    with pytest.raises(BundleError, match="not what its name says"):
        Bundle.load(copied)
    (copied / "model.onnx").write_bytes(b"\x08\x0a\x3a\x00")  # a version, and an empty graph
    relist(copied, "model.onnx")
    with pytest.raises(BundleError, match="onnxruntime"):
        Bundle.load(copied)


def test_latency_is_that_of_one_row_dict_in_answer_out(shipped: Bundle, data: Dataset) -> None:
    measured = time_rows(shipped, data)
    assert set(measured) == {"p50", "p95"} and 0.001 < measured["p50"] <= measured["p95"] < 100
    few = time_rows(shipped, data.take(np.arange(1)))
    assert few["p50"] > 0


def test_a_slow_model_is_timed_on_fewer_calls(shipped: Bundle, data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    calls = []

    def slow(_self: Bundle, rows: Any) -> None:
        calls.append(len(rows))
        time.sleep(0.06)

    monkeypatch.setattr(Bundle, "predict", slow)
    assert 60 <= time_rows(shipped, data)["p50"] < 1000
    assert len(calls) < 20 and set(calls) == {1}


def test_the_same_graph_is_held_in_memory_once(copied: Path) -> None:
    first, second = Bundle.load(copied), Bundle.load(copied)
    assert first._session is second._session and first.graph == second.graph
