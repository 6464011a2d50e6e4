"""Where the weights of a pretrained network are: in a folder here, or fetched by name where that is allowed."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from deepenough.errors import SettingError, Unavailable

VARIABLE = "DEEPENOUGH_WEIGHTS"
CONFIG, WEIGHTS = "config.json", "*.safetensors"
READ = (CONFIG, "preprocessor_config.json", WEIGHTS)
PICTURES = (
    "preprocessor_config.json",
    "image_mean",
)  # a folder whose network reads pictures has the one with the other
PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
HOW = (
    "Name a folder that holds config.json and model.safetensors with --weights or DEEPENOUGH_WEIGHTS, or a network by its name, "
    "with --allow-download: --weights google/mobilenet_v2_1.0_224 --allow-download"
)


def locate(asked: str | None, may_download: bool = False) -> Path:
    """Return the folder of a network for pictures.

    Parameters
    ----------
    asked : a folder that is one, or holds some (the first by name is taken), or a name on Hugging Face. None asks
        DEEPENOUGH_WEIGHTS.
    may_download : whether a name that is not here may be fetched.

    Raises
    ------
    Unavailable : there is none, or its weights are pickled: with a sentence that says how to get one.
    """
    asked = asked or os.environ.get(VARIABLE)
    if not asked:
        raise Unavailable(f"No pretrained network is here. {HOW}.")
    folder = Path(asked)
    if folder.is_dir():
        return _inside(folder)
    return _inside(_named(asked, may_download))


def must_be_there(asked: str, may_download: bool) -> None:
    """Refuse, before any work, weights that are neither a folder nor a name that may be fetched, or lies here."""
    if Path(asked).is_dir():
        return
    try:
        locate(asked, may_download)
    except Unavailable as error:
        raise SettingError(str(error)) from error


def _inside(folder: Path) -> Path:
    """Return the folder itself, or the first network for pictures in it."""
    if (folder / CONFIG).is_file():
        return _safe(folder)
    found = sorted(p.parent for p in folder.glob(f"*/{CONFIG}") if _reads_pictures(p.parent))
    if not found:
        raise Unavailable(f"'{folder}' holds no network for pictures (no config.json). {HOW}.")
    return _safe(found[0])


def _reads_pictures(folder: Path) -> bool:
    name, fact = PICTURES
    return (folder / name).is_file() and fact in (folder / name).read_text(encoding="utf-8")


def _safe(folder: Path) -> Path:
    if any(folder.glob(WEIGHTS)):
        return folder
    pickled = sorted(p.name for pattern in PICKLED for p in folder.glob(pattern))
    if pickled:
        raise Unavailable(
            f"'{folder}' holds pickled weights ({pickled[0]}), which can run code when they are read. Only safetensors are "
            "read: take the network in that format, or have its maker convert it."
        )
    raise Unavailable(f"'{folder}' holds no weights (no model.safetensors). {HOW}.")


def _named(name: str, may_download: bool) -> Path:
    """Return where Hugging Face keeps a network of this name here; fetch it where that is allowed."""
    if name.count("/") > 1 or name.startswith((".", "/", "~")):
        raise Unavailable(f"There is no folder '{name}'. {HOW}.")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=not may_download, allow_patterns=list(READ)))
    except (LocalEntryNotFoundError, HFValidationError, HfHubHTTPError, OSError) as error:
        why = "could not be fetched" if may_download else "is not here, and --allow-download was not given"
        raise Unavailable(f"The network '{name}' {why}. {HOW}.") from error


def fingerprint(folder: Path) -> str:
    """Return sixteen hex digits of all that is read of a network: what is computed with it is kept under that name."""
    digest = hashlib.sha256()
    for path in sorted(p for pattern in READ for p in folder.glob(pattern)):
        digest.update(path.name.encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def reading(folder: Path, column: str = "image") -> dict[str, object]:
    """Return the parameters of the step `picture` on a column, as the preprocessor_config.json of a network says them."""
    path = folder / "preprocessor_config.json"
    said = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    size, crop = _side(said.get("size"), 224), _side(said.get("crop_size"), 0)
    cropped = bool(said.get("do_center_crop", False)) and crop > 0
    factor = 255.0 * float(said.get("rescale_factor", 1 / 255))
    standard = bool(said.get("do_normalize", True))
    mean, std = (said.get(k) if standard else None for k in ("image_mean", "image_std"))
    names = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box"}
    return {
        "column": column,
        "into": "pixels",
        "size": min(crop, size) if cropped else size,
        "fit": "crop" if cropped else "squash",
        "resize": size,
        "resample": names.get(said.get("resample", 2), "bilinear"),
        "channels": 3,
        "mean": [m / factor for m in mean or (0.0, 0.0, 0.0)],
        "std": [s / factor for s in std or (1.0, 1.0, 1.0)],
    }


def _side(size: object, otherwise: int) -> int:
    """Return the pixels of a side: a number, or what a mapping of sides says."""
    if isinstance(size, dict):
        size = size.get("shortest_edge") or size.get("height")
    return int(size) if isinstance(size, int) else otherwise
