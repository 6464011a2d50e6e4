"""Bundles that mean harm, and a small good one to make them of. Also run by `make soak`, in a process of its own."""

from __future__ import annotations

import hashlib
import json
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Files = dict[str, bytes]


def files_of(folder: Path) -> Files:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def put(folder: Path, files: Files) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def listed(files: Files) -> Files:
    """The same files with a manifest that fits them: what somebody makes who knows how."""
    rest = {name: data for name, data in files.items() if name != "manifest.json"}
    entries = {n: {"size": len(d), "sha256": hashlib.sha256(d).hexdigest()} for n, d in rest.items()}
    manifest = json.loads(files["manifest.json"]) | {"files": entries}
    return {**rest, "manifest.json": json.dumps(manifest).encode()}


def packed(
    path: Path, files: Files, change: Callable[[zipfile.ZipInfo], Any] = lambda info: None, how: int = 0
) -> Path:
    """A zip of the files, each entry changed by `change`, stored unless `how` says otherwise."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = how
            change(info)
            archive.writestr(info, data)
    return path


# --- archives ---------------------------------------------------------------------------------------------------------


def of_kind(mode: int) -> Callable[[zipfile.ZipInfo], None]:
    def change(info: zipfile.ZipInfo) -> None:
        if info.filename == "model.onnx":
            info.external_attr = (mode | 0o644) << 16

    return change


def archives(good: Files, place: Path) -> Iterator[tuple[str, Path]]:
    """Zips that would write elsewhere, hide something, or grow."""
    outside = {
        "up": "../evil.txt",
        "deep": "evidence/../../evil.txt",
        "absolute": "/tmp/evil.txt",
        "drive": "C:/evil.txt",
        "backslash": "..\\evil.txt",
        "unc": "\\\\server\\evil.txt",
        "dot": ".evil",
        "unicode": "evi\u2215..\u2215l.txt",
        "long": "x" * 5000 + ".txt",
        "tilde": "~/evil.txt",
    }
    for name, path in outside.items():
        yield name, packed(place / f"{name}.zip", {path: b"evil", **good})
    for name, mode in {
        "symlink": stat.S_IFLNK,
        "device": stat.S_IFCHR,
        "block": stat.S_IFBLK,
        "pipe": stat.S_IFIFO,
    }.items():
        yield name, packed(place / f"{name}.zip", good, of_kind(mode))
    nul = packed(place / "nul.zip", {"evil_.txt": b"evil", **good})
    nul.write_bytes(nul.read_bytes().replace(b"evil_.txt", b"evil\0.txt"))
    yield "nul", nul
    yield "case", packed(place / "case.zip", {**good, "MODEL.onnx": good["model.onnx"]})
    yield "packed", packed(place / "packed.zip", good, how=zipfile.ZIP_DEFLATED)
    yield "doubled", doubled(place / "doubled.zip", good)
    yield "bomb", bomb(place / "bomb.zip", good)
    yield "overlapping", overlapping(place / "overlapping.zip", good)
    yield "million", million(place / "million.zip")
    yield "locked", patched(packed(place / "locked.zip", good), 6, 1)
    yield "zip64", zip64(place / "zip64.zip", good)
    yield "two ends", two_ends(place / "ends.zip", good)
    yield "cut", cut(packed(place / "cut.zip", good))
    yield "tar", tarred(place / "bundle.tar", good)
    yield "empty", packed(place / "empty.zip", {})


def doubled(path: Path, good: Files) -> Path:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in [*good.items(), ("model.onnx", b"\x08another")]:
                archive.writestr(name, data)
    return path


def bomb(path: Path, good: Files, gigabytes: int = 10) -> Path:
    """Gigabytes of nothing in a few kilobytes: one packed entry that says how large it will be."""
    import zlib

    block = bytes(2**20)
    press = zlib.compressobj(9, zlib.DEFLATED, -15)
    few = b"".join([press.compress(block) for _ in range(64)]) + press.flush()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in good.items():
            if name != "model.onnx":
                archive.writestr(zipfile.ZipInfo(name), data)
        archive.writestr(zipfile.ZipInfo("model.onnx"), few)
    data = bytearray(path.read_bytes())
    for signature, size in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):  # the packed stream stands for ten gigabytes
        place = data.index(
            signature + b"", data.index(b"model.onnx") - 50 if signature[2] == 3 else data.rindex(b"model.onnx") - 60
        )
        data[place + size : place + size + 4] = struct.pack("<I", min(gigabytes * 2**30, 2**32 - 2))
    path.write_bytes(data)
    return path


def overlapping(path: Path, good: Files) -> Path:
    """Many entries of the list that share one stretch of the file."""
    packed(path, good)
    data = path.read_bytes()
    end = data.rindex(b"PK\x05\x06")
    start = struct.unpack("<I", data[end + 16 : end + 20])[0]
    directory = data[start:end]
    first = directory[: 46 + len(next(iter(good)))]
    name = next(iter(good)).encode()
    more = b"".join(first.replace(name, f"{i:0{len(name)}d}".encode()) for i in range(300))
    record = bytearray(data[end:])
    count = struct.unpack("<H", record[10:12])[0] + 300
    record[8:12] = struct.pack("<HH", count, count)
    record[12:16] = struct.pack("<I", len(directory) + len(more))
    path.write_bytes(data[:start] + directory + more + bytes(record))
    return path


def million(path: Path) -> Path:
    """A list of a million files, written by hand: a library would take minutes."""
    entry = struct.pack("<4sBBHHHHHIIIHHHHHII", b"PK\x01\x02", 20, 3, 20, 0, 0, 0, 33, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0)
    names = b"".join(entry + f"{i:07d}".encode() for i in range(1_000_000))
    local = b"PK\x03\x04" + bytes(33)
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 0xFFFE, 0xFFFE, len(names), len(local), 0)
    path.write_bytes(local + names + end)
    return path


def patched(path: Path, offset: int, value: int) -> Path:
    data = bytearray(path.read_bytes())
    for signature, more in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
        place = data.find(signature)
        while place >= 0:
            data[place + offset + more] |= value
            place = data.find(signature, place + 4)
    path.write_bytes(data)
    return path


def zip64(path: Path, good: Files) -> Path:
    data = packed(path, good).read_bytes()
    end = data.rindex(b"PK\x05\x06")
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1)
    path.write_bytes(data[:end] + locator + data[end:])
    return path


def two_ends(path: Path, good: Files) -> Path:
    data = packed(path, good).read_bytes()
    end = data.rindex(b"PK\x05\x06")
    inner = data[end:]
    record = bytearray(inner)
    record[20:22] = struct.pack("<H", len(inner))
    path.write_bytes(data[:end] + bytes(record) + inner)
    return path


def cut(path: Path) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return path


def tarred(path: Path, good: Files) -> Path:
    import io
    import tarfile

    with tarfile.open(path, "w") as archive:
        for name, data in good.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("hard")
        link.type, link.linkname = tarfile.LNKTYPE, "/etc/passwd"
        archive.addfile(link)
    return path


# --- graphs -----------------------------------------------------------------------------------------------------------


def edited(graph: bytes, change: Callable[[onnx.ModelProto], Any]) -> bytes:
    model = onnx.load_model_from_string(graph)
    change(model)
    return bytes(model.SerializeToString())


def outside_weights(model: onnx.ModelProto, location: str = "../secret.bin") -> None:
    tensor = next(t for t in model.graph.initializer if len(t.raw_data) >= 4)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)


def outside_leaves(model: onnx.ModelProto) -> None:
    tensor = attribute(model, "leaf_weights").t
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")


def attribute(model: onnx.ModelProto, name: str) -> Any:
    trees = next(n for n in model.graph.node if n.op_type == "TreeEnsemble")
    return next(a for a in trees.attribute if a.name == name)


def number(name: str, place: int, value: int) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        attribute(model, name).ints[place] = value

    return change


def circle(model: onnx.ModelProto) -> None:
    for side in ("true", "false"):
        attribute(model, f"nodes_{side}nodeids").ints[0] = 0
        attribute(model, f"nodes_{side}leafs").ints[0] = 0


def shared(model: onnx.ModelProto) -> None:
    """A ladder in which both ways of every step lead to the next: two to the power of its length paths."""
    nodes = attribute(model, "nodes_truenodeids")
    n = len(nodes.ints)
    for side in ("true", "false"):
        for i in range(n - 1):
            attribute(model, f"nodes_{side}nodeids").ints[i] = i + 1
            attribute(model, f"nodes_{side}leafs").ints[i] = 0


def shorter(name: str) -> Callable[[onnx.ModelProto], None]:
    return lambda model: attribute(model, name).ints.pop()


def splits(values: np.ndarray) -> Callable[[onnx.ModelProto], None]:
    return lambda model: attribute(model, "nodes_splits").t.CopyFrom(numpy_helper.from_array(values, "nodes_splits"))


def node(op: str, domain: str = "", **attributes: Any) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        made = helper.make_node(op, [model.graph.input[0].name], ["unused"], domain=domain, **attributes)
        model.graph.node.append(made)
        if domain:
            model.opset_import.append(helper.make_opsetid(domain, 1))

    return change


def looped(model: onnx.ModelProto) -> None:
    body = helper.make_graph([], "body", [], [])
    model.graph.node.append(helper.make_node("Loop", ["", ""], ["unused"], body=body))


def function(model: onnx.ModelProto) -> None:
    made = helper.make_node("Identity", ["a"], ["b"])
    model.functions.append(helper.make_function("own", "f", ["a"], ["b"], [made], [helper.make_opsetid("", 21)]))


def huge(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.array([2**40, 2**10]), "shape"))
    model.graph.node.append(helper.make_node("ConstantOfShape", ["shape"], ["unused"]))


def hollow(model: onnx.ModelProto) -> None:
    tensor = next(t for t in model.graph.initializer if t.raw_data)
    tensor.dims[:] = [2**40]


def deep(model: onnx.ModelProto) -> None:
    """A chain of 100,000 nodes: whoever follows it by calling himself runs out of stack."""
    n = 100_000
    lists = {
        "tree_roots": [0],
        "nodes_featureids": [0] * n,
        "nodes_truenodeids": list(range(n)),
        "nodes_trueleafs": [1] * n,
        "nodes_falsenodeids": [*range(1, n), n],
        "nodes_falseleafs": [0] * (n - 1) + [1],
        "nodes_missing_value_tracks_true": [0] * n,
        "leaf_targetids": [0] * (n + 1),
    }
    trees = next(n for n in model.graph.node if n.op_type == "TreeEnsemble")
    for name, values in lists.items():
        found = attribute(model, name)
        del found.ints[:]
        found.ints.extend(values)
    arrays = {
        "nodes_splits": np.zeros(n, np.float32),
        "nodes_modes": np.zeros(n, np.uint8),
        "leaf_weights": np.zeros(n + 1, np.float32),
    }
    for name, array in arrays.items():
        attribute(model, name).t.CopyFrom(numpy_helper.from_array(array, name))
    for i in reversed([i for i, a in enumerate(trees.attribute) if a.name == "membership_values"]):
        del trees.attribute[i]


GRAPHS: dict[str, Callable[[onnx.ModelProto], Any]] = {
    "weights outside": outside_weights,
    "weights at an absolute place": lambda m: outside_weights(m, "/etc/passwd"),
    "leaves outside": outside_leaves,
    "feature beyond": number("nodes_featureids", 0, 10**6),
    "feature just beyond": number("nodes_featureids", 0, 4),
    "feature below": number("nodes_featureids", 0, -1),
    "node beyond": number("nodes_truenodeids", 0, 10**9),
    "node below": number("nodes_falsenodeids", 0, -(2**40)),
    "root beyond": number("tree_roots", 0, 10**8),
    "target beyond": number("leaf_targetids", 0, 5),
    "leaf flag": number("nodes_trueleafs", 0, 7),
    "circle": circle,
    "ladder": shared,
    "deep": deep,
    "short ids": shorter("nodes_featureids"),
    "short leaves": shorter("leaf_targetids"),
    "short splits": splits(np.zeros(1, np.float32)),
    "double splits": splits(np.zeros(3)),
    "no rule": lambda m: attribute(m, "nodes_modes").t.CopyFrom(
        numpy_helper.from_array(np.full(3, 9, np.uint8), "nodes_modes")
    ),
    "many targets": lambda m: setattr(attribute(m, "n_targets"), "i", 2**40),
    "no way to add": lambda m: setattr(attribute(m, "aggregate_function"), "i", 99),
    "custom operator": node("Evil", "evil.domain"),
    "microsoft's own": node("FusedMatMul", "com.microsoft"),
    "old trees": node("TreeEnsembleRegressor", "ai.onnx.ml"),
    "vector machine": node("SVMRegressor", "ai.onnx.ml"),
    "random": node("RandomNormalLike"),
    "loop": looped,
    "function": function,
    "huge": huge,
    "hollow": hollow,
}


# --- mutations --------------------------------------------------------------------------------------------------------


def mutate(files: Files, rng: np.random.Generator) -> Files:
    """One small damage: bytes flipped, cut out, doubled, filled, or exchanged with those of another file."""
    name = str(rng.choice(sorted(files)))
    data = bytearray(files[name])
    kind = int(rng.integers(7))
    at, length = int(rng.integers(len(data) + 1)), int(rng.integers(1, 64))
    if kind == 0:
        for place in rng.integers(0, max(1, len(data)), int(rng.integers(1, 5))):
            data[place] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        del data[at : at + length]
    elif kind == 2:
        data[at:at] = bytes(rng.integers(0, 256, length, dtype=np.uint8))
    elif kind == 3:
        data[at : at + length] = bytes([int(rng.choice([0, 255, 127]))]) * length
    elif kind == 4:
        data = data[:at]
    elif kind == 5:
        other = files[str(rng.choice(sorted(files)))]
        data[at : at + length] = other[:length]
    else:
        data[at:at] = data[max(0, at - length) : at]
    return {**files, name: bytes(data)}
