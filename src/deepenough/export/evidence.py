"""Evidence and card join a bundle once the verdict is there; the model, and its identity, stay what they were."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deepenough.bundle import Bundle
from deepenough.errors import BundleError
from deepenough.export import card
from deepenough.export.write import as_json, entry
from deepenough.files import new_folder, write_bytes


def add_evidence(folder: Path, documents: Mapping[str, Any]) -> Bundle:
    """Write documents into ``evidence/`` and the card beside it; return the bundle, loaded again.

    `Bundle.digest` is the same before and after: it does not cover what was said of the model afterwards, but the manifest does.
    Killed at any moment, the folder is the bundle with all of it, or with none.

    Parameters
    ----------
    documents : by plain name: ``verdict``, ``audit`` (findings), ``quantization`` ...; as JSON takes them.
    """
    bundle = Bundle.load(folder)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    new = {f"evidence/{name}.json": as_json(document) for name, document in documents.items()}
    new["card.md"] = card.text(bundle.task, manifest, documents).encode("utf-8")
    listed = {**manifest["files"], **{name: entry(data) for name, data in new.items()}}
    written = as_json({**manifest, "files": listed})
    if not any(name in manifest["files"] for name in new):
        for name, data in new.items():  # nobody reads them until the manifest lists them
            write_bytes(folder / name, data)
        write_bytes(folder / "manifest.json", written)
    else:
        _replace(folder, {name: new.get(name) for name in listed}, written)
    again = Bundle.load(folder)
    if again.digest != bundle.digest:
        raise BundleError(f"'{folder}' was changed while evidence was added to it. Copy the bundle again.")
    return again


def _replace(folder: Path, files: Mapping[str, bytes | None], manifest: bytes) -> None:
    """Write the whole bundle anew, beside the old one, and let it take its place."""
    with new_folder(folder) as temporary:
        for name, data in files.items():
            write_bytes(temporary / name, (folder / name).read_bytes() if data is None else data)
        write_bytes(temporary / "manifest.json", manifest)
