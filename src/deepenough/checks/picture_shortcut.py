"""DE027: answers that can be told without looking at what the pictures show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding, Severity

from ._base import Check
from ._crossfit import FOLDS, out_of_fold
from ._look import need_classes, percent
from ._pictures import changed, looks, measured

LEAST = 100  # pictures
LEAST_IN_CLASS = 10
WORTH_A_NOTE, WORTH_A_WARNING = 0.3, 0.5  # of the way from guessing to always right, above what chance may give
AHEAD = 0.1  # how far the border must be ahead of the middle of the picture, which shows the thing itself
FAR = 3.0
CONTENT = (  # what makes a file large, but for the finest detail, which saving itself takes away
    "light:contrast",
    "light:entropy",
    "edges:edges",
    "edges:edges_spread",
    "texture:detail_1",
    "texture:detail_2",
)


@dataclass(frozen=True)
class Clue:
    """Something beside the thing itself: what it is called, what it is worth alone (0 guessing, 1 always right), and the mend."""

    name: str
    worth: float
    against: float
    remedy: str


class PictureShortcut(Check):
    """Border pixels, the size of the file, the resolution or the camera: where these alone tell the class, a model need not look."""

    name = "picture_shortcut"
    code = "DE027"
    title = "A shortcut past the picture"
    looks_at = "labels"
    modalities = ("image",)

    def run(self, dataset: Dataset) -> list[Finding]:
        counts = need_classes(dataset)
        if len(dataset) < LEAST or counts.min() < LEAST_IN_CLASS:
            raise NotApplicable(
                f"It needs {LEAST} pictures and {LEAST_IN_CLASS} of each class, to tell a clue from luck."
            )
        noise = 2.0 / np.sqrt(len(dataset))
        found = [clue for clue in _clues(dataset, len(counts)) if clue.worth - noise >= WORTH_A_NOTE + clue.against]
        return [self._finding(clue, clue.worth - noise - clue.against) for clue in found]

    def _finding(self, clue: Clue, sure: float) -> Finding:
        severity: Severity = "warning" if sure >= WORTH_A_WARNING else "note"
        message = (
            f"{clue.name} alone {'tell' if clue.name.endswith('s') else 'tells'} the class: a plain model that sees nothing else "
            f"goes {percent(clue.worth)} of the way from guessing to being always right."
        )
        evidence = {"worth_alone": clue.worth, "above": clue.against}
        return Finding(self.code, severity, clue.name.lower(), message, clue.remedy, evidence)

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Paint a dark frame around the pictures of the last class."""
        counts = need_classes(clean)
        return changed(clean, {int(i): _framed for i in np.flatnonzero(clean.truth == len(counts) - 1)})


def _framed(pixels: np.ndarray) -> np.ndarray:
    framed = pixels.copy()
    y, x = max(1, round(0.07 * len(pixels))), max(1, round(0.07 * pixels.shape[1]))
    framed[:y], framed[-y:], framed[:, :x], framed[:, -x:] = 20, 20, 20, 20
    return framed


def _clues(dataset: Dataset, classes: int) -> list[Clue]:
    seen = looks(dataset)
    worth = _Worth(dataset.truth, classes)
    rim, middle = (worth.of(np.stack([getattr(s, part) for s in seen])) for part in ("rim", "middle"))
    size = np.array([s.size_bytes for s in seen], np.float64)
    pixels = np.array([[s.width, s.height] for s in seen], np.float64)
    origin = [f"{s.camera} {s.format}".strip() for s in seen]
    return [
        Clue(
            "The border pixels",
            rim,
            # where the border tells no more than the middle, it is the thing itself that reaches to the edge
            0.0 if rim > middle + AHEAD else 1.0,
            "Look at the edges of each class: a frame, a stamp, a background. Cut it away, or take the pictures anew.",
        ),
        Clue(
            "The size of the file",
            worth.of(_beyond_content(dataset, size, pixels)),
            0.0,
            "The classes were saved at different quality: save all with the same settings, from originals if there are any.",
        ),
        Clue(
            "The resolution",
            worth.of(np.column_stack([np.log(pixels), np.log(pixels[:, :1] / pixels[:, 1:])])),
            0.0,
            "The classes come in different sizes: find out why, and bring all to one size before a model sees them.",
        ),
        Clue(
            "The camera or the format of the file",
            worth.of(_coded(origin)),
            0.0,
            "The classes come from different sources: take every class with every camera, and save all in one format.",
        ),
    ]


class _Worth:
    """What some columns alone tell of the class, out of fold: 0 guessing the shares, 1 always right."""

    def __init__(self, truth: np.ndarray, classes: int) -> None:
        self.truth, self.classes = truth, classes
        self.fold = np.random.default_rng(0).permutation(len(truth)) % FOLDS

    def of(self, columns: np.ndarray) -> float:
        spread = columns.std(axis=0)
        told = columns[:, spread > 1e-9]
        if not told.shape[1]:
            return 0.0
        z = np.clip((told - told.mean(axis=0)) / told.std(axis=0), -FAR, FAR)
        x = np.hstack([np.ones((len(z), 1)), z, z * z - 1.0]).astype(np.float32)
        said = out_of_fold(x, self.truth, self.classes, self.fold).argmax(axis=1)
        right = np.array([(said[self.truth == c] == c).mean() for c in range(self.classes)]).mean()
        return float(max(0.0, (right - 1.0 / self.classes) / (1.0 - 1.0 / self.classes)))


def _beyond_content(dataset: Dataset, size: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Return (n, 1) how much larger a file is than its picture's detail asks for: how it was saved, not what it shows."""
    if not (size > 0).all():
        return np.zeros((len(size), 1))
    density = np.log(size / pixels.prod(axis=1))
    content = np.column_stack([np.ones(len(size)), *(measured(dataset, name).astype(np.float64) for name in CONTENT)])
    content = np.column_stack([content, content[:, 1:] ** 2])
    fitted = content @ np.linalg.lstsq(content, density, rcond=None)[0]
    return np.asarray((density - fitted)[:, None])


def _coded(values: list[str]) -> np.ndarray:
    """Return (n, k) a column for each of the most frequent values."""
    known, counts = np.unique(values, return_counts=True)
    usual = known[np.argsort(-counts, kind="stable")][:8]
    return np.asarray(np.array(values)[:, None] == usual[None, :], np.float64)
