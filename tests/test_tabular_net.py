"""The tabular net: learns what a line cannot, answers the same twice, ships what it learnt, survives odd tables."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnxruntime
import pandas as pd
import pytest

from deepenough import shelves
from deepenough.dataset import Dataset
from deepenough.examples import Columns
from deepenough.loading import load
from deepenough.task import Task
from deepenough.workspace import Workspace

torch = pytest.importorskip("torch")
tabular_net = pytest.importorskip("deepenough.candidates.tabular_net")

SHORT = {"epochs": 8}


def dataset(numbers: np.ndarray, codes: np.ndarray, target: np.ndarray, classes: int = 0) -> Dataset:
    """A dataset straight from tensors: what no file would give."""
    n = len(target)
    features = {f"x{i}": c for i, c in enumerate(numbers.astype(np.float32).T)}
    features |= {f"c{i}": c for i, c in enumerate(codes.astype(np.int64).T)}
    task = Task("classification" if classes else "regression", "tabular", (), tuple("abcdef"[:classes]))
    about, ids = pd.DataFrame({"row": np.arange(n)}), np.arange(n, dtype=np.uint64)
    return Dataset(task, Columns(features, n), target, about, ids, features)


def mixed(n: int = 300, classes: int = 0, seed: int = 0) -> Dataset:
    """Three numbers with holes and two columns of codes; all of them matter."""
    rng = np.random.default_rng(seed)
    numbers, codes = rng.normal(size=(n, 3)), rng.integers(0, 5, (n, 2))
    signal = numbers[:, 0] + (codes[:, 0] == 2) - numbers[:, 1] * (codes[:, 1] > 2) + 0.1 * rng.normal(size=n)
    numbers[rng.random((n, 3)) < 0.1] = np.nan
    edges = np.quantile(signal, np.linspace(0, 1, classes + 1)[1:-1]) if classes else []
    return dataset(numbers, codes, np.searchsorted(edges, signal) if classes else signal, classes)


def halves(data: Dataset) -> tuple[Dataset, Dataset]:
    half = 2 * len(data) // 3
    return data.take(np.arange(half)), data.take(np.arange(half, len(data)))


def fit(learn: Dataset, tune: Dataset, settings: Mapping[str, object] = SHORT, seed: int = 0) -> tabular_net.Net:
    return tabular_net.Net(learn.task, settings, seed).fit(learn, tune, Workspace())


def answer(model: tabular_net.Net, data: Dataset) -> np.ndarray:
    (values,) = model.predict(data).values()
    return values


def shipped(model: tabular_net.Net, data: Dataset) -> np.ndarray:
    """What the exported graph answers."""
    plan = model.export()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(plan.graph, options, providers=["CPUExecutionProvider"])
    assert tuple(o.name for o in session.get_outputs()) == plan.outputs
    return session.run(None, {i.name: data.tensors[i.name] for i in session.get_inputs()})[0]


def odd(data: Dataset) -> Dataset:
    """The rows with holes, extremes and codes never seen."""
    numbers, codes = data.tensors["numbers"].copy(), data.tensors["codes"].copy()
    for row, value in enumerate((np.nan, 1e30, -1e30, 3.4e38, -3.4e38, 0.0, 1e-30)):
        numbers[row] = value
    codes[:2], codes[2:4], codes[4:6] = 0, 10**6, -1
    return dataset(numbers, codes, data.truth, len(data.task.labels))


def assert_ships(model: tabular_net.Net, data: Dataset) -> None:
    ours, theirs = answer(model, data), shipped(model, data)
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype == np.float32
    assert np.isfinite(ours).all()
    np.testing.assert_allclose(theirs, ours, rtol=1e-5 if ours.ndim == 1 else 0, atol=1e-6 if ours.ndim == 1 else 1e-5)


def test_is_on_the_shelf_and_can_be_built() -> None:
    candidate = shelves.load("candidates", "tabular_net")
    data = mixed(60)
    assert candidate.rung == 4 and candidate.extra == "deep"
    settings = candidate.portfolio(data.task, 60)
    assert isinstance(candidate.build(data.task, settings[0], 0), tabular_net.Net)


def test_learns_what_a_line_cannot() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (900, 2))
    learn, tune = halves(dataset(x, np.zeros((900, 0)), ((x[:, 0] > 0) ^ (x[:, 1] > 0)).astype(np.int64), 2))
    model = fit(learn, tune, {"epochs": 20})
    assert (answer(model, tune).argmax(1) == tune.truth).mean() > 0.93


def test_learns_a_wave() -> None:
    x = np.random.default_rng(0).uniform(0, 4, (900, 1))
    learn, tune = halves(dataset(x, np.zeros((900, 0)), np.sin(np.pi * x[:, 0])))
    error = answer(fit(learn, tune, {"epochs": 20}), tune) - tune.truth
    assert (error**2).mean() < 0.1 * tune.truth.var()


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_beats_the_trivial_on_the_sample(kind: str) -> None:
    _, frame = shelves.load("modalities", "tabular").sample(kind, 400, 0)
    learn, tune = halves(load(frame, "answer", task=kind))
    got = answer(fit(learn, tune, {}), tune)
    if kind == "regression":
        assert ((got - tune.truth) ** 2).mean() < 0.6 * ((learn.truth.mean() - tune.truth) ** 2).mean()
    else:
        majority = np.bincount(learn.truth).argmax()
        assert (got.argmax(1) == tune.truth).mean() > (tune.truth == majority).mean() + 0.1


def test_same_seed_same_answer() -> None:
    learn, tune = halves(mixed(classes=3))
    before = torch.get_rng_state(), torch.get_num_threads()
    first, again, other = (answer(fit(learn, tune, seed=seed), tune) for seed in (0, 0, 1))
    assert (first == again).all() and (first != other).any()
    assert torch.equal(torch.get_rng_state(), before[0]) and torch.get_num_threads() == before[1]


@pytest.mark.parametrize("classes", [0, 2, 4])
def test_ships_what_it_learnt(classes: int) -> None:
    learn, tune = halves(mixed(classes=classes))
    model = fit(learn, tune)
    assert_ships(model, tune)
    assert_ships(model, odd(tune))
    assert_ships(model, tune.take(np.array([0])))


@pytest.mark.parametrize("without", ["numbers", "codes"])
def test_one_kind_of_column_is_enough(without: str) -> None:
    full = mixed(classes=2)
    tensors = {**full.tensors, without: full.tensors[without][:, :0]}
    learn, tune = halves(dataset(tensors["numbers"], tensors["codes"], full.truth, 2))
    assert_ships(fit(learn, tune), tune)


def test_degenerate_columns() -> None:
    """Constant, all missing, two values, nearly all zero, huge, tiny; seen at once and asked for elsewhere."""
    rng = np.random.default_rng(0)
    n = 200
    columns = [
        np.full(n, 7.0),
        np.full(n, np.nan),
        rng.integers(0, 2, n),
        rng.gamma(1, 1, n) * (rng.random(n) < 0.05),
        rng.normal(size=n) * 1e37,
        rng.normal(size=n) * 1e-37,
        np.where(rng.random(n) < 0.5, np.nan, 1.0),
        1e6 + rng.random(n),
    ]
    learn, tune = halves(dataset(np.stack(columns, 1), np.zeros((n, 1)), columns[2] + rng.normal(size=n)))
    model = fit(learn, tune)
    assert_ships(model, tune)
    assert_ships(model, odd(tune))


def test_few_rows_and_a_class_never_learnt() -> None:
    data = mixed(40, 3)
    order = np.argsort(data.truth, kind="stable")
    learn, tune = data.take(order[order < 40][:26]), data.take(order[-2:])
    assert 2 not in learn.truth and set(tune.truth) == {2}
    model = fit(learn, tune)
    got = answer(model, tune)
    assert got.shape == (2, 3) and np.allclose(got.sum(1), 1, atol=1e-5)
    assert_ships(model, data)


def test_an_unchanging_target() -> None:
    data = mixed(60)
    data.target = np.full(60, 3.0)
    learn, tune = halves(data)
    assert np.allclose(answer(fit(learn, tune), tune), 3.0)


def test_answers_stay_in_the_range_seen() -> None:
    learn, tune = halves(mixed())
    got = answer(fit(learn, tune), odd(tune))
    assert learn.truth.min() - 1e-4 <= got.min() and got.max() <= learn.truth.max() + 1e-4


def test_batches_answer_as_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    learn, tune = halves(mixed(classes=2))
    model = fit(learn, tune)
    whole = answer(model, tune)
    monkeypatch.setattr(tabular_net, "BLOCK", 7)
    np.testing.assert_allclose(answer(model, tune), whole, atol=1e-6)


def test_rare_levels_share_the_row_of_the_unseen() -> None:
    codes = np.array([[1]] * 10 + [[2]] * 2 + [[3]] * 5 + [[0]] * 3)
    encoding = tabular_net.learn_encoding(np.zeros((20, 0), np.float32), codes, np.zeros(20), 8, 4)
    assert encoding.level.tolist() == [0, 1, 0, 2] and encoding.sizes.tolist() == [4]


def test_the_model_is_small() -> None:
    rng = np.random.default_rng(0)
    learn, tune = halves(dataset(rng.normal(size=(300, 50)), rng.integers(0, 9, (300, 10)), rng.integers(0, 3, 300), 3))
    assert len(fit(learn, tune, {"epochs": 1}).export().graph) < 600_000


def test_bins_follow_the_answer() -> None:
    """A jump inside a bin of equal shares gets an edge of its own."""
    x = np.random.default_rng(0).uniform(0, 1, (2000, 1)).astype(np.float32)
    codes = np.zeros((2000, 0), np.int64)
    encoding = tabular_net.learn_encoding(x, codes, (x[:, 0] > 0.987).astype(np.int64), 8, 4)
    assert np.abs(encoding.left - 0.987).min() < 0.002


def test_the_unseen_stands_for_the_average() -> None:
    """A column without a missing cell teaches nothing of the unseen: it lies between the levels, not beyond them."""
    codes = np.random.default_rng(0).integers(1, 3, (300, 1))
    learn, tune = halves(dataset(np.zeros((300, 0)), codes, 10.0 * codes[:, 0]))
    model = fit(learn, tune, {"epochs": 20})
    unseen = dataset(np.zeros((3, 0)), np.array([[0], [1], [2]]), np.zeros(3))
    middle, low, high = answer(model, unseen)
    assert low < middle < high


def test_rows_that_may_not_be_written() -> None:
    learn, tune = halves(mixed())
    model = fit(learn, tune)
    whole = answer(model, tune)
    for tensor in tune.tensors.values():
        tensor.flags.writeable = False
    assert (answer(model, tune) == whole).all()


def test_no_rows_no_answers() -> None:
    learn, tune = halves(mixed(classes=3))
    assert answer(fit(learn, tune), tune.take(np.zeros(0, np.int64))).shape == (0, 3)


def test_a_target_far_from_zero() -> None:
    data = mixed(600)
    data.target = 1e6 + data.truth
    learn, tune = halves(data)
    error = answer(fit(learn, tune, {"epochs": 20}), tune) - tune.truth
    assert (error**2).mean() < 0.5 * tune.truth.var()
