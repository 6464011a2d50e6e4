"""Pictures that nobody took: textures for samples, and what a bundle brings along to be replayed."""

from __future__ import annotations

import base64
import io

import numpy as np

SIDE = 24


def textures(n: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Return n small pictures of stripes as ``data:`` URIs, and (n,) how wide their stripes are, in pixels."""
    rng = np.random.default_rng([seed, 24])
    wide = rng.uniform(3.0, 12.0, n)
    return [as_uri(_stripes(rng, width)) for width in wide], wide


def _stripes(rng: np.random.Generator, width: float) -> np.ndarray:
    turn, shift = rng.uniform(0, np.pi), rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[:SIDE, :SIDE]
    wave = np.sin(2 * np.pi * (x * np.cos(turn) + y * np.sin(turn)) / width + shift)
    colour = rng.uniform(90, 160, 3)
    spots = np.kron(rng.normal(0, 30, (SIDE // 4, SIDE // 4)), np.ones((4, 4)))  # so that no two are alike
    noisy = colour + (30 * wave + spots)[:, :, None] + rng.normal(0, 6, (SIDE, SIDE, 3))
    return np.asarray(np.clip(noisy, 0, 255).astype(np.uint8))


def as_png(pixels: np.ndarray) -> bytes:
    """Return pixels as the bytes of a PNG file."""
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()


def as_uri(pixels: np.ndarray) -> str:
    """Return pixels as a ``data:`` URI, as a browser would send them."""
    return "data:image/png;base64," + base64.b64encode(as_png(pixels)).decode("ascii")


def odd() -> list[np.ndarray]:
    """Return pictures that no data set holds: black, white, very wide, very high, tiny, and of noise."""
    rng = np.random.default_rng(9)
    shapes = [(32, 32), (32, 32), (9, 200), (200, 9), (8, 8), (64, 48)]
    made = [np.zeros((*shape, 3), np.uint8) for shape in shapes]
    made[1][:] = 255
    made[2][:, ::2] = (200, 30, 30)
    made[3][::3] = (20, 90, 200)
    made[5][:] = rng.integers(0, 256, made[5].shape)
    return made
