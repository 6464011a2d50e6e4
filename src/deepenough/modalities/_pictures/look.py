"""One look at a picture: its features, and what the checks want to know of it; taken once, and remembered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepenough.examples import Lazy
from deepenough.modalities._pictures.features import measure, shrunk
from deepenough.modalities._pictures.opening import Unreadable
from deepenough.modalities._pictures.picture import Picture, identity, named

THUMBNAIL = 48  # pixels a side of what copies are recognised by
RIM = 0.06  # of a side: what counts as the border
BLANK = np.zeros((16, 16, 3), np.uint8)
LOOK = "look"
FEATURES = tuple(measure(BLANK, (16, 16)))


@dataclass(frozen=True, eq=False)
class Look:
    """What was seen of one picture.

    Attributes
    ----------
    features : (features,) float32, in the order of `FEATURES`.
    identity : of its bytes. thumbnail : (48, 48) uint8, grey. rim, middle : (12,) float32, mean and
        spread of the colours of its borders, and of its inner half.
    size_bytes : of the file; 0 of pixels that came without one. camera : by EXIF, empty where none is named.
    frames : of an animation; 1 of a plain picture.
    """

    features: np.ndarray
    identity: np.uint64
    thumbnail: np.ndarray
    rim: np.ndarray
    middle: np.ndarray
    width: int
    height: int
    size_bytes: int
    format: str
    camera: str
    frames: int


def look(picture: Picture) -> Look:
    """Return what is seen of a picture; `Unreadable` where it cannot be opened."""
    data = picture.data()
    header, pixels = picture.opened(data)
    small = shrunk(pixels)
    height, width = pixels.shape[:2]
    features = np.array(list(measure(small, (height, width)).values()), np.float32)
    size = 0 if isinstance(picture.source, np.ndarray) else len(data)
    about = (width, height, size, header.format, header.camera, header.frames)
    return Look(features, identity(data), _thumbnail(small), _rim(small), _middle(small), *about)


def _thumbnail(pixels: np.ndarray) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).convert("L").resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX))


def _rim(pixels: np.ndarray) -> np.ndarray:
    """Return the colours above and below, and of the two sides."""
    height, width = pixels.shape[:2]
    y, x = max(1, round(RIM * height)), max(1, round(RIM * width))
    above = np.concatenate([pixels[:y].reshape(-1, 3), pixels[-y:].reshape(-1, 3)])
    beside = np.concatenate([pixels[:, :x].reshape(-1, 3), pixels[:, -x:].reshape(-1, 3)])
    return _colours(above, beside)


def _middle(pixels: np.ndarray) -> np.ndarray:
    """Return the colours of the middle, its upper and its lower half: as many numbers as of the rim."""
    height, width = pixels.shape[:2]
    inner = pixels[height // 4 : height - height // 4, width // 4 : width - width // 4]
    half = len(inner) // 2
    return _colours(inner[:half].reshape(-1, 3), inner[half:].reshape(-1, 3))


def _colours(*parts: np.ndarray) -> np.ndarray:
    """Return (12,) float32: the mean colour of two parts, and how their colours are spread."""
    levels = [part.astype(np.float32) / np.float32(255.0) for part in parts]
    return np.concatenate([*(part.mean(axis=0) for part in levels), *(part.std(axis=0) for part in levels)])


def looked(picture: Picture) -> Look:
    """Return the look at a picture, taken the first time it is asked for; `Unreadable` where it cannot be opened."""
    seen = picture.memory.get(LOOK)
    if seen is None:
        seen = picture.memory[LOOK] = look(picture)
    assert isinstance(seen, Look)
    return seen


def _named_look(picture: Picture) -> Look:
    try:
        return looked(picture)
    except Unreadable as error:
        raise named(picture.name, error) from error


class Pictures(Lazy[Picture]):
    """Pictures as examples: `[i]` decodes one anew, (height, width, 3) uint8; what was measured of them is remembered."""

    def looks(self) -> list[Look]:
        """Return the look at each; `DataError` with the name of one that cannot be opened."""
        return [_named_look(source) for source in self.sources]

    def features(self) -> np.ndarray:
        """Return (n, features) float32."""
        looks = self.looks()
        return np.stack([seen.features for seen in looks]) if looks else np.zeros((0, len(FEATURES)), np.float32)

    def identities(self) -> np.ndarray:
        """Return (n,) uint64: the same file, the same number."""
        return np.array([seen.identity for seen in self.looks()], np.uint64)
