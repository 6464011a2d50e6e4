"""Whole files or none: a temporary name, fsync, rename."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deepenough.errors import StorageError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file that is, at every moment, either the old one or the new one.

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
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise cannot_write(path, error) from error


def write_text(path: Path, text: str) -> None:
    """`write_bytes`, in UTF-8."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, document: Any) -> None:
    """Write a document as indented JSON; NaN is no JSON and raises."""
    write_text(path, json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


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
        _take_the_place(temporary, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    except StorageError as error:  # people know the folder by its own name
        raise StorageError(str(error).replace(str(temporary), str(path))) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _take_the_place(new: Path, path: Path) -> None:
    """Rename `new` to `path`; a folder that was there is deleted only once the new one stands."""
    aside = new.with_name(f"{new.name}.old")
    if path.exists():
        path.replace(aside)
    try:
        new.replace(path)
    except OSError:
        if aside.exists():
            aside.replace(path)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
