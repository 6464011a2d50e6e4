"""The store: whole copies of bundles, each in a folder named by the hash of its manifest."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from secrets import token_hex

from deepenough.errors import BundleError, StorageError

MANIFEST = "manifest.json"
OLD = 24 * 3600.0  # seconds after which what nobody refers to was left by a process that is gone


class Store:
    """Folders that are written once and never changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, digest: str) -> Path:
        return self.folder / digest

    def has(self, digest: str) -> bool:
        """Whether a whole copy is there."""
        return not faults(self.place(digest), digest)

    def write(self, files: Iterable[tuple[str, bytes]]) -> tuple[Path, str]:
        """Write a copy under a temporary name, down to the disk. Returns its folder and the hash of its manifest."""
        temporary = self._aside()
        try:
            temporary.mkdir(parents=True)
            for name, data in files:
                _write(temporary, name, data)
            for folder in [*(p for p in temporary.rglob("*") if p.is_dir()), temporary]:
                sync(folder)
            return temporary, hashlib.sha256((temporary / MANIFEST).read_bytes()).hexdigest()
        except BaseException as error:
            shutil.rmtree(temporary, ignore_errors=True)
            if isinstance(error, OSError):
                raise cannot_keep(self.folder, error) from error
            raise

    def keep(self, temporary: Path, digest: str) -> None:
        """Give a copy its name, unless a whole one has it."""
        place = self.place(digest)
        try:
            if not self.has(digest):
                self._rename(temporary, place)
            sync(self.folder)
        except OSError as error:
            raise cannot_keep(place, error) from error

    def _rename(self, temporary: Path, place: Path) -> None:
        if place.exists():  # damaged: out of the way, and away when it is old
            place.rename(self._aside())
        try:
            temporary.rename(place)
        except OSError:
            if not self.has(place.name):  # else another process was quicker
                raise

    def _aside(self) -> Path:
        return self.folder / f".{token_hex(8)}"

    def drop(self, temporary: Path) -> None:
        """Remove a copy that did not become the one of its name."""
        shutil.rmtree(temporary, ignore_errors=True)

    def collect(self, used: Collection[str]) -> None:
        """Remove old copies that nobody refers to: a process was killed before it could say what they are.

        To be called by one process at a time, so that nobody is about to refer to them.
        """
        for folder in self.folder.iterdir():
            if folder.name not in used and _age(folder) > OLD:
                shutil.rmtree(folder, ignore_errors=True)


def check(folder: Path, digest: str) -> None:
    """Raise `BundleError` where a copy is missing, or is not what it was."""
    found = faults(folder, digest)
    if found:
        raise BundleError(f"{found} Register it again from its run, or bring the registry's folder back from a copy.")


def faults(folder: Path, digest: str) -> str:
    """Return what is wrong with a copy as a sentence; nothing where every file is the one that was registered."""
    try:
        manifest = (folder / MANIFEST).read_bytes()
        if hashlib.sha256(manifest).hexdigest() != digest:
            return f"'{folder / MANIFEST}' was changed since it was registered."
        for name, entry in json.loads(manifest)["files"].items():
            with (folder / name).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != entry["sha256"]:
                    return f"'{folder / name}' was changed since it was registered."
    except FileNotFoundError as error:
        return f"'{error.filename}' is missing, though it was registered."
    except OSError as error:
        return f"'{error.filename}' cannot be read ({type(error).__name__})."
    return ""


def sync(folder: Path) -> None:
    """Bring the names in a folder down to the disk, where the system can."""
    if os.name == "nt":  # folders cannot be opened there; renames are written through
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _age(folder: Path) -> float:
    try:
        return time.time() - folder.stat().st_mtime
    except FileNotFoundError:  # another process took its copy away just now
        return 0.0


def cannot_keep(place: Path, error: OSError) -> StorageError:
    """Return the sentence for a write that failed."""
    reason = (error.strerror or str(error)).lower()
    return StorageError(
        f"'{place}' could not be written: {reason}. Free some space, or name another place with DEEPENOUGH_REGISTRY."
    )


def _write(folder: Path, name: str, data: bytes) -> None:
    if name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/"):
        raise BundleError(f"A bundle lists a file outside itself ({name[:60]!r}). Do not use it.")
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(path.stat().st_mode & 0o444)  # a version is never changed
