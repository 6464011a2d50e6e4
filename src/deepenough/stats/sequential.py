"""Evidence that may be looked at as often as one likes: whether a new version errs more than the share of requests it was given."""

from __future__ import annotations

import numpy as np

ODDS = (1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)  # how much more often it may err: which, nobody knows beforehand


def share_evidence(hits: int, events: int, share: float) -> float:
    """Return the log of the evidence that events fall to a version more often than chance gives it requests.

    Requests go to the version by chance, with probability `share`. Where it errs no more often than the other, each error is its
    own with probability `share` at most, whatever the rate of errors is and however that changes with time. The evidence is a mixture of
    likelihood ratios against larger odds: a supermartingale that starts at 1, so that the chance that it ever exceeds 1 / alpha is at
    most alpha, however often one looks (Ville's inequality; Ramdas et al. 2023, "Game-theoretic statistics and safe anytime-valid
    inference").

    Parameters
    ----------
    hits : events of the version, of `events` in all. share : of the requests, between 0 and 1.

    Examples
    --------
    >>> share_evidence(0, 0, 0.1)
    0.0
    >>> round(share_evidence(3, 20, 0.1), 1), round(share_evidence(12, 20, 0.1), 1)
    (-0.4, 13.2)
    """
    odds = np.array(ODDS)
    larger = share * odds / (share * odds + 1.0 - share)
    logs = hits * np.log(larger / share) + (events - hits) * np.log((1.0 - larger) / (1.0 - share))
    top = float(logs.max())
    return top + float(np.log(np.exp(logs - top).mean()))
