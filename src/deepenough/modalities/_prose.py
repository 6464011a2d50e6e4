"""Whether a column of words is free text, which is read for its words, or names and addresses, which are not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from deepenough.steps._terms import SINGLE

if TYPE_CHECKING:
    import pandas as pd

LOOKED_AT = 500  # cells
WORDS = 3.0  # mean words a cell from which a mostly different column reads as text
LETTERS_A_WORD = 2.0  # of scripts that put no spaces between words
LONG = 12.0  # mean words a cell from which nothing is a name or an address
NAMED = 0.5  # share of words with a capital or a digit, from which a column of few words holds names or addresses
CAPITALS = 0.9  # share of capitals among letters of either case, from which they say nothing
UNSPACED = re.compile(f"[{SINGLE}]")
NAMES = "reads like names or addresses, not like sentences (--types {name}=text makes it an input all the same)"


def mean_words(cells: pd.Series) -> float:
    """Return the mean number of words of the first few hundred cells; two letters of a script without spaces are one."""
    return float(np.mean([_length(str(v)) for v in cells.iloc[:LOOKED_AT]]))


def reads_like_names(cells: pd.Series) -> bool:
    """Whether most words after a cell's first have a capital or a digit, where there are but few of them.

    >>> import pandas as pd
    >>> reads_like_names(pd.Series(["12 Main Street, Springfield", "Flat 7, 3 Oak Lane, Bath"]))
    True
    >>> reads_like_names(pd.Series(["it came late on Monday", "CALLED TWICE about the bill"]))
    False
    """
    texts = [str(v) for v in cells.iloc[:LOOKED_AT]]
    letters = [c for text in texts for c in text[:LOOKED_AT] if c.islower() or c.isupper()]
    shouted = len(letters) > 0 and sum(map(str.isupper, letters)) >= CAPITALS * len(letters)
    words = [w for text in texts for w in text.split()[1:] if any(map(str.isalnum, w))]
    if not words or mean_words(cells) >= LONG:
        return False
    return sum(_like_a_name(w, shouted) for w in words) >= NAMED * len(words)


def _like_a_name(word: str, shouted: bool) -> bool:
    first = next(c for c in word if c.isalnum())
    return (first.isupper() and not shouted) or any(map(str.isdigit, word))


def _length(text: str) -> float:
    return max(len(text.split()), len(UNSPACED.findall(text)) / LETTERS_A_WORD)


def about(name: str, cells: pd.Series, wanted: str | None) -> dict[str, Any]:
    """Return what a column of text is for, where it is no input: nothing where somebody asked for it."""
    if wanted is not None or not reads_like_names(cells):
        return {}
    return {"role": "about", "why": NAMES.format(name=name)}
