"""What the checks of pictures share: looks, names, copies once found, and how a fault is put into pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.modalities._pictures.look import FEATURES, Look, Pictures
from deepenough.modalities._pictures.picture import Picture

from ._copies import MOST, copies

REMEMBERED = 8
_found: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}  # by content: several checks ask for the same


def pictures(dataset: Dataset) -> Pictures:
    """Return the pictures of a dataset; `NotApplicable` where its examples are none."""
    if not isinstance(dataset.examples, Pictures):
        raise NotApplicable("The examples are no pictures.")
    return dataset.examples


def looks(dataset: Dataset) -> list[Look]:
    """Return what was seen of each picture."""
    return pictures(dataset).looks()


def names(dataset: Dataset, index: np.ndarray, most: int = 3) -> str:
    """Return the names of a few pictures, for a sentence."""
    shown = [repr(pictures(dataset).sources[i].name) for i in index[:most]]
    more = len(index) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def near_copies(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return (k, 2) pairs of pictures that are the same but for how they were saved, and (k,) how alike they are."""
    if len(dataset) < 2:
        raise NotApplicable("There is one picture only, so none can be a copy.")
    if len(dataset) > MOST:
        raise NotApplicable(f"Copies are looked for among up to {MOST:,} pictures, and there are {len(dataset):,}.")
    thumbnails = np.stack([seen.thumbnail for seen in looks(dataset)])
    key = hashlib.blake2b(thumbnails.tobytes(), digest_size=16).digest()
    if key not in _found:
        while len(_found) >= REMEMBERED:
            _found.pop(next(iter(_found)))
        _found[key] = copies(thumbnails)
    return _found[key]


def measured(dataset: Dataset, name: str) -> np.ndarray:
    """Return (n,) one feature of the pictures."""
    return np.asarray(pictures(dataset).features()[:, FEATURES.index(name)])


def changed(clean: Dataset, change: Mapping[int, Callable[[np.ndarray], np.ndarray]]) -> Dataset:
    """Return the dataset with other pixels in some of its pictures."""
    sources = list(pictures(clean).sources)
    for i, how in change.items():
        sources[i] = Picture(sources[i].name, np.ascontiguousarray(how(sources[i].read())))
    return rebuilt(clean, sources)


def rebuilt(clean: Dataset, sources: list[Picture]) -> Dataset:
    """Return the dataset with other pictures in the same places."""
    examples = Pictures(pictures(clean).column, sources)
    values = examples.features()
    features = {name: np.ascontiguousarray(values[:, i]) for i, name in enumerate(FEATURES)}
    return Dataset(clean.task, examples, clean.target, clean.about, examples.identities(), features)


def added(clean: Dataset, copied: np.ndarray, how: Callable[[np.ndarray], np.ndarray]) -> Dataset:
    """Return the dataset with changed copies of the pictures at `copied` at its end, numbered on."""
    longer = clean.take(np.concatenate([np.arange(len(clean)), copied]))
    numbers = clean.about["row"].to_numpy()
    longer.about = longer.about.assign(row=np.concatenate([numbers, numbers.max() + 1 + np.arange(len(copied))]))
    return changed(longer, {len(clean) + i: how for i in range(len(copied))})


def recaptured(pixels: np.ndarray) -> np.ndarray:
    """Return a picture cut by 4 % at two sides and 15 % brighter: what a careless copy looks like."""
    height, width = pixels.shape[:2]
    part = pixels[round(0.04 * height) :, : width - round(0.04 * width)]
    return np.asarray(np.clip(part.astype(np.float32) * 1.15, 0, 255).astype(np.uint8))
