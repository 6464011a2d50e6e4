"""The audit of pictures: each fault is found in folders it was put into, and good folders are left in peace."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import deepenough as de
from deepenough.checks import apart, audit, audit_inputs, audit_pair
from deepenough.checks._copies import clusters, copies
from deepenough.errors import SettingError
from deepenough.findings import Finding
from deepenough.loading import load_like
from deepenough.splits import split
from deepenough.testing import picture_faults


def scene(rng: np.random.Generator, kind: str, side: int = 56) -> np.ndarray:
    """Blots at random places, small ones or large ones: no two pictures are alike."""
    pixels = np.full((side, side), 130.0)
    y, x = np.mgrid[:side, :side]
    for _ in range(14 if kind == "small" else 5):
        at, reach = rng.uniform(0, side, 2), rng.uniform(2.0, 4.0) * (1 if kind == "small" else 2.5)
        pixels += rng.choice([-60, 60]) * np.exp(-((y - at[0]) ** 2 + (x - at[1]) ** 2) / (2 * reach**2))
    tint = rng.uniform(0.8, 1.2, 3)
    return np.clip(pixels[:, :, None] * tint + rng.normal(0, 2, (side, side, 3)), 0, 255).astype(np.uint8)


def drawn(folder: Path, of_large: str) -> Path:
    """Two class folders of 80 pictures each; `of_large`: what the pictures of the class `large` show."""
    rng = np.random.default_rng(4)
    for name, kind in (("large", of_large), ("small", "small")):
        (folder / name).mkdir(parents=True)
        for i in range(80):
            Image.fromarray(scene(rng, kind)).save(folder / name / f"{i:03d}.png")
    return folder


@pytest.fixture(scope="module")
def blots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawn(tmp_path_factory.mktemp("blots") / "data", "large")


def found(folder: Path) -> dict[str, Finding]:
    return {f.code: f for f in audit(de.load(folder)).findings}


def test_a_good_folder_is_left_in_peace(blots: Path) -> None:
    loud = [f for f in audit(de.load(blots)).findings if f.severity != "note" and f.code != "DE007"]  # few rows is true
    assert loud == [] and "DE023" not in found(blots)


def test_near_copies_are_found_and_kept_on_one_side_of_every_split(blots: Path, tmp_path: Path) -> None:
    spoilt = picture_faults.plant("near_copies", blots, tmp_path / "data", strength=0.3, seed=1)
    data = de.load(spoilt.folder)
    told = audit_inputs(data)
    finding = next(f for f in told.findings if f.code == spoilt.code)
    place = dict(zip(data.about["file"], data.about["row"], strict=True))
    made = [frozenset((place[a], place[b])) for a, b in zip(spoilt.files, spoilt.originals, strict=True)]
    sets = [frozenset(group) for group in finding.clusters]
    assert np.mean([any(pair <= group for group in sets) for pair in made]) >= 0.95
    assert np.mean([group in made for group in sets]) >= 0.98 and finding.severity == "warning"
    cut = split(data, data.truth, apart=apart(told.findings))
    sealed = set(data.about["row"].to_numpy()[cut.sealed].tolist())
    assert all(len(group & sealed) in (0, len(group)) for group in sets)
    loose = split(data, data.truth)
    torn = set(data.about["row"].to_numpy()[loose.sealed].tolist())
    assert any(len(group & torn) not in (0, len(group)) for group in sets), "else this test shows nothing"


def test_one_picture_in_two_classes_is_found(blots: Path, tmp_path: Path) -> None:
    spoilt = picture_faults.plant("two_answers", blots, tmp_path / "data", strength=0.05)
    finding = found(spoilt.folder)[spoilt.code]
    assert finding.evidence["pairs"] == len(spoilt.files) and finding.severity == "warning"


def test_copies_across_training_and_test_are_found(blots: Path, tmp_path: Path) -> None:
    spoilt = picture_faults.plant("near_copies", blots, tmp_path / "train", strength=0.1)
    for name in spoilt.files:
        target = tmp_path / "test" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(spoilt.folder / name, target)
    train = de.load(tmp_path)
    test = load_like(train.task, tmp_path / "test")
    finding = next(f for f in audit_pair(train, test).findings if f.code == "DE025")
    assert finding.evidence["overlap"] >= 0.9 * len(spoilt.files)


def test_a_class_in_other_light_is_found(blots: Path, tmp_path: Path) -> None:
    spoilt = picture_faults.plant("other_light", blots, tmp_path / "data")
    finding = found(spoilt.folder)[spoilt.code]
    assert finding.severity == "warning" and "brightness" in finding.message


def test_a_source_in_other_light_is_found_where_a_folder_tells_of_it(blots: Path, tmp_path: Path) -> None:
    shutil.copytree(blots, tmp_path / "data")
    for path in sorted((tmp_path / "data").rglob("*.png")):
        late = int(path.stem) >= 40
        with Image.open(path) as opened:
            pixels = np.array(opened) * (0.5 if late else 1.0)
        path.unlink()
        target = path.parent / ("evening" if late else "morning") / path.name
        target.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(target)
    finding = next(f for f in audit(de.load(tmp_path / "data")).findings if f.code == "DE026" and f.subject == "folder")
    assert finding.severity == "warning" and "brightness" in finding.message


@pytest.mark.parametrize("fault", ["marked_class"])
def test_a_mark_on_one_class_is_a_shortcut(fault: str, blots: Path, tmp_path: Path) -> None:
    spoilt = picture_faults.plant(fault, blots, tmp_path / "data")
    finding = found(spoilt.folder)[spoilt.code]
    assert finding.severity == "warning" and finding.subject == "the border pixels"


def saved_by_class(blots: Path, out: Path, how: Callable[[Image.Image, bool, Path], None]) -> set[str]:
    """Save the pictures of the two classes in two ways; return the clues that are told."""
    shutil.copytree(blots, out)
    for path in sorted(out.rglob("*.png")):
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        path.unlink()
        how(image, path.parent.name == "small", path.with_suffix(".jpg"))
    findings = audit(de.load(out)).findings
    return {f.subject for f in findings if f.code in ("DE027", "DE026")}


def test_quality_size_and_camera_that_go_with_the_class_are_shortcuts(blots: Path, tmp_path: Path) -> None:
    def by_quality(image: Image.Image, small: bool, path: Path) -> None:
        image.save(path, "JPEG", quality=50 if small else 97)

    def by_size(image: Image.Image, small: bool, path: Path) -> None:
        image.resize((60, 60) if small else (50, 50)).save(path, "JPEG", quality=90)

    def by_camera(image: Image.Image, small: bool, path: Path) -> None:
        exif = Image.Exif()
        exif[271], exif[272] = "Maker", "Two" if small else "One"
        image.save(path, "JPEG", quality=90, exif=exif)

    alike = drawn(tmp_path / "alike", "small")  # where the classes differ in detail, that explains the size, too
    assert "the size of the file" not in saved_by_class(
        alike, tmp_path / "even", lambda i, small, p: i.save(p, quality=90)
    )
    assert "the size of the file" in saved_by_class(alike, tmp_path / "quality", by_quality)
    assert "the resolution" in saved_by_class(blots, tmp_path / "size", by_size)
    told = saved_by_class(blots, tmp_path / "camera", by_camera)
    assert {"camera", "the camera or the format of the file"} <= told


def test_damaged_files_are_named_by_the_check_of_damage(blots: Path, tmp_path: Path) -> None:
    spoilt = picture_faults.plant("cut_off_files", blots, tmp_path / "data", strength=0.05)
    finding = found(spoilt.folder)[spoilt.code]
    assert sorted(finding.evidence["names"]) == sorted(spoilt.files)


def test_an_unknown_fault_is_refused(blots: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="Did you mean 'near_copies'"):
        picture_faults.plant("near_copy", blots, tmp_path / "data")
    with pytest.raises(SettingError, match="no share"):
        picture_faults.plant("near_copies", blots, tmp_path / "data", strength=2)


def test_plain_walls_are_no_copies_of_each_other() -> None:
    rng = np.random.default_rng(0)
    walls = (128 + rng.normal(0, 0.4, (30, 48, 48))).astype(np.uint8)
    assert len(copies(walls)[0]) == 0
    assert clusters(np.zeros((0, 2), int), 3) == []


@pytest.mark.data
@pytest.mark.parametrize("fault", ["near_copies", "flipped_labels"])
def test_faults_in_real_pictures_are_found(fault: str, tmp_path: Path) -> None:
    """Steel, whose pictures are all alike: the planted copies, and most of the answers that were changed."""
    source = Path(os.environ["DEEPENOUGH_DATA"]) / "neu_steel" / "images"
    for path in sorted(source.glob("*.jpg")):
        label, number = path.stem.rsplit("_", 1)
        if int(number) <= 70:
            (tmp_path / "clean" / label).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, tmp_path / "clean" / label / path.name)
    spoilt = picture_faults.plant(fault, tmp_path / "clean", tmp_path / "data", strength=0.08, seed=2)
    data = de.load(spoilt.folder)
    finding = next(f for f in audit(data).findings if f.code == spoilt.code)
    named = {data.about["file"].iloc[row] for row in finding.where}
    if fault == "near_copies":
        sets = [{data.about["file"].iloc[row] for row in group} for group in finding.clusters]
        pairs = [{a, b} for a, b in zip(spoilt.files, spoilt.originals, strict=True)]
        assert np.mean([any(pair <= group for group in sets) for pair in pairs]) >= 0.95
        assert np.mean([any(pair <= group for pair in pairs) for group in sets]) >= 0.95
    else:
        hit = len(named & set(spoilt.files))
        assert hit / len(named) >= 0.6 and hit / len(spoilt.files) >= 0.6
