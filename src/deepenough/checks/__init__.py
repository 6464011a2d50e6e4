"""What can be wrong: one file a check, each with a code."""

from deepenough.checks._audit import Audit, apart, audit, audit_inputs, audit_labels, audit_pair

__all__ = ["Audit", "apart", "audit", "audit_inputs", "audit_labels", "audit_pair"]
