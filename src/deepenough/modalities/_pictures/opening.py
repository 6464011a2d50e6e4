"""From the bytes of a picture to its pixels: whatever it was saved as, upright, in red, green and blue; or a sentence."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deepenough.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "TGA")  # none that runs a program, as EPS would
ENDINGS = (".jpg", ".jpeg", ".jfif", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm", ".tga")
MARKS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")  # of JPEG, PNG, GIF, BMP and TIFF
MOST_PIXELS = 40_000_000
MOST_BYTES = 2**28  # of a file
LEAST_SIDE = 8  # pixels; with fewer there is nothing to see
CAMERA = (271, 272)  # EXIF: maker and model
DEEP = 257  # what a sixteen-bit level is divided by, so that white stays white


class Unreadable(DataError):
    """A picture that cannot be opened; the message begins with what is wrong, and names no file."""


@dataclass(frozen=True)
class Header:
    """What a file says of itself before it is decoded.

    Attributes
    ----------
    width, height : pixels as stored, before it is turned upright. frames : of an animation or pages; 1 of a plain picture.
    camera : maker and model by EXIF; empty where the file says none.
    """

    format: str
    width: int
    height: int
    frames: int
    camera: str


def open_picture(data: bytes) -> tuple[Header, np.ndarray]:
    """Return what a file says of itself, and its pixels (height, width, 3) uint8; the first frame of an animation.

    Raises
    ------
    Unreadable : no picture, damaged, cut off, too large or too small; told by the header, before anything is decoded.
    """
    image = _opened(data)
    header = _header(image)
    try:
        image.load()
        return header, _pixels(_upright(image))
    except Exception as error:  # damaged files raise whatever their decoder happens to
        raise Unreadable(f"is damaged or cut off, and cannot be decoded ({_said(error)}). Copy it again") from error


def _opened(data: bytes) -> Image.Image:
    from PIL import Image

    if not data:
        raise Unreadable("is empty (0 bytes). Copy it again")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large("far more than") from None
    except (OSError, SyntaxError, ValueError, EOFError, OverflowError) as error:
        raise Unreadable(f"is no picture that can be read: {_what(data)}. Save it as JPEG or PNG") from error
    if image.width * image.height > MOST_PIXELS:
        raise _too_large(f"{image.width:,} x {image.height:,} pixels, over")
    if min(image.size) < LEAST_SIDE:
        raise Unreadable(f"has {image.width} x {image.height} pixels, too few to show anything")
    return image


def _too_large(how: str) -> Unreadable:
    return Unreadable(f"has {how} {MOST_PIXELS // 1_000_000} megapixels, and was not decoded. Save it smaller")


def _what(data: bytes) -> str:
    if is_marked(data):
        return "it begins as one, and is damaged or cut off"
    head = data[:64]
    if head.lstrip()[:1] == b"<":
        return "it is a text with markup, such as SVG or a web page"
    plain = all(32 <= b < 127 or b in (9, 10, 13) for b in head)
    return "it is a text" if plain else "its first bytes are of no known form"


def is_marked(data: bytes) -> bool:
    """Whether bytes begin as the file of a picture does."""
    return data.startswith(MARKS) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def _said(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:80].rstrip(".")


def _header(image: Image.Image) -> Header:
    try:
        exif = image.getexif()
        camera = " ".join(str(exif[tag]).strip("\0 ") for tag in CAMERA if tag in exif)
    except Exception:  # a damaged block of EXIF says nothing; the picture may be whole
        camera = ""
    frames = int(getattr(image, "n_frames", 1))  # only formats with several say how many
    return Header(str(image.format), image.width, image.height, frames, camera[:80])


def _upright(image: Image.Image) -> Image.Image:
    """Turn a picture as its EXIF says, where that can be read."""
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image)
    except (ValueError, TypeError, SyntaxError, KeyError, OSError):  # the block of EXIF is damaged, not the picture
        return image


def _pixels(image: Image.Image) -> np.ndarray:
    """Return (height, width, 3) uint8: transparent places become white, deep levels eight bits."""
    from PIL import Image

    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return levels(np.asarray(image))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return np.asarray(Image.alpha_composite(white, rgba).convert("RGB"))
    return np.asarray(image.convert("RGB"))


def levels(pixels: np.ndarray) -> np.ndarray:
    """Return pixels of any depth, one, three or four channels, as (height, width, 3) uint8.

    Whole numbers beyond 255 count as sixteen bits; floating ones as 0 to 1 where none is beyond, else as 0 to 255.

    >>> levels(np.array([[0, 65535]], np.uint16))[0, 1].tolist(), levels(np.array([[0.5]]))[0, 0].tolist()
    ([255, 255, 255], [128, 128, 128])
    """
    plain = np.nan_to_num(pixels.astype(np.float64)) if pixels.dtype.kind == "f" else pixels
    if plain.dtype.kind == "f" and plain.max(initial=0.0) <= 1.0:
        plain = np.rint(np.clip(plain, 0.0, 1.0) * 255.0)
    elif plain.dtype.kind == "b":
        plain = plain * np.uint8(255)
    elif plain.dtype.itemsize > 1 and plain.max(initial=0) > 255:
        plain = np.clip(plain, 0, 65535) / DEEP
    eight = np.clip(np.rint(plain), 0, 255).astype(np.uint8)
    if eight.ndim == 2:
        eight = eight[:, :, None]
    if eight.shape[2] == 4:
        clear = eight[:, :, 3:].astype(np.uint16)
        eight = ((eight[:, :, :3] * clear + 255 * (255 - clear)) // 255).astype(np.uint8)
    return np.ascontiguousarray(np.repeat(eight, 3, axis=2) if eight.shape[2] == 1 else eight)


def must_be_pixels(pixels: Any) -> np.ndarray:
    """Return an array that somebody hands over as a picture; `Unreadable` where it is none."""
    array = np.asarray(pixels)
    if (
        array.dtype.kind not in "buif"
        or array.ndim not in (2, 3)
        or (array.ndim == 3 and array.shape[2] not in (1, 3, 4))
    ):
        raise Unreadable(
            f"is an array of shape {array.shape} and type {array.dtype}: it must be (height, width, 3), as uint8"
        )
    height, width = array.shape[:2]
    if height * width > MOST_PIXELS:
        raise _too_large(f"{width:,} x {height:,} pixels, over")
    if min(height, width) < LEAST_SIDE:
        raise Unreadable(f"has {width} x {height} pixels, too few to show anything")
    return levels(array)
