"""What answers: load, verify, predict, with onnxruntime and NumPy alone."""

from deepenough.bundle._bundle import SCHEMA, SIGNATURE, Bundle
from deepenough.bundle._plan import NotExportable, Plan

__all__ = ["SCHEMA", "SIGNATURE", "Bundle", "NotExportable", "Plan"]
