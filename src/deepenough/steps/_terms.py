"""Texts as terms, in any language: what counts as a word, and what the words of a text weigh. Version 1."""

from __future__ import annotations

import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

MOST_CHARACTERS = 20_000  # of a text: what comes later is not read
MOST_IN_A_WORD = 60  # letters; what is longer is no word, and is learnt by nobody
# Signs above and below letters, and the writing of India, whose vowels are such: part of a word.
MARKS = (
    "\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u0900-\u0963\u0966-\u0dff"
)
# Thai, Lao, Burmese, Khmer, Kana and Han: written without spaces, each letter a word.
SINGLE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
PIECE = re.compile(r"\s*\S{1,500}")
WORD = re.compile(rf"[{SINGLE}]|(?:(?![{SINGLE}])[\w{MARKS}])+|[^\w\s\x00-\x1f]")


def words(text: str) -> list[str]:
    """Return the words of a text: runs of letters, marks and digits; of scripts without spaces each letter; each other sign.

    Compatibility forms are made one (NFKC), upper and lower case are the same.

    >>> words("Don't PANIC! ﬁne 100€ 北京 👍")
    ['don', "'", 't', 'panic', '!', 'fine', '100', '€', '北', '京', '👍']
    """
    text = text[:MOST_CHARACTERS]
    if not text.isascii():
        # piece by piece: putting thousands of signs above one letter into their order would take seconds
        text = "".join(unicodedata.normalize("NFKC", piece) for piece in PIECE.findall(text))
    return WORD.findall(text.casefold())


def split(texts: Iterable[str]) -> list[list[str]]:
    """Return the words of each text; a word that comes back is kept once."""
    known: dict[str, str] = {}
    return [list(map(known.setdefault, found, found)) for found in map(words, texts)]


@dataclass(frozen=True)
class Vocabulary:
    """The terms that count: words, then pairs of neighbours with a space between them.

    Attributes
    ----------
    places : the number of each term, from 0; those under `words` are words.
    idf : (terms,) float64, how much a term says by being rare.
    """

    places: dict[str, int]
    words: int
    idf: np.ndarray

    def __len__(self) -> int:
        return len(self.places)

    @classmethod
    def learn(cls, texts: Sequence[list[str]], least: int, most: int) -> Vocabulary:
        """Return the terms that stand in at least `least` of some texts: at most the `most` that stand in most of them."""
        single = Counter(w for text in texts for w in set(text) if len(w) <= MOST_IN_A_WORD)
        often = {w: c for w, c in single.items() if c >= least}
        double = Counter(
            f"{a} {b}" for text in texts for a, b in {p for p in pairwise(text) if p[0] in often and p[1] in often}
        )
        often |= {pair: c for pair, c in double.items() if c >= least}
        kept = sorted(sorted(often), key=lambda term: -often[term])[:most]
        terms = [sorted(t for t in kept if (" " in t) == pair) for pair in (False, True)]
        found = sum(1 for text in texts if text)
        return cls.of({"terms": terms, "idf": [[idf(found, often[t]) for t in part] for part in terms]})

    @classmethod
    def of(cls, document: dict[str, Any]) -> Vocabulary:
        """Return the vocabulary that `document` described."""
        words, pairs = document["terms"]
        places = {term: i for i, term in enumerate([*words, *pairs])}
        return cls(places, len(words), np.array([v for part in document["idf"] for v in part], np.float64))

    def document(self) -> dict[str, Any]:
        """Return it as JSON takes it: words, then pairs."""
        terms, idf = list(self.places), self.idf.tolist()
        return {"terms": [terms[: self.words], terms[self.words :]], "idf": [idf[: self.words], idf[self.words :]]}


def idf(texts: int, holding: int) -> float:
    """Return ln((1 + texts) / (1 + texts that hold the term)) + 1, with nine digits."""
    return float(f"{np.log((1 + texts) / (1 + holding)) + 1.0:.9g}")


@dataclass(frozen=True)
class Weighed:
    """The terms of n texts, one entry a term and text, in the order of the texts.

    Attributes
    ----------
    starts : (n + 1,) where the terms of each text begin. places : which term. weights : float64, what it weighs there.
    """

    starts: np.ndarray
    places: np.ndarray
    weights: np.ndarray

    def project(self, table: np.ndarray) -> np.ndarray:
        """Return (n, d) float32: of each text the weighed sum of the rows of a table (terms, d).

        Summed text by text in double precision, and by no library that shares it among threads, so that a text alone becomes
        what it becomes among others.
        """
        found = np.zeros((len(self.starts) - 1, table.shape[1]), np.float32)
        for i in np.flatnonzero(np.diff(self.starts)):
            here = slice(self.starts[i], self.starts[i + 1])
            found[i] = (self.weights[here, None] * table[self.places[here]]).sum(axis=0)
        return found


def weigh(texts: Sequence[list[str]], vocabulary: Vocabulary) -> Weighed:
    """Return what the known terms of each text weigh: (1 + ln count) x idf; then its words as a vector of length 1, its pairs likewise."""
    get, size = vocabulary.places.get, max(1, len(vocabulary))
    found = [[p for p in (*map(get, t), *map(get, map(" ".join, pairwise(t)))) if p is not None] for t in texts]
    rows = np.repeat(np.arange(len(found)), [len(places) for places in found])
    flat = np.fromiter((p for places in found for p in places), np.int64, len(rows))
    keys, counts = np.unique(rows * size + flat, return_counts=True)
    rows, places = np.divmod(keys, size)
    weights = (1.0 + np.log(counts)) * vocabulary.idf[places]
    order = 2 * rows + (places >= vocabulary.words)
    length = np.sqrt(np.bincount(order, weights**2))
    starts = np.searchsorted(rows, np.arange(len(found) + 1))
    return Weighed(starts, places, weights / length[order])


def as_npy(table: np.ndarray) -> bytes:
    """Return an array as the bytes of a file."""
    data = io.BytesIO()
    np.save(data, table)
    return data.getvalue()
