"""The thesis in a few minutes: two tables that ship with scikit-learn, and pictures that are made here."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from deepenough.files import write_bytes, write_text

PICTURES, SIDE = 600, 32

COMMANDS = (
    (
        "1. Is a tumour benign? 569 patients, 30 measurements. Nine of ten right is good enough: which model gets there?",
        (
            "run",
            "{folder}/breast_cancer.csv",
            "--target",
            "benign",
            "--bar",
            "accuracy >= 0.9",
            "--out",
            "{folder}/runs/breast_cancer",
            "--overwrite",
        ),
    ),
    (
        "2. Which digit was written? 1,797 pictures of 8 x 8 points. How good can it get, and is a network worth it?",
        (
            "run",
            "{folder}/digits.csv",
            "--target",
            "digit",
            "--metric",
            "accuracy",
            "--out",
            "{folder}/runs/digits",
            "--overwrite",
        ),
    ),
    (
        "3. Is the ring whole? 600 pictures, made for this demo: what counts is a gap somewhere, and colours and edges do not say.",
        (
            "run",
            "{folder}/rings",
            "--bar",
            "accuracy >= 0.9",
            "--budget",
            "1m",
            "--out",
            "{folder}/runs/rings",
            "--overwrite",
        ),
    ),
)


def write_tables(folder: Path) -> None:
    """Write breast_cancer.csv and digits.csv, as a user would bring them."""
    from sklearn.datasets import load_breast_cancer, load_digits

    cancer = load_breast_cancer(as_frame=True).frame.rename(columns={"target": "benign"})
    cancer["benign"] = cancer["benign"].map({0: "no", 1: "yes"})
    digits = load_digits(as_frame=True).frame.rename(columns={"target": "digit"})
    for name, frame in (("breast_cancer", cancer), ("digits", digits)):
        write_text(folder / f"{name}.csv", frame.to_csv(index=False))


def write_pictures(folder: Path) -> None:
    """Write rings/whole and rings/broken: rings on woven cloth, half of them with a gap, made from a fixed seed."""
    from PIL import Image

    rng = np.random.default_rng(0)
    for i in range(PICTURES):
        broken = i % 2 == 1
        data = io.BytesIO()
        Image.fromarray(ring_on_cloth(rng, broken)).save(data, "PNG")
        write_bytes(folder / "rings" / ("broken" if broken else "whole") / f"{i:03d}.png", data.getvalue())


def ring_on_cloth(rng: np.random.Generator, broken: bool) -> np.ndarray:
    """Return (SIDE, SIDE, 3) uint8: a ring of any size at any place on cloth of any colour, weave and light."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(float)
    turn, thread = rng.uniform(0, np.pi), rng.uniform(4, 8)
    weave = 12 * np.sin(2 * np.pi * (x * np.cos(turn) + y * np.sin(turn)) / thread + rng.uniform(0, 2 * np.pi))
    cloth = rng.uniform(95, 150) + weave + rng.normal(0, 8, (SIDE, SIDE))
    radius, gap = rng.uniform(6, 8), rng.uniform(-np.pi, np.pi)
    row, column = rng.uniform(radius + 2, SIDE - radius - 2, 2)
    ring = np.clip(1.2 - np.abs(np.hypot(y - row, x - column) - radius), 0, 1)
    if broken:
        away = np.abs((np.arctan2(y - row, x - column) - gap + np.pi) % (2 * np.pi) - np.pi)
        ring = ring * (1 - np.clip((0.45 - away) * radius, 0, 1))
    lit = (cloth + 70 * ring)[:, :, None] * rng.uniform(0.9, 1.1, 3)
    return np.asarray(np.clip(lit, 0, 255).astype(np.uint8))
