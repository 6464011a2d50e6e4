"""Step zero: is it worth it at all, and which way? From answers, before any data."""

from __future__ import annotations

from deepenough.assessment._assess import Assessment, assess

__all__ = ["Assessment", "assess"]
