"""What was found in the data."""

from __future__ import annotations

from typing import Any

from deepenough.report import tables
from deepenough.report.documents import Documents

ORDER = 30
LABEL = "Data"


def view(found: Documents) -> dict[str, Any] | None:
    """Return the findings, worst first, and the checks that do not apply."""
    if found.audit is None:
        return None
    left = [(str(n.get("code")), str(n.get("reason") or "")) for n in found.audit.get("not_applicable") or []]
    return {"findings": tables.findings(found.audit), "not_applicable": left}
