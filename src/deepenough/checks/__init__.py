"""What can be wrong: one file a check, each with a code."""

from deepenough.checks._audit import Audit, audit, audit_inputs, audit_labels, audit_pair

__all__ = ["Audit", "audit", "audit_inputs", "audit_labels", "audit_pair"]
