"""DeLong's interval of the area under the ROC curve, and of the gain of one answer over another."""

from __future__ import annotations

from .auc import auc, auc_influence
from .estimate import Estimate, from_bounds
from .macro import paired, score
from .mover import Bounds
from .newcombe import newcombe5
from .ranking import Rankings


def auc_interval(rankings: Rankings, level: float = 0.95) -> Estimate:
    """Return the (macro) area with its interval: logit-DeLong with t(m - 1).

    Under m = 100 rows of the smaller of two classes the hull with Newcombe's method 5 (`widened`), since
    either alone under-covers for some shapes of data; under 10 none. Where nothing went wrong, Newcombe's
    alone.
    """
    found = score(rankings, auc_influence, level)
    if "few" in found.flags:
        return found
    if found.low is None or found.high is None:
        low, high = auc_bounds(rankings, level)
    elif len(rankings.each) == 1 and rankings.smallest < 100:
        low, high = auc_bounds(rankings, level)
        low, high = min(low, found.low), max(high, found.high)
    else:
        return found
    return from_bounds(found.value, low, high, level=level, n=rankings.n, scale="logit", flags=("widened",))


def auc_gain(simple: Rankings, complex: Rankings, level: float = 0.95) -> Estimate:
    """Return the gain in area, complex - simple, by paired DeLong with Welch's degrees of freedom."""
    return paired(simple, complex, auc_influence, auc_bounds, level)


def auc_bounds(rankings: Rankings, level: float) -> Bounds:
    """Return the mean over classes of Newcombe's bounds: conservative, never degenerate."""
    found = []
    for ranks in rankings.each:
        positives = int(ranks.positive.sum())
        found.append(newcombe5(auc(ranks), positives, rankings.n - positives, level))
    return sum(low for low, _ in found) / len(found), sum(high for _, high in found) / len(found)
