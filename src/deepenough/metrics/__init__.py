"""HOW GOOD: one metric a file; a file in this folder is on the shelf."""

from ._base import Metric, named, sample
from ._groups import gain_by_group, interval_by_group

__all__ = ["Metric", "gain_by_group", "interval_by_group", "named", "sample"]
