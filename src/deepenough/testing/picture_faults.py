"""Faults to put into a folder of pictures, as they happen in real ones: does the audit find them, and how many does it take?

They know nothing of the checks. The folder holds class folders; it is copied, and the copy is spoilt.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepenough.errors import SettingError, nearest

ENDINGS = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class SpoiltFolder:
    """A folder of class folders with a fault in it.

    Attributes
    ----------
    files : what was hit, relative to the folder. originals : of a copy the file it was made of, in the same order.
    code : the finding that should tell of it.
    """

    folder: Path
    files: list[str]
    originals: list[str]
    code: str


@dataclass(frozen=True)
class _Case:
    folder: Path
    strength: float
    rng: np.random.Generator

    @property
    def classes(self) -> list[Path]:
        return sorted(p for p in self.folder.iterdir() if p.is_dir())

    def files(self, folder: Path | None = None) -> list[Path]:
        return sorted(p for p in (folder or self.folder).rglob("*") if p.suffix.lower() in ENDINGS)

    def some(self) -> list[Path]:
        found = self.files()
        count = max(1, round(self.strength * len(found)))
        return [found[i] for i in np.sort(self.rng.choice(len(found), min(count, len(found)), replace=False))]

    def spoilt(self, code: str, files: list[Path], originals: list[Path] | None = None) -> SpoiltFolder:
        names = [p.relative_to(self.folder).as_posix() for p in files]
        return SpoiltFolder(self.folder, names, [p.relative_to(self.folder).as_posix() for p in originals or []], code)


def plant(fault: str, folder: str | Path, out: str | Path, strength: float = 0.1, seed: int = 0) -> SpoiltFolder:
    """Copy a folder of class folders to `out`, and put a fault into the copy.

    Parameters
    ----------
    fault : one of `FAULTS`. strength : share of the pictures that are hit, where it is not a whole class.
    """
    if fault not in FAULTS:
        raise SettingError(f"There is no fault '{fault}'. {nearest(fault, FAULTS)}There are: {', '.join(FAULTS)}.")
    if not 0 < strength <= 1:
        raise SettingError(f"The strength {strength} is no share. Give a number above 0 and up to 1.")
    shutil.copytree(folder, out)
    return FAULTS[fault](_Case(Path(out), strength, np.random.default_rng(seed)))


def _near_copies(case: _Case) -> SpoiltFolder:
    """Somebody saved pictures again: smaller, cut by 5 %, brighter or darker, as JPEG of less quality."""
    from PIL import Image, ImageEnhance

    made, originals = [], case.some()
    for i, path in enumerate(originals):
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        how = i % 4
        if how == 1:
            share = case.rng.uniform(0.5, 1.5)
            image = image.resize((max(8, int(image.width * share)), max(8, int(image.height * share))))
        if how == 2:
            width, height = round(image.width * 0.95), round(image.height * 0.95)
            x, y = (int(case.rng.integers(0, d + 1)) for d in (image.width - width, image.height - height))
            image = image.crop((x, y, x + width, y + height))
        if how == 3:
            image = ImageEnhance.Brightness(image).enhance(float(case.rng.choice([0.8, 1.2])))
        target = path.with_name(f"{path.stem}-again.jpg")
        image.save(target, "JPEG", quality=int(case.rng.integers(50, 90)))
        made.append(target)
    return case.spoilt("DE023", made, originals)


def _two_answers(case: _Case) -> SpoiltFolder:
    """The same picture was put into two class folders."""
    made, originals = [], case.some()
    for path in originals:
        others = [c for c in case.classes if c not in path.parents]
        target = others[int(case.rng.integers(len(others)))] / f"{path.stem}-too.jpg"
        _resaved(path, target)
        made.append(target)
    return case.spoilt("DE024", made, originals)


def _resaved(path: Path, target: Path) -> None:
    from PIL import Image

    with Image.open(path) as image:
        image.convert("RGB").save(target, "JPEG", quality=80)


def _flipped_labels(case: _Case) -> SpoiltFolder:
    """Somebody dragged pictures into the wrong folder."""
    moved = []
    for path in case.some():
        others = [c for c in case.classes if c not in path.parents]
        target = others[int(case.rng.integers(len(others)))] / f"moved-{path.name}"
        path.rename(target)
        moved.append(target)
    return case.spoilt("DE014", moved)


def _other_light(case: _Case) -> SpoiltFolder:
    """One class was photographed on another day, with less light."""
    return case.spoilt("DE026", _each_of_last(case, lambda pixels: pixels * 0.35))


def _marked_class(case: _Case) -> SpoiltFolder:
    """The pictures of one class carry a bright strip at their lower edge, as a microscope or a web site leaves it."""

    def mark(pixels: np.ndarray) -> np.ndarray:
        pixels[-max(2, len(pixels) // 12) :] = (250, 240, 60)
        return pixels

    return case.spoilt("DE027", _each_of_last(case, mark))


def _each_of_last(case: _Case, change: Callable[[np.ndarray], np.ndarray]) -> list[Path]:
    from PIL import Image

    found = case.files(case.classes[-1])
    for path in found:
        with Image.open(path) as opened:
            pixels = np.array(opened.convert("RGB"))
        Image.fromarray(np.clip(change(pixels), 0, 255).astype(np.uint8)).save(path)
    return found


def _cut_off_files(case: _Case) -> SpoiltFolder:
    """A download or a disk ended in the middle of files."""
    hit = case.some()
    for path in hit:
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2])
    return case.spoilt("DE022", hit)


FAULTS: dict[str, Callable[[_Case], SpoiltFolder]] = {
    "near_copies": _near_copies,
    "two_answers": _two_answers,
    "flipped_labels": _flipped_labels,
    "other_light": _other_light,
    "marked_class": _marked_class,
    "cut_off_files": _cut_off_files,
}
