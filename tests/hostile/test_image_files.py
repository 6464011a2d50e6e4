"""Folders of pictures as they come: damaged, huge, tiny, mislabelled files; links in circles; names in any script."""

from __future__ import annotations

import io
import os
import re
import struct
import sys
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import deepenough as de
from deepenough import shelves
from deepenough.checks import audit

SENTENCE = r"^['A-Z].*[.?]$"


def cloths(folder: Path, names: tuple[str, ...] = ("sound", "torn"), n: int = 12, seed: int = 0) -> Path:
    rng = np.random.default_rng(seed)
    for i, name in enumerate(names):
        (folder / name).mkdir(parents=True)
        for k in range(n):
            pixels = np.clip(rng.normal(90 + 60 * i, 40, (16, 16, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{k}.png")
    return folder


def header_of(width: int, height: int) -> bytes:
    """A PNG that says it is large, and holds nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def whole(form: str = "PNG", size: tuple[int, int] = (40, 40)) -> bytes:
    data = io.BytesIO()
    rng = np.random.default_rng(1)
    Image.fromarray(rng.integers(0, 255, (*size, 3), dtype=np.uint8)).save(data, form)
    return data.getvalue()


BAD = {
    "text.jpg": (b"Dear customer,\nplease find attached", "it is a text"),
    "page.png": (b"<html><body>Not found</body></html>", "markup"),
    "empty.png": (b"", "0 bytes"),
    "one.png": (whole(size=(1, 1)), "1 x 1 pixels"),
    "huge.png": (header_of(20_000, 20_000), "megapixels"),
    "large.png": (header_of(8_000, 8_000), "8,000 x 8,000"),
    "absurd.png": (header_of(2**31 - 1, 2**31 - 1), "megapixels"),
    "cut.png": (whole()[:-900], "damaged or cut off"),
    "cut.jpg": (whole("JPEG")[:400], "damaged or cut off"),
    "noise.gif": (b"GIF89a" + bytes(range(90)), "damaged|no picture"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_opened_is_left_out_and_named(name: str, tmp_path: Path) -> None:
    data, reason = BAD[name]
    folder = cloths(tmp_path / "data")
    (folder / "torn" / name).write_bytes(data)
    found = de.load(folder)
    told = [f for f in found.findings if f.code == "DE022"]
    assert len(found) == 24 and len(told) == 1 and told[0].evidence["names"] == [f"torn/{name}"]
    assert re.search(reason, told[0].message), told[0].message


@pytest.mark.parametrize("name", BAD)
def test_a_request_with_it_is_refused_with_a_sentence(name: str) -> None:
    modality, data = shelves.load("modalities", "image"), BAD[name][0]
    task, _ = modality.sample("classification", 4, 0)
    with pytest.raises(de.DeepEnoughError, match=SENTENCE):
        modality.features(modality.decode([{"image": data}], task), task)


def test_of_an_animation_the_first_frame_is_read_and_that_is_said(tmp_path: Path) -> None:
    folder = cloths(tmp_path / "data")
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("black", "white")]
    frames[0].save(folder / "sound" / "moving.gif", save_all=True, append_images=frames[1:])
    found = de.load(folder)
    place = found.about["file"].tolist().index("sound/moving.gif")
    assert found.examples[place].max() == 0
    assert any(f.code == "DE022" and "moving.gif" in f.message and "first" in f.message for f in audit(found).findings)


def test_one_class_and_one_picture_in_a_class_are_answers(tmp_path: Path) -> None:
    with pytest.raises(de.DeepEnoughError, match="in every row"):
        de.load(cloths(tmp_path / "one", ("sound",)))
    folder = cloths(tmp_path / "rare", ("sound", "torn", "wet"))
    for path in sorted((folder / "wet").iterdir())[1:]:
        path.unlink()
    found = de.load(folder)
    assert set(found.task.labels) == {"sound", "torn"} and any("'wet' (1)" in f.message for f in found.findings)


def test_pictures_in_no_class_folder_are_nothing_to_learn_from(tmp_path: Path) -> None:
    folder = tmp_path / "flat"
    folder.mkdir()
    for i in range(6):
        (folder / f"{i}.png").write_bytes(whole())
    with pytest.raises(de.DeepEnoughError, match="no class folders"):
        de.load(folder)


def test_a_folder_of_other_files_is_none_of_pictures(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("nothing here")
    with pytest.raises(de.DeepEnoughError, match=SENTENCE):
        de.load(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    folder = cloths(tmp_path / "data", ("sound", "torn", "wet"))
    (folder / "wet").chmod(0)
    try:
        assert set(de.load(folder).task.labels) == {"sound", "torn"}
    finally:
        (folder / "wet").chmod(0o755)


def test_links_in_circles_and_to_nowhere_do_no_harm(tmp_path: Path) -> None:
    folder = cloths(tmp_path / "data")
    (folder / "torn" / "again").symlink_to(folder, target_is_directory=True)
    (folder / "sound" / "self").symlink_to(folder / "sound" / "self")
    (folder / "sound" / "gone.png").symlink_to(folder / "nowhere.png")
    found = de.load(folder)
    assert len(found) == 24 and "gone.png" in str(found.findings)


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes")
def test_names_in_any_script(tmp_path: Path) -> None:
    names = ("健全", "порван", "déchiré – 'x' \"y\"")
    folder = cloths(tmp_path / "布 🧵", names)
    (folder / names[0] / "a,b;c\nd.png").write_bytes(whole())
    (folder / names[1] / "تجربة.png").write_bytes(whole("JPEG"))  # a JPEG by another name is a JPEG
    found = de.load(folder)
    assert set(found.task.labels) == set(names) and len(found) == 38


def test_a_table_whose_pictures_are_not_there(tmp_path: Path) -> None:
    table = pd.DataFrame({"path": [f"{i}.png" for i in range(12)], "label": ["a", "b"] * 6})
    table.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(de.DeepEnoughError, match=r"None of the 12 files.*'0.png'.*is not there"):
        de.load(tmp_path / "t.csv", "label")
    for i in range(6):
        (tmp_path / f"{i}.png").write_bytes(whole(size=(16 + i, 16)))
    with pytest.raises(de.DeepEnoughError, match="no column 'lable'"):
        de.load(tmp_path / "t.csv", "lable")


def test_a_zip_that_is_damaged_locked_or_climbs_out(tmp_path: Path) -> None:
    folder = cloths(tmp_path / "data")
    packed = tmp_path / "p.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(folder.rglob("*.png")):
            archive.write(path, path.relative_to(folder).as_posix())
        archive.writestr("../../outside.png", whole())
        archive.writestr("torn/bad.png", whole())
    data = bytearray(packed.read_bytes())
    place = data.index(whole())
    data[place + 200 : place + 260] = bytes(60)  # one member no longer has the sum that the zip says
    packed.write_bytes(bytes(data))
    found = de.load(packed)
    assert len(found) >= 24 and not (tmp_path.parent / "outside.png").exists()
    (tmp_path / "half.zip").write_bytes(packed.read_bytes()[:3000])
    with pytest.raises(de.DeepEnoughError, match=SENTENCE):
        de.load(tmp_path / "half.zip", "label")
