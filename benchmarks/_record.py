"""Writes docs/figures/<name>.json: the figures, with date, commit, seed and machine."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PACKAGES = ("numpy", "pandas", "scikit-learn", "lightgbm", "onnxruntime", "xgboost-cpu", "catboost", "torch")


def write(name: str, seed: int, **figures: Any) -> Path:
    """Write the figures of one benchmark and return the path."""
    path = ROOT / "docs" / "figures" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {
        "benchmark": name,
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit(),
        "seed": seed,
        "machine": machine(),
        "versions": {p: found for p in PACKAGES if (found := installed(p)) is not None},
    }
    path.write_text(json.dumps(about | figures, indent=1) + "\n", encoding="utf-8")
    return path


def installed(package: str) -> str | None:
    """Return the version of a package, where it is there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def commit() -> str:
    """Return the commit these figures belong to, with a + where files of the package differ from it."""

    def ask(*words: str) -> str:
        return subprocess.run(
            ["git", "--no-optional-locks", *words], cwd=ROOT, capture_output=True, text=True, check=False
        ).stdout.strip()

    found = ask("rev-parse", "--short=12", "HEAD")
    return (found + ("+" if ask("status", "--porcelain", "--", "src") else "")) if found else "none"


def machine() -> dict[str, Any]:
    """Return what the figures depend on and nothing that names the machine."""
    found = Path("/proc/cpuinfo")
    lines = found.read_text().splitlines() if found.exists() else []
    processor = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "processor": processor,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }
