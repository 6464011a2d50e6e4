"""What a graph cannot say: named and versioned steps, the same in fit and in serving."""

from deepenough.steps._base import Arrays, Declared, Step
from deepenough.steps._run import find, reads_examples, run

__all__ = ["Arrays", "Declared", "Step", "find", "reads_examples", "run"]
