"""DE022: pictures that cannot be opened, or that show nothing."""

from __future__ import annotations

import numpy as np

from deepenough.dataset import Dataset
from deepenough.findings import Finding, Severity

from ._base import Check
from ._look import counted, percent, row_numbers
from ._pictures import changed, measured, names, pictures

PLAIN = 0.004  # contrast, of 1: less than one step of 255
WORTH_A_WARNING = 0.01
FEWEST = 5


class DamagedPictures(Check):
    """Pictures of one colour throughout; those that cannot be opened are left out when the data are read, and named then."""

    name = "damaged_pictures"
    code = "DE022"
    title = "Pictures that are damaged or blank"
    looks_at = "inputs"
    modalities = ("image",)

    def run(self, dataset: Dataset) -> list[Finding]:
        blank = np.flatnonzero(measured(dataset, "light:contrast") < PLAIN)
        animated = [i for i, seen in enumerate(pictures(dataset).looks()) if seen.frames > 1]
        findings = [self._blank(dataset, blank)] if len(blank) else []
        return findings + ([self._animated(dataset, np.array(animated))] if animated else [])

    def _blank(self, dataset: Dataset, blank: np.ndarray) -> Finding:
        share = len(blank) / len(dataset)
        severity: Severity = "warning" if share >= WORTH_A_WARNING and len(blank) >= FEWEST else "note"
        message = (
            f"{counted(len(blank), 'picture')} of {len(dataset):,} ({percent(share)}) "
            f"{'is' if len(blank) == 1 else 'are'} of one colour throughout: {names(dataset, blank)}."
        )
        remedy = "Look at them: a lens cap, a dead camera, a failed download. Take them out, or take them again."
        evidence = {"pictures": len(dataset), "blank": len(blank), "share": share}
        return Finding(self.code, severity, "pictures", message, remedy, evidence, row_numbers(dataset, blank))

    def _animated(self, dataset: Dataset, found: np.ndarray) -> Finding:
        message = (
            f"{counted(len(found), 'file')} {'holds' if len(found) == 1 else 'hold'} several pictures (an animation, or "
            f"pages), of which the first is read: {names(dataset, found)}."
        )
        remedy = "Save the pictures that count as files of their own, where the first is not the one that is meant."
        evidence = {"pictures": len(dataset), "with_several_frames": len(found)}
        return Finding(self.code, "note", "pictures", message, remedy, evidence, row_numbers(dataset, found))

    def plant(self, clean: Dataset, seed: int) -> Dataset:
        """Make one picture in twenty grey."""
        rng = np.random.default_rng(seed)
        count = min(len(clean), max(FEWEST, len(clean) // 20))
        chosen = rng.choice(len(clean), count, replace=False)
        return changed(clean, {int(i): lambda pixels: np.full_like(pixels, 120) for i in chosen})
