"""The demo's own pictures: made from a fixed seed, and a question that only the shape answers."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

from deepenough.demo import PICTURES, SIDE, ring_on_cloth, write_pictures


def digest(folder: Path) -> str:
    return hashlib.sha256(b"".join(p.name.encode() + p.read_bytes() for p in sorted(folder.rglob("*.png")))).hexdigest()


def test_the_pictures_are_files_half_of_each_kind_and_the_same_each_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_pictures(tmp_path / name)
    counts = {d.name: len(list(d.iterdir())) for d in (tmp_path / "a" / "rings").iterdir()}
    assert counts == {"whole": PICTURES // 2, "broken": PICTURES // 2}
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    with Image.open(tmp_path / "a/rings/broken/001.png") as first:
        assert first.size == (SIDE, SIDE) and first.mode == "RGB"


def test_brightness_says_little_of_the_gap() -> None:
    rng = np.random.default_rng(0)
    light = [[ring_on_cloth(rng, broken).mean() for _ in range(200)] for broken in (False, True)]
    whole, broken = (np.array(v) for v in light)
    apart = abs(whole.mean() - broken.mean()) / np.hypot(whole.std(), broken.std())
    assert apart < 0.3, "the mean of all points alone is no way to tell them apart"
