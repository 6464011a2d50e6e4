"""What answers: load, verify, predict, with onnxruntime and NumPy alone."""

from deepenough.bundle._bundle import EXAMPLES, Answer, Bundle
from deepenough.bundle._contents import SCHEMA, identity
from deepenough.bundle._plan import NotExportable, Plan
from deepenough.bundle._signature import SCHEMA as SIGNATURE
from deepenough.bundle._trees import thresholds

__all__ = ["EXAMPLES", "SCHEMA", "SIGNATURE", "Answer", "Bundle", "NotExportable", "Plan", "identity", "thresholds"]
