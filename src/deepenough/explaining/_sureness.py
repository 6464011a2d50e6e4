"""How sure an answer is, by what became of such answers on the sealed rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

SURE = 0.8  # probability from which an answer is called sure
WITHIN = 0.8  # of the sealed answers lie so near to the truth
NEAR = 0.1  # how far the bin may lie that speaks for a probability


def state(probability: np.ndarray | None, outside: bool) -> str:
    """Return ``outside``, ``sure``, ``unsure``, or ``number`` where there are no classes."""
    if outside:
        return "outside"
    if probability is None:
        return "number"
    return "sure" if probability.max() >= SURE else "unsure"


def record(folder: Path, trial: str, probability: np.ndarray | None) -> dict[str, Any] | None:
    """Return what became of such answers on the sealed rows; None where the run holds no record of it.

    Of classes: ``{"given", "came_true", "low", "high", "rows"}``, of two about the second, of more about the likeliest.
    Of numbers: ``{"within"}``: eight of ten sealed answers were no farther off.
    """
    if probability is None:
        left = _figure(folder, "residuals")
        off = np.abs(np.subtract(left.get("predicted") or [], left.get("truth") or []))
        return {"within": float(np.quantile(off, WITHIN))} if len(off) else None
    found = _figure(folder, "calibration").get(trial) or {}
    said = float(probability[1] if len(probability) == 2 else probability.max())
    given = list(found.get("predicted") or [])
    if not given:
        return None
    i = int(np.argmin(np.abs(np.array(given, np.float64) - said)))
    if abs(given[i] - said) > NEAR:
        return None
    names = {"came_true": "observed", "low": "low", "high": "high", "rows": "rows"}
    return {"given": given[i]} | {k: found[v][i] for k, v in names.items() if v in found}


def _figure(folder: Path, name: str) -> dict[str, Any]:
    path = folder / "figures" / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found
