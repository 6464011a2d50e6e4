"""What every family of models promises."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from deepenough import shelves, steps
from deepenough.bundle import Bundle, NotExportable
from deepenough.candidates._base import RUNGS, Candidate
from deepenough.dataset import Answer, Dataset
from deepenough.export import parity, write
from deepenough.loading import content_ids
from deepenough.metrics import Metric
from deepenough.shelves import Book
from deepenough.task import Task
from deepenough.testing import _samples
from deepenough.testing._promise import Promise, must, rows_of, same
from deepenough.workspace import Workspace

LEARN, TUNE = 300, 100  # the rest of the sample is what a model is judged on
FILES = (
    120,
    40,
    60,
)  # learn, tune and all that is judged on, where each example is a file: networks read them one by one


def answers_kinds_on_the_shelf(book: Book) -> None:
    """Rung, kinds of task and modalities are ones that there are."""
    facts = book.facts
    must(book, 0 <= facts["rung"] < len(RUNGS), f"there is no rung {facts['rung']}.")
    for fact, shelf in (("answers", "tasks"), ("modalities", "modalities")):
        unknown = set(facts[fact]) - set(shelves.shelf(shelf))
        must(
            book,
            facts[fact] and not unknown,
            f"`{fact}` names {sorted(unknown) or 'nothing'}, which the shelf {shelf} does not hold.",
        )


def _sample(book: Book, modality: str, kind: str) -> Dataset:
    """The sample, its task with the settings that the family's `example` gives it."""
    rows = _samples.dataset(modality, kind)
    if shelves.load("modalities", modality).files:
        return rows.take(np.arange(sum(FILES)))
    given = dict(book.facts.get("example", ())).get(kind, "")
    if not given:
        return rows
    task = replace(rows.task, settings={**rows.task.settings, **tomllib.loads(given)})
    return Dataset(task, rows.examples, rows.target, rows.about, rows.ids, rows.features)


def _suited(book: Book) -> list[Dataset]:
    """The samples of what it says it answers; at least one must suit it."""
    candidate: Candidate = book.load()
    samples = [_sample(book, m, k) for m in book.facts["modalities"] for k in book.facts["answers"]]
    suited = [s for s in samples if candidate.suits(s.task)]
    must(book, suited, "it suits no sample of what it declares to answer.")
    return suited


def _parts(rows: Dataset) -> tuple[Dataset, Dataset, Dataset]:
    learn, tune, score = np.split(np.arange(len(rows)), np.cumsum(_sizes(rows)))
    return rows.take(learn), rows.take(tune), rows.take(score)


def _sizes(rows: Dataset) -> tuple[int, int]:
    return FILES[:2] if shelves.load("modalities", rows.task.modality).files else (LEARN, TUNE)


def _fit(book: Book, rows: Dataset) -> Any:
    candidate: Candidate = book.load()
    learn, tune, _ = _parts(rows)
    settings = candidate.portfolio(rows.task, len(learn))
    must(book, settings, "it has no setting to try.")
    return candidate.build(rows.task, settings[0], 0).fit(learn, tune, Workspace())


@cache
def _fitted(module: str, kind: str, modality: str) -> Any:
    book = next(b for b in shelves.shelf("candidates").values() if b.module == module)
    return _fit(book, _sample(book, modality, kind))


def _models(book: Book) -> Iterator[tuple[Any, Dataset]]:
    """Each fitted model, fitted once for all promises, and the rows it is judged on."""
    for rows in _suited(book):
        yield _fitted(book.module, rows.task.kind, rows.task.modality), _parts(rows)[2]


def _alike(task: Task, a: Answer, b: Answer) -> bool:
    return bool(np.all(shelves.load("tasks", task.kind).alike(a, b)))


def answers_in_full(book: Book) -> None:
    """Every row gets a finite answer of the right shape and type; probabilities sum to one."""
    for model, score in _models(book):
        _whole(book, model.predict(score), score)


def _whole(book: Book, answer: Answer, rows: Dataset) -> None:
    n = len(rows)
    must(book, answer, "it answers nothing.")
    shapes = {"probability": (n, len(rows.task.labels)), "value": (n,)}
    for name, values in answer.items():
        must(
            book,
            values.shape == shapes.get(name, (n, *values.shape[1:])),
            f"{name} has the shape {values.shape} for {n} rows.",
        )
        must(
            book,
            values.dtype == np.float32 or name not in shapes,
            f"{name} is {values.dtype}; answers are float32, as what ships.",
        )
        must(book, values.dtype.kind != "f" or np.isfinite(values).all(), f"{name} is not finite in every row.")
    if "probability" in answer:
        sums = answer["probability"].sum(axis=1, dtype=float)
        must(
            book,
            (answer["probability"] >= 0).all() and np.abs(sums - 1).max() <= 1e-5,
            "probabilities must sum to one.",
        )


def beats_the_dummy(book: Book) -> None:
    """Above rung 0 it gains over the answer that looks at nothing, beyond chance."""
    if book.facts["rung"] == 0:
        return
    for model, score in _models(book):
        metric: Metric = shelves.load("metrics", shelves.shelf("tasks")[score.task.kind].facts["metric"])
        dummy = _fitted(shelves.shelf("candidates")["dummy"].module, score.task.kind, score.task.modality)
        gain = metric.gain(*(metric.evidence(score.truth, m.predict(score)) for m in (dummy, model)))
        must(
            book,
            gain.value > 0 and (gain.low is None or gain.low > 0),
            f"it does not beat dummy ({score.task.kind}): {gain}.",
        )


def same_seed_same_answer(book: Book) -> None:
    """Fitted again with the same seed it answers the same, to the last bit; and fitting leaves the rows alone."""
    for rows, (model, score) in zip(_suited(book), _models(book), strict=True):
        before, content = rows.fingerprint, content_ids(rows.features, len(rows))
        one, other = model.predict(score), _fit(book, rows).predict(score)
        must(book, all(same(one[name], other[name]) for name in one), f"one seed gives two answers ({rows.task.kind}).")
        kept = before == rows.fingerprint and same(content_ids(rows.features, len(rows)), content)
        must(book, kept, "it changes the rows it learns from.")


def never_sees_the_target_it_predicts(book: Book) -> None:
    """Rows whose target is unknown get the same answer."""
    for model, score in _models(book):
        seen, unseen = model.predict(score), model.predict(_samples.blind(score))
        must(book, all(same(seen[name], unseen[name]) for name in seen), "it reads the target of the rows it predicts.")


def answers_each_row_by_itself(book: Book) -> None:
    """A row's answer does not depend on the rows beside it, on their order, or on what was asked before."""
    for model, score in _models(book):
        answer, order = model.predict(score), np.random.default_rng(0).permutation(len(score))
        asked = {
            "in another order": order,
            "by itself": order[:1],
            "beside one other": order[:2],
            "a second time": np.arange(len(score)),
        }
        for how, index in asked.items():
            alike = _alike(score.task, rows_of(answer, index), model.predict(score.take(index)))
            must(book, alike, f"it answers a row otherwise {how} ({score.task.kind}).")


@contextmanager
def _shipped(book: Book, model: Any, rows: Dataset) -> Iterator[Bundle | None]:
    """The bundle of a model; None where it cannot ship, which is an answer when it is a sentence."""
    plan = model.export()
    if isinstance(plan, NotExportable):
        must(book, plan.reason.endswith("."), f"it must say in a sentence why it cannot ship, not '{plan.reason}'.")
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        yield write.write(Path(folder) / "bundle", rows.task, plan, rows, {"candidate": book.name})


def ships_what_was_tested(book: Book) -> None:
    """The exported graph answers as the model: on real rows, on odd ones, and on rows by name as somebody would send them."""
    for rows in _suited(book):
        model = _fitted(book.module, rows.task.kind, rows.task.modality)
        with _shipped(book, model, rows) as bundle:
            if bundle is None:
                continue
            parity.prove(model.predict, bundle, rows)
            must(
                book,
                set(bundle.signature["outputs"]) == set(model.predict(rows)),
                "it ships other outputs than it answers with.",
            )
            _, made = _samples.raw(rows.task.modality, rows.task.kind, _samples.ROWS)
            columns = shelves.load("tasks", rows.task.kind).columns(model.predict(rows), rows.task)
            _said_alike(book, columns, bundle.predict(_samples.sent(made)[: len(rows)]))


def _said_alike(book: Book, trained: Answer, shipped: Answer) -> None:
    for name, values in trained.items():
        other = shipped[name]
        close = (
            np.allclose(values, other, atol=1e-5) if values.dtype.kind == "f" else np.mean(values == other) >= 0.99
        )  # but for ties
        must(book, close, f"rows sent by name get another {name} than in training.")


def bears_awkward_columns(book: Book) -> None:
    """A column that was constant or empty, and a category that was never there, until the model is asked: answers, and parity."""
    for rows in _suited(book):
        made = _fitted(book.module, rows.task.kind, rows.task.modality).export()
        if not isinstance(made, NotExportable) and steps.reads_examples(made.steps):
            continue  # it reads no features
        awkward = _awkward(rows)
        model, score = _fit(book, awkward), _parts(awkward)[2]
        _whole(book, model.predict(score), score)
        with _shipped(book, model, awkward) as bundle:
            if bundle is not None:
                parity.prove(model.predict, bundle, score)


def _awkward(rows: Dataset) -> Dataset:
    """The rows with, where they are learnt from, one number constant, one empty, and one category never there."""
    features, known = {name: values.copy() for name, values in rows.features.items()}, slice(0, sum(_sizes(rows)))
    numbers = [v for v in features.values() if v.dtype.kind == "f"]
    for values, fill in zip(numbers[1:], (7.0, np.nan), strict=False):  # the first carries the signal
        values[known] = fill
    for codes in (v for v in features.values() if v.dtype.kind in "iu"):
        codes[known] = np.where(codes[known] == codes.max(), 1, codes[known])
        codes[-5:] = 0
    return Dataset(rows.task, rows.examples, rows.target, rows.about, rows.ids, features)


PROMISES: tuple[Promise, ...] = (
    answers_kinds_on_the_shelf,
    answers_in_full,
    beats_the_dummy,
    same_seed_same_answer,
    never_sees_the_target_it_predicts,
    answers_each_row_by_itself,
    ships_what_was_tested,
    bears_awkward_columns,
)
