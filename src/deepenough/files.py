"""Whole files or none: a temporary name, fsync, rename."""

from __future__ import annotations

import csv
import ctypes
import errno
import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deepenough.errors import StorageError

HERE, EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of renameat2
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_bytes(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Write a file that is, at every moment, either the old one or the new one.

    `sync`: even after a power cut; without, it may be lost or cut short by one.

    Raises `StorageError` where the folder cannot be written or the disk is full; nothing half-written stays.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise cannot_write(path, error) from error


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Give a temporary file beside `path`, to be written bit by bit, that becomes `path` when the block ends well."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
    except OSError as error:
        raise cannot_write(path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """`write_bytes`, in UTF-8."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, document: Any) -> None:
    """Write a document as indented JSON; NaN is no JSON and raises."""
    write_text(path, to_json(document))


def to_json(document: Any) -> str:
    """Return a document as `write_json` writes it."""
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(path: Path) -> dict[str, Any]:
    """Return a document that was written so; an empty one where there is none, or no whole one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def cannot_write(path: Path, error: OSError) -> StorageError:
    """Return the sentence for a write that failed."""
    if error.errno in FULL:
        return StorageError(
            f"'{path}' could not be written: {_reason(error)}. Free some space, or choose another place with --out."
        )
    blocked = next((p for p in path.parents if p.exists() and not p.is_dir()), None)
    reason = f"'{blocked}' is a file, not a folder" if blocked else _reason(error)
    return StorageError(f"'{path}' could not be written: {reason}. Choose another place with --out.")


def _reason(error: OSError) -> str:
    if (
        isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list)
    ):  # of a folder: one entry a file
        return str(error.args[0][0][-1]).lower()
    return (error.strerror or str(error)).lower()


def to_csv(columns: Mapping[str, Any]) -> str:
    """Return columns as CSV; numbers in full, None and NaN empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    plain = [c.tolist() if hasattr(c, "tolist") else c for c in columns.values()]
    writer.writerows(["" if v is None or v != v else v for v in line] for line in zip(*plain, strict=True))
    return text.getvalue()


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder beside `path` that becomes `path` when the block ends well, and vanishes when not."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        temporary.chmod(0o777 & ~_umask())
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        yield temporary
        if not (path.is_dir() and _exchanged(temporary, path)):
            replace_folder(temporary, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    except StorageError as error:  # people know the folder by its own name
        raise StorageError(str(error).replace(str(temporary), str(path))) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _exchanged(one: Path, other: Path) -> bool:
    """Let two folders change places in one step, so that neither name is ever without one; whether the system can (Linux)."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if sys.platform == "linux" else None
    return rename is not None and rename(HERE, os.fsencode(one), HERE, os.fsencode(other), EXCHANGE) == 0


def replace_folder(new: Path, path: Path) -> None:
    """Rename `new` to `path`; a folder that was there is deleted only once the new one stands."""
    aside = new.with_name(f"{new.name}.old")
    if path.exists():
        shutil.rmtree(aside, ignore_errors=True)
        path.replace(aside)
    try:
        new.replace(path)
    except OSError:
        if aside.exists():
            aside.replace(path)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def copy_folder(source: Path, path: Path) -> None:
    """Copy a folder, whole or not at all; what stood at `path` is replaced."""
    with new_folder(path) as temporary:
        for file in sorted(p for p in source.rglob("*") if p.is_file()):
            write_bytes(temporary / file.relative_to(source), file.read_bytes())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
