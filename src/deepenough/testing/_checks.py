"""What every check promises."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache

import numpy as np

from deepenough import shelves
from deepenough.checks._audit import elsewhere
from deepenough.checks._base import Check
from deepenough.dataset import Dataset
from deepenough.errors import NotApplicable
from deepenough.findings import ORDER, Finding
from deepenough.loading import content_ids
from deepenough.shelves import Book
from deepenough.testing import _samples
from deepenough.testing._promise import Promise, must, no_warnings, same

LOOKS_AT = ("inputs", "labels", "files", "curve", "traffic")
ROWS = 2000  # enough that nothing is scarce
SEEDS = (0, 1, 2)
SENTENCE = re.compile(r"['\"A-Z0-9].{10,700}[.?]", re.DOTALL)


def code_is_its_own(book: Book) -> None:
    """The code is of the form DE001, no other check has it, and what it looks at is something that a run has."""
    code, looks_at = book.facts["code"], book.facts["looks_at"]
    holders = [b.name for b in shelves.shelf("checks").values() if b.facts["code"] == code]
    must(book, re.fullmatch(r"[A-Z]{2,8}\d{3}", code), f"the code {code} must be capitals and three digits.")
    must(book, len(holders) == 1, f"the code {code} belongs to {', '.join(holders)}.")
    must(book, looks_at in LOOKS_AT, f"it looks at '{looks_at}'; there are: {', '.join(LOOKS_AT)}.")


def _clean(book: Book) -> Iterator[Dataset]:
    """Every sample of what the check asks about."""
    return (clean for clean in _samples.clean(ROWS) if not elsewhere(book, clean.task.modality))


def _planted(book: Book) -> list[Dataset]:
    """Every sample that its fault can be planted in, with the fault."""
    check: Check = book.load()
    planted = []
    for clean in _clean(book):
        for seed in SEEDS:
            try:
                planted.append(check.plant(clean, seed))
            except NotApplicable:
                continue
    must(book, planted, "it can plant its fault in no sample, so nothing shows that it works.")
    return planted


@cache
def _found(module: str) -> tuple[list[Finding], ...]:
    """What it finds in each of them; looked for once, for all promises."""
    book = next(b for b in shelves.shelf("checks").values() if b.module == module)
    return tuple(book.load().run(rows) for rows in _planted(book))


def finds_its_own_fault(book: Book) -> None:
    """What it plants, it finds, whatever the kind of task and the seed."""
    for findings in _found(book.module):
        must(book, any(f.code == book.facts["code"] for f in findings), "it does not find what it planted.")


def is_quiet_on_clean_rows(book: Book) -> None:
    """Where nothing is wrong it says at most a note, or that it does not apply."""
    check: Check = book.load()
    for clean in _clean(book):
        try:
            loud = [f for f in check.run(clean) if f.severity != "note"]
        except NotApplicable as reason:
            must(book, SENTENCE.fullmatch(str(reason)), f"'{reason}' is no sentence.")
        else:
            must(book, not loud, f"it cries wolf over clean rows: {loud[:1]}")


def leaves_the_rows_alone(book: Book) -> None:
    """Neither looking nor planting changes what was given, and looking twice finds the same."""
    check: Check = book.load()
    for clean in _clean(book):
        before, numbers, content = (
            clean.fingerprint,
            clean.about["row"].tolist(),
            content_ids(clean.features, len(clean)),
        )
        try:
            planted = check.plant(clean, 0)
            must(book, check.run(planted) == check.run(planted), "it finds something else when it looks again.")
        except NotApplicable:
            continue
        kept = before == clean.fingerprint and numbers == clean.about["row"].tolist()
        must(book, kept and same(content_ids(clean.features, len(clean)), content), "it changes the rows it was given.")


def never_sees_the_target_of_inputs(book: Book) -> None:
    """A check of inputs, or of two files, finds the same where no target is known: it may look at sealed rows too."""
    if book.facts["looks_at"] not in ("inputs", "files"):
        return
    check: Check = book.load()
    for rows in _planted(book)[:: len(SEEDS)]:
        must(
            book,
            check.run(rows) == check.run(_samples.blind(rows)),
            "it finds something else where no target is known.",
        )


def speaks_in_sentences(book: Book) -> None:
    """Message and remedy are sentences, the evidence is JSON, and rows are named by their numbers."""
    for finding in [f for findings in _found(book.module) for f in findings]:
        must(book, finding.severity in ORDER and finding.subject, f"{finding} lacks its severity or subject.")
        for text in (finding.message, finding.remedy):
            must(book, SENTENCE.fullmatch(text), f"'{text}' is no sentence.")
        json.dumps([finding.evidence, finding.clusters], allow_nan=False)
        must(
            book,
            all(type(r) is int and r >= 0 for r in finding.where),
            "`where` holds row numbers: whole, plain, from 0.",
        )


def few_rows_are_no_accident(book: Book) -> None:
    """A handful of rows: findings, or `NotApplicable`; never a warning or an exception."""
    check: Check = book.load()
    for clean in _clean(book):
        for n in (1, 2, 5, 30):
            try:
                with no_warnings():
                    check.run(clean.take(np.arange(n)))
            except NotApplicable:
                continue


PROMISES: tuple[Promise, ...] = (
    code_is_its_own,
    finds_its_own_fault,
    is_quiet_on_clean_rows,
    leaves_the_rows_alone,
    never_sees_the_target_of_inputs,
    speaks_in_sentences,
    few_rows_are_no_accident,
)
