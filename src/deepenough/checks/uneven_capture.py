"""DE026: pictures that were taken in another way for one class, or for one source, than for the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import Finding, Severity
from deepenough.stats.auc import auc
from deepenough.stats.ranking import rank

from ._base import Check
from ._look import need_classes, row_numbers
from ._pictures import changed, looks, measured, pictures

ASPECTS = {
    "light:brightness": "brightness",
    "light:contrast": "contrast",
    "light:sharpness": "sharpness",
    "colour cast to red": "a cast to red",
    "colour cast to yellow": "a cast to yellow",
    "resolution": "resolution",
}
CONTENT = ("light:contrast", "light:sharpness")  # what things look like, as often as how they were taken
APART, FAR_APART = 0.95, 0.99  # AUC: the chance that a picture of one is above one of the others
SOURCES_APART = 0.9  # of sources within one class, which should be alike
LEAST = 20  # pictures on each side
MOST_SOURCES = 20
USUAL_CAMERA = 0.9  # share of one camera in a class


@dataclass(frozen=True)
class Difference:
    """What sets some pictures apart: which, in what, how far, and the medians here and elsewhere."""

    part: str
    aspect: str
    apart: float
    here: float
    there: float
    rows: np.ndarray


class UnevenCapture(Check):
    """Light, contrast, colour, sharpness, size or camera that go with the class or the source: a model may learn them instead."""

    name = "uneven_capture"
    code = "DE026"
    title = "Pictures taken in different ways"
    looks_at = "labels"
    modalities = ("image",)

    def run(self, dataset: Dataset) -> list[Finding]:
        counts = need_classes(dataset)
        if np.sort(counts)[-2:].min(initial=len(dataset)) < LEAST or len(counts) < 2:
            raise NotApplicable(
                f"Fewer than two classes have {LEAST} pictures, so none can be told to be taken otherwise."
            )
        values = aspects(dataset)
        findings = [self._of_class(dataset, d) for d in _widest(_of_classes(dataset, values))]
        findings += [self._of_source(dataset, name, d) for name, d in _of_sources(dataset, values)]
        return findings + self._cameras(dataset)

    def _of_class(self, dataset: Dataset, found: Difference) -> Finding:
        loud = found.apart >= FAR_APART and found.aspect not in CONTENT
        severity: Severity = "warning" if loud else "note"
        message = (
            f"The pictures of '{found.part}' differ from all others in {ASPECTS[found.aspect]}: the median is {found.here:.3g} "
            f"against {found.there:.3g}, and {100 * found.apart:.0f} of 100 pairs fall on the same side."
        )
        remedy = (
            "Find out whether that is what the class looks like, or how it was photographed. If it was the light or the camera, "
            "take pictures of every class under the same conditions: else a model learns the lamp."
        )
        return self._finding(dataset, found.part, severity, message, remedy, found)

    def _of_source(self, dataset: Dataset, name: str, found: Difference) -> Finding:
        message = (
            f"Pictures of one class differ by '{name}': where it is '{found.part}', {ASPECTS[found.aspect]} has a median of "
            f"{found.here:.3g} against {found.there:.3g} elsewhere."
        )
        remedy = (
            f"Adjust light and camera of the sources, or make '{name}' the group of the split, so that every test is on a source "
            "that the model has not seen."
        )
        return self._finding(dataset, name, "warning", message, remedy, found)

    def _finding(
        self, dataset: Dataset, subject: str, severity: Severity, message: str, remedy: str, found: Difference
    ) -> Finding:
        evidence = {"aspect": ASPECTS[found.aspect], "auc": found.apart, "median": found.here, "elsewhere": found.there}
        return Finding(self.code, severity, subject, message, remedy, evidence, row_numbers(dataset, found.rows))

    def _cameras(self, dataset: Dataset) -> list[Finding]:
        """Say where classes come from different cameras, as far as the files tell."""
        camera = np.array([seen.camera for seen in looks(dataset)], dtype=object)
        named = camera != ""
        if named.sum() < 2 * LEAST or len(set(camera[named])) < 2:
            return []
        usual = {}
        for i, label in enumerate(dataset.task.labels):
            mine = camera[named & (dataset.truth == i)]
            values, counts = np.unique(mine.astype(str), return_counts=True)
            if len(mine) >= LEAST and counts.max() >= USUAL_CAMERA * len(mine):
                usual[label] = str(values[counts.argmax()])
        if len(set(usual.values())) < 2:
            return []
        shown = "; ".join(f"'{label}' with {name}" for label, name in list(usual.items())[:4])
        message = f"The classes were taken with different cameras, by the EXIF of their files: {shown}."
        remedy = "Take pictures of every class with every camera: else a model learns the camera, and fails with the next one."
        return [Finding(self.code, "warning", "camera", message, remedy, {"cameras": usual})]

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Take the pictures of the last class in half the light."""
        counts = need_classes(clean)
        mine = np.flatnonzero(clean.truth == len(counts) - 1)
        return changed(clean, {int(i): _darker for i in mine})


def _darker(pixels: np.ndarray) -> np.ndarray:
    return (pixels * 0.4).astype(np.uint8)


def aspects(dataset: Dataset) -> dict[str, np.ndarray]:
    """Return how each picture was taken, as far as it shows: (n,) by aspect."""
    red, green, blue = (measured(dataset, f"colour:{c}_mean") for c in ("red", "green", "blue"))
    plain = {name: measured(dataset, name) for name in ASPECTS if name.startswith("light:")}
    pixels = measured(dataset, "size:width").astype(np.float64) * measured(dataset, "size:height")
    casts = {"colour cast to red": red - green, "colour cast to yellow": (red + green) / 2 - blue}
    return {**plain, **casts, "resolution": pixels / 1e6}


def _of_classes(dataset: Dataset, values: dict[str, np.ndarray]) -> Iterator[Difference]:
    for i, label in enumerate(dataset.task.labels):
        for name, value in values.items():
            found = _compared(label, name, value, dataset.truth == i)
            if found is not None and found.apart >= APART:
                yield found


def _of_sources(dataset: Dataset, values: dict[str, np.ndarray]) -> Iterator[tuple[str, Difference]]:
    """Yield, for each column beside the pictures, the widest difference between its values within a class."""
    pictures(dataset)
    for column in dataset.task.columns:
        if column.role not in ("about", "group") or column.name not in dataset.about:
            continue
        source = dataset.about[column.name].astype(str).to_numpy()
        known, sizes = np.unique(source, return_counts=True)
        found = [
            d
            for value in known[np.argsort(-sizes, kind="stable")][:MOST_SOURCES]
            for name, numbers in values.items()
            if (d := _compared(str(value), name, _within(numbers, dataset.truth), source == value)) is not None
            and d.apart >= SOURCES_APART
        ]
        if found:
            yield column.name, max(found, key=lambda d: d.apart)


def _within(values: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return values about the median of their class, set on the overall one."""
    middle = np.array([np.median(values[truth == i]) if (truth == i).any() else 0.0 for i in range(truth.max() + 1)])
    return np.asarray(values - middle[truth] + np.median(values))


def _compared(part: str, aspect: str, values: np.ndarray, inside: np.ndarray) -> Difference | None:
    if min(inside.sum(), (~inside).sum()) < LEAST or values.min() == values.max():
        return None
    apart = auc(rank(values, inside))
    here, there = float(np.median(values[inside])), float(np.median(values[~inside]))
    return Difference(part, aspect, max(apart, 1.0 - apart), here, there, np.flatnonzero(inside))


def _widest(found: Iterator[Difference]) -> list[Difference]:
    """Return the widest difference of each class."""
    best: dict[str, Difference] = {}
    for one in found:
        if one.part not in best or one.apart > best[one.part].apart:
            best[one.part] = one
    return list(best.values())
