"""Every book on every shelf keeps its promises; nobody edits this file to add a book.

The second half proves that: books in a package from elsewhere, one file each, are found, kept to their promises, and
caught where they break them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepenough import shelves, testing
from deepenough.errors import ShelfError, Unavailable
from deepenough.testing import _checks, _samples

TRANSFER = 3  # a rung: minutes a fit; `test_deep_images` fits these once


def _every_promise() -> list[object]:
    return [
        pytest.param(
            promise, id=f"{shelf}-{name}-{kept}", marks=[pytest.mark.slow] if _takes_minutes(book, kept) else []
        )
        for shelf in shelves.SHELVES
        for name, book in shelves.shelf(shelf).items()
        for kept, promise in testing.promises(shelf, name)
    ]


def _takes_minutes(book: shelves.Book, promise: str) -> bool:
    return book.facts.get("rung") == TRANSFER and promise != "answers_kinds_on_the_shelf"


@pytest.mark.parametrize("promise", _every_promise())
def test_book(promise: Callable[[], None]) -> None:
    try:
        promise()
    except Unavailable as reason:
        pytest.skip(str(reason))


# --- a package from elsewhere --------------------------------------------------------------------------------------

METRIC = '''
"""Share of rows whose class was named."""

import numpy as np

from deepenough.metrics import Metric
from deepenough.metrics.accuracy import Accuracy


class Named(Metric):
    """The share of rows whose likeliest class is the true one."""

    name = "{name}"
    title = "how often it is right"
    tasks = ("classification",)
    answers = "probability"
    high_is_good = True
    bounded = True

    def evidence(self, target, answer, about=None):
        return Accuracy().evidence(target, answer)

    def value(self, evidence, weights):
        return {value}

    def interval(self, evidence, level=0.95, quick=False, seed=0, strata=None):
        return Accuracy().interval(evidence, level, quick, seed, strata)

    def gain(self, simple, complex, level=0.95):
        return Accuracy().gain(simple, complex, level)
'''

CHECK = '''
"""XY001: far too many negative numbers."""

import numpy as np

from deepenough.checks._base import Check
from deepenough.checks._faults import with_cells
from deepenough.findings import Finding


class Below(Check):
    """Nearly all numbers of a column are far below zero."""

    name = "{name}"
    code = "{code}"
    title = "Numbers far below zero"
    looks_at = "inputs"
    modalities = ("tabular",)

    def run(self, dataset):
        found = []
        for column, values in dataset.features.items():
            if values.dtype.kind == "f" and {suspicious}:
                found.append(Finding(self.code, "warning", column, f"Nearly all of '{{column}}' is far below zero.",
                                     "Ask whether the sign was turned on the way.", {{"median": float(np.nanmedian(values))}}))
        return found

    def plant(self, clean, seed):
        return with_cells(clean, "weight", np.float32(-1000.0) - clean.features["weight"])
'''

CANDIDATE = '''
"""A straight line through the first number."""

import numpy as np

from deepenough.bundle import NotExportable
from deepenough.candidates._base import Candidate


class Line(Candidate):
    """A straight line through the first number, and nothing else."""

    name = "{name}"
    title = "One line"
    rung = 1
    answers = ("regression",)
    modalities = ("tabular",)

    def suits(self, task):
        return bool(task.inputs)

    def portfolio(self, task, rows):
        return [{{}}]

    def build(self, task, settings, seed):
        return Fitted()


class Fitted:
    def fit(self, learn, tune, workspace):
        x = np.nan_to_num(learn.tensors["numbers"][:, 0], nan=0.0).astype(float)
        self.slope, self.start = np.polyfit(x, learn.truth, 1)
        return self

    def predict(self, dataset):
        x = np.nan_to_num(dataset.tensors["numbers"][:, 0], nan=0.0)
        return {{"value": ({answer}).astype(np.float32)}}

    def export(self):
        return NotExportable("Nobody wrote its graph yet.")
'''

GOOD = {
    ("metrics", "named_right"): METRIC.format(name="named_right", value="Accuracy().value(evidence, weights)"),
    ("checks", "below_zero"): CHECK.format(name="below_zero", code="XY001", suspicious="np.nanmedian(values) < -100"),
    ("candidates", "one_line"): CANDIDATE.format(name="one_line", answer="self.start + self.slope * x"),
}
# each breaks one promise, the one named last
BROKEN = {
    ("metrics", "counted_right", "weights_are_repeated_rows"): METRIC.format(
        name="counted_right", value="Accuracy().value(evidence, np.ones(len(weights)))"
    ),
    ("checks", "blind_below", "finds_its_own_fault"): CHECK.format(
        name="blind_below", code="XY002", suspicious="np.nanmedian(values) < -1e9"
    ),
    ("checks", "always_below", "is_quiet_on_clean_rows"): CHECK.format(
        name="always_below", code="XY003", suspicious="np.nanmedian(values) < 1e9"
    ),
    ("candidates", "peeking_line", "never_sees_the_target_it_predicts"): CANDIDATE.format(
        name="peeking_line", answer="self.start + self.slope * x if dataset.target is None else dataset.target"
    ),
    ("candidates", "crowded_line", "answers_each_row_by_itself"): CANDIDATE.format(
        name="crowded_line", answer="self.start + self.slope * x + x.mean()"
    ),
    ("candidates", "wavering_line", "same_seed_same_answer"): CANDIDATE.format(
        name="wavering_line", answer="self.start + self.slope * x + id(self) % 1000"
    ),
    ("candidates", "flat_line", "beats_the_dummy"): CANDIDATE.format(name="flat_line", answer="self.start + 0.0 * x"),
}
JUDGE = """
import json, sys
from deepenough import testing
broken = {}
for shelf, name in json.loads(sys.argv[1]):
    broken[name] = []
    for promise, keep in testing.promises(shelf, name):
        try:
            keep()
        except Exception as error:
            broken[name].append([promise, repr(error)])
print(json.dumps(broken))
"""


def write_package(folder: Path, books: dict[tuple[str, str], str]) -> None:
    """Write books of a package from elsewhere, installed as pip would: one file each, and its entry points."""
    info = folder / "cornershop-1.0.dist-info"
    for made in (folder / "cornershop", info):
        made.mkdir(parents=True)
    (folder / "cornershop/__init__.py").touch()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: cornershop\nVersion: 1.0\n")
    points = {shelf: "".join(f"{name} = cornershop.{name}\n" for s, name in books if s == shelf) for shelf, _ in books}
    (info / "entry_points.txt").write_text(
        "".join(f"[deepenough.{shelf}]\n{lines}\n" for shelf, lines in points.items())
    )
    for (_, name), source in books.items():
        (folder / "cornershop" / f"{name}.py").write_text(source)


@pytest.fixture(scope="module")
def broken_promises(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[str]]]:
    """What each of the books from elsewhere breaks, judged in a fresh interpreter."""
    folder = tmp_path_factory.mktemp("elsewhere")
    books = {**GOOD, **{(shelf, name): source for (shelf, name, _), source in BROKEN.items()}}
    write_package(folder, books)
    judged = fresh("-c", JUDGE, json.dumps(list(books)), path=folder)
    return dict(json.loads(judged))


def fresh(*arguments: str, path: Path | None = None) -> str:
    """Run a fresh interpreter and return what it prints."""
    environment = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(path or ""), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("book", [name for _, name in GOOD])
def test_one_file_is_on_the_shelf_and_keeps_its_promises(
    book: str, broken_promises: dict[str, list[list[str]]]
) -> None:
    assert broken_promises[book] == []


@pytest.mark.parametrize(("book", "promise"), [(name, promise) for _, name, promise in BROKEN])
def test_a_broken_book_is_caught(book: str, promise: str, broken_promises: dict[str, list[list[str]]]) -> None:
    assert promise in [broken for broken, _ in broken_promises[book]]


@pytest.fixture
def empty_shelves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A folder on the path for packages from elsewhere; the shelves look again, before and after."""
    monkeypatch.syspath_prepend(tmp_path)
    shelves.shelf.cache_clear()
    yield tmp_path
    shelves.shelf.cache_clear()
    for name in [m for m in sys.modules if m.split(".")[0] == "cornershop"]:
        del sys.modules[name]


def test_a_clash_of_names_is_refused(empty_shelves: Path) -> None:
    write_package(empty_shelves, {("metrics", "accuracy"): METRIC.format(name="accuracy", value="0.0")})
    with pytest.raises(ShelfError, match=r"'accuracy': deepenough\.metrics\.accuracy and cornershop\.accuracy"):
        shelves.shelf("metrics")


def test_an_entry_point_to_nothing_is_a_sentence(empty_shelves: Path) -> None:
    write_package(empty_shelves, {("metrics", "gone"): ""})
    with pytest.raises(ShelfError, match=r"cornershop\.gone .* defines no class"):
        shelves.shelf("metrics")
    (empty_shelves / "cornershop/gone.py").unlink()
    with pytest.raises(ShelfError, match=r"cornershop\.gone, which is not there"):
        shelves.shelf("metrics")


def test_what_is_not_installed_is_an_answer(empty_shelves: Path) -> None:
    source = "import nowhere\n\n\nclass Far:\n    '''A family.'''\n\n    name = 'far'\n    requires = ('nowhere',)\n    extra = 'deep'\n"
    write_package(empty_shelves, {("candidates", "far"): source})
    assert shelves.shelf("candidates")["far"].summary == "A family."
    with pytest.raises(Unavailable, match=r"far needs nowhere.*deepenough\[deep\]"):
        shelves.load("candidates", "far")


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: shelves.shelf("metric"), r"There is no shelf 'metric'. Did you mean 'metrics'\?"),
        (lambda: shelves.load("metrics", "rocauc"), r"There is no 'rocauc' on the shelf metrics. Did you mean"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(call: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ShelfError, match=sentence):
        call()


def test_reading_the_shelves_imports_nothing_heavy() -> None:
    heavy = ("torch", "lightgbm", "sklearn", "pandas", "onnx", "onnxruntime", "scipy", "matplotlib", "pyarrow", "numpy")
    code = (
        "import sys, json; from deepenough import shelves; "
        f"[shelves.shelf(s) for s in shelves.SHELVES]; print(json.dumps([m for m in {heavy!r} if m in sys.modules]))"
    )
    assert json.loads(fresh("-c", code)) == []


def test_conformance_names_every_broken_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite without pytest: one call, one list."""
    from deepenough.metrics.accuracy import Accuracy

    monkeypatch.setattr(Accuracy, "value", lambda self, evidence, weights: 0.5)
    with pytest.raises(testing.BrokenPromise, match=r"breaks 2 of its promises[\s\S]*weights_are_repeated_rows"):
        testing.conformance("metrics", "accuracy")


# --- every promise can be broken -----------------------------------------------------------------------------------
# (shelf, book, promise, what is replaced, by what: a function of what stood there)

Change = Callable[[Any], Any]


def _writes(original: Any) -> Any:
    def evidence(self: Any, target: np.ndarray, answer: Any, about: Any = None) -> Any:
        target[0] = 0.0
        return original(self, target, answer)

    return evidence


def _spoils(original: Any) -> Any:
    def plant(self: Any, clean: Any, seed: int) -> Any:
        next(iter(clean.features.values()))[0] += 1
        return original(self, clean, seed)

    return plant


def _refuses_few(original: Any) -> Any:
    def run(self: Any, dataset: Any) -> Any:
        return original(self, dataset) if len(dataset) > 10 else 1 / 0

    return run


MUTANTS: list[tuple[str, str, str, str, Change]] = [
    ("metrics", "mae", "gain_is_positive_for_the_better", "high_is_good", lambda _: True),
    ("metrics", "mae", "gain_over_itself_is_nothing", "gain", lambda f: lambda *a: replace(f(*a), value=0.01)),
    ("metrics", "mae", "reads_only", "evidence", _writes),
    (
        "metrics",
        "mae",
        "interval_holds_the_value",
        "interval",
        lambda f: lambda *a, **k: replace(f(*a, **k), low=9.0, high=9.5),
    ),
    ("metrics", "rmse", "order_does_not_matter", "evidence", lambda f: lambda s, t, a, about=None: f(s, np.sort(t), a)),
    (
        "metrics",
        "log_loss",
        "odd_rows_are_no_accident",
        "interval",
        lambda f: lambda s, e, *a, **k: replace(f(s, e, *a, **k), value=float(np.divide(1.0, e.rows.std()))),
    ),
    (
        "metrics",
        "accuracy",
        "many_classes_are_judged",
        "evidence",
        lambda f: lambda s, t, a, about=None: f(s, t, {"probability": a["probability"][:, :2]}),
    ),
    ("metrics", "r2", "judges_kinds_on_the_shelf", "tasks", lambda _: ("guessing",)),
    (
        "checks",
        "constant_columns",
        "speaks_in_sentences",
        "run",
        lambda f: lambda s, d: [replace(x, remedy="mend it") for x in f(s, d)],
    ),
    (
        "checks",
        "constant_columns",
        "never_sees_the_target_of_inputs",
        "run",
        lambda f: lambda s, d: f(s, d) if d.target is not None else [],
    ),
    ("checks", "missing_values", "few_rows_are_no_accident", "run", _refuses_few),
    ("checks", "missing_values", "leaves_the_rows_alone", "plant", _spoils),
    (
        "modalities",
        "tabular",
        "features_are_a_pure_function",
        "features",
        lambda f: lambda s, e, t: {k: v - np.nanmin(v).astype(v.dtype) for k, v in f(s, e, t).items()},
    ),
    ("modalities", "tabular", "one_decodes_as_many", "decode", lambda f: lambda s, r, t: f(s, r[::-1], t)),
    (
        "modalities",
        "tabular",
        "wire_decodes_as_file",
        "decode",
        lambda f: lambda s, r, t: f(s, r[::-1] if isinstance(r, list) else r, t),
    ),
    ("modalities", "tabular", "one_seed_one_sample", "sample", lambda f: lambda s, kind, n, seed: f(s, kind, n, 0)),
    ("modalities", "tabular", "knows_its_own", "recognises", lambda _: lambda s, source, roles: 0.5),
    (
        "modalities",
        "tabular",
        "missing_input_is_refused_by_name",
        "decode",
        lambda f: lambda s, r, t: f(s, [{"size": 0.0, **row} for row in r] if isinstance(r, list) else r, t),
    ),
    ("tasks", "regression", "alike_knows_itself", "alike", lambda _: lambda s, a, b: np.ones(len(a["value"]), bool)),
    ("tasks", "regression", "columns_are_one_a_row", "columns", lambda _: lambda s, a, t: {"value": a["value"]}),
    (
        "tasks",
        "classification",
        "unknown_class_is_marked",
        "encode",
        lambda f: lambda s, t, labels, p: (lambda found: (found[0], np.maximum(found[1], 0)))(f(s, t, labels, p)),
    ),
    (
        "tasks",
        "classification",
        "encoding_is_stable",
        "encode",
        lambda f: lambda s, t, labels, p: f(s, t[::-1] if labels else t, labels, p),
    ),
]


@pytest.fixture
def fresh_samples() -> Iterator[None]:
    """Samples made anew, before and after: a mutant may have spoilt them."""
    caches = (_samples.dataset, _samples.raw, _checks._found)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


@pytest.mark.parametrize(
    ("shelf", "book", "promise", "attribute", "change"), MUTANTS, ids=[f"{m[1]}-{m[2]}" for m in MUTANTS]
)
def test_every_promise_can_be_broken(
    shelf: str,
    book: str,
    promise: str,
    attribute: str,
    change: Change,
    monkeypatch: pytest.MonkeyPatch,
    fresh_samples: None,
) -> None:
    """A suite that nothing can fail proves nothing: change one thing in a good book, and that promise breaks."""
    keep = dict(testing.promises(shelf, book))[promise]
    keep()
    _checks._found.cache_clear()
    kind = type(shelves.load(shelf, book))
    monkeypatch.setattr(kind, attribute, change(getattr(kind, attribute)))
    if attribute in shelves.shelf(shelf)[book].facts:
        monkeypatch.setitem(shelves.shelf(shelf)[book].facts, attribute, getattr(kind, attribute))
    with pytest.raises((testing.BrokenPromise, ValueError, ArithmeticError, RuntimeWarning)):
        keep()
