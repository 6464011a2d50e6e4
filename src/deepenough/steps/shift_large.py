"""Whole numbers that single precision cannot tell apart: moved near zero before they are rounded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from deepenough.steps._base import Arrays, Step


class ShiftLarge(Step):
    """Subtracts an offset in double precision, then rounds to single: 20,260,001 and 20,260,002 stay two numbers.

    Parameters: ``offsets``, the number to subtract by column.
    """

    name = "shift_large"
    version = 1
    requires = ()

    def run(self, arrays: Arrays, params: Mapping[str, Any], files: Mapping[str, bytes]) -> Arrays:
        moved = {
            name: (arrays[name].astype(np.float64) - offset).astype(np.float32)
            for name, offset in params["offsets"].items()
        }
        return {**arrays, **moved}

    def sample(self) -> tuple[Arrays, Mapping[str, Any], Mapping[str, bytes]]:
        stamps = 1.7e12 + np.array([0.0, 1.0, 1e9, np.nan, -3.0])
        return {"at": stamps, "size": np.arange(5, dtype=np.float32)}, {"offsets": {"at": 1.7e12}}, {}
