"""One decision with its reasons; and what a finding, a metric or a family means."""

from deepenough.explaining._explain import SCHEMA, explain
from deepenough.explaining._meaning import meaning

__all__ = ["SCHEMA", "explain", "meaning"]
