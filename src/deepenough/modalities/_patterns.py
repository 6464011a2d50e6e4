"""What the cells of a column of text look like: counted once, when they are read, and never kept themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

MOST_CELLS = 20_000  # cells looked at, evenly spread over the rows
MOST_LETTERS = 2_000  # of a cell: what comes later in a long text is not looked at
FEWEST_DIFFERENT = 10  # numbers in a column of text, from which they measure something
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
WORTH_A_LOOK = re.compile(r"@|[A-Z]{2}\d\d ?[A-Z\d]|(?:\d[ ().\-/]{0,2}){8}")
E_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,4}[A-Za-z]{2,24}(?![\w@])")
PHONE = re.compile(
    r"(?<![\w+.-])(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ ./-]?\d{2,4}){2,4}"
    r"|(?:\(\d{3}\) ?|\d{3}[.-])\d{3}[.-]\d{4})(?![\w-])"
)
CARD = re.compile(r"(?<![\w.-])(?:\d{4}[ -]?\d{4}[ -]?\d{4}[ -]?\d{4}|\d{4}[ -]?\d{6}[ -]?\d{5})(?![\w-])")
ISSUER = re.compile(r"4\d{15}|5[1-5]\d{14}|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|6(?:011|5\d\d)\d{12}|3[47]\d{13}")
IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,3})?(?!\w)")
IBAN_LENGTHS = {
    "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24, "FI": 18,
    "FR": 27, "GB": 22, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20,
    "LV": 21, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SE": 24, "SI": 19, "SK": 24, "TR": 26,
}  # fmt: skip


def patterns(cells: pd.Series) -> tuple[tuple[str, int], ...]:
    """Return how many of the filled cells hold what: an e-mail address, a phone, card or account number; or are a number.

    ``cells`` (how many were looked at) stands first; what no cell holds is left out, and nothing at all where that is
    everything. ``numbers`` is counted where a column holds both numbers, of ten values or more, and words.

    >>> import pandas as pd
    >>> patterns(pd.Series(["write to ann@example.org", "4111 1111 1111 1111", "blue"]))
    (('cells', 3), ('e-mail', 1), ('card', 1))
    """
    step = -(-len(cells) // MOST_CELLS)
    seen = cells.iloc[:: max(step, 1)]
    if seen.dtype.kind in "iuf":
        found = {"card": _cards_among_numbers(seen.to_numpy())}
    else:
        counts = seen.astype(str).value_counts(sort=False)
        found = _of_texts([str(text) for text in counts.index], counts.to_numpy())
    hits = tuple((name, n) for name, n in found.items() if n)
    return (("cells", len(seen)), *hits) if hits else ()


def _of_texts(texts: list[str], rows: np.ndarray) -> dict[str, int]:
    found = {"e-mail": 0, "phone": 0, "card": 0, "account": 0, "numbers": 0}
    numbers, like_a_card = 0, 0
    for text, count in zip(texts, rows.tolist(), strict=True):
        if NUMBER.fullmatch(text):
            numbers += 1
            found["numbers"] += count
        part = text[:MOST_LETTERS]
        if not WORTH_A_LOOK.search(part):
            continue
        found["e-mail"] += count * bool(E_MAIL.search(part))
        cards = CARD.findall(part)
        like_a_card += count * bool(cards)
        found["card"] += count * any(is_card(c) for c in cards)
        account = any(is_account(a) for a in IBAN.findall(part))
        found["account"] += count * account
        found["phone"] += count * bool(not cards and not account and PHONE.search(part))
    if 2 * found["card"] < like_a_card:
        found["card"] = 0  # long numbers of another kind: one in ten ends in the right digit by luck
    if numbers < FEWEST_DIFFERENT or numbers == len(texts):
        found["numbers"] = 0
    return found


def is_card(text: str) -> bool:
    """Whether digits are those of a payment card: an issuer's first ones, and Luhn's last one.

    >>> is_card("4111-1111-1111-1111"), is_card("4111 1111 1111 1112")
    (True, False)
    """
    digits = [int(d) for d in text if d.isdigit()]
    return bool(ISSUER.fullmatch("".join(map(str, digits))) and _luhn(np.array([digits]))[0] == 0)


def is_account(text: str) -> bool:
    """Whether a text is an international bank account number (ISO 13616): its length, and 1 modulo 97.

    >>> is_account("DE89 3704 0044 0532 0130 00"), is_account("DE88 3704 0044 0532 0130 00")
    (True, False)
    """
    plain = text.replace(" ", "")
    if IBAN_LENGTHS.get(plain[:2], len(plain)) != len(plain):
        return False
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def _luhn(digits: np.ndarray) -> np.ndarray:
    """Return (n,) Luhn's sum modulo 10 of (n, k) digits: 0 where the last one is right."""
    weighted = digits.copy()
    weighted[:, -2::-2] *= 2
    return np.asarray((weighted - 9 * (weighted > 9)).sum(axis=1) % 10)


def _cards_among_numbers(values: np.ndarray) -> int:
    """Return how many whole numbers of sixteen digits are card numbers; 0 where they are of another kind."""
    far = values[(values >= 2.2e15) & (values < 6.7e15)]  # between the first and the last issuer
    if len(far) == 0 or 2 * len(far) < len(values):
        return 0
    digits = far.astype(np.int64)[:, None] // 10 ** np.arange(15, -1, -1) % 10
    right = int((_luhn(digits) == 0).sum())
    return right if 2 * right >= len(far) else 0
