"""Pictures as a network takes them: one size, standardised, channels first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from deepenough.steps._base import Arrays, Step


class PictureTensor(Step):
    """Turns decoded pictures into one tensor (n, channels, size, size) float32: resized, from 0..255 to 0..1, minus mean, over std.

    Parameters: ``column`` (of pictures, each (h, w, 3) uint8), ``into`` (name of the tensor), ``size`` (pixels a side), ``fit``
    (``squash``: both sides to `size`; ``crop``: the short side to `resize`, then the middle; ``pad``: the long side to `size`,
    grey beside it), ``resize`` (pixels, for crop; at least `size`), ``resample`` (``nearest bilinear bicubic lanczos box``),
    ``mean`` and ``std`` (a number a channel), ``channels`` (3, or 1: brightness). The column of pictures itself is left out.
    """

    name = "picture"
    version = 1
    requires = ("PIL",)
    extra = "image"
    reads = "examples"

    def run(self, arrays: Arrays, params: Mapping[str, Any], files: Mapping[str, bytes]) -> Arrays:
        size, channels = int(params["size"]), int(params["channels"])
        made = np.empty((len(arrays[params["column"]]), channels, size, size), np.float32)
        mean, std = (np.array(params[name], np.float32)[:, None, None] for name in ("mean", "std"))
        for i, pixels in enumerate(arrays[params["column"]]):
            fitted = np.atleast_3d(_fitted(pixels, params)).transpose(2, 0, 1)
            made[i] = (fitted.astype(np.float32) / np.float32(255.0) - mean) / std
        return {**{name: a for name, a in arrays.items() if name != params["column"]}, params["into"]: made}

    def sample(self) -> tuple[Arrays, Mapping[str, Any], Mapping[str, bytes]]:
        rng = np.random.default_rng(0)
        pictures = np.empty(4, dtype=object)
        for i, shape in enumerate([(8, 8, 3), (30, 9, 3), (9, 41, 3), (24, 24, 3)]):
            pictures[i] = rng.integers(0, 256, shape, dtype=np.uint8)
        fit = {"size": 16, "fit": "crop", "resize": 20, "resample": "bilinear", "channels": 3}
        scale = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
        return {"image": pictures}, {"column": "image", "into": "pixels", **fit, **scale}, {}


def _fitted(pixels: np.ndarray, params: Mapping[str, Any]) -> np.ndarray:
    """Return one picture at its size: (size, size, 3), or (size, size) of brightness."""
    from PIL import Image

    image = Image.fromarray(pixels)
    if params["channels"] == 1:
        image = image.convert("L")
    size, how = int(params["size"]), Image.Resampling[str(params["resample"]).upper()]
    if params["fit"] == "squash":
        return np.asarray(image.resize((size, size), how))
    scale = int(params["resize"]) / min(image.size) if params["fit"] == "crop" else size / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    resized = image.resize((width, height), how)
    left, top = (width - size) // 2, (height - size) // 2
    if params["fit"] == "crop":
        return np.asarray(resized.crop((left, top, left + size, top + size)))
    grey = Image.new(image.mode, (size, size), 128 if image.mode == "L" else (128, 128, 128))
    grey.paste(resized, (-left, -top))
    return np.asarray(grey)
