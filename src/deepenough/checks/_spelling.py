"""When two categories are the same word: in other letters, with other stops, or with a slip of the finger."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping

SPACES = re.compile(r"[\s_]+")
BETWEEN = re.compile(r"(?<=[^\W\d])[\s\-/'’.]+(?=\w)|(?<=\d)[\s\-/'’]+(?=[^\W\d])")
AROUND = re.compile(r"^[\s.,;:'\"]+|[\s.,;:'\"]+$")
LEAST_LETTERS = 5  # of a word in which one slip still leaves no other word
FAR_RARER = 20  # times, that a slip of the finger is rarer than the word


def folded(text: str) -> str:
    """Return what remains of a text when case, accents' encoding, spaces and stops do not count.

    Signs that carry a meaning stay: ``A+`` and ``A-``, ``<=50K`` and ``>50K``, 1.5 and 15.

    >>> [folded(t) for t in ("NY", "ny ", "N.Y.", "New  York", "new_york", "A-", "A+", "1.5", "-1")]
    ['ny', 'ny', 'ny', 'newyork', 'newyork', 'a-', 'a+', '1.5', '-1']
    """
    plain = SPACES.sub(" ", unicodedata.normalize("NFKC", text).casefold())
    return BETWEEN.sub("", AROUND.sub("", plain)) or text


def alike(counts: Mapping[str, int]) -> list[list[str]]:
    """Return the groups of spellings of one word, each with the most frequent one first; the largest group first.

    >>> alike({"NY": 40, "ny": 2, "N.Y.": 1, "LA": 30})
    [['NY', 'ny', 'N.Y.']]
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for text in counts:
        groups[folded(text)].append(text)
    many = [sorted(g, key=lambda t: (-counts[t], t)) for g in groups.values() if len(g) > 1]
    return sorted(many, key=lambda g: (-sum(counts[t] for t in g), g))


def slips(counts: Mapping[str, int]) -> list[tuple[str, str]]:
    """Return (slip, word) where a rare word is one letter away from a frequent one that begins alike.

    >>> slips({"Female": 400, "Femlae": 3, "Femal": 1, "Male": 500, "Mal": 1})
    [('Femal', 'Female'), ('Femlae', 'Female')]
    """
    words = {t: c for t, c in counts.items() if len(t) >= LEAST_LETTERS and t.replace(" ", "").isalpha()}
    shortened: dict[str, list[str]] = defaultdict(list)
    for word in words:
        for cut in {word, *(word[:i] + word[i + 1 :] for i in range(1, len(word)))}:
            shortened[cut].append(word)
    found = {}
    for group in shortened.values():
        best = max(group, key=lambda w: (words[w], w))
        for word in group:
            if words[best] >= FAR_RARER * words[word] and _one_slip(word, best):
                found[word] = best
    return sorted(found.items())


def _one_slip(a: str, b: str) -> bool:
    """Whether one letter more, less or other, or two letters the other way round, make one word of the other.

    A capital that is another in a word of small letters is a sign: ``FuseA`` and ``FuseP``.
    """
    capitals = a.isupper() and b.isupper()
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    a, b = a[start:], b[start:]
    end = next((i for i, (x, y) in enumerate(zip(a[::-1], b[::-1], strict=False)) if x != y), min(len(a), len(b)))
    a, b = a[: len(a) - end], b[: len(b) - end]
    if not capitals and any(c.isupper() for c in a + b):
        return False
    return max(len(a), len(b)) == 1 or (len(a) == 2 and a == b[::-1])
