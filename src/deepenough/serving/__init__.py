"""Who asks, and who answers: one bundle behind HTTP, with its signature enforced at the wire."""

from deepenough.serving._serve import serve
from deepenough.serving._settings import Settings

__all__ = ["Settings", "serve"]
