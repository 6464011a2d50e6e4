"""What a bundle holds: a manifest, and files that are exactly what it says."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from deepenough.bundle._archive import MOST_FILES, Folder, Source, must_be_name, open_source
from deepenough.errors import BundleError

SCHEMA = "deepenough.bundle/1"
NEEDED = ("model.onnx", "signature.json", "examples.json")
LATER = re.compile(
    r"card\.md|evidence/.*"
)  # written once the verdict is known: they say what the model is worth, not what it is
MOST_MANIFEST = 2**20
MOST_BYTES = 2**31  # of one file: what a protobuf can hold
TEXT = (".json", ".md", ".txt", "MLmodel")
BEGINS = {".json": (b"{", b"["), ".onnx": (b"\x08",), ".npy": (b"\x93NUMPY",)}
OBJECTS = re.compile(rb"'descr': *'?\|?O")  # an array of Python objects, in the head of an .npy
WHERE = "Name a folder that `deepenough run` made."


class Contents:
    """The manifest of a bundle, and its files, each read once for each time it is asked for and held against the manifest.

    Raises `BundleError` where a file is missing, was changed, or is of a kind that no bundle holds.
    """

    def __init__(self, path: Path, source: Source | None = None) -> None:
        self.path = path
        self._source = source or open_source(path)
        self.manifest = document(path / "manifest.json", self._read_manifest(), SCHEMA)
        listed = self.manifest.get("files")
        if not isinstance(listed, dict) or not set(NEEDED) <= set(listed) or len(listed) > MOST_FILES:
            raise BundleError(f"The manifest of '{path}' does not list all that answers. Copy the bundle again.")
        for name in listed:
            must_be_name(name, path)
            _must_be_known(name, path)
        if len({name.casefold() for name in listed}) != len(listed):
            raise BundleError(f"'{path}' lists two files of one name. Do not use it.")
        self.files: dict[str, Any] = listed

    def _read_manifest(self) -> bytes:
        if isinstance(self._source, Folder) and not (self.path / "manifest.json").exists():
            raise BundleError(f"'{self.path}' is no bundle: it has no manifest.json. {WHERE}")
        return self._source.read("manifest.json", MOST_MANIFEST)

    def read(self, name: str) -> bytes:
        """Return a listed file: what was hashed is what is used."""
        entry, place = self.files[name], self.path / name
        size = entry.get("size") if isinstance(entry, dict) else None
        whole = isinstance(size, int) and 0 <= size <= MOST_BYTES
        data = self._source.read(name, (size if whole else 0) or 1) if whole else b""
        if not whole or len(data) != size or hashlib.sha256(data).hexdigest() != entry.get("sha256"):
            raise BundleError(f"'{place}' was changed since it was written: its hash differs. Copy the bundle again.")
        _must_be_data(name, data, place)
        return data

    @property
    def digest(self) -> str:
        return identity(self.manifest)


def identity(manifest: Mapping[str, Any]) -> str:
    """Return the sha256 of a manifest without the files that came after the verdict: the identity of the model.

    It covers the hash of all that answers, so it stays the same when evidence and card join, and changes with anything else.
    """
    files = {name: entry for name, entry in manifest["files"].items() if not LATER.fullmatch(name)}
    text = json.dumps({**manifest, "files": files}, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def document(path: Path, data: bytes, schema: str) -> dict[str, Any]:
    """Read a JSON document of a known schema; `BundleError` where it is none."""
    try:
        found = msgspec.json.decode(data)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"'{path}' cannot be read ({error.__class__.__name__}). Copy the bundle again.") from error
    if not isinstance(found, dict) or found.get("schema") != schema:
        raise BundleError(f"'{path}' is not of the schema {schema}. It is damaged, or made by another version.")
    return found


def _must_be_known(name: str, path: Path) -> None:
    if not name.endswith((*TEXT, *BEGINS, ".safetensors")):
        raise BundleError(f"'{path}' lists '{name}', a kind of file that no bundle holds. Do not use it.")


def _must_be_data(name: str, data: bytes, place: Path) -> None:
    """Refuse a file that is not what its ending says: code in the clothes of data."""
    begins = next((b for ending, b in BEGINS.items() if name.endswith(ending)), None)
    strange = begins is not None and not data.lstrip(b" \n").startswith(begins)
    if not strange and name.endswith(TEXT):
        try:
            strange = "\x00" in data.decode("utf-8")
        except UnicodeDecodeError:
            strange = True
    if name.endswith(".npy"):
        strange = strange or bool(OBJECTS.search(data[:4096]))
    if name.endswith(".safetensors"):
        head = int.from_bytes(data[:8], "little")
        strange = head > len(data) - 8 or data[8:9] != b"{"
    if strange:
        raise BundleError(f"'{place}' is not what its name says. Do not use this bundle.")
