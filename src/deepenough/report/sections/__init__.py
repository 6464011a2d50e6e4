"""The sections of the page: one file each, found in this folder, printed by the template of the same name.

A section says where it stands (`ORDER`), what the page's head calls it (`LABEL`), and with `view(found)` what its
template prints, ready as text, under the section's own name; None where there is nothing to say.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType


def find() -> list[tuple[str, ModuleType]]:
    """Return all sections by name, in the order in which they stand on the page."""
    names = sorted(p.stem for p in Path(__file__).parent.glob("*.py") if not p.stem.startswith("_"))
    return sorted(((n, import_module(f"{__name__}.{n}")) for n in names), key=lambda section: section[1].ORDER)
