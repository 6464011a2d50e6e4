"""The common ground of pictures: colour, light, edges, texture and size, as numbers of one picture alone. Version 1.

Colour: a joint histogram of red, green and blue (Swain & Ballard 1991), hues weighed by how strong they are, and the mean
colour of nine fields. Edges: histograms of oriented gradients (Dalal & Triggs 2005) in nine fields. Texture: uniform local
binary patterns (Ojala, Pietikäinen & Mäenpää 2002) on three scales, the energy of a Laplacian pyramid (Burt & Adelson
1983), and how alike pixels some steps apart are. Pictures are measured at no more than 256 pixels a side.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

LARGEST = 256  # pixels a side that are looked at
FIELDS = 3  # a side: nine fields
ORIENTATIONS = 8
LEVELS = 4  # of each colour in the joint histogram
HUES = 12
SCALES = 3  # of the local binary patterns, each half as fine as the one before
BANDS = 5  # of the pyramid
SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1), (0, 4), (4, 0), (0, 16), (16, 0))
RING = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))  # the eight neighbours, in their order
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
QUANTILES = (5, 25, 50, 75, 95)
Measured = Iterator[tuple[str, float]]


def _uniform() -> tuple[np.ndarray, int]:
    """Return the class of each of the 256 patterns: uniform ones (two changes at most) by themselves, the rest together."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    changes = (bits != np.roll(bits, 1, axis=1)).sum(axis=1)
    classes = np.cumsum(changes <= 2) - 1
    return np.where(changes <= 2, classes, classes.max() + 1).astype(np.intp), int(classes.max()) + 2


def _turned() -> np.ndarray:
    """Return the class of each pattern however it is turned: the number of bright neighbours where uniform, else 9."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    changes = (bits != np.roll(bits, 1, axis=1)).sum(axis=1)
    return np.where(changes <= 2, bits.sum(axis=1), 9).astype(np.intp)


UNIFORM, KINDS = _uniform()
TURNED = _turned()


def measure(pixels: np.ndarray, whole: tuple[int, int]) -> dict[str, float]:
    """Return the features by name (``family:name``), in their order, of pixels (height, width, 3) uint8 as `shrunk` gives them.

    Parameters
    ----------
    whole : height and width of the picture itself.
    """
    colours = pixels.astype(np.float32) / np.float32(255.0)
    grey = colours @ LUMA
    families = {
        "light": [_light(grey)],
        "size": [_size(whole)],
        "colour": [_colours(pixels, colours)],
        "layout": [_fields(colours, grey)],
        "edges": [_edges(grey)],
        "texture": [_patterns(grey), _bands(grey), _alike(grey)],
    }
    return {f"{family}:{name}": value for family, parts in families.items() for part in parts for name, value in part}


def shrunk(pixels: np.ndarray) -> np.ndarray:
    """Return a picture at no more than `LARGEST` pixels a side, each the mean of those it stands for."""
    height, width = pixels.shape[:2]
    if max(height, width) <= LARGEST:
        return pixels
    from PIL import Image

    scale = LARGEST / max(height, width)
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))


def _light(grey: np.ndarray) -> Measured:
    yield "brightness", float(grey.mean())
    yield "contrast", float(grey.std())
    yield from zip((f"brightness_q{q:02d}" for q in QUANTILES), np.percentile(grey, QUANTILES).tolist(), strict=True)
    shares = np.bincount((grey * 31.99).astype(np.intp).ravel(), minlength=32) / grey.size
    known = shares[shares > 0]
    yield "entropy", float(-(known * np.log(known)).sum())
    curved = 4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    yield "sharpness", float(np.log(curved.var() + 1e-8))


def _size(whole: tuple[int, int]) -> Measured:
    height, width = whole
    yield from (("height", float(height)), ("width", float(width)), ("aspect", float(np.log(width / height))))


def _colours(pixels: np.ndarray, colours: np.ndarray) -> Measured:
    for i, name in enumerate(("red", "green", "blue")):
        yield f"{name}_mean", float(colours[:, :, i].mean())
        yield f"{name}_spread", float(colours[:, :, i].std())
    red, green, blue = colours[:, :, 0], colours[:, :, 1], colours[:, :, 2]
    high, low = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    chroma = high - low
    yield "colourfulness", float(chroma.mean())
    yield "colourfulness_spread", float(chroma.std())
    angle = np.arctan2(np.float32(np.sqrt(3.0)) * (green - blue), 2 * red - green - blue)
    place = ((angle + np.float32(np.pi)) * np.float32(HUES / (2.0001 * np.pi))).astype(np.intp)
    hues = np.bincount(place.ravel(), weights=chroma.ravel(), minlength=HUES)[:HUES] / chroma.size
    yield from ((f"hue_{i:02d}", float(np.sqrt(v))) for i, v in enumerate(hues))
    step = 256 // LEVELS
    joint = (
        (pixels[:, :, 0] // step).astype(np.intp) * LEVELS**2
        + (pixels[:, :, 1] // step) * LEVELS
        + pixels[:, :, 2] // step
    )
    shares = np.sqrt(np.bincount(joint.ravel(), minlength=LEVELS**3) / joint.size)
    yield from (
        (f"colour_r{i // LEVELS**2}g{i // LEVELS % LEVELS}b{i % LEVELS}", float(v)) for i, v in enumerate(shares)
    )


def _cuts(side: int) -> np.ndarray:
    return np.linspace(0, side, FIELDS + 1).astype(np.intp)[:-1]


def _fields(colours: np.ndarray, grey: np.ndarray) -> Measured:
    red, green, blue = colours[:, :, 0], colours[:, :, 1], colours[:, :, 2]
    rows, columns = _cuts(grey.shape[0]), _cuts(grey.shape[1])
    cells = np.outer(np.diff([*rows, grey.shape[0]]), np.diff([*columns, grey.shape[1]]))
    for name, plane in (("light", grey), ("red_green", red - green), ("yellow_blue", (red + green) / 2 - blue)):
        sums = np.add.reduceat(np.add.reduceat(plane, rows, axis=0), columns, axis=1) / cells
        yield from ((f"{name}_field_{i // FIELDS}{i % FIELDS}", float(v)) for i, v in enumerate(sums.ravel()))


def _edges(grey: np.ndarray) -> Measured:
    across = grey[1:-1, 2:] - grey[1:-1, :-2]
    down = grey[2:, 1:-1] - grey[:-2, 1:-1]
    strength = np.sqrt(across * across + down * down)
    yield "edges", float(strength.mean())
    yield "edges_spread", float(strength.std())
    yield from zip(("edges_q75", "edges_q95"), np.percentile(strength, (75, 95)).tolist(), strict=True)
    turn = np.arctan2(down, across) * np.float32(ORIENTATIONS / np.pi)
    place = np.mod(np.rint(turn), ORIENTATIONS).astype(np.intp)
    height, width = strength.shape
    field = (np.arange(height) * FIELDS // height)[:, None] * FIELDS + (np.arange(width) * FIELDS // width)[None, :]
    flat = (field * ORIENTATIONS + place).ravel()
    sums = np.bincount(flat, weights=strength.ravel(), minlength=FIELDS**2 * ORIENTATIONS).reshape(-1, ORIENTATIONS)
    whole = sums.sum(axis=0)
    yield from ((f"edge_{i}", float(v)) for i, v in enumerate(whole / (whole.sum() + 1e-6)))
    local = np.sqrt(sums / (sums.sum(axis=1, keepdims=True) + 1e-3 * strength.size / FIELDS**2))
    for i, values in enumerate(local):
        yield from ((f"edge_field_{i // FIELDS}{i % FIELDS}_{j}", float(v)) for j, v in enumerate(values))


def _patterns(grey: np.ndarray) -> Measured:
    plane = grey
    for scale in range(SCALES):
        code = _codes(plane)
        if scale == 0:
            shares = np.bincount(UNIFORM[code], minlength=KINDS) / max(1, code.size)
            yield from ((f"pattern_{i:02d}", float(np.sqrt(v))) for i, v in enumerate(shares))
        else:
            shares = np.bincount(TURNED[code], minlength=10) / max(1, code.size)
            yield from ((f"pattern_scale{scale}_{i}", float(np.sqrt(v))) for i, v in enumerate(shares))
        plane = _halved(plane)


def _codes(plane: np.ndarray) -> np.ndarray:
    """Return the pattern of each inner pixel: which of its eight neighbours are as bright or brighter."""
    height, width = plane.shape[0] - 2, plane.shape[1] - 2
    if height < 1 or width < 1:
        return np.zeros(0, np.intp)
    middle = plane[1:-1, 1:-1] + np.float32(0.004)  # a level of 255: flat places have no pattern of noise
    code = np.zeros((height, width), np.uint8)
    for bit, (y, x) in enumerate(RING):
        code |= (plane[y : y + height, x : x + width] >= middle).astype(np.uint8) << np.uint8(bit)
    return code.ravel()


def _halved(plane: np.ndarray) -> np.ndarray:
    height, width = plane.shape[0] // 2 * 2, plane.shape[1] // 2 * 2
    if height < 2 or width < 2:
        return plane
    even = plane[:height, :width]
    summed = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    return np.asarray(summed * np.float32(0.25))


def _bands(grey: np.ndarray) -> Measured:
    plane = grey
    for band in range(BANDS):
        small = _halved(plane)
        height, width = small.shape[0] * 2, small.shape[1] * 2
        if small is plane or min(plane.shape) < 2:
            detail = np.zeros((1, 1), np.float32)
        else:
            detail = plane[:height, :width] - np.repeat(np.repeat(small, 2, axis=0), 2, axis=1)
        spread = float(np.sqrt((detail * detail).mean()))
        yield f"detail_{band}", float(np.log(spread + 1e-4))
        yield f"detail_{band}_peaks", float(np.abs(detail).mean() / (spread + 1e-4))
        plane = small
    yield "detail_rest", float(np.log(plane.std() + 1e-4))


def _alike(grey: np.ndarray) -> Measured:
    """How alike pixels are that stand some steps apart: 1 the same, 0 as any two."""
    centred = grey - grey.mean()
    spread = float((centred * centred).mean()) + 1e-6
    height, width = grey.shape
    for y, x in SHIFTS:
        if y >= height or abs(x) >= width:
            yield f"alike_{y}_{x}", 0.0
            continue
        first = centred[: height - y, max(0, -x) : width - max(0, x)]
        second = centred[y:, max(0, x) : width - max(0, -x)]
        yield f"alike_{y}_{x}", float((first * second).mean()) / spread
