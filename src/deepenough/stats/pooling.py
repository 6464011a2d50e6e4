"""One gain from two kinds of evidence: the development rows, out of fold, and the sealed rows."""

from __future__ import annotations

import math
from dataclasses import replace

from .estimate import Estimate, symmetric, unknown


def out_of_fold(gains: list[Estimate], folds: int) -> Estimate:
    """Join R repeats of K outer folds of the same rows: mean gain, SE x sqrt(1 / R + K / (K - 1)).

    The factor pays for models that share their training rows and for the choice of folds.
    """
    repeats, first = len(gains), gains[0]
    value = sum(g.value for g in gains) / repeats
    errors = [g.se for g in gains if g.se is not None]
    flags = tuple(sorted({flag for g in gains for flag in g.flags}))
    if len(errors) < repeats:
        return unknown(value, first.level, first.n, *flags)
    se = sum(errors) / repeats * math.sqrt(1 / repeats + folds / (folds - 1))
    return symmetric(value, se, level=first.level, df=_least(gains), n=first.n, flags=flags)


def pooled(development: Estimate, sealed: Estimate) -> Estimate:
    """Join both gains by rows: g = sum n g / sum n, SE^2 = sum (n SE)^2 / (sum n)^2."""
    both, n = (development, sealed), development.n + sealed.n
    value = sum(g.n * g.value for g in both) / n
    flags = tuple(sorted(set(development.flags) | set(sealed.flags)))
    if development.se is None or sealed.se is None:
        return unknown(value, sealed.level, n, *flags)
    se = math.hypot(development.n * development.se, sealed.n * sealed.se) / n
    found = symmetric(value, se, level=sealed.level, df=_least([development, sealed]), n=n)
    return replace(found, flags=flags)


def _least(estimates: list[Estimate]) -> float | None:
    known = [e.df for e in estimates if e.df is not None]
    return min(known) if known else None
