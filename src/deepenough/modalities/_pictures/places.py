"""Which pictures a source holds: a folder, a folder of class folders, a zip of one, or a table that names them."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from deepenough.errors import DataError
from deepenough.modalities._pictures.opening import ENDINGS
from deepenough.modalities._pictures.picture import Member, Picture

LEARNT_FROM = ("train", "training")
TUNED_ON = ("val", "valid", "validation", "dev")
TESTED_ON = ("test", "testing")
PARTS = (*LEARNT_FROM, *TUNED_ON, *TESTED_ON)
HIDDEN = (".", "__MACOSX")  # beginnings of names that systems leave behind
WORKBOOKS = (".xlsx", ".xlsm")  # zips, too
MOST_FILES = 5_000_000
MOST_DEEP = 40  # folders in folders


@dataclass(frozen=True)
class Found:
    """A picture in a folder or zip, by its path in it.

    Attributes
    ----------
    path : relative, with `/`. part : ``train``, ``val`` or ``test`` as the folder is written; empty without such folders.
    label : name of the class folder; None where the picture stands in none.
    """

    path: str
    part: str
    label: str | None
    picture: Picture


@dataclass(frozen=True)
class Place:
    """A folder or a zip, and the folder in it that is meant (`photos.zip#val`)."""

    path: Path
    inside: str = ""

    @property
    def is_zip(self) -> bool:
        return self.path.is_file()


def place_of(source: str | Path) -> Place | None:
    """Return the folder or zip that a source names; None where it names neither."""
    path = Path(source)
    try:
        if path.is_dir() or (path.suffix.lower() not in WORKBOOKS and path.is_file() and zipfile.is_zipfile(path)):
            return Place(path)
        before, _, inside = str(source).rpartition("#")
        return Place(Path(before), inside.strip("/")) if before and zipfile.is_zipfile(before) else None
    except (OSError, ValueError):
        return None


def holds_pictures(place: Place) -> bool:
    """Whether most files of a place are named as pictures are; looked for in the first few hundred."""
    paths = []
    for path, _ in _walk(place, lambda folder, error: None):
        paths.append(path)
        if len(paths) >= 300:
            break
    pictures = sum(is_picture(p) for p in paths)
    return pictures > 0 and pictures >= len(paths) / 2


def paths_in(place: Place) -> list[str]:
    """Return the path of every file of a place, in it."""
    return [path for path, _ in _walk(place, lambda folder, error: None)]


def is_picture(path: str) -> bool:
    """Whether a file is named as pictures are."""
    return path.lower().endswith(ENDINGS)


def pictures_in(place: Place) -> tuple[list[Found], list[str]]:
    """Return the pictures in a folder or zip, in the order of their paths, and what could not be entered, a sentence each.

    Folders called train, val and test at its top are parts; the folder below (or at the top, where there are no parts) is the
    class, however deep a picture stands in it.
    """
    refused: list[str] = []
    walked = sorted(_walk(place, lambda folder, error: refused.append(f"'{folder}' {error}")), key=lambda f: f[0])
    files = [(path, picture) for path, picture in walked if is_picture(path)]
    common = _wrapper([path for path, _ in files]) if place.is_zip else ""
    tops = {path.removeprefix(common).split("/")[0] for path, _ in files}
    parted = any(t.lower() in LEARNT_FROM for t in tops) and all(t.lower() in PARTS for t in tops)
    return [_found(path, path.removeprefix(common), parted, picture) for path, picture in files], refused


def _found(path: str, inner: str, parted: bool, picture: Picture) -> Found:
    folders = PurePosixPath(inner).parts[:-1]
    part, folders = (folders[0], folders[1:]) if parted and folders else ("", folders)
    return Found(path, part, folders[0] if folders else None, picture)


def _wrapper(paths: list[str]) -> str:
    """Return the one folder that everything in a zip is packed in, and that says nothing; empty where there is none."""
    tops = {path.split("/")[0] for path in paths}
    inside = all("/" in path for path in paths)
    deeper = {path.split("/")[1] for path in paths if path.count("/") > 1}
    top = next(iter(tops), "")
    return f"{top}/" if inside and len(tops) == 1 and len(deeper) > 1 and top.lower() not in PARTS else ""


def _walk(place: Place, refused: Callable[[str, str], None]) -> Iterator[tuple[str, Picture]]:
    """Yield every file of a place: its path in it, and where it is."""
    return _in_zip(place) if place.is_zip else _in_folder(place.path, refused)


def _in_folder(top: Path, refused: Callable[[str, str], None]) -> Iterator[tuple[str, Picture]]:
    """Walk a folder; links to folders are followed, but none back to a folder they stand in."""
    count = 0
    waiting: list[tuple[Path, tuple[tuple[int, int], ...]]] = [(top, ())]
    while waiting:
        folder, above = waiting.pop()
        inner = folder.relative_to(top).as_posix()
        try:
            at = folder.stat()
            here = (at.st_dev, at.st_ino)
            if here in above or len(above) > MOST_DEEP:
                refused(inner, "is a link back to a folder it stands in, and was not entered")
                continue
            entries = sorted(os.scandir(folder), key=lambda e: e.name)
        except OSError as error:
            refused(inner, f"cannot be entered: {(error.strerror or str(error)).lower()}")
            continue
        for entry in (e for e in entries if not e.name.startswith(HIDDEN)):
            if _is_folder(entry):
                waiting.append((Path(entry.path), (*above, here)))
                continue
            count += 1
            if count > MOST_FILES:
                raise DataError(f"'{top}' holds over {MOST_FILES:,} files. Name a smaller folder.")
            path = Path(entry.path)
            yield path.relative_to(top).as_posix(), Picture(path.relative_to(top).as_posix(), path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself: it is named as what it is, and told when it is opened
        return False


def _in_zip(place: Place) -> Iterator[tuple[str, Picture]]:
    try:
        with zipfile.ZipFile(place.path) as archive:
            names = [e.filename for e in archive.infolist() if not e.is_dir()]
    except Exception as error:  # zipfile raises whatever a damaged directory makes it
        raise DataError(f"'{place.path}' cannot be read as a zip ({type(error).__name__}). Pack it again.") from error
    before = f"{place.inside}/" if place.inside else ""
    for name in names:
        if name.startswith(before) and not any(part.startswith(HIDDEN) for part in name.split("/")):
            inner = name.removeprefix(before)
            yield inner, Picture(inner, Member(place.path, name))


def sealed_part(found: list[Found]) -> str | None:
    """Return the folder that becomes the sealed set: test, or val where there is no test; None without a training folder."""
    parts = {f.part for f in found if f.part}
    for names in (TESTED_ON, TUNED_ON):
        for part in sorted(parts):
            if part.lower() in names:
                return part
    return None
