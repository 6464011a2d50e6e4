"""A process of its own that opens mutated bundles, one after the other, and says of each what became of it.

    python mutating.py BUNDLE FOLDER FIRST COUNT LISTED

LISTED is 1 where the manifest is made to fit what was changed: damage that no hash tells. One line of JSON each: seed, outcome
(``refused``, ``same`` or ``other``), seconds, megabytes more than before. It must come to its end.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
import time
from pathlib import Path

import numpy as np
from bundles import files_of, listed, mutate, put

from deepenough.bundle import Bundle
from deepenough.errors import BundleError

TOLERANCE = 1e-5


def main(bundle: Path, folder: Path, first: int, count: int, fit: bool) -> None:
    good = files_of(bundle)
    whole = Bundle.load(bundle)
    rows = whole.read("examples.json")["rows"]
    expected = whole.predict(rows)
    before = peak()
    for seed in range(first, first + count):
        files = mutate(good, np.random.default_rng(seed))
        if fit and "manifest.json" in files:
            try:
                files = listed(files)
            except (ValueError, TypeError, AttributeError):
                continue  # the manifest itself was hit
        place = put(folder / "b", files)
        begun = time.perf_counter()
        outcome = "refused"
        try:
            found = Bundle.load(place).predict(rows)
            alike = list(found) == list(expected) and all(_alike(found[n], expected[n]) for n in found)
            outcome = "same" if alike else "other"
        except BundleError as error:
            assert str(error).endswith("."), error
        seconds = time.perf_counter() - begun
        grown = peak() - before
        line = {"seed": seed, "outcome": outcome, "seconds": seconds, "megabytes": grown}
        sys.stdout.write(json.dumps(line) + "\n")
        shutil.rmtree(folder / "b")


def peak() -> float:
    """Megabytes held at most so far. Not what getrusage says on Linux: that remembers the process this one was forked from."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024


def _alike(a: np.ndarray, b: np.ndarray) -> bool:
    return bool((a == b).all()) if a.dtype == object else bool(np.allclose(a, b, atol=TOLERANCE))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5] == "1")
