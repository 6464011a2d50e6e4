"""What recall at a precision and precision at a recall share: a bootstrap over the rows of a ranking."""

from __future__ import annotations

from typing import ClassVar

from deepenough.stats import Estimate, Rankings, Strata
from deepenough.stats.operating import operating_gain, operating_interval

from ._ranking import RankingMetric


class OperatingPoint(RankingMetric):
    """A metric of one threshold, wherever it lies; for more than two classes the mean over classes.

    `least_caught`: rows that must be caught for the interval to have a lower end.
    """

    least_caught: ClassVar[int] = 0

    def interval(
        self,
        evidence: Rankings,
        level: float = 0.95,
        quick: bool = False,
        seed: int = 0,
        strata: Strata | None = None,
    ) -> Estimate:
        """The hull of two bootstraps, `widened`; none under 10 rows of a class."""
        return operating_interval(evidence, self.of_ranks, level, quick, seed, self.least_caught)

    def gain(self, simple: Rankings, complex: Rankings, level: float = 0.95) -> Estimate:
        """Paired bootstrap over rows, in points."""
        return operating_gain(simple, complex, self.of_ranks, level)
