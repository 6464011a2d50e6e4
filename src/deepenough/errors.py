"""Errors that say the thing, what was seen, and the mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class DeepEnoughError(Exception):
    """Whatever deepenough refuses; `exit_code` is what the command line ends with."""

    exit_code = 2


class DataError(DeepEnoughError):
    """The data cannot be read, or cannot answer the question."""


class BarError(DeepEnoughError):
    """The bar, or a metric in it, makes no sense for this task."""


class SettingError(DeepEnoughError):
    """An option or argument is wrong."""


class RulesError(DeepEnoughError):
    """The rules of an expert cannot be read, or do not fit the table."""


class SealError(DeepEnoughError):
    """The sealed test set was asked for in a way that would spoil it."""


class BundleError(DeepEnoughError):
    """A bundle is damaged, foreign, or does not fit the rows it was given."""


class ParityError(DeepEnoughError):
    """What would ship does not answer as what was trained."""

    exit_code = 3


class StorageError(DeepEnoughError):
    """A file could not be written; nothing half-written stays behind."""

    exit_code = 3


class RegistryError(DeepEnoughError):
    """The registry knows no such name, version or alias, or is damaged."""


class PublishError(DeepEnoughError):
    """An MLflow server did not take, or did not give, what was asked of it."""

    exit_code = 3


class FitError(DeepEnoughError):
    """A model cannot be fitted here: it ended the whole process when it was tried before."""


class ShelfError(DeepEnoughError):
    """Two books of one name, an unknown name, or a book that breaks its contract."""


class Unavailable(DeepEnoughError):
    """Something asked for is not installed here; says how to get it."""


class NotApplicable(DeepEnoughError):
    """A check or a method has nothing to say about this data; not a failure."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return "Did you mean 'x'? " for the closest known name, or an empty string.

    >>> nearest("auc", ["roc_auc", "accuracy"])
    "Did you mean 'roc_auc'? "
    >>> nearest("zzz", ["roc_auc"])
    ''
    """
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.55)
    folded = {n.casefold(): n for n in names}
    if not close and name.casefold() in folded:
        close = [folded[name.casefold()]]
    if not close:  # the same words in another order: auc_roc
        turned = {"_".join(sorted(n.split("_"))): n for n in names}
        close = [turned[key] for key in ["_".join(sorted(name.split("_")))] if key in turned]
    return f"Did you mean '{close[0]}'? " if close else ""
