"""What a picture must keep while a network learns: the words of `--keep`."""

from __future__ import annotations

from collections.abc import Collection

from deepenough.errors import SettingError, nearest

KEPT = ("orientation", "colour", "scale")


def must_be_kept(keep: Collection[str]) -> None:
    """Refuse a word that names nothing a picture can keep.

    >>> must_be_kept(["color"])
    Traceback (most recent call last):
    deepenough.errors.SettingError: --keep 'color' names nothing. Did you mean 'colour'? There are: orientation, colour, scale.
    """
    for word in keep:
        if word not in KEPT:
            raise SettingError(f"--keep '{word}' names nothing. {nearest(word, KEPT)}There are: {', '.join(KEPT)}.")
