"""Traffic: what was asked, what was answered, and what turned out to be true. Serving writes it, monitoring reads it."""

from deepenough.traffic._entry import Entry, Label, fingerprint
from deepenough.traffic._label_studio import exported, imported
from deepenough.traffic._log import Log
from deepenough.traffic._open import open_log
from deepenough.traffic._reviews import Decision, Item, Reviews, upper, written
from deepenough.traffic._writer import Writer

__all__ = [
    "Decision",
    "Entry",
    "Item",
    "Label",
    "Log",
    "Reviews",
    "Writer",
    "exported",
    "fingerprint",
    "imported",
    "open_log",
    "upper",
    "written",
]
