"""The registry: which bundle goes by which name, since when, and where it came from."""

from deepenough.registry._names import SCHEME, Reference, parse
from deepenough.registry._registry import Registry, find
from deepenough.registry._store import MANIFEST, Store
from deepenough.registry._version import Added, Move, Version

__all__ = ["MANIFEST", "SCHEME", "Added", "Move", "Reference", "Registry", "Store", "Version", "find", "parse"]
