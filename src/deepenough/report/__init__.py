"""What a person reads of a run: one HTML file, and the terminal. Renders the run's documents, computes nothing."""

from __future__ import annotations

from deepenough.report.html import render

__all__ = ["render"]
